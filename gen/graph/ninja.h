/* ninja.h: a plan as a build.ninja that reads from top to bottom at night. Accepted by ninja 1.11, samurai and siso. */
#pragma once
#include <stdbool.h>
#include <stdio.h>
struct pace;
struct plan;

/* by_rank: edges of lower ranks first (plan.h); else as they were added, which is what the build folder is named by. pace
 * (NULL: none): moves with each edge. */
void ninja_write(FILE *f, const struct plan *p, bool by_rank, struct pace *pace);
/* One path of a build statement: "$", space and ":" escaped. */
void ninja_path(FILE *f, const char *path);
/* A value after "name =": "$" escaped. */
void ninja_value(FILE *f, const char *text);
