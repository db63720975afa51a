/* junit.h: what nextest wrote as JUnit's XML on several kernels, in one file.
 *
 * nextest writes its file anew each time it runs, below target/nextest of the workspace, so that the last kernel's would be left. Here each
 * kernel's suites are kept as they were, but for the kernel behind the names of suites and classes ("scx_mine::sched on 6.14.2"), by which
 * readers tell tests apart. A file that is no report of nextest's stays as it is. */
#pragma once
#include <stddef.h>
#include <time.h>
struct err;

struct junit_file {
	char *path;
	char *suites; /* of all kernels so far */
	size_t n;
	unsigned long long tests, failures, errors;
	double seconds;
};

struct junit {
	char *folder;          /* where nextest puts its files */
	struct timespec since; /* what is older was there before */
	struct junit_file *v;
	size_t n;
};

/* args: cargo's command line, which may say where the workspace is (--manifest-path). */
void junit_open(struct junit *j, const char *const *args);
void junit_close(struct junit *j); /* may run twice */
#define auto_junit __attribute__((unused, cleanup(junit_close)))

/* In front of a run, and behind it: what it wrote is this kernel's. */
void junit_begin(struct junit *j);
void junit_take(struct junit *j, const char *kernel);
/* All of it, in place of what the last run wrote. Codes of file_write(). */
int junit_write(const struct junit *j, struct err *e);
