#include "coverage/coverage.h"

#include <string.h>

#include "base/err.h"
#include "engine/worker/counters.h"
#include "json/scan.h"

enum { VALUES_MAX = 8000000 /* of a run */ };

static const struct counters *own(void)
{
	static struct counters c;
	static bool asked;

	if (!asked && !counters_here(&c))
		c.n = 0;
	asked = true;
	return &c;
}

bool coverage_wanted(void)
{
	return own()->n > 0;
}

static int number(struct json_scan *s, uint64_t *to)
{
	struct json_text t;

	if (json_scan_kind(s) != JSON_NUMBER)
		return err_set(s->e, X_VM, "something else than a number");
	return json_scan_text(s, &t) < 0 || json_text_u64(t, to, s->e) < 0 ? -1 : 0;
}

static void add(size_t i, uint64_t times)
{
	uint64_t *counter = (uint64_t *)own()->at + i;

	if (__builtin_add_overflow(*counter, times, counter))
		*counter = UINT64_MAX;
}

/* Pairs of a counter and how often it counted. */
static int read_ran(struct json_scan *s)
{
	uint64_t i, times, next = 0;
	int more;

	if (json_scan_kind(s) != JSON_ARRAY)
		return err_set(s->e, X_VM, "no list");
	if (json_scan_enter(s) < 0)
		return -1;
	while ((more = json_scan_next(s, NULL)) > 0) {
		if (number(s, &i) < 0 || (more = json_scan_next(s, NULL)) < 0)
			return -1;
		if (!more || number(s, &times) < 0)
			return more ? -1 : err_set(s->e, X_VM, "half a pair");
		if (i < next || i >= own()->n)
			return err_set(s->e, X_VM, "a counter that cannot be there");
		next = i + 1;
		add(i, times);
	}
	return more;
}

static bool is(struct json_text key, const char *name)
{
	return !key.escaped && key.n == strlen(name) && !memcmp(key.s, name, key.n);
}

static int read_coverage(struct json_scan *s)
{
	struct json_text key;
	uint64_t n;
	int more;

	if (json_scan_kind(s) != JSON_OBJECT)
		return err_set(s->e, X_VM, "no object");
	if (json_scan_enter(s) < 0)
		return -1;
	while ((more = json_scan_next(s, &key)) > 0) {
		if (is(key, "ran")) {
			if (read_ran(s) < 0)
				return -1;
		} else if (is(key, "counters")) {
			if (number(s, &n) < 0)
				return -1;
			if (n != own()->n)
				return err_set(s->e, X_VM, "another number of counters than this program has");
		} else if (json_scan_skip(s) < 0) {
			return -1;
		}
	}
	return more;
}

static int read_run(struct json_scan *s)
{
	struct json_text key;
	int more;

	if (json_scan_kind(s) != JSON_OBJECT)
		return err_set(s->e, X_VM, "it is no object");
	if (json_scan_enter(s) < 0)
		return -1;
	while ((more = json_scan_next(s, &key)) > 0) {
		if (!is(key, "coverage") ? json_scan_skip(s) < 0 : read_coverage(s) < 0)
			return -1;
	}
	return more;
}

int coverage_add(const char *run, size_t n, struct err *e)
{
	auto_json_keys struct json_keys keys = { 0 };
	struct json_scan s;

	json_scan_init(&s, run, n, VALUES_MAX, &keys, e);
	return read_run(&s) < 0 ? err_as(e, X_VM, "coverage") : 0;
}
