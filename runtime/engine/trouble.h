/* trouble.h: what keeps a scenario from running: the exit code of the engine, and words for people. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>

enum {
	ENDS_WELL,
	ENDS_OWN,  /* the engine failed */
	ENDS_TEXT, /* the scenario, or the arguments, are wrong */
	ENDS_ENV,  /* this machine, as it is set up, cannot run it */
	ENDS_SKIP, /* this kernel or topology lacks what it asks for */
};

struct trouble {
	int code;
	char words[400];
};

/* Always -1, so that it can be returned. */
int trouble(struct trouble *t, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
