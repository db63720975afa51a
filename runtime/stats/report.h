/* report.h: what a folder of sidecars says, as text with the bytes of ktstr 0.3.2 and as JSON. docs/stats.md, docs/formats.md. */
#pragma once
#include <stdio.h>
struct collection;
struct stats;

void stats_text(FILE *f, const struct stats *s);
/* dir and c: for what could not be read. */
void stats_json(FILE *f, const struct stats *s, const char *dir, const struct collection *c);
