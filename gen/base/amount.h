/* amount.h: sizes and ages as people write them. */
#pragma once
#include <stdint.h>
struct err;

/* "500M", "1.5G", "2T", "4096": bytes, in powers of 1024. what names the option in errors, which are X_USAGE. */
int amount_bytes(uint64_t *bytes, const char *text, const char *what, struct err *e);
/* "90s", "30m", "12h", "30d", "2w": seconds. */
int amount_seconds(uint64_t *seconds, const char *text, const char *what, struct err *e);
/* "0.3M", "512M", "1.4G". Caller frees. */
char *amount_text(uint64_t bytes);
/* "2026-04-15T12:34:56Z"; NULL for no time. Caller frees. */
char *time_text(long long seconds);
