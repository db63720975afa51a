/* sidecar_monitor.h: "monitor" of a sidecar: run queues, events of sched_ext, schedstat and BPF programs over a whole run. */
#pragma once
#include "judge/facts/facts.h"
struct jsonw;

/* Nothing when nothing of it is known. */
void sidecar_monitor(struct jsonw *w, const struct facts *f);
