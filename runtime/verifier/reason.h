/* reason.h: why a scheduler ended, from what it printed. All of that is hostile. */
#pragma once
#include "verifier/log.h"

/* One line: the headline or the last line of the verifier's last log that gives a reason; else libbpf's first complaint; else
 * the last error of a Rust program with what caused it, "Error: Failed to load BPF program: Invalid argument (os error 22)";
 * else the last line that looks like an error. NULL when there is none. Caller frees. */
char *reason_find(struct view text);
