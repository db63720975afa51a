#include "verifier/result.h"
#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"

static const struct {
	const char *name;
	int code;
} verdicts[] = {
	[VERDICT_ATTACHED] = { "attached", X_SUCCESS },
	[VERDICT_REJECTED] = { "rejected", X_REJECTED },
	[VERDICT_DIED] = { "died", X_DIED },
	[VERDICT_TIMEOUT] = { "timeout", X_TIMEOUT },
	[VERDICT_VM] = { "vm", X_VM },
	[VERDICT_STALLED] = { "stalled", X_DIED },
};

const char *verdict_name(enum verdict v)
{
	return verdicts[v].name;
}

int verdict_code(enum verdict v)
{
	return verdicts[v].code;
}

static void opt_u32(struct jsonw *w, const char *key, uint32_t v)
{
	jsonw_key(w, key);
	if (v == PROG_NONE)
		jsonw_null(w);
	else
		jsonw_u64(w, v);
}

static void opt_u64(struct jsonw *w, const char *key, bool known, uint64_t v)
{
	jsonw_key(w, key);
	if (known)
		jsonw_u64(w, v);
	else
		jsonw_null(w);
}

void result_prog(struct jsonw *w, const struct prog *p)
{
	jsonw_obj(w);
	jsonw_kstr(w, "name", p->name);
	jsonw_kstr(w, "short", p->short_name);
	jsonw_ku64(w, "id", p->id);
	opt_u32(w, "verified_insns", p->verified_insns);
	opt_u32(w, "jited_len", p->jited_len);
	opt_u32(w, "xlated_len", p->xlated_len);
	opt_u32(w, "stack_depth", p->stack_depth);
	opt_u64(w, "run_cnt", p->counted, p->run_cnt);
	opt_u64(w, "run_ns", p->counted, p->run_ns);
	jsonw_end_obj(w);
}

void result_timing(struct jsonw *w, const struct timing *t)
{
	jsonw_kobj(w, "ms");
	jsonw_kdouble(w, "start", t->start);
	jsonw_kdouble(w, "push", t->push);
	jsonw_kdouble(w, "load", t->load);
	jsonw_kdouble(w, "read", t->read);
	jsonw_kdouble(w, "work", t->work);
	jsonw_kdouble(w, "stop", t->stop);
	jsonw_end_obj(w);
}

void result_clock(struct jsonw *w, const struct result *r)
{
	if (!r->clock.virtual)
		return;
	jsonw_kstr(w, "clock", "virtual");
	jsonw_ku64(w, "shift", r->clock.shift);
	jsonw_ku64(w, "seed", r->clock.seed);
	jsonw_kstr(w, "ram", r->ram);
}

static int get_clock(const struct json *j, struct clock *c, struct err *e)
{
	auto_free char *kind = NULL;
	uint64_t shift = 0, seed = 0;

	if (json_str(j, json_get(j, 0, "clock"), &kind, e) < 0 || json_u64(j, json_get(j, 0, "shift"), &shift, e) < 0 ||
	    json_u64(j, json_get(j, 0, "seed"), &seed, e) < 0)
		return err_in(e, "clock");
	if (!kind)
		return 0;
	if (strcmp(kind, "virtual") != 0 || shift > CLOCK_SHIFT_MAX)
		return err_set(e, X_FAIL, "clock: '%.100s' with shift %llu is none", kind, (unsigned long long)shift);
	*c = (struct clock){ .virtual = true, .shift = (unsigned)shift, .seed = seed };
	return 0;
}

void result_host(struct jsonw *w, const struct result *r)
{
	perf_write(w, &r->perf);
	kvm_stats_write(w, &r->kvm);
}

void result_write(FILE *f, const struct result *r)
{
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 2);
	jsonw_kstr(&w, "verdict", verdict_name(r->verdict));
	jsonw_kstr(&w, "reason", r->reason);
	jsonw_key(&w, "evidence");
	evidence_write(&w, &r->evidence);
	jsonw_kstr(&w, "ops", r->ops);
	jsonw_kstr(&w, "accel", r->accel);
	result_clock(&w, r);
	jsonw_kstr(&w, "release", r->release);
	jsonw_ki64(&w, "status", r->status);
	jsonw_kbool(&w, "cold", r->cold);
	jsonw_kstr(&w, "fallback", r->fallback);
	jsonw_karr(&w, "programs");
	for (size_t i = 0; i < r->progs.n; i++)
		result_prog(&w, &r->progs.v[i]);
	jsonw_end_arr(&w);
	jsonw_key(&w, "dispatches");
	tasks_write(&w, &r->tasks);
	if (!r->clock.virtual)
		result_timing(&w, &r->ms);
	result_host(&w, r);
	jsonw_kstr(&w, "cross_check", r->cross);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static int get_u32(const struct json *j, int obj, const char *key, uint32_t *out, struct err *e)
{
	uint64_t v = PROG_NONE;

	if (json_u64(j, json_get(j, obj, key), &v, e) < 0)
		return err_in(e, "%s", key);
	if (v > UINT32_MAX)
		return err_set(e, X_FAIL, "%s: %llu is out of range", key, (unsigned long long)v);
	*out = (uint32_t)v;
	return 0;
}

/* As a guest's are (inspect/progs.h), whoever wrote the report. */
static void copy_name(char *to, const char *name)
{
	for (; *name; name++)
		*to++ = *name >= ' ' && *name < 0x7f ? *name : '?';
	*to = '\0';
}

static int get_prog(const struct json *j, int obj, struct prog *p, struct err *e)
{
	auto_free char *name = NULL, *cut = NULL;
	int counted;

	if (json_kind(j, obj) != JSON_OBJECT)
		return err_set(e, X_FAIL, "a program is not an object");
	if (json_str(j, json_get(j, obj, "name"), &name, e) < 0 ||
	    json_str(j, json_get(j, obj, "short"), &cut, e) < 0 || get_u32(j, obj, "id", &p->id, e) < 0 ||
	    get_u32(j, obj, "verified_insns", &p->verified_insns, e) < 0 ||
	    get_u32(j, obj, "jited_len", &p->jited_len, e) < 0 ||
	    get_u32(j, obj, "xlated_len", &p->xlated_len, e) < 0 ||
	    get_u32(j, obj, "stack_depth", &p->stack_depth, e) < 0)
		return -1;
	if (json_u64(j, json_get(j, obj, "run_ns"), &p->run_ns, e) < 0 ||
	    (counted = json_u64(j, json_get(j, obj, "run_cnt"), &p->run_cnt, e)) < 0)
		return err_in(e, "run_cnt");
	p->counted = counted == 0;
	if (!name || strlen(name) >= sizeof(p->name) || (cut && strlen(cut) >= sizeof(p->short_name)))
		return err_set(e, X_FAIL, "a program has no usable name");
	copy_name(p->name, name);
	copy_name(p->short_name, cut ? cut : "");
	return 0;
}

int result_progs(const struct json *j, int obj, struct progs *p, struct err *e)
{
	int arr = json_get(j, obj, "programs");
	int n = json_count(j, arr);

	p->v = xcalloc((size_t)n + 1, sizeof(*p->v));
	p->n = (size_t)n;
	for (int i = 0; i < n; i++) {
		if (get_prog(j, json_at(j, arr, i), &p->v[i], e) < 0) {
			progs_free(p);
			return err_in(e, "program %d", i);
		}
	}
	return 0;
}

static int get_timing(const struct json *j, struct timing *t, struct err *e)
{
	int ms = json_get(j, 0, "ms");

	if (json_double(j, json_get(j, ms, "start"), &t->start, e) < 0 ||
	    json_double(j, json_get(j, ms, "push"), &t->push, e) < 0 ||
	    json_double(j, json_get(j, ms, "load"), &t->load, e) < 0 ||
	    json_double(j, json_get(j, ms, "read"), &t->read, e) < 0 ||
	    json_double(j, json_get(j, ms, "work"), &t->work, e) < 0 ||
	    json_double(j, json_get(j, ms, "stop"), &t->stop, e) < 0)
		return err_in(e, "ms");
	return 0;
}

static int get_verdict(const struct json *j, enum verdict *v, struct err *e)
{
	auto_free char *name = NULL;

	if (json_str(j, json_get(j, 0, "verdict"), &name, e) < 0)
		return err_in(e, "verdict");
	for (size_t i = 0; name && i < countof(verdicts); i++) {
		if (!strcmp(name, verdicts[i].name)) {
			*v = (enum verdict)i;
			return 0;
		}
	}
	return err_set(e, X_FAIL, "unknown verdict '%s'", name ? name : "");
}

int result_parse(struct result *r, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };
	struct result out = { 0 };
	int64_t status = 0;

	if (json_parse(&j, text, n, e) < 0)
		return -1;
	if (json_kind(&j, 0) != JSON_OBJECT)
		return err_set(e, X_FAIL, "not an object");
	if (get_verdict(&j, &out.verdict, e) < 0 || json_str(&j, json_get(&j, 0, "reason"), &out.reason, e) < 0 ||
	    json_str(&j, json_get(&j, 0, "ops"), &out.ops, e) < 0 ||
	    json_str(&j, json_get(&j, 0, "accel"), &out.accel, e) < 0 ||
	    json_str(&j, json_get(&j, 0, "release"), &out.release, e) < 0 ||
	    json_str(&j, json_get(&j, 0, "ram"), &out.ram, e) < 0 ||
	    json_i64(&j, json_get(&j, 0, "status"), &status, e) < 0 ||
	    json_bool(&j, json_get(&j, 0, "cold"), &out.cold, e) < 0 ||
	    json_str(&j, json_get(&j, 0, "fallback"), &out.fallback, e) < 0 ||
	    json_str(&j, json_get(&j, 0, "cross_check"), &out.cross, e) < 0 || result_progs(&j, 0, &out.progs, e) < 0 ||
	    get_timing(&j, &out.ms, e) < 0 || get_clock(&j, &out.clock, e) < 0 || perf_read(&out.perf, &j, 0, e) < 0 ||
	    kvm_stats_read(&out.kvm, &j, 0, e) < 0) {
		result_free(&out);
		return -1;
	}
	if (tasks_read(&out.tasks, &j, json_get(&j, 0, "dispatches"), e) < 0) {
		result_free(&out);
		return err_in(e, "dispatches");
	}
	if (evidence_read(&out.evidence, &j, json_get(&j, 0, "evidence"), e) < 0) {
		result_free(&out);
		return err_in(e, "evidence");
	}
	out.status = (int)status;
	*r = out;
	return 0;
}

void result_free(struct result *r)
{
	free(r->reason);
	free(r->ops);
	free(r->accel);
	free(r->release);
	free(r->ram);
	free(r->fallback);
	free(r->cross);
	progs_free(&r->progs);
	perf_free(&r->perf);
	kvm_stats_free(&r->kvm);
	tasks_free(&r->tasks);
	*r = (struct result){ 0 };
}
