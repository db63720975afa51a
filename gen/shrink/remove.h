/* remove.h: a scenario with something left out. Each is false when nothing goes, or no line would be left. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct scenario;

/* Lines that make a cgroup; the name of the at-th. */
size_t remove_groups(const struct scenario *s);
const char *remove_group_name(const struct scenario *s, size_t at);
/* With all lines that name it or one below it. */
bool remove_group(struct scenario *s, size_t at);
/* A block goes with its lines, and not by its end alone. */
bool remove_lines(struct scenario *s, size_t at, size_t n);
size_t remove_blocks(const struct scenario *s);
/* Its lines stay, once. */
bool remove_block(struct scenario *s, size_t at);
bool remove_expectation(struct scenario *s, size_t at);
