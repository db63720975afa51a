/* command.h: the launcher of steps: words in front of a step's command, by which it runs somewhere else (srun, ssh).
 *
 * Text, as --launcher and KTSTR_LAUNCHER have it: a line each, "COMMAND" for all steps that can be launched, or "STEP=COMMAND" for one of
 * them, which counts for that more than the other; an empty COMMAND is none. A command is words, no line of a shell: blanks part them, '…' and "…"
 * and \ quote, and nothing else means anything. In a word, {cpus} and {mem_mb} are what the step takes, {step} what it is. */
#pragma once
#include "text/argv.h"
#include <stddef.h>
#include <stdint.h>
struct err;

#define LAUNCHER_VARIABLE "KTSTR_LAUNCHER"

struct launch_rule {
	char *step; /* NULL: any */
	struct argv words;
};

struct launcher {
	struct launch_rule *v;
	size_t n;
};

/* Names of the steps that can be launched, NULL-ended: those that boot a guest or build a kernel. */
extern const char *const launcher_steps[];

/* X_USAGE. *l is to be freed in any case. */
int launcher_parse(struct launcher *l, const char *text, struct err *e);
/* Of that step; NULL: none. */
const struct argv *launcher_for(const struct launcher *l, const char *step);
/* The words with what stands for their placeholders, appended to a. */
void launcher_fill(struct argv *a, const struct argv *words, const char *step, uint64_t cpus, uint64_t mem_mb);
void launcher_free(struct launcher *l);
#define auto_launcher __attribute__((unused, cleanup(launcher_free)))
