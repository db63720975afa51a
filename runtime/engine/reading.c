/* reading.c: schedstat, migrations and seats, read and subtracted. */
#include "engine/reading.h"
#include "engine/worker/look.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_task(pid_t pid, pid_t tid, const char *file)
{
	char path[96];

	snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, (int)tid, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void meter_open(struct meter *m, pid_t pid, pid_t tid)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof attr,
					.config = PERF_COUNT_SW_CPU_MIGRATIONS };

	m->schedstat = open_task(pid, tid, "schedstat");
	m->migrations = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	m->counter = m->migrations >= 0;
	if (!m->counter)
		m->migrations = open_task(pid, tid, "sched");
}

void meter_close(struct meter *m)
{
	if (m->schedstat >= 0)
		close(m->schedstat);
	if (m->migrations >= 0)
		close(m->migrations);
	m->schedstat = m->migrations = -1;
}

bool reading_number(const char *text, const char *word, uint64_t *value)
{
	const char *at = strstr(text, word);
	char *end;

	if (!at)
		return false;
	at += strlen(word);
	at += strspn(at, " \t:");
	*value = strtoull(at, &end, 10);
	return end != at;
}

static void read_migrations(struct reading *r, const struct meter *m)
{
	char text[8192];
	ssize_t n;

	if (m->migrations < 0)
		return;
	if (m->counter) {
		r->migrated = read(m->migrations, &r->migrations, sizeof r->migrations) == sizeof r->migrations;
		return;
	}
	n = pread(m->migrations, text, sizeof text - 1, 0);
	if (n <= 0)
		return;
	text[n] = '\0';
	r->migrated = reading_number(text, "nr_migrations", &r->migrations);
}

void reading_take(struct reading *r, const struct meter *m, const struct seat *s)
{
	char text[128];
	ssize_t n = m->schedstat < 0 ? -1 : pread(m->schedstat, text, sizeof text - 1, 0);
	unsigned long long cpu, wait, turns;

	*r = (struct reading){ .now_ns = clock_now() };
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%llu %llu %llu", &cpu, &wait, &turns) == 3) {
		r->stat = true;
		r->cpu_ns = cpu;
		r->wait_ns = wait;
		r->turns = turns;
	}
	read_migrations(r, m);
	r->iterations = __atomic_load_n(&s->iterations, __ATOMIC_ACQUIRE);
	r->work = s->work;
}

char reading_state(pid_t pid, pid_t tid)
{
	int fd = open_task(pid, tid, "stat");
	const char *behind_its_name;
	char text[256];
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 'X' : '?';
	n = read(fd, text, sizeof text - 1);
	/* It may go in between. */
	if (n < 0 && errno == ESRCH)
		n = 0;
	close(fd);
	if (n <= 0)
		return n < 0 ? '?' : 'X';
	text[n] = '\0';
	behind_its_name = strrchr(text, ')');
	return behind_its_name && strlen(behind_its_name) > 2 ? behind_its_name[2] : '?';
}

/* A worker that writes nonsense into its seat gets nonsense, and no number that wraps around. */
static uint64_t since(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

/* Which of a phase's times is the first and which the last is the worker's to say, and what it counted at a border it may count to
 * another phase than we do: then the step's own border stands for it, on the side where nothing is told too well. */
static void take_extremes(struct spread *out, const struct tally *t, uint64_t phase)
{
	unsigned first = out->steps[0].step, last = out->steps[out->n_steps - 1].step;
	bool known = t->phase == phase && t->min && t->min <= t->max;

	out->min = known && histogram_step(t->min) == first ? t->min : histogram_floor(first);
	out->max = known && histogram_step(t->max) == last ? t->max : histogram_top(last);
}

/* Nothing, and what was read last stays, when no reading holds together. */
static bool spread_make(struct spread *out, struct latency **last, struct tally *last_tally, const struct latency *now,
			uint64_t phase)
{
	static const struct latency none;
	const struct latency *before = *last ? *last : &none;
	struct latency *copy = malloc(sizeof *copy);
	struct tally tally;
	unsigned n = 0;

	*out = (struct spread){ 0 };
	if (!copy)
		return false;
	if (!look_latency(copy, &tally, now) || tally.n <= last_tally->n) {
		free(copy);
		return true;
	}
	for (unsigned i = 0; i < HISTOGRAM_STEPS; i++)
		n += copy->steps[i] > before->steps[i];
	out->steps = malloc((n + 1) * sizeof *out->steps);
	if (!out->steps) {
		free(copy);
		return false;
	}
	for (unsigned i = 0; i < HISTOGRAM_STEPS; i++) {
		if (copy->steps[i] <= before->steps[i])
			continue;
		out->steps[out->n_steps++] = (struct spread_step){ (uint16_t)i, copy->steps[i] - before->steps[i] };
		out->n += copy->steps[i] - before->steps[i];
	}
	out->sum = since(last_tally->sum, tally.sum);
	out->sq = tally.sq > last_tally->sq ? tally.sq - last_tally->sq : 0;
	if (out->n)
		take_extremes(out, &tally, phase);
	free(*last);
	*last = copy;
	*last_tally = tally;
	return true;
}

static void take_gaps(struct record *rec, const struct seat *s, uint64_t now_ns, const struct record_of *of)
{
	struct gaps g = look_gaps(s);

	if (g.phase == of->phase) {
		rec->gap_ns = g.ns;
		rec->gap_at_ns = g.at_ns;
		rec->gap_cpu = g.cpu;
		rec->gap_cpu_ns = g.cpu_ns;
	}
	if (of->open_ns <= rec->gap_ns)
		return;
	rec->gap_ns = of->open_ns;
	rec->gap_at_ns = now_ns - of->open_ns;
	rec->gap_cpu = s->cpu; /* it was on last, as it is not there to say where it waits */
}

static void take_cpus(struct record *rec, const struct seat *s, uint64_t number)
{
	rec->cpus_known = s->since == number;
	for (unsigned i = 0; i < SEAT_CPUS / 64 && rec->cpus_known; i++)
		rec->cpus.bits[i] = s->cpus[i];
}

bool record_make(struct record *rec, struct ledger *l, const struct reading *r, const struct seat *s,
		 const struct record_of *of)
{
	const struct reading *was = &l->last;

	*rec = (struct record){
		.wall_ns = since(was->now_ns, r->now_ns),
		.stat = was->stat && r->stat,
		.migrated = was->migrated && r->migrated,
		.cpu_ns = since(was->cpu_ns, r->cpu_ns),
		.wait_ns = since(was->wait_ns, r->wait_ns),
		.turns = since(was->turns, r->turns),
		.migrations = since(was->migrations, r->migrations),
		.iterations = since(was->iterations, r->iterations),
		.work = since(was->work, r->work),
	};
	take_cpus(rec, s, of->since);
	take_gaps(rec, s, r->now_ns, of);
	l->last = *r;
	return spread_make(&rec->woken, &l->woken, &l->woken_tally, &s->woken, of->phase) &&
	       spread_make(&rec->timed, &l->timed, &l->timed_tally, &s->timed, of->phase);
}

void ledger_free(struct ledger *l)
{
	free(l->woken);
	free(l->timed);
	l->woken = l->timed = NULL;
}
