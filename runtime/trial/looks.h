/* looks.h: looks into the guest's memory while a scenario runs in it, when its director rings for one. */
#pragma once
#include "monitor/series.h"
#include "monitor/watch.h"
struct err;
struct vm;

struct looks {
	bool open;
	struct vm *vm;
	struct watch watch;
	struct series series;
};

/* boot: folder of the bootable step. vm is the guest in which the scenario will run. By a real clock before vm_use_port(): there it goes
 * on while it is read, and marks are its own. */
int looks_begin(struct looks *l, struct vm *vm, const char *boot, struct err *e);
/* What was seen, as members of run.json; NULL: nobody looked. Caller frees. */
char *looks_end(struct looks *l);
