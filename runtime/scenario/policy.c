#include "scenario/policy.h"
#include "scenario/fault.h"
#include "scenario/number.h"

#include <string.h>

enum { PRIORITY_MAX = 98 };
#define RUNTIME_MIN_NS 1024u /* the kernel's, 1 << DL_SCALE */

static const char *const names[] = {
	[POLICY_NORMAL] = "normal", [POLICY_BATCH] = "batch", [POLICY_IDLE] = "idle",         [POLICY_EXT] = "ext",
	[POLICY_FIFO] = "fifo",     [POLICY_RR] = "rr",       [POLICY_DEADLINE] = "deadline",
};
enum { KINDS = sizeof names / sizeof *names };

static bool deadline(struct policy *p, const char *text, size_t n, struct scenario_error *e)
{
	uint64_t *const to[] = { &p->runtime_ns, &p->deadline_ns, &p->period_ns };
	static const char *const what[] = { "the runtime", "the deadline", "the period" };
	const char *at = text, *end = text + n;

	for (unsigned i = 0; i < 3; i++) {
		const char *slash = memchr(at, '/', (size_t)(end - at));

		if (!slash != (i == 2)) {
			fault_bad(e, 1, "\"%.*s\" is no runtime, deadline and period", (int)n, text);
			return fault_tip(e, "for example deadline:2ms/10ms/10ms");
		}
		if (!slash)
			slash = end;
		if (!time_parse(at, (size_t)(slash - at), what[i], RUNTIME_MIN_NS, 1000000000, to[i], e)) {
			e->column += (unsigned)(at - text);
			return false;
		}
		at = slash + 1;
	}
	if (p->runtime_ns > p->deadline_ns || p->deadline_ns > p->period_ns)
		return fault_bad(e, 1,
				 "a runtime is to be no longer than its deadline, and that no longer than the period");
	return true;
}

bool policy_parse(struct policy *p, const char *text, size_t n, struct scenario_error *e)
{
	const char *colon = memchr(text, ':', n);
	size_t len = colon ? (size_t)(colon - text) : n;
	unsigned k = fault_which(names, KINDS, text, len);
	bool ok = true;
	uint64_t v;

	if (k == KINDS) {
		struct fault_guess g = { .word = text, .n = len };

		fault_guess_words(&g, names, KINDS);
		fault_bad(e, 1, "there is no policy \"%.*s\"", (int)len, text);
		return fault_guess_tip(e, &g);
	}
	*p = (struct policy){ .kind = (enum policy_kind)k };
	if (colon && k < POLICY_FIFO)
		return fault_bad(e, len + 1, "policy %s takes nothing behind it", names[k]);
	if (!colon && k >= POLICY_FIFO) {
		fault_bad(e, len + 1, "policy %s needs its numbers", names[k]);
		return fault_tip(e, k == POLICY_DEADLINE ? "for example deadline:2ms/10ms/10ms" : "for example %s:1",
				 names[k]);
	}
	if (!colon)
		return true;
	if (k == POLICY_DEADLINE)
		ok = deadline(p, colon + 1, n - len - 1, e);
	else if ((ok = number_parse(colon + 1, n - len - 1, "a priority", 1, PRIORITY_MAX, &v, e)))
		p->priority = (unsigned)v;
	if (!ok)
		e->column += (unsigned)len + 1;
	return ok;
}

void policy_write(FILE *f, const struct policy *p)
{
	fputs(names[p->kind], f);
	if (p->kind == POLICY_FIFO || p->kind == POLICY_RR)
		fprintf(f, ":%u", p->priority);
	if (p->kind != POLICY_DEADLINE)
		return;
	fputc(':', f);
	time_write(f, p->runtime_ns);
	fputc('/', f);
	time_write(f, p->deadline_ns);
	fputc('/', f);
	time_write(f, p->period_ns);
}
