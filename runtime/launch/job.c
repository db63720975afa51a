#include "launch/job.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define HEAD "ktstr-job 1 "

/* An environment and a command line together, as Linux lets them be. */
enum { BODY_MAX = 16 << 20 };

void job_free(struct job *j)
{
	free(j->folder);
	argv_free(&j->env);
	argv_free(&j->words);
	*j = (struct job){ 0 };
}

/* Prefixes and whole names: whose the machine, the session or the connection is. */
static const char *const local[] = {
	"KTSTR_EVENTS=", "KTSTR_LAUNCHER",       "XDG_RUNTIME_DIR=", "XDG_SESSION_", "SLURM", "SSH_",    "HOSTNAME=",
	"TMPDIR=",       "KTSTR_REMOTE_SOCKET=", "DISPLAY=",         "TERM=",        "PWD=",  "OLDPWD=", "SHLVL=",
	"DBUS_",         "NINJA_STATUS=",
};

void job_environment(struct job *j)
{
	for (char **v = environ; v && *v; v++) {
		bool ours = true;

		for (size_t i = 0; i < countof(local); i++)
			ours &= strncmp(*v, local[i], strlen(local[i])) != 0;
		if (ours && strchr(*v, '='))
			argv_add(&j->env, *v);
	}
}

static void put(FILE *f, const char *s)
{
	fwrite(s, 1, strlen(s) + 1, f);
}

char *job_write(const struct job *j, size_t *n)
{
	auto_free char *body = NULL;
	size_t body_n;
	FILE *f = xmemstream(&body, &body_n);

	put(f, j->folder);
	fprintf(f, "%zu%c", j->env.n, 0);
	for (size_t i = 0; i < j->env.n; i++)
		put(f, j->env.v[i]);
	for (size_t i = 0; i < j->words.n; i++)
		put(f, j->words.v[i]);
	fclose(f);

	char *text;

	f = xmemstream(&text, n);
	fprintf(f, HEAD "%zu\n", body_n);
	fwrite(body, 1, body_n, f);
	fclose(f);
	return text;
}

size_t job_header(const char *line)
{
	const char *digits = line + strlen(HEAD);

	if (strncmp(line, HEAD, strlen(HEAD)) != 0)
		return 0;
	size_t n = strspn(digits, "0123456789");

	if (!n || n > 9 || digits[n])
		return 0;
	unsigned long bytes = strtoul(digits, NULL, 10);

	return bytes <= BODY_MAX ? bytes : 0;
}

/* The next string, or NULL. */
static const char *next(const char **at, const char *end)
{
	const char *s = *at;

	if (s == end)
		return NULL;
	*at += strlen(s) + 1;
	return s;
}

int job_parse(struct job *j, const char *body, size_t n, struct err *e)
{
	const char *at = body, *end = body + n, *s, *count;

	*j = (struct job){ 0 };
	if (!n || body[n - 1])
		return err_set(e, X_USAGE, "what came is no step");
	s = next(&at, end);
	count = next(&at, end);
	if (*s != '/' || !count || !*count || strlen(count) > 6 || strspn(count, "0123456789") != strlen(count))
		return err_set(e, X_USAGE, "what came is no step");
	j->folder = xstrdup(s);
	for (unsigned long left = strtoul(count, NULL, 10); left; left--) {
		s = next(&at, end);
		if (!s || *s == '=' || !strchr(s, '='))
			return err_set(e, X_USAGE, "what came is no step: its environment");
		argv_add(&j->env, s);
	}
	while ((s = next(&at, end)))
		argv_add(&j->words, s);
	return j->words.n ? 0 : err_set(e, X_USAGE, "what came is no step: it has no words");
}
