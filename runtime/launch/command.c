#include "launch/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

const char *const launcher_steps[] = { "flags", "kernel-build", "run", "snapshot", "verify", NULL };

static const char *const holders[] = { "{cpus}", "{mem_mb}", "{step}" };

void launcher_free(struct launcher *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].step);
		argv_free(&l->v[i].words);
	}
	free(l->v);
	*l = (struct launcher){ 0 };
}

/* One word at *at, which is no blank; false: a quote has no end. */
static bool take_word(struct argv *words, const char **at)
{
	auto_free char *word = NULL;
	size_t n;
	FILE *f = xmemstream(&word, &n);
	char quote = 0;

	for (; **at && (quote || !strchr(" \t", **at)); ++*at) {
		char c = **at;

		if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? 0 : c;
		else if (c == '\\' && quote != '\'' && (*at)[1])
			putc(*++*at, f);
		else
			putc(c, f);
	}
	fclose(f);
	argv_add(words, word);
	return !quote;
}

/* "{x}" that stands for nothing is a mistake. */
static int check_holders(const char *word, struct err *e)
{
	for (const char *at = strchr(word, '{'); at; at = strchr(at + 1, '{')) {
		size_t n = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");
		bool known = false;

		if (at[n + 1] != '}' || !n)
			continue;
		for (size_t i = 0; i < countof(holders); i++)
			known |= !strncmp(at, holders[i], strlen(holders[i]));
		if (!known)
			return err_set(e, X_USAGE,
				       "launcher: %.*s stands for nothing; there are {cpus}, {mem_mb} and {step}",
				       (int)n + 2, at);
	}
	return 0;
}

static int take_words(struct argv *words, const char *text, struct err *e)
{
	for (;;) {
		text += strspn(text, " \t");
		if (!*text)
			return 0;
		if (!take_word(words, &text))
			return err_set(e, X_USAGE, "launcher: a quote has no end in: %s", text);
		if (check_holders(words->v[words->n - 1], e) < 0)
			return -1;
	}
}

static const char *step_of(const char *line)
{
	for (const char *const *steps = launcher_steps; *steps; steps++) {
		size_t n = strlen(*steps);

		if (!strncmp(line, *steps, n) && line[n] == '=')
			return *steps;
	}
	return NULL;
}

static int take_line(struct launcher *l, const char *line, struct err *e)
{
	const char *step = step_of(line);

	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	struct launch_rule *r = &l->v[l->n++];

	*r = (struct launch_rule){ .step = step ? xstrdup(step) : NULL };
	for (size_t i = 0; i + 1 < l->n; i++)
		if (step ? l->v[i].step && !strcmp(l->v[i].step, step) : !l->v[i].step)
			return err_set(e, X_USAGE, "launcher: two commands for %s", step ? step : "all steps");
	return take_words(&r->words, step ? line + strlen(step) + 1 : line, e);
}

int launcher_parse(struct launcher *l, const char *text, struct err *e)
{
	auto_free char *own = xstrdup(text);
	char *save = NULL;

	*l = (struct launcher){ 0 };
	for (char *line = strtok_r(own, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (take_line(l, line, e) < 0)
			return -1;
	return 0;
}

const struct argv *launcher_for(const struct launcher *l, const char *step)
{
	const struct argv *any = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct launch_rule *r = &l->v[i];

		if (r->step && !strcmp(r->step, step))
			return r->words.n ? &r->words : NULL;
		if (!r->step)
			any = &r->words;
	}
	return any && any->n ? any : NULL;
}

void launcher_fill(struct argv *a, const struct argv *words, const char *step, uint64_t cpus, uint64_t mem_mb)
{
	for (size_t i = 0; i < words->n; i++) {
		auto_free char *word = NULL;
		size_t n;
		FILE *f = xmemstream(&word, &n);

		for (const char *at = words->v[i]; *at;) {
			size_t k = 0;

			while (k < countof(holders) && strncmp(at, holders[k], strlen(holders[k])) != 0)
				k++;
			if (k == 0)
				fprintf(f, "%llu", (unsigned long long)cpus);
			else if (k == 1)
				fprintf(f, "%llu", (unsigned long long)mem_mb);
			else if (k == 2)
				fputs(step, f);
			else
				putc(*at, f);
			at += k < countof(holders) ? strlen(holders[k]) : 1;
		}
		fclose(f);
		argv_add(a, word);
	}
}
