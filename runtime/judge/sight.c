#include "judge/sight.h"
#include "base/mem.h"
#include "judge/words.h"
#include <inttypes.h>

enum { TICK_NS = 4000000 }; /* where the run does not say: CONFIG_HZ=250 */
/* Ids of the kernel's own queues (include/linux/sched/ext.h). */
#define DSQ_BUILTIN (1ull << 63)
#define DSQ_LOCAL_ON (1ull << 62)
#define DSQ_SMALL 1000000 /* larger ids are made of bits */
enum { DSQ_GLOBAL = 1, DSQ_LOCAL = 2, DSQ_BYPASS = 3 };

/* Ticks are counted at borders: one may only have begun. */
uint64_t sight_age(const struct facts *facts, const struct sample_task *t)
{
	uint64_t tick = facts->tick_known && facts->tick_ns ? facts->tick_ns : TICK_NS;
	uint64_t by_ticks = t->ticks_known && t->ticks > 1 && t->ticks < UINT64_MAX / tick ? (t->ticks - 1) * tick : 0;

	return by_ticks > t->ns ? by_ticks : t->ns;
}

static const struct facts_worker *worker_of(const struct facts *facts, uint64_t pid)
{
	for (size_t i = 0; pid && i < facts->n_workers; i++)
		if (facts->workers[i].pid == pid)
			return &facts->workers[i];
	return NULL;
}

static void task_words(FILE *f, const struct facts *facts, const struct sample_task *t)
{
	const struct facts_worker *w = worker_of(facts, t->pid);

	if (w)
		words_worker(f, w, true);
	else
		fprintf(f, "task %" PRIu64 "%s%s%s", t->pid, t->comm ? " (" : "", t->comm ? t->comm : "",
			t->comm ? ")" : "");
}

static void queue_words(FILE *f, const struct sample_task *t)
{
	if (!t->dsq_known)
		fprintf(f, "the run queue of cpu%" PRIu64, t->cpu);
	else if (!(t->dsq & DSQ_BUILTIN))
		fprintf(f, t->dsq < DSQ_SMALL ? "DSQ %" PRIu64 : "DSQ %#" PRIx64, t->dsq);
	else if (t->dsq & DSQ_LOCAL_ON || (t->dsq & ~DSQ_BUILTIN) == DSQ_LOCAL)
		fprintf(f, "the local DSQ of cpu%" PRIu64, t->cpu);
	else
		fputs((t->dsq & ~DSQ_BUILTIN) == DSQ_GLOBAL   ? "the global DSQ"
		      : (t->dsq & ~DSQ_BUILTIN) == DSQ_BYPASS ? "the bypass DSQ"
							      : "a DSQ of the kernel",
		      f);
}

static void ms_words(FILE *f, uint64_t ns)
{
	auto_free char *text = metric_value(metric_get(METRIC_WAIT_AGE), (double)ns, false);

	fputs(text, f);
}

void sight_figure(FILE *f, const struct facts *facts, const struct metric *m, const struct figure *g)
{
	if (!g->sample)
		return;
	fputs(": ", f);
	switch (m->id) {
	case METRIC_IMBALANCE:
		fprintf(f, "cpu%" PRIu64 " had %" PRId64 " tasks", g->cpu, g->sample->nr.v[g->cpu]);
		break;
	case METRIC_DSQ_DEPTH:
		fprintf(f, "the local DSQ of cpu%" PRIu64, g->cpu);
		break;
	case METRIC_WAIT_AGE:
	case METRIC_IDLE_WHILE_WAITING:
		if (m->id == METRIC_IDLE_WHILE_WAITING)
			fprintf(f, "cpu%" PRIu64 " idle, and ", g->cpu);
		task_words(f, facts, g->task);
		fputs(" waited in ", f);
		queue_words(f, g->task);
		break;
	default:
		break;
	}
	fputs(m->id == METRIC_WAIT_AGE ? " at " : " from ", f);
	words_time(f, m->id == METRIC_WAIT_AGE ? g->sample->ns : g->from_ns);
	if (m->id != METRIC_WAIT_AGE) {
		fputs(" to ", f);
		words_time(f, g->sample->ns);
	}
}

static const struct sample_task *task_of(const struct facts_sample *s, const struct facts_worker *w, size_t *place)
{
	for (*place = 0; *place < s->n_tasks; ++*place)
		if (!w || s->tasks[*place].pid == w->pid)
			return &s->tasks[*place];
	return NULL;
}

/* A CPU that idles while this one waits and may run there. */
static bool idle_for(const struct facts_sample *s, const struct sample_task *t, uint64_t *cpu)
{
	for (size_t i = 0; t->cpus_known && i < s->n_idle; i++) {
		*cpu = s->idle[i].cpu;
		if (*cpu < CPUS_MAX && cpus_has(&t->cpus, (unsigned)*cpu))
			return true;
	}
	return false;
}

static char *wait_words(const struct facts *facts, const struct facts_sample *s, const struct sample_task *t,
			size_t place)
{
	uint64_t cpu;
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fputs("at ", f);
	words_time(f, s->ns);
	fputs(": ", f);
	if (idle_for(s, t, &cpu))
		fprintf(f, "cpu%" PRIu64 " idle, ", cpu);
	queue_words(f, t);
	fputs(" held ", f);
	task_words(f, facts, t);
	fputs(" for ", f);
	ms_words(f, sight_age(facts, t));
	if (s->waiting_known && s->waiting > 1)
		fprintf(f, ", %s%" PRIu64 " that waited", place ? "one of " : "the oldest of ", s->waiting);
	fclose(f);
	return text;
}

char *sight_of_wait(const struct facts *facts, const struct facts_worker *w, uint64_t from_ns, uint64_t to_ns)
{
	const struct facts_sample *best = NULL;
	const struct sample_task *who = NULL;
	size_t place, where = 0;

	if (w && !w->pid)
		return NULL;
	for (size_t i = 0; i < facts->samples.n; i++) {
		const struct facts_sample *s = &facts->samples.v[i];
		const struct sample_task *t =
			s->there && s->ns >= from_ns && s->ns <= to_ns ? task_of(s, w, &place) : NULL;

		if (!t || (who && sight_age(facts, t) < sight_age(facts, who)))
			continue;
		best = s;
		who = t;
		where = place;
	}
	return best ? wait_words(facts, best, who, where) : NULL;
}
