#include "gen/report.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/plan.h"
#include "gen/report_in.h"
#include "gen/run.h"

static int read_cell(struct report_cell *c, const char *name, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", c->dir, name);
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, 16 << 20, &text, &n, e) < 0)
		return -1;
	if (result_parse(&c->result, text, n, e) < 0)
		return err_in(e, "%s", path);
	c->have = true;
	return 0;
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void report_add(struct report *r, const struct cell_name *name, const char *dir, const struct step_result *step)
{
	struct report_cell c = {
		.kernel = xstrdup(name->kernel),
		.profile = copy(name->profile),
		.topology = copy(name->topology),
		.dir = xstrdup(dir),
	};
	struct err e = { 0 };

	if (step->state == STEP_FAILED) {
		c.code = step->code;
		c.failure = xstrdup(step->text ? step->text : "");
		if (c.code == X_DIED || c.code == X_TIMEOUT || c.code == X_VM)
			(void)read_cell(&c, "failure.json", &e); /* the message alone serves without it */
	} else if (step->state == STEP_NOT_RUN) {
		c.code = step->code;
		c.failure =
			xasprintf("not run: %s", step->text && *step->text ? step->text : "a step before it failed");
	} else if (read_cell(&c, "result.json", &e) < 0) {
		c.code = X_FAIL;
		c.failure = xstrdup(e.msg);
	} else {
		c.code = verdict_code(c.result.verdict);
	}
	r->cells = xreallocarray(r->cells, r->n + 1, sizeof(*r->cells));
	r->cells[r->n++] = c;
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct report_cell *c = &r->cells[i];

		free(c->kernel);
		free(c->profile);
		free(c->topology);
		free(c->dir);
		free(c->failure);
		result_free(&c->result);
	}
	free(r->cells);
	*r = (struct report){ 0 };
}

char *report_label(const struct report *r, const struct report_cell *c, bool kernel)
{
	char *text = NULL;
	size_t n;

	for (size_t i = 0; i < r->n; i++)
		kernel |= strcmp(r->cells[i].kernel, c->kernel) != 0;
	FILE *f = xmemstream(&text, &n);
	const char *const parts[] = { kernel ? c->kernel : NULL, c->profile, c->topology };

	for (size_t i = 0; i < countof(parts); i++) {
		if (parts[i])
			fprintf(f, "%s%s", ftell(f) ? " " : "", parts[i]);
	}
	fclose(f);
	return text;
}

int report_verdict(const struct report *r, const struct run *run, const struct plan *p, struct err *e)
{
	static const int order[] = { X_VM, X_TIMEOUT, X_DIED, X_REJECTED };
	size_t bad = 0;

	/* What kept a cell from running at all comes before any verdict of another. */
	if (run_first_failure(run, p, e) < 0 && e->code != X_DIED && e->code != X_TIMEOUT && e->code != X_VM)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		bad += r->cells[i].code != X_SUCCESS || r->cells[i].failure;
	if (!bad)
		return 0;
	for (size_t k = 0; k < countof(order); k++) {
		for (size_t i = 0; i < r->n; i++) {
			const struct report_cell *c = &r->cells[i];

			if (c->code != order[k])
				continue;
			auto_free char *logs = xasprintf("\nlogs of guest and scheduler: %s", c->dir);

			auto_free char *where = report_label(r, c, true);

			return err_set(e, c->code, "%s on %s %s: %s%s", r->scheduler, where,
				       c->have ? verdict_name(c->result.verdict) : "failed",
				       c->have && c->result.reason ? c->result.reason
				       : c->failure                ? c->failure
								   : "",
				       c->code == X_REJECTED ? "" : logs);
		}
	}
	return err_set(e, X_FAIL, "%s: %zu of %zu runs failed", r->scheduler, bad, r->n);
}
