/* subjects.h: the schedulers that test programs (libktstr) declare, to be verified: PROGRAM --export (docs/formats.md).
 *
 * A scheduler that several programs declare in the same way is one. The programs are the user's and run with his rights; what they say is
 * bounded and checked all the same, and each has a minute for it. */
#pragma once
#include "text/argv.h"
#include "verifier/flags.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

struct subject {
	char *name, *slug; /* as declared; as a folder name, by which they are told apart */
	char *binary;      /* as declared */
	char *path;        /* the program's file, absolute; NULL: it is nowhere */
	struct argv args;
	struct flags flags;
	bool flags_known; /* else it is to be asked */
	struct argv sysctls, kargs;
	char *groups;      /* what "%cgroup%" stands for */
	uint64_t attach_s; /* the longest that is said; 0: nothing is */
	char *program;     /* the first that declares it, absolute */
};

struct subjects {
	struct subject *v; /* in the order of programs and their tests */
	size_t n;
	size_t programs; /* that were asked */
};

enum { SUBJECTS_MAX = 256 };

/* Adds what program says. X_NO_INPUT: it is no test program, or one of an older libktstr. X_USAGE: a test is declared wrongly, which it said on
 * stderr; or another program, or the same, declares a scheduler of that name in another way. */
int subjects_ask(struct subjects *s, const char *program, struct err *e);
/* The same from its answer. */
int subjects_read(struct subjects *s, const char *program, const char *text, size_t n, struct err *e);
/* Leaves those of these n names alone. X_USAGE for a name that is none, naming those there are. */
int subjects_choose(struct subjects *s, const char *const *names, size_t n, struct err *e);
/* X_NO_INPUT when there is none, saying what to do; or when the program of one is nowhere. */
int subjects_check(const struct subjects *s, struct err *e);
void subjects_free(struct subjects *s);
#define auto_subjects __attribute__((unused, cleanup(subjects_free)))
