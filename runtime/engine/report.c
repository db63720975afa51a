/* report.c: JSON of marks, lines, cgroups, workers.
 *
 * Names are those of a plan, which has checked them. What a worker wrote into its seat is numbers, but for one text, of which
 * only plain characters are told. */
#include "engine/report.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void text(FILE *f, const char *name, const char *s, size_t max)
{
	fprintf(f, "\"%s\":\"", name);
	for (size_t i = 0; i < max && s[i]; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			putc('\\', f);
		putc(c < ' ' || c == 0x7f ? '?' : c, f);
	}
	putc('"', f);
}

static void words(FILE *f, const char *name, const char *s)
{
	text(f, name, s, SIZE_MAX);
}

/* Of a worker's own text, which may be any bytes, on one line: what fails in a function may take several. */
static void plain(FILE *f, const char *name, const char *s, size_t max)
{
	char shown[sizeof((struct seat *)0)->error + 1] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < max && s[i]; i++) {
		unsigned char c = (unsigned char)s[i];

		if (strchr("\t\n\v\f\r ", c)) {
			if (n && shown[n - 1] != ' ')
				shown[n++] = ' ';
		} else if ((c & 0xc0) != 0x80) {
			shown[n++] = c > 0x7e ? '?' : s[i]; /* one for each character of UTF-8 */
		}
	}
	if (n && shown[n - 1] == ' ')
		shown[n - 1] = '\0';
	words(f, name, shown);
}

static void number(FILE *f, const char *name, uint64_t v)
{
	fprintf(f, ",\"%s\":%" PRIu64, name, v);
}

static void set(FILE *f, const char *name, const struct cpus *s)
{
	fprintf(f, ",\"%s\":\"", name);
	cpus_write(f, s);
	putc('"', f);
}

/* "name value" lines of the kernel's. */
static void stat(FILE *f, const char *lines)
{
	char name[64];
	unsigned long long value;
	int used;

	putc('{', f);
	for (bool first = true; sscanf(lines, "%63[a-zA-Z0-9_.] %llu%n", name, &value, &used) == 2; first = false) {
		fprintf(f, "%s\"%s\":%llu", first ? "" : ",", name, value);
		lines += used;
		lines += strspn(lines, "\n");
	}
	putc('}', f);
}

/* Numbers of each CPU, as the kernel has them. */
static void schedstat(FILE *f, const char *lines)
{
	unsigned long long value;
	int used;

	for (bool first = true; sscanf(lines, "cpu%*u%n", &used) == 0; first = false) {
		fputs(first ? "[" : ",[", f);
		lines += used;
		for (bool head = true; sscanf(lines, "%*1[ ]%llu%n", &value, &used) == 1; head = false) {
			fprintf(f, "%s%llu", head ? "" : ",", value);
			lines += used;
		}
		putc(']', f);
		lines += strspn(lines, "\n");
		if (!*lines)
			break;
	}
}

static void counts(FILE *f, const struct counts *c)
{
	if (c->events) {
		fputs(",\n \"events\":", f);
		stat(f, c->events);
	}
	if (c->schedstat) {
		fputs(",\n \"schedstat\":[", f);
		schedstat(f, c->schedstat);
		putc(']', f);
	}
	if (!c->listed)
		return;
	fputs(",\n \"programs\":[", f);
	for (size_t i = 0; i < c->n; i++) {
		fputs(i ? ",{" : "{", f);
		words(f, "name", c->programs[i].name);
		number(f, "runs", c->programs[i].runs);
		number(f, "ns", c->programs[i].ns);
		if (c->programs[i].insns)
			number(f, "insns", c->programs[i].insns);
		putc('}', f);
	}
	putc(']', f);
}

static void samples(FILE *f, const struct director *d)
{
	if (!d->sampler.every_ns)
		return;
	fputs("\"sampled_ns\":[", f);
	for (size_t i = 0; i < d->sampler.n; i++)
		fprintf(f, "%s%" PRIu64, i ? "," : "", d->sampler.at_ns[i] - d->go_ns);
	fputs("],\n", f);
}

static void marks(FILE *f, const struct director *d)
{
	fputs("\"marks\":[", f);
	for (size_t i = 0; i < d->n_marks; i++) {
		fputs(i ? ",\n{" : "\n{", f);
		words(f, "name", d->marks[i].name);
		number(f, "ns", d->marks[i].ns);
		if (d->marks[i].line)
			number(f, "line", d->marks[i].line);
		counts(f, &d->marks[i].counts);
		putc('}', f);
	}
	fputs("],\n\"lines\":[", f);
	for (size_t i = 0; i < d->n_deeds; i++)
		fprintf(f, "%s{\"ns\":%" PRIu64 ",\"line\":%u}", i ? "," : "", d->deeds[i].ns, d->deeds[i].line);
	fputs("],\n", f);
	samples(f, d);
	if (!d->n_refusals)
		return;
	fputs("\"refused\":[", f);
	for (size_t i = 0; i < d->n_refusals; i++) {
		const struct refusal *r = &d->refusals[i];

		fputs(i ? ",{" : "{", f);
		words(f, "what", r->what);
		putc(',', f);
		words(f, "error", strerror(r->error));
		number(f, "line", r->line);
		number(f, "times", r->times);
		putc('}', f);
	}
	fputs("],\n", f);
}

/* What was done to the scheduler under test. */
static void favours(FILE *f, const struct director *d)
{
	if (!d->keeper.n)
		return;
	fputs("\"asked\":[", f);
	for (unsigned i = 0; i < d->keeper.n; i++) {
		const struct favour *v = &d->keeper.favours[i];

		fputs(i ? ",\n{" : "\n{", f);
		words(f, "what", plan_deeds[v->deed]);
		if (v->profile) {
			putc(',', f);
			words(f, "profile", v->profile);
		}
		number(f, "line", v->line);
		number(f, "ns", v->ns);
		number(f, "took_ns", v->took_ns);
		if (!v->done) {
			putc(',', f);
			words(f, "failed", v->answer);
		}
		putc('}', f);
	}
	fputs("],\n", f);
}

static void cgroups(FILE *f, const struct director *d)
{
	fputs("\"cgroups\":[", f);
	for (size_t g = 0; g < d->plan->n_groups; g++) {
		struct cpus cpus = director_cpuset(d, (int)g);

		fputs(g ? ",\n{" : "\n{", f);
		words(f, "name", d->plan->groups[g].name);
		set(f, "cpus", &cpus);
		fputs(",\"cpu_stat\":[", f);
		for (size_t i = 0; i < d->n_marks; i++) {
			if (i)
				putc(',', f);
			if (d->marks[i].stats[g])
				stat(f, d->marks[i].stats[g]);
			else
				fputs("null", f);
		}
		fputs("]}", f);
	}
	fputs("],\n", f);
}

/* Squares are rounded: a difference of sums has no more digits. A sum that a worker spoilt may be no number. */
static void histogram(FILE *f, const char *name, const struct spread *s)
{
	fprintf(f,
		",\"%s\":{\"n\":%" PRIu64 ",\"min_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64 ",\"sum_ns\":%" PRIu64
		",\"sq\":%.15g,\"steps\":[",
		name, s->n, s->min, s->max, s->sum, isfinite(s->sq) ? s->sq : 0);
	for (unsigned i = 0; i < s->n_steps; i++)
		fprintf(f, "%s[%u,%u]", i ? "," : "", s->steps[i].step, s->steps[i].count);
	fputs("]}", f);
}

static uint64_t least(const struct spread *a, const struct spread *b)
{
	if (!a->n || !b->n)
		return a->n ? a->min : b->min;
	return a->min < b->min ? a->min : b->min;
}

/* A latency is what a worker waited to run after somebody, or a timer, had let it; slack is the timers' part. */
static void latencies(FILE *f, const struct record *r)
{
	const struct spread *a = &r->woken, *b = &r->timed;
	struct spread both = { .n = a->n + b->n,
			       .min = least(a, b),
			       .max = a->max > b->max ? a->max : b->max,
			       .sum = a->sum + b->sum,
			       .sq = a->sq + b->sq };

	if (!both.n)
		return;
	both.steps = calloc(a->n_steps + b->n_steps, sizeof *both.steps);
	if (!both.steps)
		return;
	for (unsigned i = 0, j = 0; i < a->n_steps || j < b->n_steps;) {
		const struct spread_step *s =
			j >= b->n_steps || (i < a->n_steps && a->steps[i].step <= b->steps[j].step) ? &a->steps[i++]
												    : &b->steps[j++];

		if (both.n_steps && both.steps[both.n_steps - 1].step == s->step)
			both.steps[both.n_steps - 1].count += s->count;
		else
			both.steps[both.n_steps++] = *s;
	}
	histogram(f, "latency", &both);
	free(both.steps);
	if (b->n)
		histogram(f, "slack", b);
}

static void phase(FILE *f, const struct director *d, const struct record *r, const struct cpus *allowed)
{
	fprintf(f, "{\"wall_ns\":%" PRIu64, r->wall_ns);
	if (r->stat) {
		number(f, "cpu_ns", r->cpu_ns);
		number(f, "wait_ns", r->wait_ns);
		number(f, "turns", r->turns);
	}
	number(f, "iterations", r->iterations);
	number(f, "work", r->work);
	if (r->migrated)
		number(f, "migrations", r->migrations);
	number(f, "gap_ns", r->gap_ns);
	if (r->gap_ns) {
		number(f, "gap_at_ns", r->gap_at_ns > d->go_ns ? r->gap_at_ns - d->go_ns : 0);
		number(f, "gap_cpu", r->gap_cpu);
	}
	number(f, "gap_cpu_ns", r->gap_cpu_ns);
	if (r->cpus_known)
		set(f, "cpus", &r->cpus);
	if (!cpus_equal(&r->allowed, allowed))
		set(f, "allowed", &r->allowed);
	latencies(f, r);
	putc('}', f);
}

static void ended(FILE *f, const struct worker *w)
{
	if (!w->gone)
		fputs(",\"ended\":\"unreaped\"", f);
	else if (w->state == WORKER_EXITED && w->exited < 0)
		fputs(",\"ended\":\"exited\"", f);
	else if (w->state == WORKER_EXITED)
		fprintf(f, ",\"ended\":\"exited %d\"", w->exited);
	else
		fprintf(f, ",\"ended\":\"%s\"", w->state == WORKER_CRASHED ? "crashed" : "stopped");
	if (w->gone)
		number(f, "reaped_ns", w->gone_ns - w->stopped_ns);
}

static void error(FILE *f, const struct worker *w, const struct seat *s)
{
	bool said = s->error[0] && !w->astray;

	if (!said && !w->fault[0])
		return;
	putc(',', f);
	if (said)
		plain(f, "error", s->error, sizeof s->error);
	else
		words(f, "error", w->fault);
}

static void worker(FILE *f, const struct director *d, const struct worker *w)
{
	const struct plan_work *work = w->step->work;
	struct cpus allowed = worker_allowed(w);

	fprintf(f, "{\"id\":%u,", w->id);
	words(f, "type", work->type);
	putc(',', f);
	words(f, "group", w->step->group == PLAN_NO_GROUP ? "-" : d->plan->groups[w->step->group].name);
	putc(',', f);
	words(f, "comm", work->comm);
	number(f, "line", w->step->line);
	number(f, "pid", (uint64_t)w->pid);
	if (work->threads)
		number(f, "tid", (uint64_t)w->tid);
	set(f, "allowed", &allowed);
	ended(f, w);
	error(f, w, stage_seat(&d->crew.stage, w->id));
	fputs(",\"phases\":[", f);
	for (unsigned i = 0; i < w->first_phase && w->n_records; i++)
		fputs("null,", f);
	for (size_t i = 0; i < w->n_records; i++) {
		fputs(i ? ",\n " : "\n ", f);
		if (w->records[i].frozen)
			fputs("null", f);
		else
			phase(f, d, &w->records[i], &allowed);
	}
	fputs("]}", f);
}

/* That of the kernel: what its coarse clocks go by. 0: not known. */
static uint64_t tick_ns(void)
{
	struct timespec t;

	return clock_getres(CLOCK_MONOTONIC_COARSE, &t) == 0 ? (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec
							     : 0;
}

void report_write(FILE *f, const struct director *d, uint64_t seed)
{
	fprintf(f, "{\"format\":1,\"seed\":%" PRIu64 ",\"cpus\":%u", seed, d->plan->places.cpus);
	if (tick_ns())
		number(f, "tick_ns", tick_ns());
	if (d->reaped_ns)
		number(f, "reaped_ns", d->reaped_ns - d->stop_ns);
	number(f, "end_ns", d->end_ns - d->go_ns);
	fputs(",\n", f);
	marks(f, d);
	favours(f, d);
	programs_report(f, &d->programs, d->plan);
	cgroups(f, d);
	coverage_report(f, &d->crew.coverage, d->crew.n);
	fputs("\"workers\":[", f);
	for (unsigned i = 0; i < d->crew.n; i++) {
		fputs(i ? ",\n" : "\n", f);
		worker(f, d, &d->crew.workers[i]);
	}
	fputs("]}\n", f);
}
