/* main.c: PROGRAM NAME options…, for each program that has a table of steps. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "progress/log.h"
#include "progress/stream.h"
#include "step/step.h"

static int list(FILE *f)
{
	for (const struct step *const *s = steps; *s; s++)
		fprintf(f, "%-14s %s\n", (*s)->name, (*s)->summary);
	return fflush(f) == 0 ? X_SUCCESS : X_FAIL;
}

int main(int argc, char **argv)
{
	stream_init();
	if (argc < 2) {
		fprintf(stderr,
			"usage: %s NAME --out DIR [--id ID] [--store DIR] [--force] OPTION...\n"
			"       %s --list\n",
			program_invocation_short_name, program_invocation_short_name);
		return X_USAGE;
	}
	if (strcmp(argv[1], "--list") == 0)
		return list(stdout);
	for (const struct step *const *s = steps; *s; s++)
		if (strcmp((*s)->name, argv[1]) == 0)
			return step_main(*s, argc - 1, (const char *const *)argv + 1);
	log_error("there is no step \"%s\"; %s --list names those there are", argv[1], program_invocation_short_name);
	return X_USAGE;
}
