/* gitrun.h: the git program, for making repositories to test with. */
#pragma once
#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"
#include <stdio.h>
#include <stdlib.h>

/* Runs a line of shell in dir with a git that knows no configuration but its own; ends the test program on failure.
 * What it printed, without the last newline; the caller frees. */
static inline char *git_sh(const char *dir, const char *line)
{
	static const char *const env[] = { "GIT_CONFIG_GLOBAL=/dev/null",
					   "GIT_CONFIG_NOSYSTEM=1",
					   "GIT_AUTHOR_NAME=a",
					   "GIT_AUTHOR_EMAIL=a@example.org",
					   "GIT_COMMITTER_NAME=a",
					   "GIT_COMMITTER_EMAIL=a@example.org",
					   "GIT_AUTHOR_DATE=1700000000 +0000",
					   "GIT_COMMITTER_DATE=1700000000 +0000",
					   "GIT_CONFIG_COUNT=3",
					   "GIT_CONFIG_KEY_0=init.defaultBranch",
					   "GIT_CONFIG_VALUE_0=master",
					   "GIT_CONFIG_KEY_1=advice.detachedHead",
					   "GIT_CONFIG_VALUE_1=false",
					   "GIT_CONFIG_KEY_2=protocol.file.allow",
					   "GIT_CONFIG_VALUE_2=always",
					   NULL };
	struct spawn s = { .argv = (const char *const[]){ "sh", "-ec", line, NULL }, .env = env, .cwd = dir };
	struct err e = { 0 };
	int status = -1;
	char *text = NULL;
	size_t n = 0;

	if (spawn_capture(&s, true, 1 << 20, 60000, &text, &n, &status, &e) < 0 || status != 0) {
		fprintf(stderr, "%s: %s%s\n", line, e.msg, text ? text : "");
		abort();
	}
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return text;
}

static inline void git_do(const char *dir, const char *line)
{
	free(git_sh(dir, line));
}
