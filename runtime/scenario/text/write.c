#include "scenario/text/line.h"
#include "scenario/scenario.h"
#include "scenario/text/machine.h"
#include "scenario/text/words.h"

#include <inttypes.h>
#include <string.h>

static void list_write(FILE *f, const char *word, const struct scenario_list *l)
{
	if (!l->n)
		return;
	fputs(word, f);
	for (size_t i = 0; i < l->n; i++) {
		fputc(' ', f);
		word_write(f, l->at[i].text);
	}
	fputc('\n', f);
}

static void line_of(FILE *f, const char *word, const char *text)
{
	if (!text)
		return;
	fprintf(f, "%s ", word);
	word_write(f, text);
	fputc('\n', f);
}

static void time_line(FILE *f, const char *word, uint64_t ns)
{
	fprintf(f, "%s ", word);
	time_write(f, ns);
	fputc('\n', f);
}

static void front(FILE *f, const struct scenario *s)
{
	line_of(f, "test", s->name);
	line_of(f, "summary", s->summary);
	list_write(f, "scheduler", &s->scheduler);
	line_of(f, "topology", s->topology.text);
}

static void numbers(FILE *f, const struct scenario *s)
{
	if (s->duration_ns != SCENARIO_DURATION_NS)
		time_line(f, "duration", s->duration_ns);
	if (s->settle_ns != SCENARIO_SETTLE_NS)
		time_line(f, "settle", s->settle_ns);
	if (s->workers != SCENARIO_WORKERS)
		fprintf(f, "workers %u\n", s->workers);
	if (s->cgroup_parent && strcmp(s->cgroup_parent, SCENARIO_PARENT))
		fprintf(f, "cgroup_parent %s\n", s->cgroup_parent);
}

static void rest(FILE *f, const struct scenario *s)
{
	static const char *const clocks[] = { "virtual", "real" };

	if (s->first_seed != 1)
		fprintf(f, "seeds %u first=%u\n", s->seeds, s->first_seed);
	else if (s->seeds != 1)
		fprintf(f, "seeds %u\n", s->seeds);
	if (s->memory_mb != SCENARIO_MEMORY_MB)
		fprintf(f, "memory %u\n", s->memory_mb);
	if (s->clock != SCENARIO_VIRTUAL)
		fprintf(f, "clock %s\n", clocks[s->clock]);
	if (s->watchdog_ns)
		time_line(f, "watchdog", s->watchdog_ns);
	list_write(f, "tags", &s->tags);
	list_write(f, "flags", &s->flags);
	list_write(f, "needs", &s->needs);
	list_write(f, "sysctls", &s->sysctls);
	list_write(f, "kargs", &s->kargs);
	line_of(f, "functions", s->functions.text);
}

static void end(FILE *f, const struct scenario *s)
{
	for (size_t i = 0; i < s->expect.n; i++)
		fprintf(f, "expect %s\n", s->expect.at[i].text);
	if (s->expect_fail.text)
		fprintf(f, "expect_fail %s\n", s->expect_fail.text);
}

static void group_write(FILE *f, const char *name)
{
	fprintf(f, " %s", name ? name : "-");
}

static void amount_write(FILE *f, const struct amount *a, bool time)
{
	if (a->percent)
		fprintf(f, "%" PRIu64 "%%", a->value);
	else if (time)
		time_write(f, a->value);
	else
		fprintf(f, "%" PRIu64, a->value);
}

static void limit_write(FILE *f, const struct plan_knobs *k)
{
	fputs(" max=", f);
	if (!k->quota_ns) {
		fputs("none", f);
		return;
	}
	time_write(f, k->quota_ns);
	fputc('/', f);
	time_write(f, k->period_ns);
}

static void knobs_write(FILE *f, const struct line_knobs *k, bool cgroup)
{
	unsigned given = k->plain.given;

	if (given & KNOB_CPUSET) {
		fputs(" cpuset=", f);
		if (k->cpuset)
			set_write(f, k->cpuset);
		else
			fputs("inherit", f);
	}
	if (given & KNOB_MEMS) {
		fputs(" mems=", f);
		if (cpus_count(&k->plain.mems))
			cpus_write(f, &k->plain.mems);
		else
			fputs("inherit", f);
	}
	if (given & KNOB_WEIGHT)
		fprintf(f, " weight=%u", k->plain.weight);
	if (given & KNOB_MAX)
		limit_write(f, &k->plain);
	if (given & KNOB_PIDS && k->plain.pids)
		fprintf(f, " pids=%u", k->plain.pids);
	else if (given & KNOB_PIDS)
		fputs(" pids=none", f);
	if (given & KNOB_IDLE)
		fputs(!k->plain.idle ? " idle=off" : cgroup ? " idle" : " idle=on", f);
	if (given & KNOB_THREADED)
		fputs(" threaded", f);
}

static void affinity_write(FILE *f, const struct line_affinity *a)
{
	if (a->set)
		set_write(f, a->set);
	else
		fputs(affinity_words[a->kind], f);
}

static void work_write(FILE *f, const struct scenario_line *l, const struct slots *shared)
{
	const struct line_work *w = l->work;

	fputc(' ', f);
	worktype_write(f, &w->use, shared);
	if (l->amount.value) {
		fputs(" n=", f);
		amount_write(f, &l->amount, false);
	}
	if (w->policy.kind != POLICY_NONE) {
		fputs(" policy=", f);
		policy_write(f, &w->policy);
	}
	if (w->nice)
		fprintf(f, " nice=%d", w->nice);
	if (w->affinity.kind != AFFINITY_INHERIT) {
		fputs(" affinity=", f);
		affinity_write(f, &w->affinity);
	}
	if (w->memory.kind != MEMORY_NONE) {
		fputs(" mem=", f);
		memory_write(f, &w->memory);
	}
	if (w->comm) {
		fputs(" comm=", f);
		word_write(f, w->comm);
	}
	if (w->uid)
		fprintf(f, " uid=%u", w->uid);
	if (w->threads)
		fputs(" threads", f);
}

static void block_write(FILE *f, const struct scenario *s, const struct scenario_line *l)
{
	const struct line_each *e = &l->each;

	if (l->kind == LINE_EVERY) {
		fputc(' ', f);
		time_write(f, l->every_ns);
		fputs(" {", f);
	} else if (l->kind == LINE_EACH) {
		fprintf(f, " %s", each_words[e->over]);
		if (e->max)
			fprintf(f, " max=%u", e->max);
		if (e->parts)
			fprintf(f, " part=%u/%u", e->part, e->parts);
		fputs(" {", f);
	} else if (s->lines[l->block].kind == LINE_EVERY) {
		fputs(" for ", f);
		amount_write(f, &l->amount, true);
	}
}

static void change_write(FILE *f, const struct scenario_line *l)
{
	fputc(' ', f);
	if (l->kind == LINE_AFFINITY || l->kind == LINE_CPU)
		affinity_write(f, &l->affinity);
	else if (l->kind == LINE_NICE)
		fprintf(f, "%d", l->nice);
	else
		policy_write(f, &l->policy);
}

static void line_write(FILE *f, const struct scenario *s, const struct scenario_line *l)
{
	fputs(line_words[l->kind], f);
	if (l->kind == LINE_EVERY || l->kind == LINE_EACH || l->kind == LINE_END) {
		block_write(f, s, l);
	} else if (l->kind == LINE_HOLD) {
		fputc(' ', f);
		amount_write(f, &l->amount, true);
	} else if (l->kind == LINE_CPU) {
		fputs(l->online ? " online" : " offline", f);
	} else if (l->kind > LINE_CPU && l->kind != LINE_PSI) {
		machine_line_write(f, l);
	} else {
		group_write(f, l->name);
	}
	if (l->kind == LINE_SWAP || l->kind == LINE_MOVE)
		group_write(f, l->other);
	if (l->kind == LINE_MOVE && l->amount.value)
		fprintf(f, " n=%" PRIu64, l->amount.value);
	if (l->knobs)
		knobs_write(f, l->knobs, l->kind == LINE_CGROUP);
	if (l->work)
		work_write(f, l, &s->shared);
	if (l->kind >= LINE_AFFINITY && l->kind <= LINE_CPU)
		change_write(f, l);
	fputc('\n', f);
}

static void lines_write(FILE *f, const struct scenario *s)
{
	unsigned depth = 0;

	for (size_t i = 0; i < s->n_lines; i++) {
		const struct scenario_line *l = &s->lines[i];

		depth -= l->kind == LINE_END;
		for (unsigned k = 0; k < depth; k++)
			fputs("  ", f);
		line_write(f, s, l);
		depth += l->kind == LINE_EVERY || l->kind == LINE_EACH;
	}
}

void scenario_write(FILE *f, const struct scenario *s)
{
	fputs("ktstr 1\n", f);
	front(f, s);
	numbers(f, s);
	rest(f, s);
	lines_write(f, s);
	end(f, s);
}

void scenario_write_run(FILE *f, const struct scenario *s)
{
	fputs("ktstr 1\n", f);
	numbers(f, s);
	lines_write(f, s);
}
