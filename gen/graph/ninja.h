/* ninja.h: a plan as a build.ninja that reads from top to bottom at night. Accepted by ninja 1.11, samurai and siso. */
#pragma once
#include <stdio.h>
struct plan;

void ninja_write(FILE *f, const struct plan *p);
/* One path of a build statement: "$", space, ":" and newline escaped. Control characters cannot be in a build file;
 * returns them as '?'. Caller frees. */
char *ninja_path(const char *path);
/* A value after "name =": "$" escaped. Caller frees. */
char *ninja_value(const char *text);
