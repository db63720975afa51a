/* environment.h: the command line and the environment that git gets (program.h says what they are for). */
#pragma once
#include "text/argv.h"
struct git_how;

/* Both are filled; env is what spawn.h takes: "NAME=value", and "NAME" alone for what must not be inherited. */
void git_environment(const struct git_how *h, struct argv *words, struct argv *env);
