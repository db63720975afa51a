/* topology.c: the text form of a topology, and which of them a PC can have. */
#include "topology/topology.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "topology/presets.h"

enum { LOCAL = 10, REMOTE = 20, DISTANCE_MAX = 254, FIELDS = 4 };

static const char *const names[FIELDS] = { "numa_nodes", "llcs", "cores", "threads" };

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

/* ---- the four numbers */

/* "1n2l4c2t" */
static bool short_name(const char *s, size_t n, uint32_t v[FIELDS])
{
	static const char units[FIELDS] = { 'n', 'l', 'c', 't' };

	for (size_t i = 0; i < FIELDS; i++) {
		const char *unit = memchr(s, units[i], n);

		if (!unit || !number(s, (size_t)(unit - s), &v[i]))
			return false;
		n -= (size_t)(unit + 1 - s);
		s = unit + 1;
	}
	return n == 0;
}

static int no_topology(const char *text, size_t n, struct err *e)
{
	static const char shape[] = "expected 'numa_nodes,llcs,cores,threads' (e.g. '1,2,4,1')";
	auto_free char *known = NULL;
	size_t size;

	if (!isalpha((unsigned char)text[0]) || memchr(text, ',', n))
		return err_set(e, X_USAGE, "invalid topology '%s': %s", text, shape);
	FILE *f = xmemstream(&known, &size);

	for (size_t i = 0; i < PRESETS; i++)
		fprintf(f, "%s%s", i ? ", " : "", presets[i].name);
	fclose(f);
	return err_set(e, X_USAGE, "invalid topology '%s': %s or one of %s", text, shape, known);
}

static int numbers(uint32_t v[FIELDS], const char *text, size_t n, struct err *e)
{
	const char *field = text, *end = text + n;
	size_t fields = 1;

	for (size_t i = 0; i < n; i++)
		fields += text[i] == ',';
	if (fields != FIELDS)
		return no_topology(text, n, e);
	for (size_t i = 0; i < FIELDS; i++) {
		const char *comma = memchr(field, ',', (size_t)(end - field));
		size_t len = (size_t)((comma ? comma : end) - field);

		if (!number(field, len, &v[i]))
			return err_set(e, X_USAGE, "invalid %s value: '%.*s'", names[i], (int)len, field);
		field += len + 1;
	}
	return 0;
}

static int counts(struct topology *t, const char *text, size_t n, struct err *e)
{
	const struct preset *p = preset_find(text, n);
	uint32_t v[FIELDS];

	if (p) {
		*t = p->topo;
		return 0;
	}
	if (preset_shape(t, text, n))
		return 0;
	if (!short_name(text, n, v) && numbers(v, text, n, e) < 0)
		return -1;
	*t = (struct topology){ .nodes = v[0], .llcs = v[1], .cores = v[2], .threads = v[3] };
	return 0;
}

static int check_counts(const struct topology *t, const char *text, struct err *e)
{
	if (!t->nodes || !t->llcs || !t->cores || !t->threads)
		return err_set(e, X_USAGE, "invalid topology '%s': all values must be >= 1", text);
	if (t->nodes > TOPO_MAX_NODES)
		return err_set(e, X_USAGE, "invalid topology '%s': %u NUMA nodes, at most %u are possible", text,
			       t->nodes, TOPO_MAX_NODES);
	/* Each factor is bounded before it is multiplied. */
	if (t->llcs > TOPO_MAX_CPUS || t->cores > TOPO_MAX_CPUS || t->threads > TOPO_MAX_CPUS ||
	    t->llcs * t->cores > TOPO_MAX_CPUS || topology_cpus(t) > TOPO_MAX_CPUS)
		return err_set(e, X_USAGE, "invalid topology '%s': more than %u CPUs", text, TOPO_MAX_CPUS);
	return 0;
}

/* ---- what is not alike */

struct part {
	const char *name, *list; /* n characters of numbers and commas */
	size_t n;
	const char *text; /* the whole topology, for messages */
};

/* Exactly count numbers from min to max. */
static int list(const struct part *p, uint32_t *v, size_t count, uint32_t min, uint32_t max, struct err *e)
{
	const char *field = p->list, *end = p->list + p->n;
	size_t fields = 1;

	for (size_t i = 0; i < p->n; i++)
		fields += p->list[i] == ',';
	if (fields != count)
		return err_set(e, X_USAGE, "invalid topology '%s': %s= has %zu numbers, its nodes need %zu", p->text,
			       p->name, fields, count);
	for (size_t i = 0; i < count; i++) {
		const char *comma = memchr(field, ',', (size_t)(end - field));
		size_t len = (size_t)((comma ? comma : end) - field);

		if (!number(field, len, &v[i]))
			return err_set(e, X_USAGE, "invalid %s value: '%.*s'", p->name, (int)len, field);
		if (v[i] < min)
			return err_set(e, X_USAGE, "invalid topology '%s': %s values must be >= %u", p->text, p->name,
				       min);
		if (v[i] > max)
			return err_set(e, X_USAGE, "invalid topology '%s': %s values must be <= %u", p->text, p->name,
				       max);
		field += len + 1;
	}
	return 0;
}

static int part_llcs(struct topology *t, const struct part *p, struct err *e)
{
	uint32_t v[TOPO_MAX_NODES], sum = 0;
	bool alike = true;

	if (list(p, v, t->nodes, 1, TOPO_MAX_CPUS, e) < 0)
		return -1;
	for (unsigned i = 0; i < t->nodes; i++) {
		sum += v[i];
		alike &= v[i] == v[0];
	}
	if (sum != t->llcs)
		return err_set(e, X_USAGE, "invalid topology '%s': the nodes have %u LLCs together, not %u", p->text,
			       sum, t->llcs);
	for (unsigned i = 0; i < t->nodes && !alike; i++)
		t->node_llcs[i] = v[i];
	return 0;
}

static int part_mem(struct topology *t, const struct part *p, struct err *e)
{
	return list(p, t->node_mb, t->nodes, TOPO_NODE_MB_MIN, TOPO_MEMORY_MB_MAX / TOPO_MAX_NODES, e);
}

/* Linux believes no distance of a table that has 10 between two nodes, or something else within one; 255 means that
 * there is no way. */
static int part_dist(struct topology *t, const struct part *p, struct err *e)
{
	uint32_t v[TOPO_MAX_NODES * TOPO_MAX_NODES];
	bool usual = true;

	if (list(p, v, (size_t)t->nodes * t->nodes, LOCAL, DISTANCE_MAX, e) < 0)
		return -1;
	for (unsigned i = 0; i < t->nodes * t->nodes; i++) {
		unsigned from = i / t->nodes, to = i % t->nodes;

		if (from == to && v[i] != LOCAL)
			return err_set(e, X_USAGE,
				       "invalid topology '%s': the distance of node %u to itself must be %d", p->text,
				       from, LOCAL);
		if (from != to && v[i] == LOCAL)
			return err_set(e, X_USAGE,
				       "invalid topology '%s': the distance of node %u to node %u must be > %d",
				       p->text, from, to, LOCAL);
		usual &= from == to || v[i] == REMOTE;
	}
	for (unsigned i = 0; i < t->nodes * t->nodes && !usual; i++)
		t->distance[i / t->nodes][i % t->nodes] = (unsigned char)v[i];
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct topology *t, const struct part *p, struct err *e);
} parts[] = { { "llcs", part_llcs }, { "mem", part_mem }, { "dist", part_dist } };

/* One "/name=list", without the slash. */
static int part(struct topology *t, const char *s, size_t n, const char *text, unsigned *seen, struct err *e)
{
	for (unsigned i = 0; i < countof(parts); i++) {
		size_t len = strlen(parts[i].name);

		if (n <= len || memcmp(s, parts[i].name, len) != 0 || s[len] != '=')
			continue;
		struct part p = { .name = parts[i].name, .list = s + len + 1, .n = n - len - 1, .text = text };

		if (*seen & 1u << i)
			return err_set(e, X_USAGE, "invalid topology '%s': %s= twice", text, p.name);
		*seen |= 1u << i;
		return parts[i].set(t, &p, e);
	}
	return err_set(e, X_USAGE, "invalid topology '%s': '%.*s' is none of llcs=, mem= and dist=", text, (int)n, s);
}

int topology_parse(struct topology *t, const char *text, struct err *e)
{
	size_t n = strcspn(text, "/");
	struct topology parsed;
	unsigned seen = 0;

	if (counts(&parsed, text, n, e) < 0 || check_counts(&parsed, text, e) < 0)
		return -1;
	for (const char *s = text + n; *s; s += n) {
		n = strcspn(++s, "/");
		if (part(&parsed, s, n, text, &seen, e) < 0)
			return -1;
	}
	if (!(seen & 1) && parsed.llcs % parsed.nodes)
		return err_set(e, X_USAGE, "invalid topology '%s': llcs (%u) must be divisible by numa_nodes (%u)",
			       text, parsed.llcs, parsed.nodes);
	*t = parsed;
	return 0;
}

/* ---- writing */

static void write_list(FILE *f, const char *name, const unsigned *v, unsigned n)
{
	if (!v[0])
		return;
	fprintf(f, "/%s=", name);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "%s%u", i ? "," : "", v[i]);
}

static void write_parts(FILE *f, const struct topology *t)
{
	write_list(f, "llcs", t->node_llcs, t->nodes);
	write_list(f, "mem", t->node_mb, t->nodes);
	if (!t->distance[0][0])
		return;
	fputs("/dist=", f);
	for (unsigned i = 0; i < t->nodes * t->nodes; i++)
		fprintf(f, "%s%u", i ? "," : "", t->distance[i / t->nodes][i % t->nodes]);
}

void topology_write(FILE *f, const struct topology *t)
{
	fprintf(f, "%u,%u,%u,%u", t->nodes, t->llcs, t->cores, t->threads);
	write_parts(f, t);
}

char *topology_name(const struct topology *t)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fprintf(f, "%un%ul%uc%ut", t->nodes, t->llcs, t->cores, t->threads);
	write_parts(f, t);
	fclose(f);
	return text;
}

/* ---- what follows from it */

unsigned topology_cpus(const struct topology *t)
{
	return t->llcs * t->cores * t->threads;
}

bool topology_even(const struct topology *t)
{
	return !t->node_llcs[0];
}

unsigned topology_node_llcs(const struct topology *t, unsigned node)
{
	return topology_even(t) ? t->llcs / t->nodes : t->node_llcs[node];
}

unsigned topology_node_of(const struct topology *t, unsigned llc)
{
	unsigned node = 0;

	while (node + 1 < t->nodes && llc >= topology_node_llcs(t, node))
		llc -= topology_node_llcs(t, node++);
	return node;
}

unsigned topology_distance(const struct topology *t, unsigned from, unsigned to)
{
	if (t->distance[0][0])
		return t->distance[from][to];
	return from == to ? LOCAL : REMOTE;
}

unsigned topology_memory_mb(const struct topology *t)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < t->nodes; i++)
		sum += t->node_mb[i];
	return sum;
}

unsigned topology_node_mb(const struct topology *t, unsigned memory_mb, unsigned node)
{
	if (t->node_mb[0])
		return t->node_mb[node];
	return memory_mb / t->nodes + (node + 1 == t->nodes ? memory_mb % t->nodes : 0);
}

unsigned topology_sockets(const struct topology *t)
{
	return topology_even(t) ? t->nodes : 1;
}

unsigned topology_dies(const struct topology *t)
{
	return t->llcs / topology_sockets(t);
}

static unsigned bits(unsigned n)
{
	unsigned b = 0;

	while (b < 32 && (1ull << b) < n)
		b++;
	return b;
}

unsigned topology_last_apic_id(const struct topology *t)
{
	unsigned dies = topology_dies(t);
	unsigned core = bits(t->threads), die = core + bits(t->cores), socket = die + bits(dies);

	return (topology_sockets(t) - 1) << socket | (dies - 1) << die | (t->cores - 1) << core | (t->threads - 1);
}

int topology_check_memory(const struct topology *t, unsigned memory_mb, struct err *e)
{
	auto_free char *name = topology_name(t);
	unsigned said = topology_memory_mb(t);

	if (said && said != memory_mb)
		return err_set(e, X_USAGE, "topology %s: its nodes have %u MB together, not %u", name, said, memory_mb);
	if (memory_mb / t->nodes < TOPO_NODE_MB_MIN && !said)
		return err_set(e, X_USAGE, "topology %s: %u MB are too little memory, each node needs %u MB", name,
			       memory_mb, TOPO_NODE_MB_MIN);
	return 0;
}
