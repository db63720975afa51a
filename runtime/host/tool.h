/* tool.h: what a program says of itself. */
#pragma once
struct err;

/* The first line that argv ("gcc --version"), run with LC_ALL=C, prints to stdout; the caller's. What goes to stderr (a
 * dynamic linker that warns of LD_PRELOAD, say) is no part of it: its last line is told when the program fails.
 * X_NO_TOOL when it is not there, fails, or prints nothing. */
char *tool_line(const char *const *argv, struct err *e);

/* Which programs a name stands for: of each of that name in PATH (what comes first may be a wrapper that runs the next), in
 * its order, a line "path size mtime inode device" of the file behind its links, the time in nanoseconds; "" when there is none. If
 * the first is a script, "says" and what it says to --version follow, because it may start a program that is not in PATH. It
 * changes when one is exchanged, and costs some stats, or that question. A device ("/dev/kvm"): "path mode uid gid number inode access". Caller
 * frees. */
char *tool_facts(const char *name);

/* A line "path size mtime inode device" of the file behind path's links, as above; "" when it is none that may be used so (mode: R_OK
 * or X_OK). Caller frees. */
char *file_facts(const char *path, int mode);
