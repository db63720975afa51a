/* children.h: acts that make processes and threads which end at once. What cannot be made, because of a limit on tasks, is left
 * out and is no work. */
#pragma once
#include "engine/worker/actor.h"

enum { CHILDREN_MAX = 64 }; /* at once; what is asked for beyond is not made */

void children_fork(struct actor *a, const struct act *act);
void children_exec(struct actor *a, const struct act *act);
void children_thread(struct actor *a, const struct act *act);

/* What a child of children_exec() is started with: the program is to end at once. */
#define CHILDREN_WORD "--end"
