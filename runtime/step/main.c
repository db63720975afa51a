/* main.c: PROGRAM NAME options…, for each program that has a table of steps. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "launch/far.h"
#include "progress/log.h"
#include "progress/stream.h"
#include "step/step.h"

static int list(FILE *f)
{
	for (const struct step *const *s = steps; *s; s++)
		fprintf(f, "%-14s %s\n", (*s)->name, (*s)->summary);
	return fflush(f) == 0 ? X_SUCCESS : X_FAIL;
}

/* By a launcher, on a machine that need not be the one that asked for it. */
static int launched(void)
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
		log_error("/proc/self/exe: %s", strerror(errno));
		return X_FAIL;
	}
	return far_main(self);
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
	if (strcmp(argv[1], "launched") == 0)
		return launched();
	for (const struct step *const *s = steps; *s; s++)
		if (strcmp((*s)->name, argv[1]) == 0)
			return step_main(*s, argc - 1, (const char *const *)argv + 1);
	log_error("there is no step \"%s\"; %s --list names those there are", argv[1], program_invocation_short_name);
	return X_USAGE;
}
