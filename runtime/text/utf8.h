/* utf8.h: one character of UTF-8 at a time. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bytes of the valid character at s (1 to 4), or 0: overlong forms, surrogates and stumps are not valid. */
size_t utf8_len(const char *s, size_t n);
/* The valid character at s, which is len bytes long (utf8_len). */
uint32_t utf8_get(const char *s, size_t len);
/* Writes c (a valid code point) and returns its length. */
size_t utf8_put(char out[4], uint32_t c);
