#include "scenario/text/option.h"
#include "scenario/fault.h"

#include <stdlib.h>
#include <string.h>

enum { COMM_MAX = 15, COMPONENT_MAX = 63, GROUP_NAME_MAX = 200, DEPTH_MAX = 8, PIDS_MAX = 16384 };
#define PERIOD_MIN_NS 1000000u /* the kernel's bounds of cpu.max */
#define PERIOD_MAX_NS 1000000000u

const char *const affinity_words[] = {
	[AFFINITY_INHERIT] = "inherit", [AFFINITY_SET] = NULL,  [AFFINITY_RANDOM] = "random",
	[AFFINITY_LLC] = "llc",         [AFFINITY_ONE] = "one", [AFFINITY_SAME] = "same",
};

bool option_fault(struct parsing *p, const struct word *w, const struct option *o)
{
	p->e->column += (unsigned)o->at;
	return word_fault(p->e, &p->st, w);
}

/* Which of the names, or n with a fault. */
static unsigned which(struct parsing *p, const struct word *w, const char *const *names, unsigned n, struct option *o)
{
	const char *equal = memchr(w->text, '=', w->n);
	size_t len = equal ? (size_t)(equal - w->text) : w->n;

	*o = (struct option){ .value = equal ? equal + 1 : NULL, .at = len + 1, .n = equal ? w->n - len - 1 : 0 };
	o->which = fault_which(names, n, w->text, len);
	if (o->which < n)
		return o->which;
	struct fault_guess g = { .word = w->text, .n = len };

	fault_guess_words(&g, names, n);
	fault_bad(p->e, 1, "\"%s\" takes no \"%.*s\"", p->st.words[0].text, (int)len, w->text);
	fault_guess_tip(p->e, &g);
	word_fault(p->e, &p->st, w);
	return n;
}

bool option_once(struct parsing *p, const struct word *w, const char *name, unsigned bit, unsigned *given)
{
	if (*given & bit)
		return fault_bad(p->e, 1, "%s stands there twice", name) || word_fault(p->e, &p->st, w);
	*given |= bit;
	return true;
}

bool option_read(struct parsing *p, const struct word *w, const char *const *names, unsigned n, unsigned *given,
		 struct option *o)
{
	if (which(p, w, names, n, o) == n || !option_once(p, w, names[o->which], 1u << o->which, given))
		return false;
	if (o->value)
		return true;
	return fault_bad(p->e, 1, "%s has no value", names[o->which]) ||
	       fault_tip(p->e, "write %s=VALUE", names[o->which]) || word_fault(p->e, &p->st, w);
}

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Whether the parts between slashes can be folders of ours beside the kernel's files, all of which have a "." in their name. */
static bool check_path(struct parsing *p, const struct word *w)
{
	size_t start = 0, depth = 1;

	for (size_t i = 0; i <= w->n; i++) {
		char c = i < w->n ? w->text[i] : '/';

		if (c == '/' && (i == start || i - start > COMPONENT_MAX || w->text[start] == '-'))
			return fault_bad(p->e, start + 1,
					 "a cgroup's name has 1 to %d characters and no \"-\" in front", COMPONENT_MAX);
		if (c == '/') {
			start = i + 1;
			depth++;
		} else if (c == '$' && !p->depth) {
			return fault_bad(p->e, i + 1, "\"$\" has a meaning in blocks of \"each\" alone");
		} else if (!plain(c) && c != '$') {
			fault_bad(p->e, i + 1, "a cgroup's name has letters, digits, \"_\" and \"-\" alone");
			return fault_tip(p->e, "a \"/\" nests them: left/inner");
		}
	}
	if (depth - 1 > DEPTH_MAX || w->n > GROUP_NAME_MAX)
		return fault_bad(p->e, 1, "more than %d cgroups in each other, or %d characters", DEPTH_MAX,
				 GROUP_NAME_MAX);
	return true;
}

bool option_group(struct parsing *p, const struct word *w, bool none, char **name)
{
	if (word_is(w, "-")) {
		if (none)
			return true;
		return fault_bad(p->e, 1, "\"-\" is no cgroup of ours: \"%s\" needs a name", p->st.words[0].text) ||
		       word_fault(p->e, &p->st, w);
	}
	if (!check_path(p, w))
		return word_fault(p->e, &p->st, w);
	*name = strdup(w->text);
	return *name ? true : fault_memory(p->e);
}

bool option_name(struct parsing *p, const struct word *w, char **name)
{
	for (size_t i = 0; i < w->n; i++) {
		if (!plain(w->text[i]) && w->text[i] != '.')
			return fault_bad(p->e, i + 1,
					 "a mark's name has letters, digits, \"_\", \"-\" and \".\" alone") ||
			       word_fault(p->e, &p->st, w);
	}
	if (!w->n || w->n > COMPONENT_MAX)
		return fault_bad(p->e, 1, "a mark's name has 1 to %d characters", COMPONENT_MAX) ||
		       word_fault(p->e, &p->st, w);
	*name = strdup(w->text);
	return *name ? true : fault_memory(p->e);
}

static bool read_max(const struct option *o, struct plan_knobs *k, struct scenario_error *e)
{
	const char *slash = memchr(o->value, '/', o->n);
	size_t len = slash ? (size_t)(slash - o->value) : o->n;

	k->quota_ns = 0;
	k->period_ns = 100000000;
	if (o->n == 4 && !memcmp(o->value, "none", 4))
		return true;
	if (!time_parse(o->value, len, "a quota", PERIOD_MIN_NS, TIME_MAX_NS, &k->quota_ns, e))
		return false;
	if (!slash ||
	    time_parse(slash + 1, o->n - len - 1, "a period", PERIOD_MIN_NS, PERIOD_MAX_NS, &k->period_ns, e)) {
		if (k->quota_ns % 1000 == 0 && k->period_ns % 1000 == 0)
			return true;
		return fault_bad(e, 1, "quota and period are whole microseconds");
	}
	e->column += (unsigned)len + 1;
	return false;
}

static bool read_set(const struct option *o, bool each, struct set **set, struct scenario_error *e)
{
	if (o->n == 7 && !memcmp(o->value, "inherit", 7))
		return true;
	*set = malloc(sizeof **set);
	return *set ? set_parse(*set, o->value, o->n, each, e) : fault_memory(e);
}

static bool read_nodes(const struct option *o, struct cpus *mems, struct scenario_error *e)
{
	if (o->n == 7 && !memcmp(o->value, "inherit", 7))
		return true;
	return cpus_parse(mems, o->value, o->n) || fault_bad(e, 1, "this is no list of NUMA nodes") ||
	       fault_tip(e, "for example mems=0-1, or mems=inherit");
}

static bool read_flag(const struct option *o, bool *on, struct scenario_error *e)
{
	*on = !o->value || (o->n == 2 && !memcmp(o->value, "on", 2));
	return *on || (o->n == 3 && !memcmp(o->value, "off", 3)) || fault_bad(e, 1, "this is neither on nor off");
}

static bool read_pids(const struct option *o, unsigned *pids, struct scenario_error *e)
{
	uint64_t v = 0;

	*pids = 0;
	if (o->n == 4 && !memcmp(o->value, "none", 4))
		return true;
	if (!number_parse(o->value, o->n, "pids", 1, PIDS_MAX, &v, e))
		return false;
	*pids = (unsigned)v;
	return true;
}

bool option_knob(struct parsing *p, const struct word *w, bool cgroup, struct line_knobs *k)
{
	static const char *const names[] = { "cpuset", "mems", "weight", "max", "pids", "idle", "threaded" };
	static const enum plan_knob bits[] = { KNOB_CPUSET, KNOB_MEMS, KNOB_WEIGHT,  KNOB_MAX,
					       KNOB_PIDS,   KNOB_IDLE, KNOB_THREADED };
	unsigned n = sizeof names / sizeof *names - !cgroup;
	struct scenario_error *e = p->e;
	uint64_t v = 0;
	struct option o;
	bool ok;

	if (which(p, w, names, n, &o) == n || !option_once(p, w, names[o.which], bits[o.which], &k->plain.given))
		return false;
	if (!o.value && bits[o.which] != KNOB_IDLE && bits[o.which] != KNOB_THREADED)
		return fault_bad(e, 1, "%s has no value", names[o.which]) ||
		       fault_tip(e, "write %s=VALUE", names[o.which]) || word_fault(e, &p->st, w);
	switch (bits[o.which]) {
	case KNOB_CPUSET:
		ok = read_set(&o, p->depth != 0, &k->cpuset, e);
		break;
	case KNOB_MEMS:
		ok = read_nodes(&o, &k->plain.mems, e);
		break;
	case KNOB_WEIGHT:
		ok = number_parse(o.value, o.n, "a weight", 1, 10000, &v, e);
		k->plain.weight = (unsigned)v;
		break;
	case KNOB_MAX:
		ok = read_max(&o, &k->plain, e);
		break;
	case KNOB_PIDS:
		ok = read_pids(&o, &k->plain.pids, e);
		break;
	case KNOB_IDLE:
		ok = read_flag(&o, &k->plain.idle, e);
		break;
	default:
		ok = read_flag(&o, &k->plain.threaded, e);
		if (ok && !k->plain.threaded)
			k->plain.given &= ~(unsigned)KNOB_THREADED;
	}
	return ok || option_fault(p, w, &o);
}

bool option_each(struct parsing *p, const struct word *w, unsigned *given, struct line_each *each)
{
	static const char *const names[] = { "max", "part" };
	const char *slash;
	struct option o;
	uint64_t i = 0, k = 0;

	if (!option_read(p, w, names, 2, given, &o))
		return false;
	if (!o.which) {
		if (!number_parse(o.value, o.n, "max", 1, PLAN_GROUPS_MAX, &k, p->e))
			return option_fault(p, w, &o);
		each->max = (unsigned)k;
		return true;
	}
	slash = memchr(o.value, '/', o.n);
	if (!slash ||
	    !number_parse(slash + 1, o.n - 1 - (size_t)(slash - o.value), "parts", 1, PLAN_GROUPS_MAX, &k, p->e) ||
	    !number_parse(o.value, (size_t)(slash - o.value), "a part", 0, k - 1, &i, p->e)) {
		fault_bad(p->e, 1, "this is no part of so many, counted from 0");
		fault_tip(p->e, "for example part=1/2, the second half");
		return option_fault(p, w, &o);
	}
	each->part = (unsigned)i;
	each->parts = (unsigned)k;
	return true;
}

static bool percent(const char *text, size_t n, const char *what, struct amount *a, struct scenario_error *e)
{
	a->percent = n && text[n - 1] == '%';
	return a->percent && number_parse(text, n - 1, what, 1, PERCENT_MAX, &a->value, e);
}

bool option_count(const struct option *o, struct amount *a, struct scenario_error *e)
{
	if (o->n && o->value[o->n - 1] == '%')
		return percent(o->value, o->n, "n", a, e);
	return number_parse(o->value, o->n, "n", 1, PLAN_WORKERS_MAX, &a->value, e);
}

bool option_long(const char *text, size_t n, const char *what, struct amount *a, struct scenario_error *e)
{
	if (n && text[n - 1] == '%')
		return percent(text, n, what, a, e);
	if (time_parse(text, n, what, 1000000, TIME_MAX_NS, &a->value, e))
		return true;
	return strchr(e->tip, '%') || strlen(e->tip) + 24 > sizeof e->tip
		       ? false
		       : (strcat(e->tip, "; or 50% of the duration"), false);
}

bool option_nice(const char *text, size_t n, int *v, struct scenario_error *e)
{
	bool minus = n && *text == '-';
	uint64_t x;

	if (!number_parse(text + minus, n - minus, "a nice value", 0, minus ? 20 : 19, &x, e))
		return fault_tip(e, "nice values are -20 to 19");
	*v = minus ? -(int)x : (int)x;
	return true;
}

bool option_affinity(const char *text, size_t n, bool each, struct line_affinity *a, struct scenario_error *e)
{
	unsigned kind = fault_which(affinity_words, AFFINITY_SAME + 1, text, n);

	a->kind = (enum affinity_kind)kind;
	if (kind <= AFFINITY_SAME)
		return true;
	a->kind = AFFINITY_SET;
	a->set = malloc(sizeof *a->set);
	if (!a->set)
		return fault_memory(e);
	if (set_parse(a->set, text, n, each, e))
		return true;
	return e->tip[0] ? false : fault_tip(e, "or one of: inherit random llc one same");
}

bool option_comm(const struct option *o, char **comm, struct scenario_error *e)
{
	if (!o->n || o->n > COMM_MAX)
		return fault_bad(e, 1, "a task's name has 1 to %d bytes", COMM_MAX);
	*comm = strdup(o->value);
	return *comm ? true : fault_memory(e);
}
