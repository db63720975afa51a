/* exit_info.h: why the kernel let go of a scheduler: EXIT_INFO of proto.h, read. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

struct exit_info {
	char *ops;  /* "ktstr"; "" unknown */
	char *kind; /* in the kernel's words: "runnable task stall", "runtime error", "unregistered from user space" */
	char *why;  /* "watchdog failed to check in for 5.004s"; "" when it says no more */
	char *log;  /* its lines, with a backtrace for errors */
	char *dump; /* sched_ext's dump, "" when there is none */
	unsigned code; /* enum scx_exit_kind of that kernel; 0 unknown */
};

/* Hostile bytes in, text that can be shown out. X_VM when it is no EXIT_INFO. */
int exit_info_parse(struct exit_info *l, const void *data, size_t n, struct err *e);
/* False for one that was asked to leave. */
bool exit_info_is_error(const struct exit_info *l);
/* The kernel let go of it because CPUs came or went, and asks for a restart: it has no callbacks for that. */
bool exit_info_asks_restart(const struct exit_info *l);
/* "runnable task stall: watchdog failed to check in for 5.004s (exit kind 1026)". Caller frees. */
char *exit_info_reason(const struct exit_info *l);
void exit_info_free(struct exit_info *l); /* {0} too, and twice */
#define auto_exit_info __attribute__((unused, cleanup(exit_info_free)))
