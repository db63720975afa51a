/* roam.h: acts by which a worker goes from cgroup to cgroup. Those it makes stand beside all others of the scenario, have the CPUs and
 * nodes of the one it comes from, and no weight or quota. What cannot be made, because of a limit on cgroups, is left out and is no work. */
#pragma once
#include "engine/worker/actor.h"

void roam_migrate(struct actor *a, const struct act *act);
void roam_churn(struct actor *a, const struct act *act);
/* For the director: removes what a worker that is gone left behind; groups: the folder of all cgroups. */
void roam_clear(const char *groups, const struct program *p, unsigned id);
