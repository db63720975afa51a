/* makelog.h: what make prints while it builds a kernel: kept, counted for a progress bar, searched for errors. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
struct err;

struct makelog {
	FILE *f;
	char *path;  /* {dir}/ktstr-{name}.log */
	char *count; /* path of a file: lines of the last complete build; NULL: none */
	void (*progress)(unsigned long done, unsigned long total, const char *note);
	unsigned long done, total; /* "  CC  file.o" lines so far; the estimate of all */
	char line[400];            /* the one being read, cut */
	size_t n;
	char where[400];   /* "a.c: In function 'x':", until it is known whether an error follows */
	bool context;      /* lines of source under an error come next */
	char errors[1400]; /* the first lines that tell why it failed, each indented and ended */
	size_t errors_n;
	bool full; /* one of them was that a disk is */
};

/* count: how many steps the last build like it took, see makelog_finish; NULL: nobody counts. */
int makelog_open(struct makelog *l, const char *dir, const char *name, const char *count,
		 void (*progress)(unsigned long, unsigned long, const char *), struct err *e);
/* Output as it comes, in any pieces. */
int makelog_add(struct makelog *l, const char *text, size_t n, struct err *e);
/* The first errors, each with the line before it that says where and the source lines under it. */
const char *makelog_errors(struct makelog *l);
/* After success: remembers how many lines it took. */
int makelog_finish(struct makelog *l, struct err *e);
void makelog_drop(struct makelog *l);
#define auto_makelog __attribute__((unused, cleanup(makelog_drop)))
