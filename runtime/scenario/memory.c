#include "scenario/memory.h"
#include "scenario/fault.h"

#include <string.h>

static const char *const words[MEMORY_KINDS] = {
	[MEMORY_LOCAL] = "local",
	[MEMORY_BIND] = "bind",
	[MEMORY_INTERLEAVE] = "interleave",
	[MEMORY_PREFERRED] = "preferred",
};

bool memory_parse(struct memory *m, const char *text, size_t n, struct scenario_error *e)
{
	const char *colon = memchr(text, ':', n);
	size_t len = colon ? (size_t)(colon - text) : n, rest = colon ? n - len - 1 : 0;
	struct fault_guess g = { .word = text, .n = len };

	*m = (struct memory){ .kind = MEMORY_LOCAL };
	for (; m->kind < MEMORY_KINDS; m->kind++) {
		if (strlen(words[m->kind]) == len && !memcmp(words[m->kind], text, len))
			break;
		fault_guess_try(&g, words[m->kind]);
	}
	if (m->kind == MEMORY_KINDS) {
		fault_bad(e, 1, "there is no memory policy \"%.*s\"", (int)len, text);
		return fault_guess_tip(e, &g);
	}
	if (m->kind == MEMORY_LOCAL)
		return !colon || fault_bad(e, len + 1, "local takes no nodes");
	if (!rest || !cpus_parse(&m->nodes, colon + 1, rest) || !cpus_count(&m->nodes))
		return fault_bad(e, len + 1 + (colon != NULL), "this is no list of NUMA nodes") ||
		       fault_tip(e, "for example %s:%s", words[m->kind], m->kind == MEMORY_PREFERRED ? "1" : "0-1");
	return m->kind != MEMORY_PREFERRED || cpus_count(&m->nodes) == 1 ||
	       fault_bad(e, len + 2, "one node can be preferred");
}

void memory_write(FILE *f, const struct memory *m)
{
	fputs(words[m->kind], f);
	if (m->kind == MEMORY_LOCAL)
		return;
	fputc(':', f);
	cpus_write(f, &m->nodes);
}
