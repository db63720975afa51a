#include "scenario/fault.h"
#include "scenario/need.h"
#include "scenario/number.h"
#include "scenario/text/boot.h"
#include "scenario/text/parsing.h"
#include "scenario/plan.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128 };

/* Words behind the first. */
static bool want(struct parsing *p, unsigned min, unsigned max, const char *form)
{
	unsigned n = p->st.n - 1;

	if (n >= min && n <= max)
		return true;
	p->e->column = 0;
	fault_bad(p->e, 1, "\"%s\" has %s words behind it", p->st.words[0].text, n < min ? "too few" : "too many");
	fault_tip(p->e, "write %s", form);
	return word_fault(p->e, &p->st, &p->st.words[n < min ? 0 : max + 1]);
}

static bool keep(struct parsing *p, char **to, const char *text, size_t n)
{
	*to = strndup(text, n);
	return *to ? true : fault_memory(p->e);
}

static bool append(struct parsing *p, struct scenario_list *l, const char *text, size_t n, unsigned column)
{
	struct scenario_text *more = realloc(l->at, (l->n + 1) * sizeof *more);

	if (!more)
		return fault_memory(p->e);
	l->at = more;
	more[l->n] = (struct scenario_text){ .line = p->used ? p->used : p->st.line, .column = column };
	if (!keep(p, &more[l->n].text, text, n))
		return false;
	l->n++;
	return true;
}

/* What several lines say fits one, which is how it is written. */
static bool append_words(struct parsing *p, struct scenario_list *l)
{
	if (l->n + p->st.n > WORDS_MAX)
		return fault_bad(p->e, 1, "more than %d words for \"%s\" in all", WORDS_MAX - 1, p->st.words[0].text) ||
		       word_fault(p->e, &p->st, &p->st.words[0]);
	for (unsigned i = 1; i < p->st.n; i++) {
		if (!append(p, l, p->st.words[i].text, p->st.words[i].n, p->st.words[i].column))
			return false;
	}
	return true;
}

/* What stands behind the first word, as it stands there. */
static const char *rest(const struct parsing *p, size_t *n)
{
	const char *at = p->st.raw + p->st.words[0].n, *end = p->st.raw + p->st.raw_n;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	*n = (size_t)(end - at);
	return at;
}

static bool a_test(struct parsing *p)
{
	const struct word *w = &p->st.words[1];

	if (!want(p, 1, 1, "test NAME"))
		return false;
	for (size_t i = 0; i < w->n; i++) {
		char c = w->text[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strchr("_-.", c)) {
			fault_bad(p->e, i + 1, "a test's name has letters, digits, \"_\", \"-\" and \".\" alone");
			return word_fault(p->e, &p->st, w);
		}
	}
	if (!w->n || w->n > NAME_MAX_BYTES || *w->text == '.' || *w->text == '-')
		return fault_bad(p->e, 1, "a test's name begins with a letter, a digit or \"_\", and has at most %d",
				 NAME_MAX_BYTES) ||
		       word_fault(p->e, &p->st, w);
	return keep(p, &p->s->name, w->text, w->n);
}

static bool a_summary(struct parsing *p)
{
	char *all = NULL;
	size_t n;
	FILE *f;

	if (!want(p, 1, WORDS_MAX, "summary \"TEXT\""))
		return false;
	f = open_memstream(&all, &n);
	if (!f)
		return fault_memory(p->e);
	for (unsigned i = 1; i < p->st.n; i++)
		fprintf(f, "%s%s", i > 1 ? " " : "", p->st.words[i].text);
	if (fclose(f) != 0) {
		free(all);
		return fault_memory(p->e);
	}
	p->s->summary = all;
	return true;
}

static bool a_scheduler(struct parsing *p)
{
	if (!want(p, 1, WORDS_MAX, "scheduler BINARY ARGS…"))
		return false;
	if (!p->st.words[1].n)
		return fault_bad(p->e, 1, "a scheduler without a name") || word_fault(p->e, &p->st, &p->st.words[1]);
	return append_words(p, &p->s->scheduler);
}

static bool a_topology(struct parsing *p)
{
	const struct word *w = &p->st.words[1];

	if (!want(p, 1, 1, "topology N,L,C,T, or the name of a preset"))
		return false;
	p->s->topology.line = p->st.line;
	p->s->topology.column = w->column;
	return keep(p, &p->s->topology.text, w->text, w->n);
}

static bool time_of(struct parsing *p, uint64_t min, uint64_t max, uint64_t *ns)
{
	const struct word *w = &p->st.words[1];
	char form[64];

	snprintf(form, sizeof form, "%s TIME, for example %s 2s", p->st.words[0].text, p->st.words[0].text);
	return want(p, 1, 1, form) &&
	       (time_parse(w->text, w->n, p->st.words[0].text, min, max, ns, p->e) || word_fault(p->e, &p->st, w));
}

static bool count_of(struct parsing *p, unsigned word, const char *what, uint64_t min, uint64_t max, unsigned *to)
{
	const struct word *w = &p->st.words[word];
	size_t skip = word > 1 ? strcspn(w->text, "=") + 1 : 0;
	uint64_t v;

	if (!number_parse(w->text + skip, w->n - skip, what, min, max, &v, p->e)) {
		p->e->column += (unsigned)skip;
		return word_fault(p->e, &p->st, w);
	}
	*to = (unsigned)v;
	return true;
}

static bool a_duration(struct parsing *p)
{
	return time_of(p, 1000000, TIME_MAX_NS, &p->s->duration_ns);
}

static bool a_settle(struct parsing *p)
{
	return time_of(p, 0, TIME_MAX_NS, &p->s->settle_ns);
}

static bool a_workers(struct parsing *p)
{
	return want(p, 1, 1, "workers N") && count_of(p, 1, "workers", 1, PLAN_WORKERS_MAX, &p->s->workers);
}

static bool a_seeds(struct parsing *p)
{
	if (!want(p, 1, 2, "seeds N, or seeds N first=M") || !count_of(p, 1, "seeds", 1, 1000000, &p->s->seeds))
		return false;
	if (p->st.n == 2)
		return true;
	if (strncmp(p->st.words[2].text, "first=", 6) != 0)
		return fault_bad(p->e, 1, "\"%s\" is no part of seeds", p->st.words[2].text) ||
		       fault_tip(p->e, "write seeds N first=M") || word_fault(p->e, &p->st, &p->st.words[2]);
	return count_of(p, 2, "the first seed", 1, 1000000000, &p->s->first_seed);
}

static bool a_memory(struct parsing *p)
{
	return want(p, 1, 1, "memory MB") && count_of(p, 1, "memory", 256, 1u << 20, &p->s->memory_mb);
}

static bool a_clock(struct parsing *p)
{
	static const char *const words[] = { "virtual", "real" };

	if (!want(p, 1, 1, "clock virtual, or clock real"))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		if (word_is(&p->st.words[1], words[i])) {
			p->s->clock = (enum scenario_clock)i;
			return true;
		}
	}
	fault_bad(p->e, 1, "there is no clock \"%s\"", p->st.words[1].text);
	fault_tip(p->e, "there are: virtual real");
	return word_fault(p->e, &p->st, &p->st.words[1]);
}

/* What the kernel takes is whole milliseconds, and not more than 30 s (SCX_WATCHDOG_MAX_TIMEOUT). */
static bool a_watchdog(struct parsing *p)
{
	if (!time_of(p, 100000000, 30000000000, &p->s->watchdog_ns))
		return false;
	return p->s->watchdog_ns % 1000000 == 0 || fault_bad(p->e, 1, "\"watchdog\" takes whole milliseconds") ||
	       word_fault(p->e, &p->st, &p->st.words[1]);
}

static bool a_tags(struct parsing *p)
{
	return want(p, 1, WORDS_MAX, "tags WORD…") && append_words(p, &p->s->tags);
}

static bool a_flags(struct parsing *p)
{
	return want(p, 1, WORDS_MAX, "flags FLAG… !FLAG…") && append_words(p, &p->s->flags);
}

/* Words that are each in order. */
static bool checked_words(struct parsing *p, struct scenario_list *l, const char *form,
			  bool (*check)(const char *text, struct scenario_error *e))
{
	if (!want(p, 1, WORDS_MAX, form))
		return false;
	for (unsigned i = 1; i < p->st.n; i++) {
		if (!check(p->st.words[i].text, p->e))
			return word_fault(p->e, &p->st, &p->st.words[i]);
	}
	return append_words(p, l);
}

static bool a_needs(struct parsing *p)
{
	return checked_words(p, &p->s->needs, "needs cpus:4, llcs:2, numa, smt, 6.13.. or CONFIG_X=y", need_check);
}

static bool a_sysctls(struct parsing *p)
{
	return checked_words(p, &p->s->sysctls, "sysctls NAME=VALUE…, for example sysctls vm.swappiness=10",
			     boot_sysctl);
}

static bool a_kargs(struct parsing *p)
{
	return checked_words(p, &p->s->kargs, "kargs WORD…, for example kargs isolcpus=1", boot_karg);
}

static bool a_cgroup_parent(struct parsing *p)
{
	const struct word *w = &p->st.words[1];

	if (!want(p, 1, 1, "cgroup_parent PATH, for example cgroup_parent /workload"))
		return false;
	return boot_parent(w->text, p->e) ? keep(p, &p->s->cgroup_parent, w->text, w->n) : word_fault(p->e, &p->st, w);
}

static bool a_expect(struct parsing *p)
{
	size_t n;
	const char *text = rest(p, &n);

	return want(p, 1, WORDS_MAX, "expect METRIC OP VALUE, for example expect gap.max <= 200ms") &&
	       append(p, &p->s->expect, text, n, p->st.words[1].column);
}

static bool a_expect_fail(struct parsing *p)
{
	size_t n;
	const char *text = rest(p, &n);

	if (!want(p, 1, WORDS_MAX, "expect_fail CLASS or expect_fail CLASS: TEXT"))
		return false;
	p->s->expect_fail.line = p->st.line;
	p->s->expect_fail.column = p->st.words[1].column;
	return keep(p, &p->s->expect_fail.text, text, n);
}

static bool a_functions(struct parsing *p)
{
	const struct word *w = &p->st.words[1];

	if (!want(p, 1, 1, "functions PATH"))
		return false;
	if (!w->n)
		return fault_bad(p->e, 1, "a program without a name") || word_fault(p->e, &p->st, w);
	p->s->functions.line = p->st.line;
	p->s->functions.column = w->column;
	return keep(p, &p->s->functions.text, w->text, w->n);
}

static const struct {
	const char *name;
	bool (*parse)(struct parsing *p);
	bool again; /* may stand there several times */
	bool used;  /* comes with "use" */
} attributes[] = {
	{ "test", a_test, false, false },
	{ "summary", a_summary, false, false },
	{ "scheduler", a_scheduler, false, false },
	{ "topology", a_topology, false, false },
	{ "duration", a_duration, false, false },
	{ "settle", a_settle, false, false },
	{ "workers", a_workers, false, false },
	{ "seeds", a_seeds, false, false },
	{ "memory", a_memory, false, false },
	{ "clock", a_clock, false, false },
	{ "watchdog", a_watchdog, false, false },
	{ "tags", a_tags, true, false },
	{ "flags", a_flags, true, false },
	{ "needs", a_needs, true, true },
	{ "sysctls", a_sysctls, true, false },
	{ "kargs", a_kargs, true, false },
	{ "cgroup_parent", a_cgroup_parent, false, false },
	{ "expect", a_expect, true, true },
	{ "expect_fail", a_expect_fail, false, false },
	{ "functions", a_functions, false, false },
};
enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };

static unsigned find(const struct word *w)
{
	unsigned i = 0;

	while (i < ATTRIBUTES && !word_is(w, attributes[i].name))
		i++;
	return i;
}

bool attribute_known(const struct word *w)
{
	return find(w) < ATTRIBUTES;
}

void attribute_guess(struct fault_guess *g)
{
	for (unsigned i = 0; i < ATTRIBUTES; i++)
		fault_guess_try(g, attributes[i].name);
}

bool attribute_parse(struct parsing *p)
{
	unsigned i = find(&p->st.words[0]);

	if (p->used && !attributes[i].used)
		return true;
	if (p->depth)
		return fault_bad(p->e, 1, "\"%s\" is about the whole test and cannot stand in a block",
				 attributes[i].name) ||
		       word_fault(p->e, &p->st, &p->st.words[0]);
	if (p->given & 1u << i && !attributes[i].again) {
		fault_bad(p->e, 1, "a second \"%s\"", attributes[i].name);
		if (!strcmp(attributes[i].name, "test"))
			fault_tip(p->e, "a file holds one test: put this one into a file of its own");
		return word_fault(p->e, &p->st, &p->st.words[0]);
	}
	p->given |= 1u << i;
	return attributes[i].parse(p);
}
