#include "gen/explore/report.h"

#include <inttypes.h>

#include "base/mem.h"
#include "json/write.h"

enum { SEEDS_SHOWN = 20 };

static void seeds_text(FILE *f, const struct trail *s)
{
	uint64_t n = s->next - s->first;

	if (n)
		fprintf(f, "  seeds %" PRIu64 " to %" PRIu64 ": %zu of %" PRIu64 " pass", s->first, s->next - 1,
			s->passed, n);
	else
		fputs("  no seed was tried to its end", f);
	if (s->inconclusive)
		fprintf(f, ", %zu inconclusive", s->inconclusive);
	if (s->broken)
		fprintf(f, ", %zu came to no run", s->broken);
	if (s->n_failures)
		fprintf(f, ", %zu fail:", s->n_failures);
	for (size_t i = 0; i < s->n_failures && i < SEEDS_SHOWN; i++)
		fprintf(f, " %" PRIu64, s->failures[i].seed);
	fprintf(f, "%s\n", s->n_failures > SEEDS_SHOWN ? " …" : "");
}

static void from_to(FILE *f, const char *what, uint64_t from, uint64_t to)
{
	if (from == to)
		fprintf(f, "%" PRIu64 " %s", from, what);
	else
		fprintf(f, "%" PRIu64 " -> %" PRIu64 " %s", from, to, what);
}

static void smaller_text(FILE *f, const struct explored *x)
{
	const struct smaller *s = x->smaller;

	fputs("  smaller: ", f);
	from_to(f, "lines, ", s->from.lines, s->to.lines);
	from_to(f, "workers, ", s->from.workers, s->to.workers);
	from_to(f, "ms, ", s->from.ns / 1000000, s->to.ns / 1000000);
	from_to(f, "CPUs", s->from.cpus, s->to.cpus);
	fprintf(f, " (%zu tried%s)\n", s->tries, s->interrupted ? ", and not all that can be" : "");
	fprintf(f, "  with seed %" PRIu64 ": %s\n", s->failure.seed, s->failure.words);
	if (x->file)
		fprintf(f, "  written: %s\n  again: %s\n", x->file, x->small_again);
}

void explored_text(FILE *f, const struct explored *x)
{
	const struct trail *s = x->trail;

	fprintf(f, "%s %s%s%s on %s%s%s\n",
		s->n_failures                                 ? "FAIL"
		: s->passed && !s->inconclusive && !s->broken ? "PASS"
							      : "????",
		x->test, s->kernel ? " on " : "", s->kernel ? s->kernel : "", x->topology, x->profile ? " with " : "",
		x->profile ? x->profile : "");
	if (s->n_failures)
		fprintf(f, "  seed %" PRIu64 ": %s\n", s->failures[0].seed, s->failures[0].words);
	seeds_text(f, s);
	if (s->n_failures)
		fprintf(f, "  again: %s --seed %" PRIu64 "%s%s\n", x->again, s->failures[0].seed, *x->rest ? " " : "",
			x->rest);
	if (x->smaller)
		smaller_text(f, x);
	if (s->interrupted)
		fputs("  it ended before all seeds were tried\n", f);
}

static void json_extent(struct jsonw *w, const char *key, const struct extent *x)
{
	jsonw_kobj(w, key);
	jsonw_ku64(w, "lines", x->lines);
	jsonw_ku64(w, "workers", x->workers);
	jsonw_ku64(w, "ns", x->ns);
	jsonw_ku64(w, "cpus", x->cpus);
	jsonw_end_obj(w);
}

static void json_failure(struct jsonw *w, const struct failure *f)
{
	jsonw_ku64(w, "seed", f->seed);
	jsonw_kstr(w, "metric", f->metric);
	jsonw_kstr(w, "words", f->words);
}

static void json_smaller(struct jsonw *w, const struct explored *x)
{
	const struct smaller *s = x->smaller;

	jsonw_kobj(w, "smaller");
	jsonw_kstr(w, "file", x->file);
	jsonw_kstr(w, "text", s->text);
	json_failure(w, &s->failure);
	json_extent(w, "from", &s->from);
	json_extent(w, "to", &s->to);
	jsonw_ku64(w, "tried", s->tries);
	jsonw_kbool(w, "whole", !s->interrupted);
	jsonw_kstr(w, "again", x->small_again);
	jsonw_end_obj(w);
}

void explored_json(struct jsonw *w, const struct explored *x)
{
	const struct trail *s = x->trail;

	jsonw_obj(w);
	jsonw_kstr(w, "test", x->test);
	jsonw_kstr(w, "cell", x->cell);
	jsonw_kstr(w, "topology", x->topology);
	jsonw_kstr(w, "profile", x->profile);
	jsonw_kstr(w, "kernel", s->kernel);
	jsonw_ku64(w, "first_seed", s->first);
	jsonw_ku64(w, "tried", s->next - s->first);
	jsonw_ku64(w, "passed", s->passed);
	jsonw_ku64(w, "inconclusive", s->inconclusive);
	jsonw_ku64(w, "broken", s->broken);
	jsonw_kbool(w, "interrupted", s->interrupted);
	jsonw_ku64(w, "ms", x->ms);
	jsonw_karr(w, "failures");
	for (size_t i = 0; i < s->n_failures; i++) {
		jsonw_obj(w);
		json_failure(w, &s->failures[i]);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	if (x->smaller)
		json_smaller(w, x);
	jsonw_end_obj(w);
}
