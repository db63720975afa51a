/* job.h: a step's command on its way through a launcher: by the standard input of what is launched, so that no shell between reads a word of it.
 *
 *   ktstr-job 1 {bytes}\n
 *   strings ended by NUL: the folder to be in, how many variables there are, "NAME=value" each, then the words of the step
 *
 * What follows is nothing: the input stays open as the lifeline, and its end means stop. */
#pragma once
#include "text/argv.h"
#include <stddef.h>
struct err;

struct job {
	char *folder;      /* absolute */
	struct argv env;   /* of the step, beside what is there anyway */
	struct argv words; /* the step's name and its options */
};

/* What of our environment is meant for the step: all but what is about this machine or this connection. */
void job_environment(struct job *j);
/* Header and body; the caller's. */
char *job_write(const struct job *j, size_t *n);
/* How long the body is that this line announces, without its end; 0: it announces none. */
size_t job_header(const char *line);
/* X_USAGE: it is none. *j is to be freed in any case. */
int job_parse(struct job *j, const char *body, size_t n, struct err *e);
void job_free(struct job *j);
#define auto_job __attribute__((unused, cleanup(job_free)))
