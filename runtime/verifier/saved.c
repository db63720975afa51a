#include "verifier/saved.h"
#include "base/err.h"
#include "json/read.h"
#include "base/mem.h"
#include "verifier/result.h"

static int get_cell(const struct json *j, int obj, struct saved_cell *c, struct err *e)
{
	if (json_kind(j, obj) != JSON_OBJECT)
		return err_set(e, X_FAIL, "it is not an object");
	if (json_str(j, json_get(j, obj, "kernel"), &c->kernel, e) < 0)
		return err_in(e, "kernel");
	if (json_str(j, json_get(j, obj, "profile"), &c->profile, e) < 0)
		return err_in(e, "profile");
	if (json_str(j, json_get(j, obj, "topology"), &c->topology, e) < 0)
		return err_in(e, "topology");
	if (!c->kernel)
		return err_set(e, X_FAIL, "it has no kernel");
	return result_progs(j, obj, &c->progs, e);
}

static int get_cells(const struct json *j, struct saved *s, struct err *e)
{
	int arr = json_get(j, 0, "cells");

	if (json_kind(j, 0) != JSON_OBJECT || arr < 0 || json_kind(j, arr) != JSON_ARRAY)
		return err_set(e, X_FAIL, "it is not a report of ktstr verifier --json");
	if (json_str(j, json_get(j, 0, "scheduler"), &s->scheduler, e) < 0)
		return err_in(e, "scheduler");
	s->n = (size_t)json_count(j, arr);
	s->cells = xcalloc(s->n + 1, sizeof(*s->cells));
	for (size_t i = 0; i < s->n; i++) {
		if (get_cell(j, json_at(j, arr, (int)i), &s->cells[i], e) < 0)
			return err_in(e, "cell %zu", i);
	}
	return 0;
}

int saved_parse(struct saved *s, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };
	struct saved out = { 0 };

	if (json_parse(&j, text, n, e) < 0)
		return -1;
	if (get_cells(&j, &out, e) < 0) {
		saved_free(&out);
		return -1;
	}
	*s = out;
	return 0;
}

void saved_free(struct saved *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->cells[i].kernel);
		free(s->cells[i].profile);
		free(s->cells[i].topology);
		progs_free(&s->cells[i].progs);
	}
	free(s->cells);
	free(s->scheduler);
	*s = (struct saved){ 0 };
}
