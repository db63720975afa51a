/* calls.h: what the kernel answers to bpf(2). */
#pragma once

void calls_watch(void); /* once, at boot */
void calls_begin(void); /* forget what was called before */
void calls_tell(void);  /* MSG_CALLS, before the EXITED it belongs to */
