/* perfmode.h: performance mode (perf.h) as it comes to be, in the two moments a guest's start has for it. */
#pragma once
struct err;
struct machine;
struct machine_wires;
struct perf;
struct vm;

/* Before RAM is opened: plans and claims CPUs, says in w which host nodes the memory is to be
 * from, and whether there are huge pages. X_HOST. */
int perf_prepare(struct perf *p, const struct machine *m, struct machine_wires *w, struct err *e);
/* As soon as QEMU's monitor answers: pins its threads. */
int perf_apply(struct vm *vm, struct err *e);
