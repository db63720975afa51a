#include "scenario/text/line.h"
#include "scenario/fault.h"
#include "scenario/text/machine.h"
#include "scenario/text/option.h"
#include "scenario/text/parsing.h"

#include <stdlib.h>
#include <string.h>

const char *const line_words[LINE_KINDS] = {
	[LINE_CGROUP] = "cgroup",
	[LINE_WORK] = "work",
	[LINE_HOLD] = "hold",
	[LINE_MARK] = "mark",
	[LINE_EVERY] = "every",
	[LINE_EACH] = "each",
	[LINE_END] = "}",
	[LINE_SET] = "set",
	[LINE_SWAP] = "swap",
	[LINE_MOVE] = "move",
	[LINE_STOP] = "stop",
	[LINE_REMOVE] = "remove",
	[LINE_FREEZE] = "freeze",
	[LINE_THAW] = "thaw",
	[LINE_AFFINITY] = "affinity",
	[LINE_NICE] = "nice",
	[LINE_POLICY] = "policy",
	[LINE_CPU] = "cpu",
	[LINE_SCHEDULER] = "scheduler",
	[LINE_PSI] = "psi",
	[LINE_FREEZER] = "freezer",
	[LINE_VAR] = "var",
	[LINE_MAP] = "map_write",
	[LINE_PROGRAM] = "program",
};
const char *const each_words[EACH_KINDS] = { "cpu", "usable", "llc", "node", "core" };
static const struct {
	unsigned min, max; /* words behind the first */
	const char *form;
} forms[LINE_KINDS] = {
	[LINE_CGROUP] = { 1, WORDS_MAX,
			  "cgroup NAME [cpuset=SET] [mems=NODES] [weight=N] [max=QUOTA/PERIOD] [pids=N] [idle] "
			  "[threaded]" },
	[LINE_WORK] = { 2, WORDS_MAX,
			"work NAME TYPE [n=N|P%] [policy=P] [nice=N] [affinity=A] [mem=M] [comm=TEXT] [uid=N] "
			"[threads]" },
	[LINE_HOLD] = { 1, 1, "hold TIME or hold P%" },
	[LINE_MARK] = { 1, 1, "mark NAME" },
	[LINE_EVERY] = { 2, 2, "every TIME {, its lines, and } for TIME or } for P%" },
	[LINE_EACH] = { 2, 4, "each cpu|usable|llc|node|core [max=N] [part=I/K] {, its lines, and }" },
	[LINE_END] = { 0, 2, "}, or } for TIME, or } for P%" },
	[LINE_SET] = { 2, WORDS_MAX,
		       "set NAME [cpuset=SET] [mems=NODES] [weight=N] [max=QUOTA/PERIOD] [pids=N] [idle=on|off]" },
	[LINE_SWAP] = { 2, 2, "swap NAME NAME" },
	[LINE_MOVE] = { 2, 3, "move FROM TO [n=N]" },
	[LINE_STOP] = { 1, 1, "stop NAME" },
	[LINE_REMOVE] = { 1, 1, "remove NAME" },
	[LINE_FREEZE] = { 1, 1, "freeze NAME" },
	[LINE_THAW] = { 1, 1, "thaw NAME" },
	[LINE_AFFINITY] = { 2, 2, "affinity NAME inherit|random|llc|one|same|SET" },
	[LINE_NICE] = { 2, 2, "nice NAME N" },
	[LINE_CPU] = { 2, 2, "cpu offline SET or cpu online SET" },
	[LINE_SCHEDULER] = { 1, 2, "scheduler attach, detach or restart, or scheduler replace PROFILE" },
	[LINE_PSI] = { 1, 1, "psi NAME, or psi - for the whole machine" },
	[LINE_FREEZER] = { 0, 1, "freezer, or freezer TIME" },
	[LINE_VAR] = { 3, 3, "var NAME = N" },
	[LINE_PROGRAM] = { 2, WORDS_MAX, "program NAME PATH ARGS… [n=N]" },
	[LINE_MAP] = { 3, 3, "map_write NAME OFFSET N" },
	[LINE_POLICY] = { 2, 2, "policy NAME normal|batch|idle|ext|fifo:P|rr:P|deadline:R/D/P" },
};

static bool a_knobs(struct parsing *p, struct scenario_line *l)
{
	l->knobs = calloc(1, sizeof *l->knobs);
	if (!l->knobs)
		return fault_memory(p->e);
	if (!option_group(p, &p->st.words[1], false, &l->name))
		return false;
	for (unsigned i = 2; i < p->st.n; i++) {
		if (!option_knob(p, &p->st.words[i], l->kind == LINE_CGROUP, l->knobs))
			return false;
	}
	return true;
}

static bool read_work_option(struct parsing *p, const struct word *w, struct scenario_line *l, unsigned *given)
{
	static const char *const names[] = { "n", "policy", "nice", "affinity", "comm", "uid", "mem", "threads" };
	enum { NAMES = sizeof names / sizeof *names };
	struct scenario_error *e = p->e;
	struct option o;
	uint64_t v = 0;
	bool ok;

	if (word_is(w, names[NAMES - 1])) {
		l->work->threads = true;
		return option_once(p, w, w->text, 1u << (NAMES - 1), given);
	}
	if (!option_read(p, w, names, NAMES, given, &o))
		return false;
	switch (o.which) {
	case 0:
		ok = option_count(&o, &l->amount, e);
		break;
	case 1:
		ok = policy_parse(&l->work->policy, o.value, o.n, e);
		break;
	case 2:
		ok = option_nice(o.value, o.n, &l->work->nice, e);
		break;
	case 3:
		ok = option_affinity(o.value, o.n, p->depth != 0, &l->work->affinity, e);
		break;
	case 4:
		ok = option_comm(&o, &l->work->comm, e);
		break;
	case 6:
		ok = memory_parse(&l->work->memory, o.value, o.n, e);
		break;
	case NAMES - 1:
		fault_bad(e, 1, "threads takes no value");
		ok = fault_tip(e, "how many workers there are is n=%.*s", (int)o.n, o.value);
		break;
	default:
		ok = number_parse(o.value, o.n, "a user's number", 0, 65534, &v, e);
		l->work->uid = (unsigned)v;
	}
	return ok || option_fault(p, w, &o);
}

/* What a worker asks for by writing its process into a cgroup would take all others along. */
static bool can_share(struct parsing *p, const struct scenario_line *l)
{
	const struct program *g = &l->work->use.program;

	if (l->work->threads && *l->work->use.function) {
		fault_bad(p->e, 1, "each work function has a process of its own");
		fault_tip(p->e, "leave out \"threads\": what starts threads is the function");
		return word_fault(p->e, &p->st, &p->st.words[2]);
	}
	for (unsigned i = 0; l->work->threads && i < g->n; i++) {
		if (g->acts[i].kind != ACT_MIGRATE && g->acts[i].kind != ACT_CHURN)
			continue;
		fault_bad(p->e, 1, "threads of one process cannot go to cgroups of their own");
		fault_tip(p->e, "leave out \"threads\", or the work that changes cgroups");
		return word_fault(p->e, &p->st, &p->st.words[2]);
	}
	return true;
}

static bool a_work(struct parsing *p, struct scenario_line *l)
{
	const struct word *type = &p->st.words[2];
	unsigned given = 0;

	l->work = calloc(1, sizeof *l->work);
	if (!l->work)
		return fault_memory(p->e);
	if (!option_group(p, &p->st.words[1], true, &l->name))
		return false;
	if (!worktype_parse(&l->work->use, &p->s->shared, type->text, p->e))
		return word_fault(p->e, &p->st, type);
	for (unsigned i = 3; i < p->st.n; i++) {
		if (!read_work_option(p, &p->st.words[i], l, &given))
			return false;
	}
	return can_share(p, l);
}

static bool a_hold(struct parsing *p, struct scenario_line *l)
{
	const struct word *w = &p->st.words[1];

	return option_long(w->text, w->n, "a hold", &l->amount, p->e) || word_fault(p->e, &p->st, w);
}

static bool a_mark(struct parsing *p, struct scenario_line *l)
{
	return option_name(p, &p->st.words[1], &l->name);
}

static bool open_block(struct parsing *p, bool may)
{
	const struct word *w = &p->st.words[0], *last = &p->st.words[p->st.n - 1];

	if (!word_is(last, "{") || last->quote < last->n) {
		fault_bad(p->e, 1, "\"%s\" begins a block: a \"{\" is missing at its end", w->text);
		fault_tip(p->e, "write %s", forms[*w->text == 'e' && w->text[1] == 'v' ? LINE_EVERY : LINE_EACH].form);
		return word_fault(p->e, &p->st, last);
	}
	if (!may)
		return fault_bad(p->e, 1, "\"%s\" cannot stand in this block", w->text) ||
		       fault_tip(p->e, "an \"each\" may stand in an \"every\", and nothing else in anything") ||
		       word_fault(p->e, &p->st, w);
	p->blocks[p->depth++] = p->s->n_lines;
	return true;
}

static bool an_every(struct parsing *p, struct scenario_line *l)
{
	const struct word *w = &p->st.words[1];

	return open_block(p, !p->depth) &&
	       (time_parse(w->text, w->n, "an interval", 1000000, TIME_MAX_NS, &l->every_ns, p->e) ||
		word_fault(p->e, &p->st, w));
}

static bool an_each(struct parsing *p, struct scenario_line *l)
{
	const struct word *w = &p->st.words[1];
	unsigned given = 0, over = fault_which(each_words, EACH_KINDS, w->text, w->n);

	if (!open_block(p, !p->depth || p->s->lines[p->blocks[p->depth - 1]].kind == LINE_EVERY))
		return false;
	l->each.over = (enum each_kind)over;
	if (over == EACH_KINDS) {
		struct fault_guess g = { .word = w->text, .n = w->n };

		fault_guess_words(&g, each_words, EACH_KINDS);
		fault_bad(p->e, 1, "there is no \"each %s\"", w->text);
		fault_guess_tip(p->e, &g);
		return word_fault(p->e, &p->st, w);
	}
	for (unsigned i = 2; i < p->st.n - 1; i++) {
		if (!option_each(p, &p->st.words[i], &given, &l->each))
			return false;
	}
	return true;
}

static bool an_end(struct parsing *p, struct scenario_line *l)
{
	const struct word *w = &p->st.words[2];
	bool every;

	if (!p->depth)
		return fault_bad(p->e, 1, "this \"}\" ends no block") || word_fault(p->e, &p->st, &p->st.words[0]);
	l->block = p->blocks[--p->depth];
	every = p->s->lines[l->block].kind == LINE_EVERY;
	if (l->block + 1 == p->s->n_lines)
		return fault_bad(p->e, 1, "there is nothing in this block") ||
		       word_fault(p->e, &p->st, &p->st.words[0]);
	if (every && p->st.n == 3 && word_is(&p->st.words[1], "for"))
		return option_long(w->text, w->n, "how long", &l->amount, p->e) || word_fault(p->e, &p->st, w);
	if (!every && p->st.n == 1)
		return true;
	fault_bad(p->e, 1,
		  every ? "the \"}\" of an \"every\" says for how long" : "the \"}\" of an \"each\" stands alone");
	fault_tip(p->e, every ? "for example } for 100%%" : "take away what stands behind it");
	return word_fault(p->e, &p->st, &p->st.words[0]);
}

static bool a_pair(struct parsing *p, struct scenario_line *l)
{
	bool move = l->kind == LINE_MOVE;
	static const char *const names[] = { "n" };
	unsigned given = 0;
	struct option o;

	if (!option_group(p, &p->st.words[1], move, &l->name) || !option_group(p, &p->st.words[2], move, &l->other))
		return false;
	if (l->name == l->other || (l->name && l->other && !strcmp(l->name, l->other)))
		return fault_bad(p->e, 1, "both are the same") || word_fault(p->e, &p->st, &p->st.words[2]);
	if (p->st.n < 4)
		return true;
	if (!option_read(p, &p->st.words[3], names, 1, &given, &o))
		return false;
	return (option_count(&o, &l->amount, p->e) &&
		(!l->amount.percent || fault_bad(p->e, 1, "how many move is a number, no percentage"))) ||
	       option_fault(p, &p->st.words[3], &o);
}

static bool a_group(struct parsing *p, struct scenario_line *l)
{
	return option_group(p, &p->st.words[1], l->kind == LINE_STOP || l->kind == LINE_PSI, &l->name);
}

static bool a_change(struct parsing *p, struct scenario_line *l)
{
	const struct word *w = &p->st.words[2];
	bool ok;

	if (!option_group(p, &p->st.words[1], true, &l->name))
		return false;
	if (l->kind == LINE_AFFINITY)
		ok = option_affinity(w->text, w->n, p->depth != 0, &l->affinity, p->e);
	else if (l->kind == LINE_NICE)
		ok = option_nice(w->text, w->n, &l->nice, p->e);
	else
		ok = policy_parse(&l->policy, w->text, w->n, p->e);
	return ok || word_fault(p->e, &p->st, w);
}

static bool a_cpu(struct parsing *p, struct scenario_line *l)
{
	const struct word *w = &p->st.words[2];

	l->online = word_is(&p->st.words[1], "online");
	if (!l->online && !word_is(&p->st.words[1], "offline")) {
		fault_bad(p->e, 1, "\"%s\" is neither offline nor online", p->st.words[1].text);
		return word_fault(p->e, &p->st, &p->st.words[1]);
	}
	l->affinity.kind = AFFINITY_SET;
	l->affinity.set = malloc(sizeof *l->affinity.set);
	if (!l->affinity.set)
		return fault_memory(p->e);
	return set_parse(l->affinity.set, w->text, w->n, p->depth != 0, p->e) || word_fault(p->e, &p->st, w);
}

static bool (*const parsers[LINE_KINDS])(struct parsing *p, struct scenario_line *l) = {
	[LINE_CGROUP] = a_knobs,
	[LINE_WORK] = a_work,
	[LINE_HOLD] = a_hold,
	[LINE_MARK] = a_mark,
	[LINE_EVERY] = an_every,
	[LINE_EACH] = an_each,
	[LINE_END] = an_end,
	[LINE_SET] = a_knobs,
	[LINE_SWAP] = a_pair,
	[LINE_MOVE] = a_pair,
	[LINE_STOP] = a_group,
	[LINE_REMOVE] = a_group,
	[LINE_FREEZE] = a_group,
	[LINE_THAW] = a_group,
	[LINE_AFFINITY] = a_change,
	[LINE_NICE] = a_change,
	[LINE_POLICY] = a_change,
	[LINE_CPU] = a_cpu,
	[LINE_SCHEDULER] = machine_scheduler,
	[LINE_PSI] = a_group,
	[LINE_FREEZER] = machine_freezer,
	[LINE_VAR] = machine_var,
	[LINE_MAP] = machine_map,
	[LINE_PROGRAM] = machine_program,
};

static bool unknown(struct parsing *p)
{
	const struct word *w = &p->st.words[0];
	struct fault_guess g = { .word = w->text, .n = w->n };

	fault_guess_words(&g, line_words, LINE_END);
	fault_guess_words(&g, line_words + LINE_END + 1, LINE_KINDS - LINE_END - 1);
	attribute_guess(&g);
	fault_guess_try(&g, "use");
	fault_bad(p->e, 1, "there is no line that begins with \"%s\"", w->text);
	fault_guess_tip(p->e, &g);
	return word_fault(p->e, &p->st, w);
}

static bool fits(struct parsing *p, enum line_kind kind)
{
	const struct word *w = &p->st.words[0];
	unsigned n = p->st.n - 1;

	if (n < forms[kind].min || n > forms[kind].max) {
		bool few = n < forms[kind].min;

		fault_bad(p->e, 1, "\"%s\" has too %s words behind it", w->text, few ? "few" : "many");
		fault_tip(p->e, "write %s", forms[kind].form);
		return word_fault(p->e, &p->st, few ? w : &p->st.words[forms[kind].max + 1]);
	}
	if (p->depth && p->s->lines[p->blocks[p->depth - 1]].kind == LINE_EACH &&
	    (kind == LINE_HOLD || kind == LINE_MARK))
		return fault_bad(p->e, 1, "\"%s\" cannot stand in an \"each\": its lines happen at once", w->text) ||
		       word_fault(p->e, &p->st, w);
	if (p->s->n_lines == SCENARIO_LINES_MAX)
		return fault_bad(p->e, 1, "more than %d lines", SCENARIO_LINES_MAX) || word_fault(p->e, &p->st, w);
	return true;
}

/* Room for one more line; it grows by halves. */
static bool grow(struct parsing *p)
{
	struct scenario *s = p->s;
	size_t n = s->n_lines;
	struct scenario_line *more;

	if (n & (n - 1))
		return true;
	more = realloc(s->lines, (n ? 2 * n : 1) * sizeof *more);
	if (!more)
		return fault_memory(p->e);
	s->lines = more;
	return true;
}

bool line_parse(struct parsing *p)
{
	const struct word *w = &p->st.words[0];
	struct scenario_line *l;
	enum line_kind kind = LINE_CGROUP;

	while (kind < LINE_KINDS && !word_is(w, line_words[kind]))
		kind++;
	if (kind == LINE_KINDS)
		return unknown(p);
	if (!fits(p, kind) || !grow(p))
		return false;
	l = &p->s->lines[p->s->n_lines];
	*l = (struct scenario_line){ .kind = kind,
				     .line = p->used ? p->used : p->st.line,
				     .column = p->used ? 0 : w->column };
	if (!parsers[kind](p, l)) {
		line_free(l);
		return false;
	}
	p->s->n_lines++;
	return true;
}

void line_free(struct scenario_line *l)
{
	for (char **word = l->argv; word && *word; word++)
		free(*word);
	free(l->argv);
	free(l->name);
	free(l->other);
	free(l->affinity.set);
	if (l->knobs)
		free(l->knobs->cpuset);
	free(l->knobs);
	if (l->work) {
		free(l->work->affinity.set);
		free(l->work->comm);
	}
	free(l->work);
}
