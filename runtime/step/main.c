/* main.c: ktstr-step NAME options…; the map of all steps. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "step/step.h"
#include "step/steps.h"

const struct step *const steps[] = {
	&step_bootable, &step_initramfs, &step_kernel_build, &step_kernel_entry, &step_kernel_import,
	&step_payload,  &step_probe,     &step_snapshot,     &step_verify,       NULL
};

static int list(FILE *f)
{
	for (const struct step *const *s = steps; *s; s++)
		fprintf(f, "%-14s %s\n", (*s)->name, (*s)->summary);
	return fflush(f) == 0 ? X_SUCCESS : X_FAIL;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: ktstr-step NAME --out DIR [--id ID] [--store DIR] [--force] OPTION...\n"
		      "       ktstr-step --list\n",
		      stderr);
		return X_USAGE;
	}
	if (strcmp(argv[1], "--list") == 0)
		return list(stdout);
	for (const struct step *const *s = steps; *s; s++)
		if (strcmp((*s)->name, argv[1]) == 0)
			return step_main(*s, argc - 1, (const char *const *)argv + 1);
	log_error("there is no step \"%s\"; ktstr-step --list names those there are", argv[1]);
	return X_USAGE;
}
