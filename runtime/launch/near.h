/* near.h: a step run through a launcher, as seen from here: started, listened to, ended.
 *
 * What the launcher starts is far.h's. Its standard input is the lifeline: when it ends, by us or by our death, the step over there
 * unwinds. */
#pragma once
#include "progress/event.h"
#include "text/argv.h"
#include <stdbool.h>
struct err;

/* Where nothing is heard of the step for so long, it is given up; it says every five seconds that it is there. */
enum { NEAR_SILENT_MS = 60 * 1000 };
/* How long it may take until the step begins, in seconds; a queue may be long. */
#define NEAR_WAIT_VARIABLE "KTSTR_LAUNCHER_WAIT"
enum { NEAR_WAIT_S = 3600 };

struct near {
	const struct argv *launcher;           /* its words */
	const char *program;                   /* absolute: of the step, in the same place on every machine */
	const struct argv *words;              /* the step's */
	void (*event)(const struct event *ev); /* what the step tells, but not of its end */
	void (*said)(const char *line);        /* by the launcher */
};

struct near_end {
	struct event last; /* EV_DONE or EV_FAIL */
	int code;          /* exit code of the step, which may be 0 although it failed (step_goes_on) */
};

/* Waits for the end. Negative: the launcher is none (X_NO_TOOL), or was lost (X_LAUNCHER), or a deadline passed (X_TIMEOUT), or a stop; nothing
 * of it runs here any more, and the step over there unwinds as soon as it hears of it. */
int near_run(const struct near *n, struct near_end *end, struct err *e);
