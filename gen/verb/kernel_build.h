/* kernel_build.h: `kernel build` for its older name. */
#pragma once
#include <stdbool.h>
struct err;

/* What `kernel build --source dir` does; an exit code. */
int kernel_build_tree(const char *dir, bool clean, struct err *e);
