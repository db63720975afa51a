/* scx.h: what sched_ext says about the scheduler. */
#pragma once

void scx_watch(void);            /* once, at boot */
void scx_begin(long long start); /* the scheduler starts now (now_ms) */
void scx_check(void);            /* tell the host when the state is another one */
void scx_end(void);              /* its process is gone */
