/* topology.c: "N,L,C,T" on the command line, and which of them a PC can have. */
#include "vm/topology.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Plain decimal digits that fit 32 bits; no sign, no blanks. */
static bool number(const char *s, size_t n, uint32_t *out)
{
	uint64_t v = 0;

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
		if (v > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)v;
	return true;
}

static unsigned bits(unsigned n)
{
	unsigned b = 0;

	while (b < 32 && (1ull << b) < n)
		b++;
	return b;
}

/* APIC ids have a bit field per level, so counts that are no powers of two leave gaps; the highest id a guest without
 * interrupt remapping may have is 254. */
static bool apic_ids_fit(const struct topology *t)
{
	unsigned dies = t->llcs / t->nodes;
	unsigned core = bits(t->threads), die = core + bits(t->cores), socket = die + bits(dies);
	uint64_t last = (uint64_t)(t->nodes - 1) << socket | (uint64_t)(dies - 1) << die |
			(uint64_t)(t->cores - 1) << core | (t->threads - 1);

	return last <= 254;
}

static int topology_check(const struct topology *t, const char *text, struct err *e)
{
	if (!t->nodes || !t->llcs || !t->cores || !t->threads)
		return err_set(e, X_USAGE, "invalid topology '%s': all values must be >= 1", text);
	if (t->llcs % t->nodes)
		return err_set(e, X_USAGE, "invalid topology '%s': llcs (%u) must be divisible by numa_nodes (%u)",
			       text, t->llcs, t->nodes);
	if (t->nodes > TOPO_MAX_NODES)
		return err_set(e, X_USAGE, "invalid topology '%s': %u NUMA nodes, at most %u are possible", text,
			       t->nodes, TOPO_MAX_NODES);
	/* Each factor is bounded before it is multiplied. */
	if (t->llcs > TOPO_MAX_CPUS || t->cores > TOPO_MAX_CPUS || t->threads > TOPO_MAX_CPUS ||
	    topology_cpus(t) > TOPO_MAX_CPUS)
		return err_set(e, X_USAGE, "invalid topology '%s': more than %u CPUs", text, TOPO_MAX_CPUS);
	if (!apic_ids_fit(t))
		return err_set(e, X_USAGE,
			       "invalid topology '%s': its APIC ids would pass 254; use powers of two or fewer CPUs",
			       text);
	return 0;
}

int topology_parse(struct topology *t, const char *text, struct err *e)
{
	static const char *const names[] = { "numa_nodes", "llcs", "cores", "threads" };
	uint32_t v[countof(names)];
	size_t fields = 1;

	for (const char *p = text; *p; p++)
		fields += *p == ',';
	if (fields != countof(names))
		return err_set(e, X_USAGE,
			       "invalid topology '%s': expected 'numa_nodes,llcs,cores,threads' (e.g. '1,2,4,1')",
			       text);
	const char *field = text;
	for (size_t i = 0; i < countof(names); i++) {
		size_t n = strcspn(field, ",");

		if (!number(field, n, &v[i]))
			return err_set(e, X_USAGE, "invalid %s value: '%.*s'", names[i], (int)n, field);
		field += n + 1;
	}
	struct topology parsed = { v[0], v[1], v[2], v[3] };
	if (topology_check(&parsed, text, e) < 0)
		return -1;
	*t = parsed;
	return 0;
}

unsigned topology_cpus(const struct topology *t)
{
	return t->llcs * t->cores * t->threads;
}
