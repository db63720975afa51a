/* mem.h: allocation that cannot fail and things that end with their scope.
 *
 * Out of memory ends the program with a message and X_FAIL: a build step can do nothing better. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull, nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull, nonnull));
void *xmemdup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0), malloc, returns_nonnull));
FILE *xmemstream(char **text, size_t *n) __attribute__((returns_nonnull));
/* The same for what becomes long: it takes at most half as much again as it holds, where the other one may take four times as much. For one
 * thread. *text and *n are set by fclose(). */
FILE *xlongstream(char **text, size_t *n) __attribute__((returns_nonnull));

static inline void drop_free_(void *p)
{
	free(*(void **)p);
}

static inline void drop_file_(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void drop_close_(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Always initialise: NULL for pointers, -1 for fds. */
#define auto_free __attribute__((unused, cleanup(drop_free_)))
#define auto_file __attribute__((unused, cleanup(drop_file_)))
#define auto_close __attribute__((unused, cleanup(drop_close_)))

/* Ownership leaves the scope. */
#define TAKE(p) \
	({ \
		__auto_type taken_ = (p); \
		(p) = NULL; \
		taken_; \
	})
#define TAKE_FD(fd) \
	({ \
		int taken_ = (fd); \
		(fd) = -1; \
		taken_; \
	})

#define countof(a) (sizeof(a) / sizeof((a)[0]))
