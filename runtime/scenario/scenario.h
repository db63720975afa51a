/* scenario.h: a scenario as its text says it, before it meets a topology.
 *
 * A file holds one test: attributes and lines, in lines or separated by ";", with "#" comments and "…" around what has blanks in
 * it. docs/scenarios.md is the grammar. The text is hostile: at most SCENARIO_TEXT_MAX bytes, UTF-8, no control characters but
 * line feeds and tabs. */
#pragma once
#include "scenario/error.h"
#include "scenario/program.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct scenario_line;

#define SCENARIO_TEXT_MAX (64u * 1024)
enum { SCENARIO_LINES_MAX = 4096 };

/* What a text does not say. */
#define SCENARIO_PARENT "/ktstr"
#define SCENARIO_DURATION_NS 2000000000u
#define SCENARIO_SETTLE_NS 200000000u
enum { SCENARIO_WORKERS = 2, SCENARIO_MEMORY_MB = 1024 };

/* Something that stands in the text and is somebody else's to understand. */
struct scenario_text {
	char *text;
	unsigned line, column;
};

struct scenario_list {
	struct scenario_text *at;
	size_t n;
};

enum scenario_clock { SCENARIO_VIRTUAL, SCENARIO_REAL };

struct scenario {
	char *name;                     /* NULL: no "test" line */
	char *summary;                  /* NULL: none */
	struct scenario_list scheduler; /* binary and arguments; empty: the kernel's own */
	struct scenario_text topology;  /* text NULL: not said. For topology/topology.h */
	uint64_t duration_ns;           /* 2 s */
	uint64_t settle_ns;             /* 200 ms */
	unsigned workers;               /* 2: n= where a line has none */
	unsigned seeds, first_seed;     /* 1, 1 */
	unsigned memory_mb;             /* 1024, a floor */
	uint64_t
		watchdog_ns; /* the kernel throws a scheduler out that lets a task wait so long; 0: when the scheduler says */
	enum scenario_clock clock;
	struct scenario_list tags;        /* the first is the category in listings */
	struct scenario_list flags;       /* of the scheduler; "!flag": not with it */
	struct scenario_list needs;       /* scenario/need.h */
	struct scenario_list sysctls;     /* NAME=VALUE, set before anything runs (scenario/text/boot.h) */
	struct scenario_list kargs;       /* further words for the kernel that boots */
	char *cgroup_parent;              /* where a guest has the scenario's cgroups; NULL: SCENARIO_PARENT */
	struct scenario_list expect;      /* without the word "expect": for the judge */
	struct scenario_text expect_fail; /* CLASS[: TEXT]; text NULL: not said */
	struct scenario_text functions; /* the test program that has the functions of "fn:NAME"; text NULL: not said */
	struct scenario_line *lines;    /* scenario/text/line.h */
	size_t n_lines;
	struct slots shared; /* names that programs begin with "@" */
};

/* The text of n bytes. SCENARIO_OK, or e is filled. scenario_free() in either case. Names that "use" asks for come from the
 * catalogue; their lines and expectations are the scenario's then, at the line of the "use". */
enum scenario_fault scenario_parse(struct scenario *s, const char *text, size_t n, struct scenario_error *e);
void scenario_free(struct scenario *s);
/* The i-th profile that a line replaces the scheduler by; NULL: there are no more. It lives as long as s. */
const char *scenario_replacement(const struct scenario *s, size_t i);

/* The canonical text: "ktstr 1" first, attributes in the order above, defaults left out. Parsed again it gives the same. */
void scenario_write(FILE *f, const struct scenario *s);
/* Of that, what decides a run beside the guest it is in: no test, summary, scheduler, topology, seeds, clock, watchdog, tags, flags,
 * needs, functions, expect, memory, sysctls, kargs. */
void scenario_write_run(FILE *f, const struct scenario *s);
