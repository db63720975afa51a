#include "host/kvmstats.h"

#include <string.h>

#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"
#include "topology/topology.h"

enum { COUNTERS_MAX = 512 };

/* The kernel's names are of this kind, and tables and other programs rely on it. */
static bool good_name(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t n = strlen(name);

	return n && n < sizeof(((struct kvm_stat *)0)->name) && strspn(name, good) == n;
}

static const struct kvm_stat *find(const struct kvm_vcpu *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->v[i].name, name))
			return &c->v[i];
	return NULL;
}

/* name: the caller's. Room for it is there. */
static int add(struct kvm_vcpu *c, const char *name, uint64_t value, struct err *e)
{
	if (!good_name(name))
		return err_set(e, X_FAIL, "'%.80s' is not the name of a counter", name);
	if (find(c, name))
		return err_set(e, X_FAIL, "counter %s is there twice", name);
	strcpy(c->v[c->n].name, name);
	c->v[c->n++].value = value;
	return 0;
}

static int room(struct kvm_vcpu *c, int n, struct err *e)
{
	if (n > COUNTERS_MAX)
		return err_set(e, X_FAIL, "%d counters; at most %d can be meant", n, COUNTERS_MAX);
	c->v = xcalloc((size_t)n + 1, sizeof(*c->v));
	return 0;
}

enum { HISTOGRAM = 1 };

static int scalar(const struct json *j, int tok, uint64_t *value, struct err *e)
{
	bool yes = false;
	int r;

	switch (json_kind(j, tok)) {
	case JSON_ARRAY:
		return HISTOGRAM;
	case JSON_BOOL:
		r = json_bool(j, tok, &yes, e);
		*value = yes;
		return r;
	default:
		return json_u64(j, tok, value, e) == 0 ? 0 : err_set(e, X_FAIL, "no number");
	}
}

/* {"name": …, "value": …} of QEMU. */
static int answered_counter(struct kvm_vcpu *c, const struct json *j, int obj, struct err *e)
{
	auto_free char *name = NULL;
	uint64_t value = 0;
	int tok = json_get(j, obj, "value");

	if (json_kind(j, obj) != JSON_OBJECT || tok < 0 || json_str(j, json_get(j, obj, "name"), &name, e) != 0)
		return err_set(e, X_FAIL, "a counter without name or value");
	int r = scalar(j, tok, &value, e);

	if (r != 0)
		return r == HISTOGRAM ? 0 : err_in(e, "%.80s", name);
	return add(c, name, value, e);
}

static int answered_vcpu(struct kvm_vcpu *c, const struct json *j, int obj, struct err *e)
{
	int arr = json_get(j, obj, "stats"), n = json_count(j, arr);

	if (json_kind(j, obj) != JSON_OBJECT || arr < 0 || json_kind(j, arr) != JSON_ARRAY)
		return err_set(e, X_FAIL, "no counters");
	if (room(c, n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (answered_counter(c, j, json_at(j, arr, i), e) < 0)
			return -1;
	return 0;
}

static int read_vcpu(struct kvm_vcpu *c, const struct json *j, int obj, struct err *e)
{
	int it = 0, key, val;

	if (json_kind(j, obj) != JSON_OBJECT)
		return err_set(e, X_FAIL, "not an object");
	if (room(c, json_count(j, obj), e) < 0)
		return -1;
	while ((key = json_member(j, obj, &it, &val)) >= 0) {
		auto_free char *name = NULL;
		uint64_t value;

		if (json_str(j, key, &name, e) != 0)
			return err_set(e, X_FAIL, "a counter without a name");
		if (json_u64(j, val, &value, e) != 0)
			return err_set(e, X_FAIL, "counter %.80s is not a number", name);
		if (add(c, name, value, e) < 0)
			return -1;
	}
	return 0;
}

static int each_vcpu(struct kvm_stats *s, const struct json *j, int arr,
		     int (*one)(struct kvm_vcpu *, const struct json *, int, struct err *), struct err *e)
{
	struct kvm_stats out = { 0 };
	int n = json_count(j, arr);

	if (arr < 0 || json_kind(j, arr) != JSON_ARRAY)
		return err_set(e, X_FAIL, "not a list of vCPUs");
	if ((unsigned)n > TOPO_MAX_CPUS)
		return err_set(e, X_FAIL, "%d vCPUs; a guest has at most %u", n, TOPO_MAX_CPUS);
	out.vcpus = xcalloc((size_t)n + 1, sizeof(*out.vcpus));
	out.n = (size_t)n;
	for (int i = 0; i < n; i++) {
		if (one(&out.vcpus[i], j, json_at(j, arr, i), e) == 0)
			continue;
		kvm_stats_free(&out);
		return err_in(e, "vCPU %d", i);
	}
	*s = out;
	return 0;
}

int kvm_stats_answer(struct kvm_stats *s, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };

	if (json_parse(&j, text, n, e) < 0 || each_vcpu(s, &j, 0, answered_vcpu, e) < 0)
		return err_as(e, X_VM, "QEMU: query-stats");
	return 0;
}

void kvm_stats_write(struct jsonw *w, const struct kvm_stats *s)
{
	if (!s->n)
		return;
	jsonw_kobj(w, "kvm_stats");
	jsonw_karr(w, "per_vcpu");
	for (size_t i = 0; i < s->n; i++) {
		jsonw_obj(w);
		for (size_t k = 0; k < s->vcpus[i].n; k++)
			jsonw_ku64(w, s->vcpus[i].v[k].name, s->vcpus[i].v[k].value);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

int kvm_stats_read(struct kvm_stats *s, const struct json *j, int obj, struct err *e)
{
	int stats = json_get(j, obj, "kvm_stats");

	if (stats < 0 || json_kind(j, stats) == JSON_NULL) {
		*s = (struct kvm_stats){ 0 };
		return 0;
	}
	if (json_kind(j, stats) != JSON_OBJECT)
		return err_set(e, X_FAIL, "kvm_stats: not an object");
	return each_vcpu(s, j, json_get(j, stats, "per_vcpu"), read_vcpu, e) < 0 ? err_in(e, "kvm_stats") : 0;
}

uint64_t kvm_vcpu_stat(const struct kvm_vcpu *c, const char *name)
{
	const struct kvm_stat *found = find(c, name);

	return found ? found->value : 0;
}

void kvm_stats_free(struct kvm_stats *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->vcpus[i].v);
	free(s->vcpus);
	*s = (struct kvm_stats){ 0 };
}
