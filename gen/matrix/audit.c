#include "gen/matrix/audit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/run.h"
#include "gen/matrix/matrix.h"
#include "judge/facts/difference.h"
#include "progress/log.h"
#include "text/name.h"
#include "text/text.h"

enum { FACTS_MAX = 256 << 20, WORDS_SHOWN = 400 };

struct choice {
	char hash[NAME_LEN + 1];
	bool *twice;
};

static int by_hash(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	return strcmp(x->hash, y->hash);
}

int audit_choose(struct matrix *m, uint64_t percent, struct err *e)
{
	auto_free struct choice *all = NULL;
	bool virtual = false;
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			const struct matrix_cell *c = &m->tests[i].cells[k];
			bool may = c->on->guest->plan.virtual && !m->here;
			size_t seeds = may && !c->fit->skip && !c->out ? c->test->seeds.n : 0;

			virtual |= may;
			all = xreallocarray(all, n + seeds + 1, sizeof(*all));
			for (size_t s = 0; s < seeds; s++) {
				auto_free char *name = xasprintf("%s#%" PRIu64, c->dir, c->test->seeds.first + s);

				name_hex(name, strlen(name), all[n].hash);
				all[n++].twice = &c->twice[s];
			}
		}
	if (!virtual)
		return err_set(e, X_USAGE,
			       "--audit: no run of this request is in virtual time, and others differ each time");
	if (n)
		qsort(all, n, sizeof(*all), by_hash);
	for (size_t i = 0; i < n && i * 100 < n * percent; i++)
		*all[i].twice = true;
	return 0;
}

struct record_text {
	char *path, *text;
	size_t n;
};

static void record_text_free(struct record_text *t)
{
	free(t->path);
	free(t->text);
}
#define auto_record_text __attribute__((unused, cleanup(record_text_free)))

static int read_record(struct record_text *t, char *path, struct err *e)
{
	*t = (struct record_text){ .path = path };
	return file_read(AT_FDCWD, path, FACTS_MAX, &t->text, &t->n, e);
}

/* What differs, in words for people; NULL: only how it is written does. Caller frees. */
static char *difference(const struct record_text *a, const struct record_text *b)
{
	auto_facts struct facts one = { 0 }, two = { 0 };
	struct err ignored;

	if (facts_read(&one, a->text, a->n, &ignored) < 0 || facts_read(&two, b->text, b->n, &ignored) < 0)
		return NULL;
	auto_free char *words = facts_difference(&one, &two);

	return words ? text_plain(words, strlen(words) < WORDS_SHOWN ? strlen(words) : WORDS_SHOWN, TEXT_LINE) : NULL;
}

static size_t first_byte(const struct record_text *a, const struct record_text *b)
{
	size_t i = 0;

	while (i < a->n && i < b->n && a->text[i] == b->text[i])
		i++;
	return i;
}

/* 1: they differ. */
static int compare(const struct run *r, const struct matrix_cell *c, uint64_t seed, struct err *e)
{
	auto_record_text struct record_text a = { 0 }, b = { 0 };

	if (read_record(&a, xasprintf("%s/%s/seed-%" PRIu64 "/run.json", r->dir, c->dir, seed), e) < 0 ||
	    read_record(&b,
			xasprintf("%s/audits/%s/seed-%" PRIu64 "/run.json", r->dir, c->dir + strlen("tests/"), seed),
			e) < 0)
		return -1;
	if (a.n == b.n && !memcmp(a.text, b.text, a.n))
		return 0;
	auto_free char *words = difference(&a, &b);

	if (words)
		log_error("audit: %s seed %" PRIu64 ": made once more, it differs: %s\n  kept: %s\n  anew: %s",
			  c->test->test.name, seed, words, a.path, b.path);
	else
		log_error("audit: %s seed %" PRIu64
			  ": made once more, it differs from byte %zu on\n  kept: %s\n  anew: %s",
			  c->test->test.name, seed, first_byte(&a, &b), a.path, b.path);
	return 1;
}

static bool is_made(const struct run *r, const struct edge *g)
{
	const struct step_result *s = run_step(r, g);

	return s->state == STEP_RAN || s->state == STEP_CACHED;
}

int audit_compare(const struct matrix *m, const struct run *r, struct err *e)
{
	size_t equal = 0, differ = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			const struct matrix_cell *c = &m->tests[i].cells[k];

			for (size_t s = 0; s < c->test->seeds.n; s++) {
				if (c->out || !c->audits[s] || !is_made(r, c->runs[s]) || !is_made(r, c->audits[s]))
					continue;
				int d = compare(r, c, c->test->seeds.first + s, e);

				if (d < 0)
					return -1;
				differ += d;
				equal += !d;
			}
		}
	if (!differ) {
		log_info("audit: %zu run%s once more, equal to the byte", equal, equal == 1 ? "" : "s");
		return 0;
	}
	return err_set(e, X_DIFFERS, "audit: %zu of %zu runs came out otherwise when they were made once more", differ,
		       differ + equal);
}
