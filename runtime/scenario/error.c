#include "scenario/error.h"

void scenario_error_print(FILE *f, const char *file, const struct scenario_error *e)
{
	fprintf(f, "%s:", file);
	if (e->line) {
		fprintf(f, "%u:", e->line);
		if (e->column)
			fprintf(f, "%u:", e->column);
	}
	fprintf(f, " %s\n", e->what);
	if (e->tip[0])
		fprintf(f, "  %s\n", e->tip);
}
