/* groups.h: GROUPS: a cgroup that is there before the scheduler is. */
#pragma once
#include <stddef.h>

/* A path below the root of cgroups, "/a/b"; what is there already is as good. */
void groups_make(const void *data, size_t n);
