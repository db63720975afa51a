#include "gen/replay/page.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "gen/replay/looks.h"
#include "judge/facts/facts.h"
#include "judge/verdict.h"
#include "text/text.h"

#define NS_PER_MS 1000000.0

enum { LANE = 12, LANES_MAX = 12, WAITING_SHOWN = 3, QUEUES_SHOWN = 4 };

/* What a file says of a moment may be anything; times of looks are below that (looks.c), so that nothing runs over. */
static int64_t moment(uint64_t ns)
{
	return ns < INT64_MAX / 4 ? (int64_t)ns : INT64_MAX / 4;
}

/* "w6 bursty" for a worker, its name for another task that was seen waiting, else its pid. */
static void name_task(char *out, size_t n, const struct page *p, const struct look *x, int64_t pid)
{
	if (pid <= 0) {
		snprintf(out, n, "%s", pid ? "offline" : ".");
		return;
	}
	for (size_t i = 0; i < p->facts->n_workers; i++) {
		const struct facts_worker *w = &p->facts->workers[i];

		if (w->pid == (uint64_t)pid) {
			snprintf(out, n, "w%" PRIu64 " %s", w->id, w->type ? w->type : "");
			return;
		}
	}
	for (size_t i = 0; i < x->n_tasks; i++)
		if (x->tasks[i].pid == (uint64_t)pid) {
			snprintf(out, n, "%s", x->tasks[i].comm);
			return;
		}
	snprintf(out, n, "pid %" PRId64, pid);
}

static void put_name(FILE *f, const struct page *p, const struct look *x, int64_t pid, bool lane)
{
	char name[64];

	name_task(name, sizeof(name), p, x, pid);
	auto_free char *shown = text_plain(name, strlen(name), TEXT_LINE);

	if (lane)
		fprintf(f, " %-*.*s", LANE, LANE, shown);
	else
		fputs(shown, f);
}

static void head(FILE *f, const struct look *x)
{
	fputs("        ms ", f);
	for (size_t i = 0; i < x->cpus && i < LANES_MAX; i++)
		fprintf(f, " cpu%-*zu", LANE - 3, i);
	fputs("  waiting\n", f);
}

static void waiting(FILE *f, const struct page *p, const struct look *x)
{
	if (!x->tasks_known)
		return;
	for (size_t i = 0; i < x->n_tasks && i < WAITING_SHOWN; i++) {
		const struct look_task *t = &x->tasks[i];

		fputs(i ? "; " : " ", f);
		put_name(f, p, x, (int64_t)t->pid, false);
		if (t->dsq_known)
			fprintf(f, " in DSQ %#" PRIx64, t->dsq);
		fprintf(f, " for %.3f ms", (double)t->ns / NS_PER_MS);
	}
	if (x->waiting > WAITING_SHOWN)
		fprintf(f, "; %" PRIu64 " more", x->waiting - WAITING_SHOWN);
}

static void row(FILE *f, const struct page *p, const struct look *x)
{
	fprintf(f, "%+10.3f ", (double)look_at(p->looks, x) / NS_PER_MS);
	for (size_t i = 0; i < x->cpus && i < LANES_MAX; i++)
		put_name(f, p, x, x->curr[i], true);
	fputc(' ', f);
	waiting(f, p, x);
	fputc('\n', f);
}

/* A row that says no more than the one above it. */
static bool alike(const struct look *a, const struct look *b)
{
	if (a->cpus != b->cpus || memcmp(a->curr, b->curr, a->cpus * sizeof(*a->curr)) != 0)
		return false;
	if (!b->tasks_known)
		return true;
	if (!a->tasks_known || a->n_tasks != b->n_tasks)
		return false;
	for (size_t i = 0; i < a->n_tasks && i < WAITING_SHOWN; i++)
		if (a->tasks[i].pid != b->tasks[i].pid || a->tasks[i].dsq_known != b->tasks[i].dsq_known ||
		    a->tasks[i].dsq != b->tasks[i].dsq)
			return false;
	return true;
}

static bool inside(const struct page *p, const struct look *x)
{
	int64_t at = look_at(p->looks, x), middle = moment(p->at_ns), around = moment(p->around_ns);

	return at >= middle - around && at <= middle + around;
}

/* Those that say something new: of the n before and behind the middle. */
static size_t choose(const struct page *p, const struct look **to)
{
	const struct look *before = NULL;
	size_t n = 0;

	for (size_t i = 0; i < p->looks->n; i++) {
		const struct look *x = &p->looks->v[i];

		if (!inside(p, x) || (before && alike(before, x)))
			continue;
		to[n++] = before = x;
	}
	return n;
}

/* From which one on, so that the middle is among them. */
static size_t first_row(const struct page *p, const struct look **v, size_t n)
{
	size_t middle = 0;

	if (!p->rows || n <= p->rows)
		return 0;
	while (middle < n && look_at(p->looks, v[middle]) < moment(p->at_ns))
		middle++;
	size_t first = middle > p->rows / 2 ? middle - p->rows / 2 : 0;

	return first + p->rows > n ? n - p->rows : first;
}

static void rows(FILE *f, const struct page *p)
{
	auto_free const struct look **v = xcalloc(p->looks->n + 1, sizeof(*v));
	size_t n = choose(p, v), first = first_row(p, v, n), end = p->rows && n > p->rows ? first + p->rows : n;
	bool marked = false;

	if (!n) {
		fprintf(f, "nothing was seen within %.3f ms of it; --runs N looks more often, --around MS wider\n",
			(double)p->around_ns / NS_PER_MS);
		return;
	}
	head(f, v[first]);
	if (first)
		fprintf(f, "           (%zu earlier ones; --rows shows more)\n", first);
	for (size_t i = first; i < end; i++) {
		if (!marked && look_at(p->looks, v[i]) >= moment(p->at_ns)) {
			fprintf(f, "%+10.3f  ---- %s\n", (double)p->at_ns / NS_PER_MS,
				p->check ? p->check->metric : "here");
			marked = true;
		}
		row(f, p, v[i]);
	}
	if (end < n)
		fprintf(f, "           (%zu later ones; --rows shows more)\n", n - end);
}

/* What else could be asked of a task that waits: whether one of its CPUs had nothing to do. */
static void idle_beside(FILE *f, const struct look *x)
{
	size_t idle = 0;

	for (size_t i = 0; i < x->cpus; i++)
		idle += x->curr[i] == 0;
	if (idle)
		fprintf(f, "; %zu of %zu CPUs idle", idle, x->cpus);
}

static void queues(FILE *f, const struct look *x)
{
	if (!x->queues_known || !x->n_queues)
		return;
	fputs("; queues:", f);
	for (size_t i = 0; i < x->n_queues && i < QUEUES_SHOWN; i++)
		fprintf(f, "%s %#" PRIx64 " has %" PRIu64, i ? "," : "", x->queues[i].id, x->queues[i].nr);
}

/* The end of the story: who waits longest in the last looks of all, and where. */
static void last(FILE *f, const struct page *p)
{
	const struct look *x = NULL;

	for (size_t i = 0; i < p->looks->n; i++) {
		const struct look *y = &p->looks->v[i];

		if (y->tasks_known && y->n_tasks && (!x || y->tasks[0].ns >= x->tasks[0].ns))
			x = y;
	}
	if (!x)
		return;
	const struct look_task *t = &x->tasks[0];
	double at = (double)look_at(p->looks, x) / NS_PER_MS;

	fputs("the longest wait that was seen: ", f);
	put_name(f, p, x, (int64_t)t->pid, false);
	fprintf(f, " (pid %" PRIu64 ") for %.3f ms, from %+.3f ms to %+.3f ms", t->pid, (double)t->ns / NS_PER_MS,
		at - (double)t->ns / NS_PER_MS, at);
	if (t->dsq_known)
		fprintf(f, ", in DSQ %#" PRIx64, t->dsq);
	auto_free char *cpus = text_plain(t->cpus, strlen(t->cpus), TEXT_LINE);

	fprintf(f, ", on the run queue of cpu%" PRIu64 "; it may run on cpu%s", t->cpu, cpus);
	idle_beside(f, x);
	queues(f, x);
	fputc('\n', f);
}

void page_write(FILE *f, const struct page *p)
{
	fprintf(f, "%zu looks in %zu runs of the same schedule", p->looks->n, p->looks->runs);
	if (!p->looks->go_known)
		fputs("; when the scenario began was not seen, so times are the guest's own", f);
	fputs("\n\n", f);
	rows(f, p);
	fputc('\n', f);
	last(f, p);
}
