/* kernel.h: acts that have the kernel do something, and wait for it. */
#pragma once
#include "engine/worker/actor.h"

/* Until work that was queued to a kernel thread of each CPU is done. What that took is a latency, as of a wake-up. */
void kernel_kwork(struct actor *a, const struct act *act);
/* Pages of its memory to the next NUMA node; with one node nothing moves. */
void kernel_node(struct actor *a, const struct act *act);
