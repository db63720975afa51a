#include "test/compose.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "scenario/text/words.h"

static void put_each(FILE *f, const char *const *list)
{
	for (; list && *list; list++) {
		fputc(' ', f);
		word_write(f, *list);
	}
}

static void put_words(FILE *f, const char *word, const char *const *list)
{
	if (!list || !*list)
		return;
	fputs(word, f);
	put_each(f, list);
	fputc('\n', f);
}

static void put_scheduler(FILE *f, const struct declared *d, const char *binary)
{
	if (!d->under || !d->s.binary)
		return;
	fputs("scheduler ", f);
	word_write(f, binary ? binary : d->s.binary);
	put_each(f, d->s.args);
	put_each(f, d->t.args);
	fputc('\n', f);
}

static void put_numbers(FILE *f, const struct ktstr_test *t)
{
	if (t->duration_ms)
		fprintf(f, "duration %ums\n", t->duration_ms);
	if (t->settle_ms)
		fprintf(f, "settle %ums\n", t->settle_ms == KTSTR_NOW ? 0 : t->settle_ms);
	if (t->workers)
		fprintf(f, "workers %u\n", t->workers);
	if (t->seeds || t->first_seed)
		fprintf(f, "seeds %u first=%u\n", t->seeds ? t->seeds : 1, t->first_seed ? t->first_seed : 1);
	if (t->memory_mb)
		fprintf(f, "memory %u\n", t->memory_mb);
	if (t->watchdog_ms)
		fprintf(f, "watchdog %ums\n", t->watchdog_ms);
	if (t->clock == KTSTR_REAL)
		fputs("clock real\n", f);
}

/* Each line of a text behind a word. */
static void put_lines(FILE *f, const char *word, const char *text)
{
	for (const char *at = text; at && *at;) {
		size_t n = strcspn(at, "\n");
		size_t blank = strspn(at, " \t");

		if (blank < n && at[blank] != '#')
			fprintf(f, "%s %.*s\n", word, (int)(n - blank), at + blank);
		at += n + (at[n] == '\n');
	}
}

static void put_head(FILE *f, const struct variant *v, const char *binary, const char *program)
{
	const struct declared *d = v->d;
	const struct ktstr_test *t = &d->t;
	const char *const summary[] = { t->summary, NULL }, *const topology[] = { v->preset ? v->preset->name
											    : d->topology,
										  NULL };
	const char *const own[] = { program, NULL }, *const parent[] = { d->s.cgroup_parent, NULL };

	fprintf(f, "ktstr 1\ntest %s\n", d->name);
	put_words(f, "summary", summary);
	put_scheduler(f, d, binary);
	put_words(f, "topology", topology);
	put_numbers(f, t);
	put_words(f, "tags", t->tags);
	put_words(f, "needs", t->needs);
	put_words(f, "sysctls", d->s.sysctls);
	put_words(f, "kargs", d->s.kargs);
	put_words(f, "cgroup_parent", parent);
	put_lines(f, "expect", d->s.expect);
	put_lines(f, "expect", t->expect);
	put_lines(f, "expect_fail", t->expect_fail);
	put_words(f, "functions", own);
	for (size_t i = 0; i < d->n_writes; i++) {
		fputs("map_write ", f);
		word_write(f, d->writes[i].map);
		fprintf(f, " %u %u\n", d->writes[i].offset, d->writes[i].value);
	}
}

static int check_words(const char *what, const char *const *list, struct err *e)
{
	for (; list && *list; list++)
		if (!word_can(*list))
			return err_set(e, X_USAGE,
				       "%s: \"%s\" has a quote or a line feed in it, and no word of a scenario can",
				       what, *list);
	return 0;
}

static int check_word(const char *what, const char *word, struct err *e)
{
	const char *const list[] = { word, NULL };

	return check_words(what, list, e);
}

static int check_head(const struct variant *v, const char *binary, const char *program, struct err *e)
{
	const struct declared *d = v->d;
	const struct ktstr_test *t = &d->t;

	for (size_t i = 0; i < d->n_writes; i++)
		if (check_word(".map_write", d->writes[i].map, e) < 0)
			return declared_in(d, e);
	if (check_word("the scheduler's program", binary ? binary : d->s.binary, e) < 0 ||
	    check_words("the scheduler's .args", d->s.args, e) < 0 || check_words(".args", t->args, e) < 0 ||
	    check_word(".summary", t->summary, e) < 0 || check_word(".topology", d->topology, e) < 0 ||
	    check_words(".tags", t->tags, e) < 0 || check_words(".needs", t->needs, e) < 0 ||
	    check_words("the scheduler's .sysctls", d->s.sysctls, e) < 0 ||
	    check_words("the scheduler's .kargs", d->s.kargs, e) < 0 ||
	    check_word("the scheduler's .cgroup_parent", d->s.cgroup_parent, e) < 0 ||
	    check_word("the path of this program", program, e) < 0)
		return declared_in(d, e);
	return 0;
}

static unsigned count_lines(const char *text, size_t n)
{
	unsigned lines = 0;

	for (const char *at = text; (at = memchr(at, '\n', (size_t)(text + n - at))); at++)
		lines++;
	return lines;
}

/* Work of this program is in the lines: as a word of a "work" line. */
static bool has_functions(const char *lines)
{
	return strstr(lines, " fn:") || strstr(lines, "\tfn:");
}

int compose(struct composed *c, const struct variant *v, const struct places *p, const char *binary,
	    const char *program, struct err *e)
{
	const char *lines = v->d->t.scenario;

	*c = (struct composed){ 0 };
	if (v->d->t.build) {
		if (body_make(&c->body, v, p, e) < 0)
			return -1;
		lines = c->body.text;
	}
	program = has_functions(lines) ? program : NULL;
	if (check_head(v, binary, program, e) < 0)
		return -1;
	FILE *f = xmemstream(&c->text, &c->n);

	put_head(f, v, binary, program);
	fflush(f);
	c->head = count_lines(c->text, c->n);
	fputs(lines, f);
	fputc('\n', f);
	fclose(f);
	return 0;
}

void composed_free(struct composed *c)
{
	body_free(&c->body);
	free(c->text);
	c->text = NULL;
}
