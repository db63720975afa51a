/* sched.h: the scheduler process. */
#pragma once
#include <stddef.h>

void sched_start(const void *data, size_t n);
void sched_stop(const void *data, size_t n);
void sched_resume(void);
void sched_reap(void); /* after SIGCHLD */
