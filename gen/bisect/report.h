/* report.h: what a bisection came to: for people, as JSON, and as the log that `git bisect` keeps. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
struct err;
struct hunt;

struct bisected {
	const struct hunt *hunt;
	const char *show; /* the first bad commit as git shows it; NULL: no commits, or it is not known */
	bool commits;
	bool ended;  /* hunt_run() came to its end; else it was interrupted, or failed */
	bool untold; /* … with HUNT_UNTOLD */
	uint64_t ms;
};

void bisected_text(FILE *f, const struct bisected *x);
void bisected_json(FILE *f, const struct bisected *x);
/* Of commits, `git bisect replay` takes it. */
int bisected_log(const char *path, const struct bisected *x, struct err *e);
