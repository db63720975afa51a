#include "host/hostcpu.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

enum { TEXT_MAX = 64 << 10, CACHES_MAX = 8, NODES_MAX = 1024 };

/* NULL when it is not there. Caller frees. */
static char *slurp(const char *root, const char *path)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	struct err ignored;
	char *text = NULL;

	if (file_read(AT_FDCWD, full, TEXT_MAX, &text, NULL, &ignored) != 0)
		return NULL;
	text[strcspn(text, "\n")] = 0;
	return text;
}

static char *slurp_cpu(const char *root, unsigned cpu, const char *what)
{
	auto_free char *path = xasprintf("/sys/devices/system/cpu/cpu%u/%s", cpu, what);

	return slurp(root, path);
}

/* Marks the CPUs of "0-3,8". false: no such list, or one with CPUs we cannot count to. */
static bool cpu_list(const char *list, bool set[HOST_MAX_CPUS])
{
	unsigned long from, to;
	char *end;

	while (*list) {
		if (*list < '0' || *list > '9')
			return false;
		from = to = strtoul(list, &end, 10);
		if (*end == '-') {
			list = end + 1;
			to = *list >= '0' && *list <= '9' ? strtoul(list, &end, 10) : HOST_MAX_CPUS;
		}
		if (to < from || to >= HOST_MAX_CPUS || (*end && *end != ','))
			return false;
		for (; from <= to; from++)
			set[from] = true;
		list = *end == ',' ? end + 1 : end;
	}
	return true;
}

/* Lowest CPU of the list in a file of this CPU, or none. */
static bool lowest(const char *root, unsigned cpu, const char *what, unsigned *out)
{
	auto_free char *text = slurp_cpu(root, cpu, what);
	unsigned long v = text && *text >= '0' && *text <= '9' ? strtoul(text, NULL, 10) : HOST_MAX_CPUS;

	if (v >= HOST_MAX_CPUS)
		return false;
	*out = (unsigned)v;
	return true;
}

/* Lowest CPU of the cache with the highest level, else of the socket, else of the machine. */
static unsigned cache_of(const char *root, unsigned cpu)
{
	unsigned first = 0, last_level = 0;

	for (unsigned i = 0; i < CACHES_MAX; i++) {
		auto_free char *level_file = xasprintf("cache/index%u/level", i);
		auto_free char *list_file = xasprintf("cache/index%u/shared_cpu_list", i);
		auto_free char *text = slurp_cpu(root, cpu, level_file);
		unsigned level = text ? (unsigned)strtoul(text, NULL, 10) : 0, low;

		if (level > last_level && lowest(root, cpu, list_file, &low)) {
			last_level = level;
			first = low;
		}
	}
	if (!last_level && !lowest(root, cpu, "topology/package_cpus_list", &first))
		(void)lowest(root, cpu, "topology/core_siblings_list", &first); /* else they are one */
	return first;
}

static unsigned core_of(const char *root, unsigned cpu)
{
	unsigned first = cpu;

	if (!lowest(root, cpu, "topology/core_cpus_list", &first))
		(void)lowest(root, cpu, "topology/thread_siblings_list", &first); /* else it is alone */
	return first;
}

/* Writes the node of each CPU; the number of nodes with CPUs. */
static unsigned read_nodes(const char *root, unsigned node[HOST_MAX_CPUS])
{
	auto_free char *list = slurp(root, "/sys/devices/system/node/online");
	auto_free bool *online = xcalloc(HOST_MAX_CPUS, sizeof(*online));
	unsigned nodes = 0;

	if (!list || !cpu_list(list, online))
		return 1;
	for (unsigned n = 0; n < NODES_MAX; n++) {
		auto_free char *path = xasprintf("/sys/devices/system/node/node%u/cpulist", n);
		auto_free bool *in = xcalloc(HOST_MAX_CPUS, sizeof(*in));
		auto_free char *cpus = online[n] ? slurp(root, path) : NULL;

		if (!cpus || !*cpus || !cpu_list(cpus, in))
			continue;
		nodes++;
		for (unsigned i = 0; i < HOST_MAX_CPUS; i++)
			node[i] = in[i] ? n : node[i];
	}
	return nodes ? nodes : 1;
}

int host_cpus_read(struct host_cpus *h, const char *root, struct err *e)
{
	auto_free char *list = slurp(root, "/sys/devices/system/cpu/online");
	auto_free bool *online = xcalloc(HOST_MAX_CPUS, sizeof(*online));
	auto_free unsigned *node = xcalloc(HOST_MAX_CPUS, sizeof(*node));
	auto_free unsigned *llc = xcalloc(HOST_MAX_CPUS, sizeof(*llc)); /* by its lowest CPU; counted from 1 */
	struct host_cpus out = { 0 };

	if (!list || !*list || !cpu_list(list, online))
		return err_set(e, X_FAIL, "%s/sys/devices/system/cpu/online does not say which CPUs this host has",
			       root);
	out.nodes = read_nodes(root, node);
	out.v = xcalloc(HOST_MAX_CPUS, sizeof(*out.v));
	for (unsigned i = 0; i < HOST_MAX_CPUS; i++) {
		if (!online[i])
			continue;
		unsigned first = cache_of(root, i);

		if (!llc[first])
			llc[first] = ++out.llcs;
		out.v[out.n++] = (struct host_cpu){
			.id = i, .llc = llc[first] - 1, .core = core_of(root, i), .node = node[i], .allowed = true
		};
	}
	*h = out;
	return 0;
}

int host_cpus_ours(struct host_cpus *h, struct err *e)
{
	size_t size = CPU_ALLOC_SIZE(HOST_MAX_CPUS);
	auto_free cpu_set_t *set = xcalloc(1, size);

	if (sched_getaffinity(0, size, set) < 0)
		return err_sys(e, "sched_getaffinity");
	for (unsigned i = 0; i < h->n; i++)
		h->v[i].allowed = CPU_ISSET_S(h->v[i].id, size, set);
	return 0;
}

unsigned host_cpus_allowed(const struct host_cpus *h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->n; i++)
		n += h->v[i].allowed;
	return n;
}

void host_cpus_free(struct host_cpus *h)
{
	free(h->v);
	*h = (struct host_cpus){ 0 };
}

static unsigned long number(const char *root, const char *path)
{
	auto_free char *text = slurp(root, path);

	return text ? strtoul(text, NULL, 10) : 0;
}

unsigned long host_huge_free(const char *root, int node)
{
	static const char pool[] = "hugepages/hugepages-2048kB";
	auto_free char *dir = node < 0 ? xasprintf("/sys/kernel/mm/%s", pool)
				       : xasprintf("/sys/devices/system/node/node%d/%s", node, pool);
	auto_free char *free_file = xasprintf("%s/free_hugepages", dir);
	auto_free char *resv_file = xasprintf("%s/resv_hugepages", dir);
	unsigned long available = number(root, free_file), reserved = number(root, resv_file);

	return available > reserved ? available - reserved : 0;
}

unsigned host_running(const char *root)
{
	auto_free char *path = xasprintf("%s/proc/loadavg", root), *text = NULL;
	unsigned running = 0;
	struct err ignored;

	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, NULL, &ignored) != 0 ||
	    sscanf(text, "%*s %*s %*s %u/", &running) != 1)
		return 0;
	return running;
}

char *host_clock(const char *root)
{
	return slurp(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource");
}
