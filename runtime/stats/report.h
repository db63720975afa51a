/* report.h: what a folder of sidecars says, as text with the bytes of ktstr 0.3.2 and as JSON. docs/stats.md, docs/formats.md. */
#pragma once
#include <stdio.h>
struct collection;
struct comparison;
struct stats;

void stats_text(FILE *f, const struct stats *s);
/* One more part: before is the folder that was compared with. */
void stats_compare_text(FILE *f, const struct comparison *c, const char *before);
/* dir and c: for what could not be read. cmp: NULL, or what came of comparing with the folder before. */
void stats_json(FILE *f, const struct stats *s, const char *dir, const struct collection *c,
		const struct comparison *cmp, const char *before);
