/* topo.c: which CPUs share what, as sysfs shows it to a scheduler; for HELLO.
 *
 * A file of sysfs costs an emulated CPU some 50 us, so only one CPU of each group is asked. */
#include "guest/init/topo.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/mounts.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_DIR "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"

enum { CPUS = 1024, NODES = 64, LIST = 4096, CACHES = 5 };

/* Next range of a list such as "0-3,8"; false at its end. */
static bool range(const char **p, unsigned long *from, unsigned long *to)
{
	char *end;

	*from = *to = strtoul(*p, &end, 10);
	if (end == *p)
		return false;
	if (*end == '-')
		*to = strtoul(end + 1, &end, 10);
	*p = *end == ',' ? end + 1 : end;
	return *to < CPUS;
}

static void mark(bool *set, const char *list)
{
	unsigned long from, to;

	while (range(&list, &from, &to))
		for (; from <= to; from++)
			set[from] = true;
}

/* List of the CPUs that share FILE of this one with it. */
static bool sharing(unsigned cpu, const char *file, char *list)
{
	char path[128];

	snprintf(path, sizeof path, CPU_DIR "/cpu%u/%s", cpu, file);
	return slurp(path, list, LIST) == 0;
}

/* Caches are listed from the nearest to the farthest. */
static bool sharing_llc(unsigned cpu, char *list)
{
	static unsigned last = CACHES;
	char file[64];

	for (unsigned i = last; i-- > 0;) {
		snprintf(file, sizeof file, "cache/index%u/shared_cpu_list", i);
		if (!sharing(cpu, file, list))
			continue;
		last = i + 1;
		return true;
	}
	return false;
}

/* "key list list …"; nothing when this kernel does not say. file NULL: the last level of cache. */
static void groups(FILE *f, const char *key, const char *file, const bool *online)
{
	bool done[CPUS] = { false };
	bool any = false;
	static char list[LIST];

	for (unsigned i = 0; i < CPUS; i++) {
		if (!online[i] || done[i] || !(file ? sharing(i, file, list) : sharing_llc(i, list)) || !*list)
			continue;
		fprintf(f, "%s %s", any ? "" : key, list);
		mark(done, list);
		done[i] = any = true;
	}
	if (any)
		fputc('\n', f);
}

/* "node 0 0-3 470184 10 20": its number, CPUs, KiB, and distances; "-": no CPUs. */
static void node(FILE *f, unsigned n)
{
	static char text[LIST];
	char path[128];
	const char *total;

	snprintf(path, sizeof path, NODE_DIR "/node%u/cpulist", n);
	if (slurp(path, text, sizeof text) < 0)
		return;
	fprintf(f, "node %u %s", n, *text ? text : "-");
	snprintf(path, sizeof path, NODE_DIR "/node%u/meminfo", n);
	total = slurp(path, text, sizeof text) == 0 ? strstr(text, "MemTotal:") : NULL;
	fprintf(f, " %lu", total ? strtoul(total + 9, NULL, 10) : 0);
	snprintf(path, sizeof path, NODE_DIR "/node%u/distance", n);
	if (slurp(path, text, sizeof text) == 0)
		fprintf(f, " %s", text);
	fputc('\n', f);
}

void topo_write(FILE *f)
{
	static bool online[CPUS];
	bool nodes[CPUS] = { false };
	static char list[LIST];

	if (slurp(CPU_DIR "/online", list, sizeof list) < 0)
		return;
	fprintf(f, "cpus %s\n", list);
	mark(online, list);
	groups(f, "packages", "topology/package_cpus_list", online);
	groups(f, "dies", "topology/die_cpus_list", online);
	groups(f, "llcs", NULL, online);
	groups(f, "cores", "topology/core_cpus_list", online);
	if (slurp(NODE_DIR "/online", list, sizeof list) == 0)
		mark(nodes, list);
	for (unsigned i = 0; i < NODES; i++)
		if (nodes[i])
			node(f, i);
}
