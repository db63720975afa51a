#include "scenario/fault.h"
#include "scenario/number.h"
#include "scenario/text/parsing.h"
#include "scenario/places.h"

#include <string.h>

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

bool need_check(const char *text, const struct places *p, struct scenario_error *e)
{
	static const char *const kinds[] = { "cpus", "llcs", "nodes" };
	size_t n = strcspn(text, ":");
	uint64_t from, to;
	unsigned has;

	if (!strcmp(text, "smt"))
		return !p || p->threads > 1 || fault_skip(e, "needs cores of several threads; this topology has none");
	if (!strcmp(text, "numa"))
		return !p || p->nodes > 1 || fault_skip(e, "needs several NUMA nodes; this topology has one");
	for (unsigned i = 0; i < 3; i++) {
		if (strlen(kinds[i]) != n || memcmp(kinds[i], text, n) != 0 || !text[n])
			continue;
		if (!read_range(text + n + 1, kinds[i], &from, &to, e)) {
			e->column += (unsigned)n + 1;
			return fault_tip(e, "for example cpus:4 (at least) or cpus:4..64");
		}
		has = !p ? 0 : i == 0 ? p->cpus : i == 1 ? p->llcs : p->nodes;
		if (!p || (has >= from && has <= to))
			return true;
		return fault_skip(e, "needs %s %s%llu; this topology has %u", kinds[i], has < from ? "from " : "up to ",
				  (unsigned long long)(has < from ? from : to), has);
	}
	return true;
}
