/* tool.h: what a program says of itself. */
#pragma once
struct err;

/* The first line that argv ("gcc --version"), run with LC_ALL=C, prints to stdout; the caller's. What goes to stderr (a
 * dynamic linker that warns of LD_PRELOAD, say) is no part of it: its last line is told when the program fails.
 * X_NO_TOOL when it is not there, fails, or prints nothing. */
char *tool_line(const char *const *argv, struct err *e);
