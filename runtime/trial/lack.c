#include "trial/lack.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include "scenario/fault.h"
#include "scenario/need.h"
#include "scenario/places.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "trial/booted.h"
#include "trial/globals.h"

#define SCHEDULER "/scheduler" /* in the guest */
enum { FILE_MAX = 64 << 20 };

struct names {
	char *text;
	size_t n;
};

/* The list is of what BPF programs may call (inspect/symbols.h). Of other functions nothing is known, so none is lacking. */
static bool has_function(void *arg, const char *name)
{
	const struct names *all = arg;
	size_t n = strlen(name);

	if (!strstr(name, "bpf") && !strstr(name, "scx"))
		return true;
	for (const char *line = all->text; line < all->text + all->n; line += strcspn(line, "\n") + 1)
		if (!strncmp(line, name, n) && (line[n] == '\n' || !line[n]))
			return true;
	return false;
}

/* What is not there, or empty, is not known. */
static int read_known(const char *boot, const char *name, char **text, size_t *n, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", boot, name);

	*n = 0;
	return file_exists(path) ? file_read(AT_FDCWD, path, FILE_MAX, text, n, e) : 0;
}

/* The text with its needs, which are no part of what is run. */
static int whole_text(const struct lack_asked *a, char **text, size_t *n, struct err *e)
{
	auto_free char *run = NULL;

	if (file_read(AT_FDCWD, a->text, 2 * SCENARIO_TEXT_MAX, &run, NULL, e) < 0)
		return -1;
	FILE *f = xmemstream(text, n);

	fprintf(f, "%s\n", run);
	for (size_t i = 0; i < a->n_needs; i++)
		fprintf(f, "needs %s\n", a->needs[i]);
	fclose(f);
	return 0;
}

/* Says what a line names in vain, and what it may have meant. */
static char *not_there(const struct plan_step *s, const struct argv *all)
{
	struct fault_guess g = { .word = s->name, .n = strlen(s->name) };
	struct scenario_error tip = { 0 };

	for (size_t i = 0; i < all->n; i++)
		fault_guess_try(&g, all->v[i]);
	fault_guess_tip(&tip, &g);
	if (s->kind == PLAN_VAR)
		return xasprintf("\"var %s\": the scheduler has no global variable of that name%s%s", s->name,
				 *tip.tip ? "; " : "", tip.tip);
	return xasprintf("\"map_write %s\": the scheduler has no map whose name ends so%s%s", s->name,
			 *tip.tip ? "; " : "", tip.tip);
}

static char *find_in(const struct globals *n, const struct scenario_plan *p)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct plan_step *s = &p->steps[i];

		if (s->kind == PLAN_VAR && !globals_has_var(n, s->name))
			return not_there(s, &n->vars);
		if (s->kind == PLAN_MAP && !globals_has_map(n, s->name))
			return not_there(s, &n->maps);
	}
	return NULL;
}

static bool names_any(const struct scenario_plan *p)
{
	for (size_t i = 0; i < p->n_steps; i++)
		if (p->steps[i].kind == PLAN_VAR || p->steps[i].kind == PLAN_MAP)
			return true;
	return false;
}

/* The guest's files are in the pack. */
static int ask_scheduler(const struct lack_asked *a, const struct scenario_plan *p, char **why, struct err *e)
{
	auto_payload struct payload files = { 0 };
	auto_globals struct globals names = { 0 };
	const struct payload_file *f = NULL;
	auto_close int fd = -1;
	void *at;

	if (!a->pack || !names_any(p))
		return 0;
	if (pack_open(&files, a->pack, e) < 0)
		return -1;
	for (size_t i = 0; i < files.n; i++)
		if (files.v[i].host && !strcmp(files.v[i].guest, SCHEDULER))
			f = &files.v[i];
	if (!f || !f->size)
		return 0;
	fd = open(f->host, O_RDONLY | O_CLOEXEC);
	at = fd < 0 ? MAP_FAILED : mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, (off_t)f->offset);
	if (at == MAP_FAILED)
		return err_sys(e, "read %s", f->host);
	if (globals_read(&names, at, f->size))
		*why = find_in(&names, p);
	munmap(at, f->size);
	return 0;
}

static int ask(const struct lack_asked *a, const struct scenario *s, const struct need_kernel *k, enum lack *what,
	       char **why, struct err *e)
{
	auto_free struct scenario_plan *plan = xcalloc(1, sizeof(*plan));
	auto_free struct places *places = xcalloc(1, sizeof(*places));
	struct scenario_error lack = { 0 };

	if (!places_parse(places, a->topology))
		return err_set(e, X_USAGE, "--topology %s is none", a->topology);
	enum scenario_fault fault = scenario_plan_make(plan, s, places, &lack);

	if (fault == SCENARIO_OK && !need_of_kernel(s, plan, k, &lack))
		fault = SCENARIO_SKIP;
	int r = fault == SCENARIO_OK ? ask_scheduler(a, plan, why, e) : 0;

	scenario_plan_free(plan);
	if (fault == SCENARIO_SKIP)
		*why = xstrdup(lack.what);
	*what = !*why ? LACK_NOTHING : fault == SCENARIO_SKIP ? LACK_KERNEL : LACK_SCHEDULER;
	return fault == SCENARIO_OK || fault == SCENARIO_SKIP ? r : err_set(e, X_FAIL, "%s: %s", a->text, lack.what);
}

int lack_find(const struct lack_asked *a, enum lack *what, char **why, struct err *e)
{
	auto_free char *text = NULL, *release = NULL, *config = NULL, *functions = NULL;
	struct scenario_error wrong = { 0 };
	struct scenario s = { 0 };
	size_t n, config_n;
	struct names names;
	struct err ignored;
	int r = -1;

	*what = LACK_NOTHING;
	*why = NULL;
	(void)facts_file(a->boot, "facts", "release", &release, &ignored);
	/* The archive has it as it stands. */
	if (whole_text(a, &text, &n, e) < 0 || read_known(a->boot, "config.cpio", &config, &config_n, e) < 0 ||
	    read_known(a->boot, "symbols", &functions, &names.n, e) < 0)
		return -1;
	names.text = functions;
	const struct need_kernel k = { .release = release,
				       .config = config_n ? config : NULL,
				       .config_n = config_n,
				       .has_function = names.n ? has_function : NULL,
				       .arg = &names };

	if (scenario_parse(&s, text, n, &wrong) != SCENARIO_OK)
		err_set(e, X_FAIL, "%s:%u:%u: %s", a->text, wrong.line, wrong.column, wrong.what);
	else
		r = ask(a, &s, &k, what, why, e);
	if (r == 0 && *what == LACK_NOTHING)
		r = booted_lacks(a->snapshot, what, why, e);
	scenario_free(&s);
	return r;
}
