#include "gen/report/report.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/run.h"
#include "verifier/saved.h"
#include <unistd.h>

#define LOG_MAX (256u << 20)
#define LOGS_MAX 4096 /* programs whose logs are looked at; a guest can print any number of markers */

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

/* What cannot be read was damaged since it was made, and nobody else looks into it. */
static void forget(const struct report_cell *c, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", c->dir, name);

	(void)unlink(path); /* else the next run says the same */
}

char *report_log(const struct report_cell *c, size_t *n)
{
	auto_free char *path = xasprintf("%s/sched.log", c->dir);
	struct err e = { 0 };
	char *text = NULL;

	*n = 0;
	if (file_read(AT_FDCWD, path, LOG_MAX, &text, n, &e) < 0)
		return NULL;
	return text;
}

static void add_log(struct report_cell *c, struct view name, struct view text)
{
	struct cell_log l = { 0 };

	log_stats(text, &l.s);
	if (!l.s.processed)
		return;
	if (name.n)
		l.program = xstrndup(name.p, name.n);
	if (l.s.stack.n)
		l.stack = xstrndup(l.s.stack.p, l.s.stack.n);
	l.s.stack = (struct view){ 0 };
	c->logs = xreallocarray(c->logs, c->n_logs + 1, sizeof(*c->logs));
	c->logs[c->n_logs++] = l;
}

/* What the scheduler printed, made short: the text itself may be large and is read again when it is to be shown. */
static void read_words(struct report_cell *c)
{
	size_t n, at = 0;
	auto_free char *text = report_log(c, &n);
	struct view all = { text, n };
	struct log_program p;

	while (n && c->n_logs < LOGS_MAX && log_program(all, &at, &p))
		add_log(c, p.name, p.text);
	if (n && !at)
		add_log(c, (struct view){ 0 }, all);
	explain(&c->why, &c->result, all);
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void report_add(struct report *r, const struct cell_name *name, const char *dir, const struct step_result *step)
{
	struct report_cell c = {
		.kernel = xstrdup(name->kernel),
		.id = xstrdup(name->id ? name->id : name->kernel),
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
		c.failure = xasprintf(REPORT_NOT_RUN "%s",
				      step->text && *step->text ? step->text : "a step before it failed");
		c.not_run = true;
	} else if (read_cell(&c, "result.json", &e) < 0) {
		c.code = X_FAIL;
		c.failure = xasprintf("%s. It is made again by the next run", e.msg);
		forget(&c, "result.json");
	} else {
		c.code = verdict_code(c.result.verdict);
	}
	if (c.have)
		read_words(&c);
	if (!(r->n & (r->n - 1)))
		r->cells = xreallocarray(r->cells, r->n ? 2 * r->n : 1, sizeof(*r->cells));
	r->cells[r->n++] = c;
	r->many_kernels |= strcmp(r->cells[0].kernel, c.kernel) != 0;
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct report_cell *c = &r->cells[i];

		free(c->kernel);
		free(c->profile);
		free(c->topology);
		free(c->dir);
		free(c->id);
		free(c->failure);
		for (size_t k = 0; k < c->n_logs; k++) {
			free(c->logs[k].program);
			free(c->logs[k].stack);
		}
		free(c->logs);
		explanation_free(&c->why);
		result_free(&c->result);
	}
	free(r->cells);
	for (size_t i = 0; i < r->n_kernels; i++) {
		free(r->kernels[i].label);
		free(r->kernels[i].symbols);
	}
	free(r->kernels);
	*r = (struct report){ 0 };
}

void report_save(const struct report *r, struct saved *to)
{
	*to = (struct saved){ .scheduler = xstrdup(r->scheduler),
			      .cells = xcalloc(r->n, sizeof(*to->cells)),
			      .n = r->n };
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];

		to->cells[i] = (struct saved_cell){
			.kernel = xstrdup(c->kernel),
			.profile = copy(c->profile),
			.topology = copy(c->topology),
			.progs = { xmemdup(c->result.progs.v, c->result.progs.n * sizeof(*c->result.progs.v)),
				   c->result.progs.n },
		};
	}
}
