/* perf.c: what performance mode came to, kept and told. */
#include "host/perf.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"
#include "host/hostcpu.h"

void perf_warn(struct perf *p, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	if (p->n_warnings == PERF_WARNINGS)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	p->warnings[p->n_warnings++] = xasprintf(PERF_WARNING "%s", text ? text : fmt);
}

void perf_write(struct jsonw *w, const struct perf *p)
{
	if (!p->on)
		return;
	jsonw_kobj(w, "perf_mode");
	jsonw_karr(w, "vcpus");
	for (unsigned i = 0; i < p->vcpus; i++)
		jsonw_u64(w, p->pin.cpu[i]);
	jsonw_end_arr(w);
	jsonw_ku64(w, "service", p->pin.service);
	jsonw_kbool(w, "huge_pages", p->huge);
	jsonw_kbool(w, "fifo", p->fifo);
	jsonw_karr(w, "warnings");
	for (size_t i = 0; i < p->n_warnings; i++)
		jsonw_str(w, p->warnings[i]);
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

static int read_cpu(unsigned *out, const struct json *j, int tok, struct err *e)
{
	uint64_t v;

	if (json_u64(j, tok, &v, e) != 0 || v >= HOST_MAX_CPUS)
		return err_set(e, X_FAIL, "perf_mode: a host CPU without a number");
	*out = (unsigned)v;
	return 0;
}

static int read_warnings(struct perf *p, const struct json *j, int arr, struct err *e)
{
	int n = json_count(j, arr);

	if (n > PERF_WARNINGS)
		return err_set(e, X_FAIL, "perf_mode: %d warnings; at most %d can be meant", n, PERF_WARNINGS);
	for (int i = 0; i < n; i++) {
		if (json_str(j, json_at(j, arr, i), &p->warnings[i], e) != 0)
			return err_set(e, X_FAIL, "perf_mode: a warning without text");
		p->n_warnings++;
	}
	return 0;
}

static int read_members(struct perf *p, const struct json *j, int obj, struct err *e)
{
	int cpus = json_get(j, obj, "vcpus"), n = json_count(j, cpus);

	if (json_kind(j, obj) != JSON_OBJECT || json_kind(j, cpus) != JSON_ARRAY || n < 1 ||
	    (unsigned)n > TOPO_MAX_CPUS)
		return err_set(e, X_FAIL, "perf_mode: no vCPUs");
	p->vcpus = (unsigned)n;
	for (int i = 0; i < n; i++)
		if (read_cpu(&p->pin.cpu[i], j, json_at(j, cpus, i), e) < 0)
			return -1;
	if (read_cpu(&p->pin.service, j, json_get(j, obj, "service"), e) < 0)
		return -1;
	if (json_bool(j, json_get(j, obj, "huge_pages"), &p->huge, e) < 0 ||
	    json_bool(j, json_get(j, obj, "fifo"), &p->fifo, e) < 0)
		return err_in(e, "perf_mode");
	return read_warnings(p, j, json_get(j, obj, "warnings"), e);
}

int perf_read(struct perf *p, const struct json *j, int obj, struct err *e)
{
	struct perf out = { .on = true };
	int tok = json_get(j, obj, "perf_mode");

	if (tok < 0 || json_kind(j, tok) == JSON_NULL) {
		*p = (struct perf){ 0 };
		return 0;
	}
	if (read_members(&out, j, tok, e) < 0) {
		perf_free(&out);
		return -1;
	}
	*p = out;
	return 0;
}

void perf_take(struct perf *to, struct perf *from)
{
	*to = *from;
	to->claim = 0;
	from->n_warnings = 0;
}

void perf_free(struct perf *p)
{
	for (size_t i = 0; i < p->n_warnings; i++)
		free(p->warnings[i]);
	if (p->claim > 0)
		close(p->claim);
	*p = (struct perf){ 0 };
}

static int read_thread(pid_t *thread, unsigned n, const struct json *j, int obj, struct err *e)
{
	uint64_t cpu, tid;

	if (json_u64(j, json_get(j, obj, "cpu-index"), &cpu, e) != 0 || cpu >= n ||
	    json_u64(j, json_get(j, obj, "thread-id"), &tid, e) != 0 || tid < 1 || tid > INT_MAX || thread[cpu])
		return err_set(e, X_VM, "QEMU: query-cpus-fast: a vCPU without number or thread");
	thread[cpu] = (pid_t)tid;
	return 0;
}

int perf_threads(pid_t *thread, unsigned n, const char *text, size_t size, struct err *e)
{
	auto_json struct json j = { 0 };

	memset(thread, 0, n * sizeof(*thread));
	if (json_parse(&j, text, size, e) < 0)
		return err_as(e, X_VM, "QEMU: query-cpus-fast");
	if (json_kind(&j, 0) != JSON_ARRAY || (unsigned)json_count(&j, 0) != n)
		return err_set(e, X_VM, "QEMU: query-cpus-fast: not the guest's %u vCPUs", n);
	for (unsigned i = 0; i < n; i++)
		if (read_thread(thread, n, &j, json_at(&j, 0, (int)i), e) < 0)
			return -1;
	return 0;
}
