/* option.h: the words of lines: names of cgroups, "k=v", counts, affinities. */
#pragma once
#include "scenario/text/line.h"
#include "scenario/text/parsing.h"

/* "NAME=VALUE" or "NAME" alone. */
struct option {
	unsigned which;    /* of the names asked for */
	const char *value; /* NULL: NAME alone */
	size_t n, at;      /* bytes of the value; where it begins in the word */
};

/* given: a bit per name that was read before; twice is refused. A value must be there. */
bool option_read(struct parsing *p, const struct word *w, const char *const *names, unsigned n, unsigned *given,
		 struct option *o);
/* The fault's column is one of the value: makes it one of the line. False. */
bool option_fault(struct parsing *p, const struct word *w, const struct option *o);

/* Notes that a word was read; bit: its own in given. Twice is a fault. */
bool option_once(struct parsing *p, const struct word *w, const char *name, unsigned bit, unsigned *given);

/* A cgroup's name; "-" with none: NULL. */
bool option_group(struct parsing *p, const struct word *w, bool none, char **name);
/* A mark's. */
bool option_name(struct parsing *p, const struct word *w, char **name);
/* cgroup: what only the making of one can say is let through. */
bool option_knob(struct parsing *p, const struct word *w, bool cgroup, struct line_knobs *k);
bool option_each(struct parsing *p, const struct word *w, unsigned *given, struct line_each *each);

/* These give columns of their text. */
bool option_count(const struct option *o, struct amount *a, struct scenario_error *e); /* "4", "50%" */
bool option_long(const char *text, size_t n, const char *what, struct amount *a,
		 struct scenario_error *e); /* "2s", "50%" */
bool option_nice(const char *text, size_t n, int *v, struct scenario_error *e);
/* each: whether "$" may be an index of its set. */
bool option_affinity(const char *text, size_t n, bool each, struct line_affinity *a, struct scenario_error *e);
bool option_comm(const struct option *o, char **comm, struct scenario_error *e);
