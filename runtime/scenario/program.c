#include "scenario/program.h"
#include "scenario/fault.h"
#include "scenario/number.h"

#include <string.h>

#define ACT_TIME_MAX_NS 10000000000u
enum { KIB_MAX = 65536, STRIDE_MAX = 65536, CHILDREN_MAX = 64, CGROUPS_MAX = 8 };

/* args: t time, k KiB, b bytes, n children, g cgroups, i two nice values, o self or all, r a role, s a slot. */
static const struct {
	const char *name, *args, *form;
	enum slot_kind slot;
	unsigned used;
} acts[ACT_KINDS] = {
	[ACT_RUN] = { .name = "run", .args = "t", .form = "run 20us" },
	[ACT_SLEEP] = { .name = "sleep", .args = "t", .form = "sleep 1ms" },
	[ACT_TIMER] = { .name = "timer", .args = "t", .form = "timer 1ms" },
	[ACT_YIELD] = { .name = "yield", .args = "", .form = "yield" },
	[ACT_WAKE] = { .name = "wake", .args = "s", .form = "wake a", .slot = SLOT_EVENT, .used = SLOT_GIVEN },
	[ACT_WAIT] = { .name = "wait", .args = "s", .form = "wait a", .slot = SLOT_EVENT, .used = SLOT_TAKEN },
	[ACT_SEND] = { .name = "send", .args = "s", .form = "send a", .slot = SLOT_PIPE, .used = SLOT_GIVEN },
	[ACT_RECEIVE] = { .name = "receive", .args = "s", .form = "receive a", .slot = SLOT_PIPE, .used = SLOT_TAKEN },
	[ACT_LOCK] = { .name = "lock", .args = "s", .form = "lock m", .slot = SLOT_MUTEX },
	[ACT_UNLOCK] = { .name = "unlock", .args = "s", .form = "unlock m", .slot = SLOT_MUTEX },
	[ACT_PILOCK] = { .name = "pilock", .args = "s", .form = "pilock m", .slot = SLOT_PIMUTEX },
	[ACT_PIUNLOCK] = { .name = "piunlock", .args = "s", .form = "piunlock m", .slot = SLOT_PIMUTEX },
	[ACT_TOUCH] = { .name = "touch", .args = "kb", .form = "touch 32 64, KiB and bytes between two touches" },
	[ACT_FAULT] = { .name = "fault", .args = "k", .form = "fault 256, KiB" },
	[ACT_WRITE] = { .name = "write", .args = "k", .form = "write 64, KiB" },
	[ACT_SYNC] = { .name = "sync", .args = "", .form = "sync" },
	[ACT_FORK] = { .name = "fork", .args = "n", .form = "fork 4" },
	[ACT_EXEC] = { .name = "exec", .args = "n", .form = "exec 1" },
	[ACT_THREAD] = { .name = "thread", .args = "n", .form = "thread 4" },
	[ACT_NICE] = { .name = "nice", .args = "i", .form = "nice -20 19" },
	[ACT_POLICY] = { .name = "policy", .args = "", .form = "policy" },
	[ACT_AFFINITY] = { .name = "affinity", .args = "o", .form = "affinity self" },
	[ACT_SIGNAL] = { .name = "signal", .args = "r", .form = "signal 1, the number of a role from 0" },
	[ACT_SIGWAIT] = { .name = "sigwait", .args = "", .form = "sigwait" },
	[ACT_MIGRATE] = { .name = "migrate", .args = "g", .form = "migrate 2" },
	[ACT_CHURN] = { .name = "churn", .args = "g", .form = "churn 2" },
	[ACT_KWORK] = { .name = "kwork", .args = "", .form = "kwork" },
	[ACT_NODE] = { .name = "node", .args = "k", .form = "node 1024, KiB" },
};

/* What is being read. */
struct input {
	struct program *p;
	struct slots own, *shared;
	const char *text, *at; /* the act's rest */
	size_t n;
	struct scenario_error *e;
};

static size_t column(const struct input *in)
{
	return (size_t)(in->at - in->text) + 1;
}

static void pass_blanks(struct input *in)
{
	while (in->n && (*in->at == ' ' || *in->at == '\t')) {
		in->at++;
		in->n--;
	}
}

static bool next(struct input *in, const char **word, size_t *n)
{
	pass_blanks(in);
	*word = in->at;
	*n = 0;
	while (in->n && *in->at != ' ' && *in->at != '\t') {
		in->at++;
		in->n--;
		++*n;
	}
	return *n != 0;
}

/* The fault's column is one of the word. */
static bool at_word(struct input *in, const char *word)
{
	in->e->column += (unsigned)(word - in->text);
	return false;
}

static bool slot_name(const char *word, size_t n)
{
	size_t i = n && *word == '@';

	if (n == i || n > SLOT_NAME_MAX)
		return false;
	for (; i < n; i++) {
		char c = word[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_')
			return false;
	}
	return true;
}

static bool read_slot(struct input *in, struct act *a, const char *word, size_t n)
{
	struct slots *s = *word == '@' ? in->shared : &in->own;
	unsigned i = 0;

	if (!slot_name(word, n))
		return fault_bad(in->e, 1, "\"%.*s\" is no name: up to %d letters, digits and _", (int)n, word,
				 SLOT_NAME_MAX) ||
		       at_word(in, word);
	while (i < s->n && (strlen(s->names[i]) != n || memcmp(s->names[i], word, n) != 0))
		i++;
	if (i == s->n) {
		if (i == PROGRAM_SLOTS_MAX)
			return fault_bad(in->e, 1, "more than %d names", PROGRAM_SLOTS_MAX) || at_word(in, word);
		memcpy(s->names[i], word, n);
		s->names[i][n] = '\0';
		s->kinds[i] = acts[a->kind].slot;
		s->n++;
	}
	if (s->kinds[i] != acts[a->kind].slot) {
		fault_bad(in->e, 1, "%.*s is used in two ways", (int)n, word);
		fault_tip(in->e,
			  "a name goes with wake and wait, send and receive, lock and unlock, or pilock and piunlock");
		return at_word(in, word);
	}
	s->used[i] |= acts[a->kind].used;
	a->shared = s == in->shared;
	a->slot = i;
	return true;
}

static bool read_nice(struct input *in, const char *word, size_t n, uint64_t *v)
{
	bool minus = n && *word == '-';

	if (!number_parse(word + minus, n - minus, "a nice value", 0, minus ? 20 : 19, v, in->e))
		return at_word(in, word);
	if (minus)
		*v = (uint64_t) - (int64_t)*v;
	return true;
}

static bool read_of(struct input *in, const char *word, size_t n, uint64_t *v)
{
	*v = n == 3 && !memcmp(word, "all", 3);
	if (*v || (n == 4 && !memcmp(word, "self", 4)))
		return true;
	return fault_bad(in->e, 1, "\"%.*s\" is neither self nor all", (int)n, word) || at_word(in, word);
}

static bool read_arg(struct input *in, struct act *a, char kind, const char *word, size_t n)
{
	switch (kind) {
	case 't':
		return time_parse(word, n, "a time", 1, ACT_TIME_MAX_NS, &a->a, in->e) || at_word(in, word);
	case 'k':
		return number_parse(word, n, "a number of KiB", 1, KIB_MAX, &a->a, in->e) || at_word(in, word);
	case 'b':
		return number_parse(word, n, "a number of bytes", 1, STRIDE_MAX, &a->b, in->e) || at_word(in, word);
	case 'n':
		return number_parse(word, n, "a number of children", 1, CHILDREN_MAX, &a->a, in->e) ||
		       at_word(in, word);
	case 'g':
		return number_parse(word, n, "a number of cgroups", 1, CGROUPS_MAX, &a->a, in->e) || at_word(in, word);
	case 'r':
		return number_parse(word, n, "a role", 0, PROGRAM_ROLES_MAX - 1, &a->a, in->e) || at_word(in, word);
	case 'i':
		return read_nice(in, word, n, &a->a);
	case 'j':
		return read_nice(in, word, n, &a->b);
	case 'o':
		return read_of(in, word, n, &a->a);
	default:
		return read_slot(in, a, word, n);
	}
}

static bool wrong_form(struct input *in, const struct act *a)
{
	fault_bad(in->e, column(in), "%s %s", acts[a->kind].name,
		  *acts[a->kind].args ? "needs other words" : "takes no words");
	return fault_tip(in->e, "for example %s", acts[a->kind].form);
}

static bool no_act(struct input *in, const char *word, size_t n)
{
	struct fault_guess g = { .word = word, .n = n };

	for (unsigned i = 0; i < ACT_KINDS; i++)
		fault_guess_try(&g, acts[i].name);
	fault_bad(in->e, 1, "there is no act \"%.*s\"", (int)n, word);
	fault_guess_tip(in->e, &g);
	return at_word(in, word);
}

static bool read_act(struct input *in, const char *word, size_t n)
{
	struct program *p = in->p;
	struct act a = { .kind = ACT_RUN };
	const char *args;

	while (a.kind < ACT_KINDS && (strlen(acts[a.kind].name) != n || memcmp(acts[a.kind].name, word, n) != 0))
		a.kind++;
	if (a.kind == ACT_KINDS)
		return no_act(in, word, n);
	if (p->n == PROGRAM_ACTS_MAX)
		return fault_bad(in->e, 1, "more than %d acts", PROGRAM_ACTS_MAX) || at_word(in, word);
	args = !strcmp(acts[a.kind].args, "i") ? "ij" : acts[a.kind].args;
	for (; *args; args++) {
		if (!next(in, &word, &n))
			return wrong_form(in, &a);
		if (!read_arg(in, &a, *args, word, n))
			return false;
	}
	pass_blanks(in);
	if (in->n)
		return wrong_form(in, &a);
	if (a.kind == ACT_NICE && (int64_t)a.a > (int64_t)a.b)
		return fault_bad(in->e, column(in), "the lower nice value is to stand first");
	p->acts[p->n++] = a;
	p->roles[p->n_roles].n++;
	return true;
}

/* "4 *" before the first act of a role. */
static bool read_times(struct input *in, struct role *r)
{
	const char *word = in->at, *star;
	uint64_t v;
	size_t n;

	pass_blanks(in);
	star = memchr(in->at, '*', in->n);
	if (!star)
		return true;
	word = in->at;
	for (n = (size_t)(star - word); n && word[n - 1] == ' '; n--)
		;
	if (!number_parse(word, n, "a number of workers", 1, PROGRAM_GROUP_MAX, &v, in->e))
		return at_word(in, word);
	r->workers = (unsigned)v;
	in->n -= (size_t)(star + 1 - in->at);
	in->at = star + 1;
	return true;
}

static bool read_item(struct input *in, bool first)
{
	static const char policy[] = "policy=";
	struct role *r = &in->p->roles[in->p->n_roles];
	const char *word;
	size_t n;

	if (first && !read_times(in, r))
		return false;
	if (!next(in, &word, &n))
		return true;
	if (n < sizeof policy - 1 || memcmp(word, policy, sizeof policy - 1) != 0)
		return read_act(in, word, n);
	word += sizeof policy - 1;
	if (r->n || r->policy.kind != POLICY_NONE)
		return fault_bad(in->e, 1, "the policy is to be the first act") || at_word(in, word);
	if (!policy_parse(&r->policy, word, n - (sizeof policy - 1), in->e))
		return at_word(in, word);
	pass_blanks(in);
	return in->n ? fault_bad(in->e, column(in), "a \";\" is missing behind the policy") : true;
}

/* Locks of a role are taken and given back in turn. */
static bool check_locks(struct input *in, const struct role *r)
{
	bool held[2][PROGRAM_SLOTS_MAX] = { 0 };

	for (unsigned i = r->first; i < r->first + r->n; i++) {
		const struct act *a = &in->p->acts[i];
		bool locks = a->kind == ACT_LOCK || a->kind == ACT_PILOCK;

		if (!locks && a->kind != ACT_UNLOCK && a->kind != ACT_PIUNLOCK)
			continue;
		if (held[a->shared][a->slot] == locks)
			return fault_bad(in->e, 1,
					 locks ? "%s is locked a second time" : "%s is unlocked while it is not held",
					 (a->shared ? in->shared : &in->own)->names[a->slot]);
		held[a->shared][a->slot] = locks;
	}
	for (unsigned i = 0; i < 2 * PROGRAM_SLOTS_MAX; i++) {
		if (held[i / PROGRAM_SLOTS_MAX][i % PROGRAM_SLOTS_MAX])
			return fault_bad(in->e, 1, "%s is locked and not unlocked",
					 (i < PROGRAM_SLOTS_MAX ? &in->own : in->shared)->names[i % PROGRAM_SLOTS_MAX]);
	}
	return true;
}

static bool end_role(struct input *in)
{
	struct program *p = in->p;
	struct role *r = &p->roles[p->n_roles];

	if (!r->n)
		return fault_bad(in->e, column(in), "there is no act here") ||
		       fault_tip(in->e, "for example prog:\"run 200us; sleep 1ms\"");
	p->group += r->workers;
	p->n_roles++;
	if (p->group > PROGRAM_GROUP_MAX)
		return fault_bad(in->e, 1, "a group of %u workers; %d are the limit", p->group, PROGRAM_GROUP_MAX);
	return check_locks(in, r);
}

bool slots_check(const struct slots *s, const char *what, struct scenario_error *e)
{
	for (unsigned i = 0; i < s->n; i++) {
		bool given = s->used[i] & SLOT_GIVEN, taken = s->used[i] & SLOT_TAKEN;

		if (taken && !given)
			return fault_bad(
				e, 1, s->kinds[i] == SLOT_PIPE ? "nobody of %s sends to %s" : "nobody of %s wakes %s",
				what, s->names[i]);
		if (s->kinds[i] == SLOT_PIPE && !taken)
			return fault_bad(e, 1, "nobody of %s receives from %s", what, s->names[i]);
	}
	return true;
}

static bool finish(struct input *in)
{
	struct program *p = in->p;

	for (unsigned i = 0; i < p->n; i++) {
		if (p->acts[i].kind == ACT_SIGNAL && p->acts[i].a >= p->n_roles)
			return fault_bad(in->e, 1, "there is no role %u to signal; there are %u, counted from 0",
					 (unsigned)p->acts[i].a, p->n_roles);
	}
	p->slots = in->own.n;
	memcpy(p->slot_kinds, in->own.kinds, sizeof p->slot_kinds);
	return slots_check(&in->own, "the group", in->e);
}

bool program_parse(struct program *p, struct slots *shared, const char *text, struct scenario_error *e)
{
	struct input in = { .p = p, .shared = shared, .text = text, .at = text, .e = e };

	*p = (struct program){ 0 };
	for (const char *at = text;;) {
		struct role *r = &p->roles[p->n_roles];
		bool first = true;

		if (p->n_roles == PROGRAM_ROLES_MAX)
			return fault_bad(e, (size_t)(at - text), "more than %d roles", PROGRAM_ROLES_MAX);
		*r = (struct role){ .first = p->n, .workers = 1 };
		for (;; first = false, at++) {
			in.at = at;
			in.n = strcspn(at, ";|");
			at += in.n;
			if (!read_item(&in, first))
				return false;
			if (*at != ';')
				break;
		}
		if (!end_role(&in))
			return false;
		if (!*at++)
			return finish(&in);
	}
}

static void slot_write(FILE *f, const struct act *a, const struct slots *shared)
{
	if (a->shared)
		fprintf(f, " %s", shared->names[a->slot]);
	else if (a->slot < 26)
		fprintf(f, " %c", 'a' + (char)a->slot);
	else
		fprintf(f, " z%u", a->slot);
}

static void act_write(FILE *f, const struct act *a, const struct slots *shared)
{
	fputs(acts[a->kind].name, f);
	for (const char *arg = acts[a->kind].args; *arg; arg++) {
		if (*arg == 's') {
			slot_write(f, a, shared);
		} else if (*arg == 't') {
			fputc(' ', f);
			time_write(f, a->a);
		} else if (*arg == 'i') {
			fprintf(f, " %d %d", (int)a->a, (int)a->b);
		} else if (*arg == 'o') {
			fputs(a->a ? " all" : " self", f);
		} else {
			fprintf(f, " %llu", (unsigned long long)(*arg == 'b' ? a->b : a->a));
		}
	}
}

void program_write(FILE *f, const struct program *p, const struct slots *shared)
{
	for (unsigned i = 0; i < p->n_roles; i++) {
		const struct role *r = &p->roles[i];

		if (i)
			fputs(" | ", f);
		if (r->workers > 1)
			fprintf(f, "%u * ", r->workers);
		if (r->policy.kind != POLICY_NONE) {
			fputs("policy=", f);
			policy_write(f, &r->policy);
			fputs("; ", f);
		}
		for (unsigned k = 0; k < r->n; k++) {
			if (k)
				fputs("; ", f);
			act_write(f, &p->acts[r->first + k], shared);
		}
	}
}

const struct role *program_role(const struct program *p, unsigned i)
{
	const struct role *r = p->roles;

	while (i >= r->workers)
		i -= r++->workers;
	return r;
}
