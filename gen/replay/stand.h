/* stand.h: the guest of a cell, stopped at one moment of its run.
 *
 * Two runs: the first is looked into and says what the guest's clock was when the scenario began (looks.h); the second one stops. */
#pragma once
#include "gen/replay/moment.h"
#include <stdbool.h>
#include <stdint.h>
struct err;
struct replay_cell;

struct stand {
	const struct replay_cell *cell;
	struct moment at;
	uint64_t halt; /* the same by the guest's clock */
	int64_t go;    /* what that was when the scenario began */
	bool go_known; /* not needed for MOMENT_GONE */
	bool differs;  /* the first run was not what is kept */
};

/* at_ns: since the scenario began; NULL: where it failed. X_FAIL: the first run did not show when the scenario began. s is to be freed in any
 * case. */
int stand_find(struct stand *s, const struct replay_cell *c, const uint64_t *at_ns, struct err *e);

struct stand_core {
	int64_t at_ns; /* where the guest really stood, since the scenario began; by its own clock where go is not known */
	bool vmcoreinfo; /* the core has that note */
	uint64_t bytes;
};
/* path: absolute. */
int stand_core(struct stand_core *out, const struct stand *s, const char *path, struct err *e);
void stand_free(struct stand *s);
#define auto_stand __attribute__((unused, cleanup(stand_free)))

/* vmlinux of the cell's kernel in the kernel cache. Caller frees; NULL: there is none. */
char *stand_vmlinux(const struct replay_cell *c);
