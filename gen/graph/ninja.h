/* ninja.h: a plan as a build.ninja that reads from top to bottom at night. Accepted by ninja 1.11, samurai and siso. */
#pragma once
#include <stdio.h>
struct plan;

void ninja_write(FILE *f, const struct plan *p);
/* One path of a build statement: "$", space and ":" escaped. */
void ninja_path(FILE *f, const char *path);
/* A value after "name =": "$" escaped. */
void ninja_value(FILE *f, const char *text);
