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

	*m = (struct memory){ .kind = (enum memory_kind)fault_which(words, MEMORY_KINDS, text, len) };
	if (m->kind == MEMORY_KINDS) {
		struct fault_guess g = { .word = text, .n = len };

		fault_guess_words(&g, words, MEMORY_KINDS);
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
