/* halve.h: a scenario with half of something. Each is false when there is nothing to halve. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct scenario;

/* Of a topology, in the order in which they are tried: cores, threads, LLCs, NUMA nodes. */
enum { HALVE_PARTS = 4 };

/* Of a line; n_lines: of all that do not say how many. */
bool halve_workers(struct scenario *s, size_t line);
/* Of a hold or of a block that is repeated; n_lines: the duration that percentages are of. */
bool halve_time(struct scenario *s, size_t line);
/* Of a topology that is four numbers and nothing else. */
bool halve_cpus(struct scenario *s, size_t part);
