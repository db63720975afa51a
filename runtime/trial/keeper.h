/* keeper.h: the scheduler of a run: what the guest says of it, what became of it, and what lines of the scenario have done to it. */
#pragma once
#include "guest/exit_info.h"
#include "guest/proto.h"
#include "trial/asking.h"
#include "trial/kept.h"
#include "trial/trial.h"
#include "verifier/evidence.h"
#include <stdbool.h>
#include <stddef.h>
struct err;
struct msg;
struct vm;

enum keeper_does { KEEPER_RESTS, KEEPER_STOPS, KEEPER_STOPS_AND_STARTS, KEEPER_STARTS };

struct keeper {
	const struct trial *t;
	struct trial_result *r; /* end, reason, exit_kind, exit_code and restarts are set here */
	struct vm *vm;
	bool running; /* its process is there */
	enum proto_scx state;
	bool attached; /* the kernel had it */
	bool gone;     /* and began to let go of it */
	bool off;      /* and has */
	bool exited;
	int status;              /* of the scheduler's process, when it exited */
	enum keeper_does does;   /* for a line of the scenario */
	const char *const *args; /* of the one that is there */
	const char *const *next; /* of the one that is to be started */
	char *answer;            /* for the engine; NULL: none now */
	char *said;              /* the last one */
	struct calls calls;
	struct exit_info left; /* what the kernel said when it let go of it; {0}: nothing yet */
	struct kept log;
};

size_t keeper_args(const char *const *args);
/* A message about the scheduler. Negative: X_VM. */
int keeper_hear(struct keeper *k, const struct msg *m, struct err *e);
/* The same while a scenario runs: what it asked for goes on. */
int keeper_follow(struct keeper *k, const struct msg *m, struct err *e);
/* Does what a line of the scenario asks for, in time; keeper_follow() sees it done. profile: of ASKING_REPLACE. */
int keeper_favour(struct keeper *k, enum asking_deed deed, const char *profile, struct err *e);
/* What the engine is told now, as long as it is not asked again; NULL: nothing. */
const char *keeper_answer(struct keeper *k);
/* It ended before it was attached: what came of the run. */
void keeper_refused(struct keeper *k);
/* What became of it, once and for all: what comes later follows from it. */
void keeper_judge(struct keeper *k);
void keeper_free(struct keeper *k);
