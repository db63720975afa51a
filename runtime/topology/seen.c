/* seen.c: what a guest says it sees, and the first thing that is not as it was asked for. */
#include "topology/seen.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { NODE_KB_MAX = 1 << 30, DISTANCE_MAX = 255 };

static const struct {
	const char *key, *one, *many;
} levels[SEEN_LEVELS] = {
	[SEEN_PACKAGE] = { "packages", "package", "packages" },
	[SEEN_DIE] = { "dies", "die", "dies" },
	[SEEN_LLC] = { "llcs", "LLC", "LLCs" },
	[SEEN_CORE] = { "cores", "core", "cores" },
	[SEEN_NODE] = { "node", "NUMA node", "NUMA nodes" },
};

/* ---- parsing */

struct span {
	const char *p, *end;
};

static bool next_line(struct span *rest, struct span *line)
{
	if (rest->p == rest->end)
		return false;
	const char *nl = memchr(rest->p, '\n', (size_t)(rest->end - rest->p));

	*line = (struct span){ rest->p, nl ? nl : rest->end };
	rest->p = nl ? nl + 1 : rest->end;
	return true;
}

/* Words are parted by one blank. */
static bool next_word(struct span *line, struct span *word)
{
	if (line->p == line->end)
		return false;
	const char *blank = memchr(line->p, ' ', (size_t)(line->end - line->p));

	*word = (struct span){ line->p, blank ? blank : line->end };
	line->p = blank ? blank + 1 : line->end;
	return true;
}

static bool same(const struct span *word, const char *text)
{
	size_t n = (size_t)(word->end - word->p);

	return strlen(text) == n && !memcmp(word->p, text, n);
}

/* Digits from s->p on; the rest stays. */
static bool number(struct span *s, unsigned long max, unsigned long *out)
{
	unsigned long v = 0;
	const char *from = s->p;

	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
		v = v * 10 + (unsigned long)(*s->p - '0');
		if (v > max)
			return false;
	}
	*out = v;
	return s->p > from;
}

static int nonsense(const char *key, const struct span *word, struct err *e)
{
	int n = (int)(word->end - word->p < 100 ? word->end - word->p : 100);

	return err_set(e, X_VM, "the guest sent a topology that cannot be: %s '%.*s'", key, n, word->p);
}

/* Puts the CPUs of "0-3,8" into a group; none may be in one already. */
static bool take(const struct span *list, unsigned char *in, unsigned char group)
{
	struct span s = *list;
	unsigned long from, to;

	for (;;) {
		if (!number(&s, TOPO_MAX_CPUS - 1, &from))
			return false;
		to = from;
		if (s.p < s.end && *s.p == '-' && (s.p++, !number(&s, TOPO_MAX_CPUS - 1, &to)))
			return false;
		if (to < from)
			return false;
		for (; from <= to; from++) {
			if (in[from])
				return false;
			in[from] = group;
		}
		if (s.p == s.end)
			return true;
		if (*s.p++ != ',')
			return false;
	}
}

static int take_cpus(struct seen *s, struct span *line, struct err *e)
{
	unsigned char in[TOPO_MAX_CPUS] = { 0 };

	if (s->cpus || !take(line, in, 1))
		return nonsense("cpus", line, e);
	for (unsigned i = 0; i < TOPO_MAX_CPUS; i++) {
		s->online[i] = in[i];
		s->cpus += in[i];
	}
	return 0;
}

static int take_groups(struct seen *s, enum seen_level l, struct span *line, struct err *e)
{
	struct span word;

	if (s->groups[l])
		return nonsense(levels[l].key, line, e);
	while (next_word(line, &word))
		if (s->groups[l] >= TOPO_MAX_CPUS || !take(&word, s->in[l], (unsigned char)++s->groups[l]))
			return nonsense(levels[l].key, &word, e);
	return 0;
}

/* Nodes come in order. */
static int take_node(struct seen *s, struct span *line, struct err *e)
{
	struct span all = *line, id = { 0 }, list = { 0 }, kb = { 0 }, word;
	unsigned n = s->groups[SEEN_NODE], i = 0;
	unsigned long v;

	if (!next_word(line, &id) || !next_word(line, &list) || !next_word(line, &kb) || n >= TOPO_MAX_NODES ||
	    !number(&id, TOPO_MAX_NODES, &v) || id.p < id.end || v != n || !number(&kb, NODE_KB_MAX, &s->node_kb[n]) ||
	    kb.p < kb.end)
		return nonsense("node", &all, e);
	if (!same(&list, "-") && !take(&list, s->in[SEEN_NODE], (unsigned char)(n + 1)))
		return nonsense("node", &all, e);
	while (next_word(line, &word)) {
		if (i >= TOPO_MAX_NODES || !number(&word, DISTANCE_MAX, &v) || word.p < word.end)
			return nonsense("node", &all, e);
		s->distance[n][i++] = (unsigned)v;
	}
	s->groups[SEEN_NODE]++;
	return 0;
}

static int parse_line(struct seen *s, struct span *line, struct err *e)
{
	struct span key;

	if (!next_word(line, &key))
		return 0;
	if (same(&key, "machine"))
		s->apic = same(line, "x86_64");
	if (same(&key, "cpus"))
		return take_cpus(s, line, e);
	for (unsigned l = 0; l < SEEN_LEVELS; l++)
		if (same(&key, levels[l].key))
			return l == SEEN_NODE ? take_node(s, line, e) : take_groups(s, (enum seen_level)l, line, e);
	return 0;
}

int seen_parse(struct seen *s, const char *text, size_t n, struct err *e)
{
	struct span rest = { text, text + n }, line;

	*s = (struct seen){ .apic = true };
	while (next_line(&rest, &line))
		if (parse_line(s, &line, e) < 0)
			return -1;
	if (!s->cpus)
		return err_set(e, X_VM, "the guest does not say which CPUs it sees");
	for (unsigned l = 0; l < SEEN_LEVELS; l++)
		for (unsigned i = 0; i < TOPO_MAX_CPUS; i++)
			if (s->in[l][i] && !s->online[i])
				return err_set(e, X_VM,
					       "the guest sent a topology that cannot be: %s have CPU %u, which "
					       "does not run",
					       levels[l].many, i);
	return 0;
}

/* ---- writing */

static void write_list(FILE *f, const unsigned char *in, unsigned char group)
{
	const char *comma = "";

	for (unsigned i = 0; i < TOPO_MAX_CPUS; i++) {
		unsigned from = i;

		if (in[i] != group)
			continue;
		while (i + 1 < TOPO_MAX_CPUS && in[i + 1] == group)
			i++;
		fprintf(f, i > from ? "%s%u-%u" : "%s%u", comma, from, i);
		comma = ",";
	}
	if (!*comma)
		fputc('-', f);
}

void seen_write(FILE *f, const struct seen *s)
{
	unsigned char in[TOPO_MAX_CPUS];

	for (unsigned i = 0; i < TOPO_MAX_CPUS; i++)
		in[i] = s->online[i];
	fputs("cpus ", f);
	write_list(f, in, 1);
	fputc('\n', f);
	for (unsigned l = 0; l < SEEN_NODE; l++) {
		if (!s->groups[l])
			continue;
		fputs(levels[l].key, f);
		for (unsigned g = 1; g <= s->groups[l]; g++) {
			fputc(' ', f);
			write_list(f, s->in[l], (unsigned char)g);
		}
		fputc('\n', f);
	}
	for (unsigned n = 0; n < s->groups[SEEN_NODE]; n++) {
		fprintf(f, "node %u ", n);
		write_list(f, s->in[SEEN_NODE], (unsigned char)(n + 1));
		fprintf(f, " %lu", s->node_kb[n]);
		for (unsigned i = 0; i < s->groups[SEEN_NODE]; i++)
			fprintf(f, " %u", s->distance[n][i]);
		fputc('\n', f);
	}
}

static void count(FILE *f, const char *before, unsigned n, enum seen_level l)
{
	if (n)
		fprintf(f, "%s%u %s", before, n, n == 1 ? levels[l].one : levels[l].many);
}

char *seen_summary(const struct seen *s)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fprintf(f, "%u CPU%s", s->cpus, s->cpus == 1 ? "" : "s");
	count(f, ", ", s->groups[SEEN_NODE], SEEN_NODE);
	count(f, ", ", s->groups[SEEN_LLC], SEEN_LLC);
	count(f, ", ", s->groups[SEEN_CORE], SEEN_CORE);
	fclose(f);
	return text;
}

/* ---- comparing */

static unsigned char wanted(const struct topology *t, enum seen_level l, unsigned cpu)
{
	unsigned llc = cpu / (t->cores * t->threads);

	switch (l) {
	case SEEN_PACKAGE:
		return (unsigned char)(topology_even(t) ? topology_node_of(t, llc) + 1 : 1);
	case SEEN_DIE:
	case SEEN_LLC:
		return (unsigned char)(llc + 1);
	case SEEN_CORE:
		return (unsigned char)(cpu / t->threads + 1);
	default:
		return (unsigned char)(topology_node_of(t, llc) + 1);
	}
}

static int count_differs(unsigned seen, unsigned want, const char *one, const char *many, const char *hint,
			 struct err *e)
{
	return err_set(e, X_VM, "guest sees %u %s where %u %s asked for%s", seen, seen == 1 ? one : many, want,
		       want == 1 ? "was" : "were", hint);
}

static char *list_of(const unsigned char *in, unsigned char group)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	if (group)
		write_list(f, in, group);
	fclose(f);
	return text;
}

/* Groups may be numbered as they like, so they are compared by who shares one with whom. */
static int check_members(const struct seen *s, enum seen_level l, const unsigned char *want, unsigned cpus,
			 struct err *e)
{
	for (unsigned i = 0; i < cpus; i++) {
		auto_free char *is = list_of(s->in[l], s->in[l][i]);
		auto_free char *was = list_of(want, want[i]);

		if (strcmp(is, was) != 0)
			return err_set(e, X_VM, "guest sees %s%s in the %s of CPU %u where %s were asked for",
				       !*is                ? "nothing"
				       : strpbrk(is, ",-") ? "CPUs "
							   : "CPU ",
				       is, levels[l].one, i, was);
	}
	return 0;
}

static int check_level(const struct seen *s, enum seen_level l, const struct topology *t, struct err *e)
{
	unsigned char want[TOPO_MAX_CPUS] = { 0 };
	unsigned cpus = topology_cpus(t), groups = 0;
	bool node = l == SEEN_NODE;

	for (unsigned i = 0; i < cpus; i++) {
		want[i] = wanted(t, l, i);
		groups = want[i];
	}
	if (s->groups[l] != groups)
		return count_differs(s->groups[l], groups, levels[l].one, levels[l].many,
				     node && !s->groups[l] ? "; its kernel needs CONFIG_NUMA" : "", e);
	return check_members(s, l, want, cpus, e);
}

/* Some processors have dies only as far as caches tell: then all of a package is one. */
static int check_dies(const struct seen *s, const struct topology *t, struct err *e)
{
	if (!s->groups[SEEN_DIE] || !memcmp(s->in[SEEN_DIE], s->in[SEEN_PACKAGE], sizeof(s->in[SEEN_DIE])))
		return 0;
	return check_level(s, SEEN_DIE, t, e);
}

static int check_nodes(const struct seen *s, const struct topology *t, unsigned memory_mb, struct err *e)
{
	for (unsigned n = 0; n < s->groups[SEEN_NODE]; n++) {
		uint64_t is = s->node_kb[n] >> 10, want = topology_node_mb(t, memory_mb, n);
		uint64_t kept = want / 8 + 96 + topology_cpus(t);

		for (unsigned i = 0; i < t->nodes; i++)
			if (s->distance[n][i] != topology_distance(t, n, i))
				return err_set(e, X_VM,
					       "guest sees distance %u from node %u to node %u where %u was asked for",
					       s->distance[n][i], n, i, topology_distance(t, n, i));
		if (is > want || is + kept < want || !s->node_kb[n])
			return err_set(e, X_VM,
				       "guest sees %" PRIu64 " MB in node %u where %" PRIu64 " MB were asked for", is,
				       n, want);
	}
	return 0;
}

int seen_check(const struct seen *s, const struct topology *t, unsigned memory_mb, struct err *e)
{
	static const char x2apic[] =
		"; for APIC ids past 254 its kernel needs CONFIG_X86_X2APIC, CONFIG_INTEL_IOMMU and "
		"CONFIG_IRQ_REMAP";
	static const enum seen_level exact[] = { SEEN_LLC, SEEN_CORE, SEEN_PACKAGE };
	unsigned cpus = topology_cpus(t);

	if (s->cpus != cpus)
		return count_differs(s->cpus, cpus, "CPU", "CPUs",
				     s->apic && topology_last_apic_id(t) > TOPO_XAPIC_LAST ? x2apic : "", e);
	if ((s->groups[SEEN_NODE] || t->nodes > 1) && check_level(s, SEEN_NODE, t, e) < 0)
		return -1;
	for (size_t i = 0; i < countof(exact); i++)
		if (check_level(s, exact[i], t, e) < 0)
			return -1;
	if (check_dies(s, t, e) < 0)
		return -1;
	return check_nodes(s, t, memory_mb, e);
}
