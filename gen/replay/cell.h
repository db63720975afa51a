/* cell.h: a cell that ran, found again by what somebody calls it. */
#pragma once
#include "judge/verdict.h"
#include <stdbool.h>
#include <stdint.h>
struct err;

struct replay_cell {
	char *dir; /* absolute: its verdict.json, and seed-N */
	uint64_t seed;
	struct ruling v;
};

/* word: "TEST/KERNEL/TOPOLOGY[/PROFILE]" as folders of a build folder are called (the newest that there is), with "#SEED" behind it if one likes, a folder, or a verdict.json or
 * run.json in it. seed: NULL: that of a run.json, else the one that decided. X_NO_INPUT: there is no such cell, or no such seed in it. c is to be
 * freed in any case. */
int replay_find(struct replay_cell *c, const char *word, const uint64_t *seed, struct err *e);
void replay_cell_free(struct replay_cell *c);
#define auto_replay_cell __attribute__((unused, cleanup(replay_cell_free)))

/* Whether that folder stands in our own store, where nobody else writes. */
bool replay_ours(const char *dir);
/* Where the "/tests/…" of a cell's folder begins, behind its build folder; NULL: it is in none. */
const char *replay_tests(const char *dir);
/* "TEST/KERNEL/…" of that folder; the folder where it has none. */
const char *replay_name(const char *dir);
