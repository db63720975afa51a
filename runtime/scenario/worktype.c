#include "scenario/worktype.h"
#include "scenario/fault.h"
#include "scenario/number.h"

#include <stdarg.h>
#include <string.h>

enum { PROGRAM_TEXT_MAX = 1024 };

#define US(n) ((n) * (uint64_t)1000)
#define MS(n) ((n) * (uint64_t)1000000)
/* clang-format off */
#define TIME(name, usual) { name, PARAM_TIME, usual, US(1), MS(10000) }
#define MICROS(usual) { "us", PARAM_US, usual, US(1), MS(10000) }
#define COUNT(name, usual, min, max) { name, PARAM_COUNT, usual, min, max }
/* clang-format on */

const struct worktype worktypes[] = {
	{ "spin", "fairness, stalls", "run $us", { MICROS(US(100)) } },
	{ "yield", "yield", "run $us; yield", { MICROS(US(10)) } },
	{ "bursty",
	  "idle balance, borrowing",
	  "run $run; sleep $sleep",
	  { TIME("run", MS(50)), TIME("sleep", MS(100)) } },
	{ "timer",
	  "wake-up by a timer to the first instruction",
	  "timer $period; run $run",
	  { TIME("period", MS(1)), TIME("run", US(100)) } },
	{ "pipe",
	  "synchronous wake-ups",
	  "run $us; send a; receive b | receive a; run $us; send b",
	  { MICROS(US(20)) } },
	{ "futex", "plain wake-ups", "run $us; wake a; wait b | wait a; run $us; wake b", { MICROS(US(20)) } },
	{ "chain", "rings of wake-ups", NULL, { COUNT("depth", 4, 2, 16), MICROS(US(20)) } },
	{ "fanout",
	  "one wakes many",
	  "run $us; wake a | $n * wait a; run $us",
	  { COUNT("n", 4, 1, 64), MICROS(US(20)) } },
	{ "herd",
	  "wake-up storms",
	  "sleep $gap; wake a | $n * wait a; run 20us",
	  { COUNT("n", 8, 1, 128), TIME("gap", MS(10)) } },
	{ "mutex",
	  "pre-emption of lock holders",
	  "$n * lock a; run $hold; unlock a; run $work",
	  { COUNT("n", 4, 1, 64), TIME("hold", US(50)), TIME("work", US(100)) } },
	{ "pi",
	  "three priorities and a lock that lends them",
	  "pilock a; run $us; piunlock a | policy=fifo:1; run $us; sleep 1ms | policy=fifo:2; sleep 1ms; pilock a; run $us; piunlock a",
	  { MICROS(US(100)) } },
	{ "cache", "locality", "touch $kib $stride", { COUNT("kib", 32, 1, 65536), COUNT("stride", 64, 1, 65536) } },
	{ "fault", "page faults", "fault $kib", { COUNT("kib", 256, 1, 65536) } },
	{ "io", "sleeps in the kernel", "write $kib; sync; sleep 100us", { COUNT("kib", 64, 1, 65536) } },
	{ "fork", "new tasks and their end", "fork $n", { COUNT("n", 4, 1, 64) } },
	{ "exec", "tasks that become another program", "exec 1", { { NULL, PARAM_COUNT, 0, 0, 0 } } },
	{ "thread", "new threads", "thread $n", { COUNT("n", 4, 1, 64) } },
	{ "nice", "new weights", "run 100us; nice -20 19", { { NULL, PARAM_COUNT, 0, 0, 0 } } },
	{ "policy", "changes of class", "run 100us; policy", { { NULL, PARAM_COUNT, 0, 0, 0 } } },
	{ "affinity",
	  "races of masks",
	  "run 20us; affinity $of; sleep $period",
	  { { "of", PARAM_OF, 0, 0, 1 }, TIME("period", US(100)) } },
	{ "signal",
	  "signals",
	  "run 20us; signal 1; sigwait | sigwait; run 20us; signal 0",
	  { { NULL, PARAM_COUNT, 0, 0, 0 } } },
	{ "rt",
	  "classes above",
	  "policy=fifo:$prio; run $run; sleep $sleep",
	  { COUNT("prio", 40, 1, 98), TIME("run", MS(20)), TIME("sleep", MS(5)) } },
	{ "migrate",
	  "moves between cgroups",
	  "timer $period; run 100us; migrate $n",
	  { COUNT("n", 2, 1, 8), TIME("period", MS(10)) } },
	{ "churn",
	  "cgroups that are made, entered, left and removed",
	  "timer $period; churn $deep; run 100us",
	  { TIME("period", MS(10)), COUNT("deep", 2, 1, 8) } },
	{ "kwork", "kernel threads of one CPU each", "timer $period; kwork", { TIME("period", MS(10)) } },
	{ "numa",
	  "memory that moves around the nodes",
	  "timer $period; touch $kib 4096; node $kib",
	  { COUNT("kib", 1024, 4, 65536), TIME("period", MS(100)) } },
	{ "schbench",
	  "message threads that wake their workers",
	  NULL,
	  { COUNT("m", 1, 1, 8), COUNT("t", 4, 1, 16), TIME("think", US(30)), TIME("work", MS(10)) } },
};
const size_t n_worktypes = sizeof worktypes / sizeof *worktypes;

const struct worktype_alias worktype_aliases[] = {
	{ "CpuSpin", "spin" },
	{ "YieldHeavy", "yield:us=1" },
	{ "Mixed", "yield:us=100" },
	{ "IoSync", "io" },
	{ "Bursty", "bursty" },
	{ "PipeIo", "pipe" },
	{ "FutexPingPong", "futex" },
	{ "CachePressure", "cache" },
	{ "CacheYield", "prog:touch 32 64; yield" },
	{ "CachePipe", "prog:touch 32 64; send a; receive b | receive a; touch 32 64; send b" },
	{ "FutexFanOut", "fanout" },
};
const size_t n_worktype_aliases = sizeof worktype_aliases / sizeof *worktype_aliases;

/* What is written into room for n bytes. fits: nothing was left out. */
struct text {
	char *to;
	size_t n, at;
	bool fits;
};

static void put(struct text *t, const char *s, size_t n)
{
	t->fits = t->fits && n < t->n - t->at;
	if (!t->fits)
		return;
	memcpy(t->to + t->at, s, n);
	t->at += n;
	t->to[t->at] = '\0';
}

static void putf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void putf(struct text *t, const char *fmt, ...)
{
	char part[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(part, sizeof part, fmt, args);
	va_end(args);
	put(t, part, strlen(part));
}

/* As a program has it; parameters of PARAM_US are written without their unit. */
static const char *value_text(char to[TIME_TEXT], const struct worktype_param *p, uint64_t v)
{
	if (p->unit == PARAM_TIME || p->unit == PARAM_US)
		return time_words(to, v);
	if (p->unit == PARAM_OF)
		return v ? "all" : "self";
	snprintf(to, TIME_TEXT, "%llu", (unsigned long long)v);
	return to;
}

static void ring_put(struct text *t, unsigned roles, uint64_t ns)
{
	char run[TIME_TEXT];

	time_words(run, ns);
	putf(t, "run %s; wake s1; wait s0", run);
	for (unsigned i = 1; i < roles; i++)
		putf(t, " | wait s%u; run %s; wake s%u", i, run, (i + 1) % roles);
}

/* A message thread wakes its workers, and goes on when one of them has done its work. */
static void schbench_put(struct text *t, const uint64_t *values)
{
	char think[TIME_TEXT], run[TIME_TEXT];

	time_words(think, values[2]);
	time_words(run, values[3]);
	for (unsigned i = 0; i < values[0]; i++)
		putf(t, "%srun 20us; wake m%u; wait w%u | %u * wait m%u; sleep %s; run %s; wake w%u", i ? " | " : "", i,
		     i, (unsigned)values[1], i, think, run, i);
}

static void expand(struct text *to, const struct worktype *t, const uint64_t *values)
{
	for (const char *p = t->text; *p;) {
		size_t n = strcspn(p, "$");
		char value[TIME_TEXT];

		put(to, p, n);
		p += n;
		if (!*p)
			return;
		for (n = 0, p++; p[n] >= 'a' && p[n] <= 'z';)
			n++;
		for (unsigned i = 0; t->params[i].name; i++) {
			if (strlen(t->params[i].name) != n || memcmp(t->params[i].name, p, n) != 0)
				continue;
			const char *text = value_text(value, &t->params[i], values[i]);

			put(to, text, strlen(text));
		}
		p += n;
	}
}

bool worktype_text(const struct worktype *t, const uint64_t *values, char *to, size_t n)
{
	struct text text = { .to = to, .n = n, .fits = true };

	put(&text, "", 0);
	if (t->text)
		expand(&text, t, values);
	else if (!strcmp(t->name, "chain"))
		ring_put(&text, (unsigned)values[0], values[1]);
	else
		schbench_put(&text, values);
	return text.fits;
}

static const struct worktype *find(const char *name, size_t n)
{
	for (size_t i = 0; i < n_worktypes; i++) {
		if (strlen(worktypes[i].name) == n && !memcmp(worktypes[i].name, name, n))
			return &worktypes[i];
	}
	return NULL;
}

static const struct worktype_alias *find_alias(const char *name, size_t n)
{
	for (size_t i = 0; i < n_worktype_aliases; i++) {
		if (strlen(worktype_aliases[i].name) == n && !memcmp(worktype_aliases[i].name, name, n))
			return &worktype_aliases[i];
	}
	return NULL;
}

static bool read_value(const struct worktype_param *p, const char *text, size_t n, uint64_t *v,
		       struct scenario_error *e)
{
	char what[40];

	snprintf(what, sizeof what, "parameter %s", p->name);
	if (p->unit == PARAM_TIME)
		return time_parse(text, n, what, p->min, p->max, v, e);
	if (p->unit == PARAM_COUNT)
		return number_parse(text, n, what, p->min, p->max, v, e);
	if (p->unit == PARAM_US) {
		if (!number_parse(text, n, what, p->min / 1000, p->max / 1000, v, e))
			return false;
		*v *= 1000;
		return true;
	}
	*v = n == 3 && !memcmp(text, "all", 3);
	if (*v || (n == 4 && !memcmp(text, "self", 4)))
		return true;
	return fault_bad(e, 1, "%s is to be self or all, not \"%.*s\"", what, (int)n, text);
}

static bool no_param(const struct worktype *t, const char *name, size_t n, struct scenario_error *e)
{
	struct fault_guess g = { .word = name, .n = n };

	for (unsigned i = 0; t->params[i].name; i++)
		fault_guess_try(&g, t->params[i].name);
	fault_bad(e, 1, "work type %s has no parameter \"%.*s\"", t->name, (int)n, name);
	return fault_guess_tip(e, &g);
}

/* One "k=v" of n characters. */
static bool read_param(struct worktype_use *u, const char *text, size_t n, unsigned *given, struct scenario_error *e)
{
	const char *equal = memchr(text, '=', n);
	size_t len = equal ? (size_t)(equal - text) : n;
	unsigned i = 0;

	while (u->type->params[i].name &&
	       (strlen(u->type->params[i].name) != len || memcmp(u->type->params[i].name, text, len) != 0))
		i++;
	if (!u->type->params[i].name)
		return no_param(u->type, text, len, e);
	if (!equal)
		return fault_bad(e, 1, "parameter %s has no value", u->type->params[i].name) ||
		       fault_tip(e, "write %s=VALUE", u->type->params[i].name);
	if (*given & 1u << i)
		return fault_bad(e, 1, "parameter %s stands there twice", u->type->params[i].name);
	*given |= 1u << i;
	if (read_value(&u->type->params[i], equal + 1, n - len - 1, &u->values[i], e))
		return true;
	e->column += (unsigned)len + 1;
	return false;
}

static bool read_params(struct worktype_use *u, const char *text, struct scenario_error *e)
{
	unsigned given = 0;

	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");

		if (!read_param(u, p, n, &given, e)) {
			e->column += (unsigned)(p - text);
			return false;
		}
		p += n;
		if (!*p)
			return true;
	}
}

static bool unknown(const char *name, size_t n, struct scenario_error *e)
{
	struct fault_guess g = { .word = name, .n = n };

	for (size_t i = 0; i < n_worktypes; i++)
		fault_guess_try(&g, worktypes[i].name);
	for (size_t i = 0; i < n_worktype_aliases && g.best; i++)
		fault_guess_try(&g, worktype_aliases[i].name);
	fault_bad(e, 1, "there is no work type \"%.*s\"", (int)n, name);
	return fault_guess_tip(e, &g);
}

bool worktype_function_name(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && (!i || c < '0' || c > '9'))
			return false;
	}
	return n && n <= WORKTYPE_FUNCTION_MAX;
}

static bool read_function(struct worktype_use *u, const char *name, struct scenario_error *e)
{
	size_t n = name ? strlen(name) : 0;

	if (!name || !worktype_function_name(name, n)) {
		fault_bad(e, name ? 4 : 1,
			  "fn needs the name of a work function: letters, digits and \"_\", at most %d",
			  WORKTYPE_FUNCTION_MAX);
		return fault_tip(e, "fn:NAME, with KTSTR_WORK(NAME) in the test program");
	}
	memcpy(u->function, name, n + 1);
	u->program.n_roles = u->program.roles[0].workers = u->program.group = 1;
	return true;
}

bool worktype_parse(struct worktype_use *u, struct slots *shared, const char *text, struct scenario_error *e)
{
	size_t n = strcspn(text, ":");
	const char *rest = text[n] ? text + n + 1 : NULL;
	const struct worktype_alias *alias = find_alias(text, n);
	char own[PROGRAM_TEXT_MAX];

	*u = (struct worktype_use){ 0 };
	if (alias && (!rest || strchr(alias->means, ':'))) {
		if (!rest)
			return worktype_parse(u, shared, alias->means, e);
		fault_bad(e, n + 1, "%s takes no parameters", alias->name);
		return fault_tip(e, "it stands for %s", alias->means);
	}
	if (n == 4 && !memcmp(text, "prog", 4)) {
		if (!rest)
			return fault_bad(e, n + 1, "prog needs its acts") ||
			       fault_tip(e, "for example prog:\"run 200us; sleep 1ms\"");
		if (program_parse(&u->program, shared, rest, e))
			return true;
		e->column += (unsigned)n + 1;
		return false;
	}
	if (n == 2 && !memcmp(text, "fn", 2))
		return read_function(u, rest, e);
	u->type = alias ? find(alias->means, strlen(alias->means)) : find(text, n);
	if (!u->type)
		return unknown(text, n, e);
	for (unsigned i = 0; u->type->params[i].name; i++)
		u->values[i] = u->type->params[i].usual;
	if (rest && !read_params(u, rest, e)) {
		e->column += (unsigned)n + 1;
		return false;
	}
	if (!worktype_text(u->type, u->values, own, sizeof own))
		return fault_bad(e, 1, "work type %s makes too long a program of this", u->type->name);
	return program_parse(&u->program, shared, own, e);
}

bool worktype_usual(const struct worktype_use *u)
{
	for (unsigned i = 0; u->type && u->type->params[i].name; i++)
		if (u->values[i] != u->type->params[i].usual)
			return false;
	return u->type != NULL;
}

void worktype_write(FILE *f, const struct worktype_use *u, const struct slots *shared)
{
	char mark = ':', value[TIME_TEXT];

	if (*u->function) {
		fprintf(f, "fn:%s", u->function);
		return;
	}
	if (!u->type) {
		fputs("prog:\"", f);
		program_write(f, &u->program, shared);
		fputc('"', f);
		return;
	}
	fputs(u->type->name, f);
	for (unsigned i = 0; u->type->params[i].name; i++) {
		if (u->values[i] == u->type->params[i].usual)
			continue;
		fprintf(f, "%c%s=", mark, u->type->params[i].name);
		if (u->type->params[i].unit == PARAM_US)
			fprintf(f, "%llu", (unsigned long long)(u->values[i] / 1000));
		else
			fputs(value_text(value, &u->type->params[i], u->values[i]), f);
		mark = ',';
	}
}
