/* usage.h: what an entry of the kernel cache costs, and when somebody last booted it. */
#pragma once
#include <stdint.h>

struct kernel_usage {
	uint64_t bytes; /* of its files, whether or not other links share them */
	int64_t used;   /* seconds since 1970; 0: never */
};

/* dir: the entry's folder. What cannot be read counts as nothing. */
struct kernel_usage kernel_usage(const char *dir);
/* Remembers that it is used now, as the time of {dir}/.used. Silent where that cannot be written. */
void kernel_mark_used(const char *dir);
