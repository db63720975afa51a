/* arena.h: much that is small and goes together. An allocation costs its bytes, without a header of its own, and all of it ends at once.
 *
 * Where a sanitizer looks (AddressSanitizer), each piece is an allocation of its own, so that it sees what is beyond one. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
struct arena;

struct arena *arena_new(void) __attribute__((malloc, returns_nonnull));
/* NULL: nothing to do. */
void arena_free(struct arena *a);
/* n bytes, all zero, for any type; they stay where they are. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
char *arena_str(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_vfmt(struct arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0), returns_nonnull));
/* A list of n pieces of that size with room for one more: the same one, or a longer one that begins so. It doubles. */
void *arena_grow(struct arena *a, void *list, size_t n, size_t size) __attribute__((returns_nonnull));
