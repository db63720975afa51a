/* record.h: run.json, what one run was: what the host knows of it, and what the engine counted. judge/facts.h has the members. */
#pragma once
#include "trial/trial.h"

/* What the request says, and no guest. */
struct record {
	const char *scheduler; /* for people; NULL: the kernel's own, which is written as "eevdf" */
	const char *profile;   /* NULL: none */
	bool host;             /* there was no guest, but this machine and what schedules it */
};

/* In virtual time equal runs give equal text. X_VM when what the engine printed is no JSON object: it comes from a guest. */
int record_write(FILE *f, const struct record *rec, const struct trial_result *r, struct err *e);
/* The same as the file run.json in the folder open as dir. */
int record_file(int dir, const struct record *rec, const struct trial_result *r, struct err *e);
/* Of a run that came to nothing, in place of what it was: why is one line for people. */
int record_broken(int dir, const char *why, struct err *e);

enum record_kind { RECORD_RUN, RECORD_SKIPPED, RECORD_UNFIT, RECORD_BROKEN };
/* Hostile text in. *why, of all but a run: the caller's, else NULL. What is none of record_write()'s is taken for a run. */
enum record_kind record_kind(const char *text, size_t n, char **why);
