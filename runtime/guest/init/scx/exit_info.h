/* exit_info.h: why the kernel let go of a scheduler. */
#pragma once

void exit_info_watch(void); /* once, at boot */
void exit_info_begin(void); /* forget what was said before */
void exit_info_tell(void);  /* tell the host, when there is something to tell */
