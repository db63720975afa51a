/* here.h: this machine in the place of a guest. */
#pragma once
struct err;
struct target;

/* Its topology, as scenarios have it: "1,1,8,1" also where LLCs and threads are numbered otherwise than theirs, so that no set of CPUs
 * means another than it says. Caller frees. NULL: X_HOST, CPUs are numbered with gaps, or sysfs cannot be meant. */
char *here_topology(struct err *e);
/* In the place of a kernel: named after the one that runs. */
void here_target(struct target *t);
/* Whether scenarios may run here: X_FAIL, who may. *groups: where their control groups will be; caller frees. */
int here_allowed(char **groups, struct err *e);
