#include "verifier/tasks.h"
#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"
#include <inttypes.h>

static const char *const kinds[TASK_KINDS] = {
	[TASK_SPINS] = "spin",
	[TASK_SLEEPS] = "sleep",
	[TASK_YIELDS] = "yield",
};

const char *tasks_kind(uint32_t kind)
{
	return kinds[kind];
}

int tasks_parse(struct tasks *t, const void *data, size_t n, struct err *e)
{
	struct proto_worked head;
	struct tasks got = { .done = true };
	size_t rest = n - sizeof(head);

	if (n < sizeof(head) || rest % sizeof(*got.v) || rest / sizeof(*got.v) > TASKS_MAX)
		return err_set(e, X_VM, "the guest sent %zu bytes about its tasks, which cannot be", n);
	memcpy(&head, data, sizeof(head));
	got.ms = head.ms;
	got.attached = head.attached;
	got.n = rest / sizeof(*got.v);
	got.v = xcalloc(got.n + 1, sizeof(*got.v));
	memcpy(got.v, (const char *)data + sizeof(head), rest);
	for (size_t i = 0; i < got.n; i++) {
		if (got.v[i].kind < TASK_KINDS)
			continue;
		err_set(e, X_VM, "the guest sent a task of kind %" PRIu32, got.v[i].kind);
		tasks_free(&got);
		return -1;
	}
	*t = got;
	return 0;
}

bool tasks_progress(const struct tasks *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].kind == TASK_SPINS && !t->v[i].turns)
			return false;
	}
	return true;
}

/* The CPUs whose task had no turn, neighbours joined. */
static void put_cpus(FILE *f, const struct tasks *t)
{
	const char *comma = "";

	for (size_t i = 0; i < t->n; i++) {
		size_t last = i;

		if (t->v[i].kind != TASK_SPINS || t->v[i].turns)
			continue;
		while (last + 1 < t->n && t->v[last + 1].kind == TASK_SPINS && !t->v[last + 1].turns &&
		       t->v[last + 1].cpu == t->v[last].cpu + 1)
			last++;
		fprintf(f, "%s%" PRIu32, comma, t->v[i].cpu);
		if (last > i)
			fprintf(f, "-%" PRIu32, t->v[last].cpu);
		comma = ",";
		i = last;
	}
}

char *tasks_missing(const struct tasks *t)
{
	auto_free char *text = NULL;
	size_t n, ran = 0;
	FILE *f;

	if (tasks_progress(t))
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		ran += t->v[i].turns > 0;
	f = xmemstream(&text, &n);
	if (ran) {
		fputs("no task ran on CPU ", f);
		put_cpus(f, t);
	} else {
		fprintf(f, "none of %zu tasks ran", t->n);
	}
	fprintf(f, " in %.1f s", t->ms / 1e3);
	fclose(f);
	return TAKE(text);
}

void tasks_free(struct tasks *t)
{
	free(t->v);
	*t = (struct tasks){ 0 };
}

static void write_task(struct jsonw *w, const struct proto_task *t)
{
	jsonw_obj(w);
	jsonw_kstr(w, "kind", tasks_kind(t->kind));
	jsonw_ku64(w, "cpu", t->cpu);
	jsonw_ku64(w, "turns", t->turns);
	jsonw_ku64(w, "wall_ns", t->wall_ns);
	jsonw_ku64(w, "cpu_ns", t->cpu_ns);
	jsonw_ku64(w, "gap_ns", t->gap_ns);
	jsonw_ku64(w, "gap_cpu", t->gap_cpu);
	jsonw_ku64(w, "migrations", t->migrations);
	jsonw_end_obj(w);
}

void tasks_write(struct jsonw *w, const struct tasks *tasks)
{
	if (!tasks->done) {
		jsonw_null(w);
		return;
	}
	jsonw_obj(w);
	jsonw_kbool(w, "progress", tasks_progress(tasks));
	jsonw_kbool(w, "attached", tasks->attached);
	jsonw_ku64(w, "ms", tasks->ms);
	jsonw_karr(w, "tasks");
	for (size_t i = 0; i < tasks->n; i++)
		write_task(w, &tasks->v[i]);
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

static int get_u32(const struct json *j, int obj, const char *key, uint32_t *out, struct err *e)
{
	uint64_t v = 0;

	if (json_u64(j, json_get(j, obj, key), &v, e) < 0)
		return err_in(e, "%s", key);
	if (v > UINT32_MAX)
		return err_set(e, X_FAIL, "%s: %" PRIu64 " is out of range", key, v);
	*out = (uint32_t)v;
	return 0;
}

static int get_u64(const struct json *j, int obj, const char *key, uint64_t *out, struct err *e)
{
	return json_u64(j, json_get(j, obj, key), out, e) < 0 ? err_in(e, "%s", key) : 0;
}

static int read_task(struct proto_task *t, const struct json *j, int obj, struct err *e)
{
	auto_free char *kind = NULL;

	if (json_kind(j, obj) != JSON_OBJECT)
		return err_set(e, X_FAIL, "not an object");
	if (json_str(j, json_get(j, obj, "kind"), &kind, e) < 0)
		return err_in(e, "kind");
	while (t->kind < TASK_KINDS && (!kind || strcmp(kind, kinds[t->kind]) != 0))
		t->kind++;
	if (t->kind == TASK_KINDS)
		return err_set(e, X_FAIL, "unknown kind '%s'", kind ? kind : "");
	return get_u32(j, obj, "cpu", &t->cpu, e) < 0 || get_u64(j, obj, "turns", &t->turns, e) < 0 ||
			       get_u64(j, obj, "wall_ns", &t->wall_ns, e) < 0 ||
			       get_u64(j, obj, "cpu_ns", &t->cpu_ns, e) < 0 ||
			       get_u64(j, obj, "gap_ns", &t->gap_ns, e) < 0 ||
			       get_u32(j, obj, "gap_cpu", &t->gap_cpu, e) < 0 ||
			       get_u32(j, obj, "migrations", &t->migrations, e) < 0
		       ? -1
		       : 0;
}

static int read_tasks(struct tasks *tasks, const struct json *j, int arr, struct err *e)
{
	int n = json_count(j, arr);

	if (n > (int)TASKS_MAX)
		return err_set(e, X_FAIL, "%d tasks", n);
	tasks->v = xcalloc((size_t)n + 1, sizeof(*tasks->v));
	tasks->n = (size_t)n;
	for (int i = 0; i < n; i++) {
		if (read_task(&tasks->v[i], j, json_at(j, arr, i), e) < 0)
			return err_in(e, "task %d", i);
	}
	return 0;
}

int tasks_read(struct tasks *tasks, const struct json *j, int tok, struct err *e)
{
	struct tasks got = { .done = true };

	if (tok < 0 || json_kind(j, tok) == JSON_NULL)
		return 0;
	if (json_kind(j, tok) != JSON_OBJECT)
		return err_set(e, X_FAIL, "not an object");
	if (json_bool(j, json_get(j, tok, "attached"), &got.attached, e) < 0 || get_u32(j, tok, "ms", &got.ms, e) < 0 ||
	    read_tasks(&got, j, json_get(j, tok, "tasks"), e) < 0) {
		tasks_free(&got);
		return -1;
	}
	*tasks = got;
	return 0;
}
