#include "scenario/need.h"
#include "scenario/fault.h"
#include "scenario/number.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

#include <string.h>

static const char *const counted[] = { "cpus", "llcs", "nodes" };
enum { COUNTED = sizeof counted / sizeof *counted, PARTS = 3, NUMBER_MAX = 1000000 };
#define FORMS \
	"cpus:4, cpus:4..64, llcs:2, nodes:2, numa, smt, 6.13.., CONFIG_X=y or the name of a function of the kernel"

static const struct {
	enum plan_knob knob;
	const char *what, *config;
} controllers[] = {
	{ KNOB_CPUSET | KNOB_MEMS, "cpusets", "CONFIG_CPUSETS=y" },
	{ KNOB_WEIGHT | KNOB_IDLE, "weights", "CONFIG_CGROUP_SCHED=y" },
	{ KNOB_MAX, "quotas", "CONFIG_CFS_BANDWIDTH=y" },
	{ KNOB_PIDS, "limits of pids", "CONFIG_CGROUP_PIDS=y" },
};

/* The index in counted, or COUNTED. */
static unsigned kind_of(const char *text, size_t *n)
{
	unsigned i = 0;

	*n = strcspn(text, ":");
	while (i < COUNTED && (strlen(counted[i]) != *n || memcmp(counted[i], text, *n) != 0 || !text[*n]))
		i++;
	return i;
}

static bool read_range(const char *text, const char *what, uint64_t *from, uint64_t *to, struct scenario_error *e)
{
	const char *dots = strstr(text, "..");
	size_t n = dots ? (size_t)(dots - text) : strlen(text);

	*to = CPUS_MAX;
	if (!number_parse(text, n, what, 1, CPUS_MAX, from, e))
		return false;
	if (!dots || !dots[2])
		return true;
	if (number_parse(dots + 2, strlen(dots + 2), what, *from, CPUS_MAX, to, e))
		return true;
	e->column += (unsigned)n + 2;
	return false;
}

/* "6.12", "6.12.5" at the start of text: how many numbers; 0: there is no version here. */
static unsigned read_version(const char **text, unsigned v[PARTS])
{
	const char *p = *text;
	unsigned n = 0;

	for (;; p++) {
		if (*p < '0' || *p > '9')
			break;
		for (v[n] = 0; *p >= '0' && *p <= '9'; p++) {
			v[n] = v[n] * 10 + (unsigned)(*p - '0');
			if (v[n] > NUMBER_MAX)
				return 0;
		}
		n++;
		*text = p;
		if (*p != '.' || n == PARTS)
			break;
	}
	return n < 2 ? 0 : n;
}

/* "A..B", either of them left out: as many numbers as each has, 0 for one that is not there. */
static bool read_versions(const char *text, unsigned from[PARTS], unsigned *n_from, unsigned to[PARTS], unsigned *n_to)
{
	const char *p = text;

	*n_from = read_version(&p, from);
	*n_to = 0;
	if (strncmp(p, "..", 2) != 0 || (!*n_from && p != text))
		return false;
	p += 2;
	if (*p)
		*n_to = read_version(&p, to);
	return !*p && (*n_from || *n_to);
}

static int compare(const unsigned *a, const unsigned *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

static bool is_config(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return !strncmp(text, "CONFIG_", 7) && n > 7 && text[n] == '=' && text[n + 1];
}

static bool is_function(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return n && !text[n] && (*text < '0' || *text > '9') && strncmp(text, "CONFIG_", 7) != 0;
}

bool need_check(const char *text, struct scenario_error *e)
{
	unsigned a[PARTS], b[PARTS], n, m;
	uint64_t from, to;
	size_t len;
	unsigned kind = kind_of(text, &len);

	if (kind < COUNTED) {
		if (read_range(text + len + 1, counted[kind], &from, &to, e))
			return true;
		e->column += (unsigned)len + 1;
		return fault_tip(e, "for example cpus:4 (at least) or cpus:4..64");
	}
	if (read_versions(text, a, &n, b, &m) || is_config(text) || is_function(text))
		return true;
	fault_bad(e, 1, "\"%s\" is nothing that can be needed", text);
	return fault_tip(e, FORMS);
}

bool need_places(const char *text, const struct places *p, struct scenario_error *e)
{
	uint64_t from, to;
	unsigned has, kind;
	size_t len;

	if (!strcmp(text, "smt"))
		return p->threads > 1 || fault_skip(e, "needs cores of several threads; this topology has none");
	if (!strcmp(text, "numa"))
		return p->nodes > 1 || fault_skip(e, "needs several NUMA nodes; this topology has one");
	kind = kind_of(text, &len);
	if (kind == COUNTED)
		return true;
	if (!read_range(text + len + 1, counted[kind], &from, &to, e))
		return false;
	has = kind == 0 ? p->cpus : kind == 1 ? p->llcs : p->nodes;
	if (has < from)
		return fault_skip(e, "needs %u %s; this topology has %u", (unsigned)from, counted[kind], has);
	return has <= to ||
	       fault_skip(e, "needs at most %u %s; this topology has %u", (unsigned)to, counted[kind], has);
}

static bool of_version(const char *text, const char *release, struct scenario_error *e)
{
	unsigned from[PARTS], to[PARTS], is[PARTS] = { 0 }, n_from, n_to;
	const char *p = release;

	if (!read_versions(text, from, &n_from, to, &n_to))
		return true;
	if (!read_version(&p, is))
		return fault_skip(e, "needs kernel %s; \"%s\" has no version", text, release);
	if ((n_from && compare(is, from, n_from) < 0) || (n_to && compare(is, to, n_to) > 0))
		return fault_skip(e, "needs kernel %s; this is %s", text, release);
	return true;
}

/* Whether a line of it says so, or for "…=n" no line says anything else. */
static bool configured(const char *want, const char *config, size_t n)
{
	size_t len = strlen(want), name = strcspn(want, "=") + 1;
	bool off = !strcmp(want + name, "n");
	const char *end = config + n;

	for (const char *line = config; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		if (!stop)
			stop = end;
		if (off && (size_t)(stop - line) > name && !memcmp(line, want, name))
			return stop - line == (ptrdiff_t)len && line[name] == 'n';
		if (!off && (size_t)(stop - line) == len && !memcmp(line, want, len))
			return true;
		line = stop + 1;
	}
	return off;
}

static bool of_kernel(const char *text, const struct need_kernel *k, struct scenario_error *e)
{
	size_t len;

	if (is_config(text))
		return !k->config || configured(text, k->config, k->config_n) ||
		       fault_skip(e, "needs %s, which this kernel's configuration has not", text);
	if (!strcmp(text, "smt") || !strcmp(text, "numa") || kind_of(text, &len) < COUNTED)
		return true;
	if (is_function(text))
		return !k->has_function || k->has_function(k->arg, text) ||
		       fault_skip(e, "needs the function %s, which this kernel has not", text);
	return !k->release || of_version(text, k->release, e);
}

bool need_of_kernel(const struct scenario *s, const struct scenario_plan *plan, const struct need_kernel *k,
		    struct scenario_error *e)
{
	*e = (struct scenario_error){ 0 };
	for (size_t i = 0; i < s->needs.n; i++) {
		if (of_kernel(s->needs.at[i].text, k, e))
			continue;
		e->line = s->needs.at[i].line;
		e->column = s->needs.at[i].column;
		return false;
	}
	for (size_t i = 0; k->config && i < sizeof controllers / sizeof *controllers; i++) {
		if (plan->controllers & controllers[i].knob &&
		    !configured(controllers[i].config, k->config, k->config_n))
			return fault_skip(e, "uses %s of cgroups, for which this kernel lacks %s", controllers[i].what,
					  controllers[i].config);
	}
	if (!k->config)
		return true;
	if (plan->hotplug && !configured("CONFIG_HOTPLUG_CPU=y", k->config, k->config_n))
		return fault_skip(e, "takes CPUs offline, for which this kernel lacks CONFIG_HOTPLUG_CPU=y");
	if (plan->psi && !configured("CONFIG_PSI=y", k->config, k->config_n))
		return fault_skip(e, "uses pressure stall information, for which this kernel lacks CONFIG_PSI=y");
	if (plan->freezer && !configured("CONFIG_HIBERNATION_SNAPSHOT_DEV=y", k->config, k->config_n) &&
	    !configured("CONFIG_PM_DEBUG=y", k->config, k->config_n))
		return fault_skip(
			e, "freezes all tasks, for which this kernel lacks CONFIG_HIBERNATION_SNAPSHOT_DEV=y and "
			   "CONFIG_PM_DEBUG=y");
	return true;
}
