#include "scenario/set.h"
#include "scenario/fault.h"
#include "scenario/number.h"

#include <string.h>

static const char *const names[] = {
	[SET_ALL] = "all",   [SET_USABLE] = "usable",   [SET_CPU] = "cpu",     [SET_LLC] = "llc",
	[SET_NODE] = "node", [SET_CORE] = "core",       [SET_SMT] = "smt",     [SET_RANGE] = "range",
	[SET_PART] = "part", [SET_OVERLAP] = "overlap", [SET_FIRST] = "first",
};
enum { KINDS = sizeof names / sizeof *names };

/* What is being read. */
struct input {
	const char *text, *p, *end;
	bool each;
	struct scenario_error *e;
};

static size_t column(const struct input *in, const char *p)
{
	return (size_t)(p - in->text) + 1;
}

/* Up to one of the characters, or the end. */
static size_t until(const struct input *in, const char *stops)
{
	size_t n = 0;

	while (in->p + n < in->end && !strchr(stops, in->p[n]))
		n++;
	return n;
}

/* A value that ends where the term does, or before stop. */
static bool value(struct input *in, size_t n, const char *what, uint32_t min, uint32_t *v)
{
	uint64_t x;

	if (in->each && n == 1 && *in->p == '$') {
		*v = SET_EACH;
	} else if (number_parse(in->p, n, what, min, CPUS_MAX - 1, &x, in->e)) {
		*v = (uint32_t)x;
	} else {
		in->e->column += (unsigned)(in->p - in->text);
		return false;
	}
	in->p += n;
	return true;
}

static bool share(struct input *in, size_t n, uint64_t *v)
{
	if (!share_parse(in->p, n, v, in->e)) {
		in->e->column += (unsigned)(in->p - in->text);
		return false;
	}
	in->p += n;
	return true;
}

static bool expect(struct input *in, char c, const char *form)
{
	if (in->p < in->end && *in->p == c) {
		in->p++;
		return true;
	}
	fault_bad(in->e, column(in, in->p), "a \"%c\" is missing", c);
	return fault_tip(in->e, "the form is %s", form);
}

/* A "-" before a digit belongs to the list, one before a letter takes the next term away. */
static bool read_list(struct input *in, struct set_term *t)
{
	size_t n = 0;

	if (in->each && in->p < in->end && *in->p == '$')
		return value(in, 1, "a CPU", 0, &t->index);
	while (in->p + n < in->end && strchr("0123456789,-", in->p[n]) &&
	       !(in->p[n] == '-' && (in->p + n + 1 == in->end || in->p[n + 1] < '0' || in->p[n + 1] > '9')))
		n++;
	if (!cpus_parse(&t->list, in->p, n)) {
		fault_bad(in->e, column(in, in->p), "this is no list of CPUs below %u", CPUS_MAX);
		return fault_tip(in->e, "for example cpu:0,2-3");
	}
	in->p += n;
	return true;
}

static bool read_values(struct input *in, struct set_term *t)
{
	const char *at = in->p;

	switch (t->kind) {
	case SET_ALL:
	case SET_USABLE:
		return true;
	case SET_CPU:
		return read_list(in, t);
	case SET_LLC:
	case SET_NODE:
	case SET_CORE:
	case SET_SMT:
		return value(in, until(in, "+-@"), names[t->kind], 0, &t->index);
	case SET_FIRST:
		return value(in, until(in, "+-@"), "the number of CPUs", 1, &t->index);
	case SET_RANGE:
		if (!share(in, until(in, "-"), &t->from) || !expect(in, '-', "range:A-B, for example range:0-0.5") ||
		    !share(in, until(in, "+-@"), &t->to))
			return false;
		if (t->from < t->to)
			return true;
		return fault_bad(in->e, column(in, at), "a range is to end behind its start");
	case SET_PART:
	case SET_OVERLAP:
		break;
	}
	if (!value(in, until(in, "/"), "which part", 0, &t->index) ||
	    !expect(in, '/', "part:I/K, for example part:0/2") ||
	    !value(in, until(in, "/+-@"), "the number of parts", 1, &t->of_n))
		return false;
	if (t->index != SET_EACH && t->of_n != SET_EACH && t->index >= t->of_n)
		return fault_bad(in->e, column(in, at), "part %u of %u: parts count from 0", t->index, t->of_n);
	if (t->kind == SET_OVERLAP)
		return expect(in, '/', "overlap:I/K/F, for example overlap:0/3/0.5") &&
		       share(in, until(in, "+-@"), &t->to);
	return true;
}

static bool read_term(struct input *in, struct set_term *t)
{
	size_t n = until(in, ":+-@");
	unsigned k = fault_which(names, KINDS, in->p, n);

	if (k == KINDS) {
		struct fault_guess g = { .word = in->p, .n = n };

		fault_guess_words(&g, names, KINDS);
		fault_bad(in->e, column(in, in->p), "\"%.*s\" names no CPUs", (int)n, in->p);
		return fault_guess_tip(in->e, &g);
	}
	t->kind = (enum set_kind)k;
	in->p += n;
	if (t->kind > SET_USABLE && !expect(in, ':', "NAME:WHICH, for example llc:0"))
		return false;
	return read_values(in, t);
}

bool set_parse(struct set *s, const char *text, size_t n, bool each, struct scenario_error *e)
{
	struct input in = { .text = text, .p = text, .end = text + n, .each = each, .e = e };
	bool minus = false;

	*s = (struct set){ 0 };
	for (;;) {
		struct set_term *t = &s->terms[s->n];

		if (s->n++ == SET_TERMS_MAX) {
			s->n = SET_TERMS_MAX;
			return fault_bad(e, column(&in, in.p), "more than %d terms", SET_TERMS_MAX);
		}
		t->minus = minus;
		if (!read_term(&in, t))
			return false;
		if (in.p == in.end)
			return true;
		minus = *in.p == '-';
		t->of = *in.p == '@';
		if (!minus && !t->of && *in.p != '+')
			return fault_bad(e, column(&in, in.p), "\"%c\" joins no sets", *in.p);
		if (t->of && t->kind < SET_RANGE) {
			fault_bad(e, column(&in, in.p), "\"@\" goes with range, part, overlap and first");
			return fault_tip(e, "for example part:0/2@llc:0");
		}
		in.p++;
	}
}

static void index_write(FILE *f, uint32_t v)
{
	if (v == SET_EACH)
		fputc('$', f);
	else
		fprintf(f, "%u", v);
}

void set_write(FILE *f, const struct set *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct set_term *t = &s->terms[i];

		if (i)
			fputc(s->terms[i - 1].of ? '@' : t->minus ? '-' : '+', f);
		fprintf(f, "%s%s", names[t->kind], t->kind > SET_USABLE ? ":" : "");
		if (t->kind == SET_CPU && t->index != SET_EACH) {
			cpus_write(f, &t->list);
		} else if (t->kind == SET_RANGE) {
			share_write(f, t->from);
			fputc('-', f);
			share_write(f, t->to);
		} else if (t->kind > SET_USABLE) {
			index_write(f, t->index);
		}
		if (t->kind == SET_PART || t->kind == SET_OVERLAP) {
			fputc('/', f);
			index_write(f, t->of_n);
		}
		if (t->kind == SET_OVERLAP) {
			fputc('/', f);
			share_write(f, t->to);
		}
	}
}

/* The CPUs of from, counted, from the first-th up to before the last-th. */
static void slice(const struct cpus *from, uint64_t first, uint64_t last, struct cpus *out)
{
	uint64_t i = 0;

	for (int cpu = cpus_next(from, -1); cpu >= 0; cpu = cpus_next(from, cpu), i++) {
		if (i >= first && i < last)
			cpus_add(out, (unsigned)cpu);
	}
}

static bool part(const struct set_term *t, uint32_t index, uint32_t of_n, const struct cpus *base, struct cpus *out,
		 struct scenario_error *e)
{
	uint64_t n = cpus_count(base), chunk, more, first, last;

	if (index >= of_n)
		return fault_bad(e, 1, "part %u of %u: parts count from 0", index, of_n);
	chunk = n / of_n;
	if (!chunk)
		return fault_skip(e, "%u parts need as many CPUs; there are %u", of_n, (unsigned)n);
	more = t->kind == SET_OVERLAP ? chunk * t->to / SHARE_ONE : 0;
	first = index * chunk;
	last = index + 1 == of_n ? n : first + chunk + more;
	slice(base, first > more ? first - more : 0, last, out);
	return true;
}

/* CPUs by where they are. */
static bool located(const struct set_term *t, uint32_t index, const struct places *p, struct cpus *out,
		    struct scenario_error *e)
{
	unsigned n = t->kind == SET_LLC    ? p->llcs
		     : t->kind == SET_NODE ? p->nodes
		     : t->kind == SET_CORE ? p->cores
					   : p->threads;

	if (index >= n)
		return fault_skip(e, "there is no %s:%u, this topology has %u (from 0)", names[t->kind], index, n);
	for (unsigned cpu = 0; cpu < p->cpus; cpu++) {
		const struct place *at = &p->at[cpu];
		unsigned here = t->kind == SET_LLC    ? at->llc
				: t->kind == SET_NODE ? at->node
				: t->kind == SET_CORE ? at->core
						      : at->thread;

		if (here == index)
			cpus_add(out, cpu);
	}
	return true;
}

static bool listed(const struct set_term *t, uint32_t each, const struct places *p, struct cpus *out,
		   struct scenario_error *e)
{
	if (t->index == SET_EACH)
		cpus_add(out, each);
	else
		*out = t->list;
	for (int cpu = cpus_next(out, -1); cpu >= 0; cpu = cpus_next(out, cpu)) {
		if ((unsigned)cpu >= p->cpus)
			return fault_skip(e, "there is no cpu:%d, this topology has %u CPUs (from 0)", cpu, p->cpus);
	}
	return true;
}

/* A term with those it is "of"; t->of says whether there is a next one. */
static bool term(const struct set_term *t, const struct places *p, uint32_t each, struct cpus *out,
		 struct scenario_error *e)
{
	uint32_t index = t->index == SET_EACH ? each : t->index, of_n = t->of_n == SET_EACH ? each : t->of_n;
	struct cpus base;
	uint64_t n;

	*out = (struct cpus){ 0 };
	if (t->kind == SET_ALL) {
		places_all(p, out);
		return true;
	}
	if (t->kind == SET_CPU)
		return listed(t, each, p, out, e);
	if (t->kind > SET_USABLE && t->kind < SET_RANGE)
		return located(t, index, p, out, e);
	places_usable(p, &base);
	if (t->of && !term(t + 1, p, each, &base, e))
		return false;
	n = cpus_count(&base);
	if (t->kind == SET_USABLE)
		*out = base;
	else if (t->kind == SET_RANGE)
		slice(&base, n * t->from / SHARE_ONE, n * t->to / SHARE_ONE, out);
	else if (t->kind == SET_FIRST)
		slice(&base, 0, index, out);
	else
		return part(t, index, of_n, &base, out, e);
	if (!cpus_count(out))
		return fault_skip(e, "%u CPUs are too few for this %s", (unsigned)n, names[t->kind]);
	if (t->kind == SET_FIRST && index > n)
		return fault_skip(e, "there are no %u CPUs to take the first of, but %u", index, (unsigned)n);
	return true;
}

bool set_resolve(const struct set *s, const struct places *p, uint32_t each, struct cpus *out, struct scenario_error *e)
{
	*out = (struct cpus){ 0 };
	for (unsigned i = 0; i < s->n; i++) {
		const struct set_term *t = &s->terms[i];
		struct cpus cpus;

		if (!term(t, p, each, &cpus, e))
			return false;
		while (s->terms[i].of)
			i++;
		if (t->minus)
			cpus_minus(out, &cpus);
		else
			cpus_or(out, &cpus);
	}
	if (cpus_count(out))
		return true;
	fault_bad(e, 1, "no CPU is left in this set");
	return fault_tip(e, "each \"-\" takes CPUs away from what stands before it");
}
