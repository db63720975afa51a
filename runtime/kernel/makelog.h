/* makelog.h: what make prints while it builds a kernel: kept, counted for a progress bar, searched for errors. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct err;

struct makelog {
	FILE *f;
	char *path;  /* {dir}/ktstr-make.log */
	char *count; /* {dir}/ktstr-make.count: lines of the last complete build */
	void (*progress)(unsigned long done, unsigned long total, const char *note);
	unsigned long done, total; /* "  CC  file.o" lines so far; the estimate of all */
	char line[400];            /* the one being read, cut */
	size_t n;
	char errors[1200]; /* the first lines that tell why it failed, each indented and ended */
	size_t errors_n;
};

int makelog_open(struct makelog *l, const char *dir, void (*progress)(unsigned long, unsigned long, const char *),
		 struct err *e);
/* Output as it comes, in any pieces. */
int makelog_add(struct makelog *l, const char *text, size_t n, struct err *e);
const char *makelog_errors(struct makelog *l);
/* After success: remembers how many lines it took. */
int makelog_finish(struct makelog *l, struct err *e);
void makelog_drop(struct makelog *l);
#define auto_makelog __attribute__((unused, cleanup(makelog_drop)))
