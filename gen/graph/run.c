#include "gen/graph/run.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include "progress/log.h"
#include "gen/graph/plan.h"
#include "gen/graph/ninja_session.h"
#include "gen/graph/sizes.h"
#include "gen/graph/stale.h"
#include "gen/graph/taken.h"
#include <assert.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What ninja said by its end about the steps that did not speak for themselves. */
static int conclude(struct ninja_session *s, int status, struct err *e)
{
	char how[64];
	auto_free bool *told = xcalloc(s->plan->n_edges + 1, sizeof(*told));

	for (size_t i = 0; i < s->plan->n_edges; i++)
		told[i] = s->steps[i].state != STEP_NOT_RUN;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		s->failed += outcome_silent(s->steps, s->plan, s->log);
	/* Without the failure of a step it is ninja that failed, and nothing is known. */
	bool known = WIFEXITED(status) && (WEXITSTATUS(status) == 0 || s->failed);

	if (known)
		outcome_settle(s->steps, s->plan);
	for (size_t i = 0; i < s->plan->n_edges; i++) {
		if (!told[i])
			ninja_tell(s, s->plan->edges[i]);
	}
	if (known)
		return 0;
	if (err_full(s->log))
		return err_set(
			e, X_DISK_FULL,
			"there is no room left for ninja in %s; free some, or name another folder with KTSTR_STORE",
			s->dir);
	return err_set(e, X_FAIL, "ninja: %s in %s:\n%s%s", spawn_status(status, how, sizeof(how)), s->dir,
		       s->log ? s->log : "",
		       s->log && strstr(s->log, "posix_spawn: ") ? "cargo ktstr doctor tells what this machine refuses"
								 : "");
}

static int make_plan(struct run *r, const struct plan *p, const struct run_opts *o, struct err *e)
{
	int status = 0, result;

	*r = (struct run){ .n = p->n_edges, .steps = outcome_new(p), .folder = FOLDER_NONE };
	if (folder_take(&r->folder, p, e) < 0) {
		folder_release(&r->folder);
		return -1;
	}
	r->dir = r->folder.path;
	struct ninja_session s = { .plan = p,
				   .steps = r->steps,
				   .dir = r->dir,
				   .explain = o->explain,
				   .brief = o->brief,
				   .jobs = o->jobs,
				   .watch = o->watch,
				   .ask = o->ask,
				   .until = o->until };

	bool known = sizes_check(r->folder.dir, r->dir);

	stale_forget(&r->folder, p);
	result = ninja_run(&s, &status, e);
	if (result == 0)
		result = conclude(&s, status, e);
	r->failed = s.failed;
	/* What failed may have failed by a damaged file in the build folder that ninja takes for up to date. Without its
	 * log it asks every step the next time, and the store answers. */
	if (result < 0 || s.failed > s.unknown)
		(void)unlinkat(r->folder.dir, ".ninja_log", 0);
	ninja_end(&s);
	if (!known || s.finished)
		sizes_record(r->folder.dir);
	if (!o->keep)
		folder_unlock(&r->folder);
	return result;
}

static char *no_lines(void *ctx, const struct edge *g, const struct step_result *r, const char *dir)
{
	(void)ctx;
	(void)g;
	(void)r;
	(void)dir;
	return NULL;
}

static char *look_label(void *ctx, size_t running, size_t left)
{
	(void)ctx;
	(void)running;
	return xasprintf("looking up what there is, %zu left", left);
}

const struct run_watch run_looks = { .ended = no_lines, .label = look_label };

/* What was asked for is only looked up, and noted. */
static int note_taken(struct run *r, const struct plan *p, const struct run_opts *asked, struct err *e)
{
	struct run_opts o = *asked;

	o.explain = false;
	o.ask = true;
	o.watch = &run_looks;
	if (make_plan(r, p, &o, e) < 0 || run_failures(r, p, e) < 0)
		return -1;
	taken_note(r, p, o.last);
	if (!o.last)
		return 0;
	*e = (struct err){ 0 };
	return -1;
}

int run_plan(struct run *r, const struct plan *p, const struct run_opts *o, struct err *e)
{
	return taken_is_on() ? note_taken(r, p, o, e) : make_plan(r, p, o, e);
}

const struct step_result *run_step(const struct run *r, const struct edge *g)
{
	assert(g->index < r->n);
	return &r->steps[g->index];
}

enum { FAILURES_SHOWN = 10 };

static int failure_of(const struct run *r, const struct plan *p, size_t i, struct err *e)
{
	auto_free char *dir = shell_quote(r->dir);
	auto_free char *out = shell_quote(p->edges[i]->outs.v[0]);

	return err_set(e, r->steps[i].code, "%s: %s\nto run just this step again: ninja -C %s %s", p->edges[i]->id,
		       r->steps[i].text, dir, out);
}

int run_first_failure(const struct run *r, const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->steps[i].state == STEP_FAILED)
			return failure_of(r, p, i, e);
	}
	return 0;
}

int run_failure_of(const struct run *r, const struct plan *p, const char *rule, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->steps[i].state == STEP_FAILED && !strcmp(p->edges[i]->rule, rule))
			return failure_of(r, p, i, e);
	}
	return 0;
}

int run_failures(const struct run *r, const struct plan *p, struct err *e)
{
	int code = 0;
	size_t told = 0, more = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->steps[i].state != STEP_FAILED || r->steps[i].code == X_UNKNOWN)
			continue;
		if (told == FAILURES_SHOWN) {
			more++;
			continue;
		}
		if (told++)
			log_error("%s", e->msg);
		(void)failure_of(r, p, i, e);
		code = code ? code : e->code;
	}
	if (more) {
		log_error("%s", e->msg);
		(void)err_set(e, code, "%zu more steps failed", more);
	}
	if (code)
		e->code = code;
	return code ? -1 : 0;
}

void run_free(struct run *r)
{
	outcome_free(r->steps, r->n);
	if (r->dir)
		folder_release(&r->folder);
	*r = (struct run){ 0 };
}
