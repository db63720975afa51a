/* pace.h: a moving line while very many things are gone through in one loop, where that takes long enough to be seen; and a look at whether we are to stop. */
#pragma once
#include "progress/progress.h"
#include <stddef.h>
struct err;

struct pace {
	struct progress bar;
	const char *what, *unit; /* "planning", "cells" */
	size_t of, at, looked;
	long long began_ms;
};

void pace_begin(struct pace *p, const char *what, size_t of, const char *unit);
/* n more are done; cheap. X_INTERRUPTED, -1. */
int pace_on(struct pace *p, size_t n, struct err *e);
/* Takes the line away. */
void pace_end(struct pace *p);
#define auto_pace __attribute__((unused, cleanup(pace_end)))
