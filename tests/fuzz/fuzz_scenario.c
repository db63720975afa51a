/* fuzz_scenario.c: texts of scenarios. What was read is written the same twice and has a plan or none; what was not says why. */
#include "fuzz.h"

#include "scenario/catalogue.h"
#include "scenario/need.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"ktstr 1\ntest t\nscheduler ./x --a\ntopology 1,2,4,1\nneeds cpus:2..4 smt 6.12.. CONFIG_X=n f\nexpect gap.max{a} < 5ms\n"
		"cgroup a cpuset=part:0/2@llc:0-cpu:1 weight=5 max=5ms/9ms pids=7 mems=0 threaded\nwork a spin n=2 threads\n"
		"work a prog:\"2 * policy=rr:3; run 1us; wake @x | pilock a; piunlock a; wait @x\" n=200% policy=deadline:1ms/2ms/3ms\n"
		"each usable max=4 part=1/2 { cgroup c_$ cpuset=overlap:$/9/0.5 }\nhold 10%\nuse lock_convoy\nmark x\n"
		"every 5ms { swap a a; move a - n=2; freeze a; thaw a; nice a -5; affinity a random; stop a } for 2s\n"
		"work - fn:f_1 n=2\nfunctions ./t\nscheduler replace x+y\nprogram a /bin/x \"y z\" n=3\npsi a; freezer 5ms; var x = -3; map_write .bss 8 0x11\nscheduler detach\nscheduler attach\n";

	(void)argc, (void)argv;
	fuzz_seed("scenario", text, sizeof text - 1);
	for (size_t i = 0; i < n_catalogue; i++)
		fuzz_seed(catalogue[i].name, catalogue[i].text, catalogue[i].n);
	return 0;
}

static void must_tell(const struct scenario_error *e)
{
	MUST(e->fault == SCENARIO_BAD || e->fault == SCENARIO_SKIP);
	MUST(e->what[0] && memchr(e->what, 0, sizeof e->what) && memchr(e->tip, 0, sizeof e->tip));
	MUST(!strpbrk(e->what, "\n\r\x1b") && !strpbrk(e->tip, "\n\r\x1b"));
}

static char *written(const struct scenario *s, size_t *n)
{
	char *text;
	FILE *f = open_memstream(&text, n);

	MUST(f);
	scenario_write(f, s);
	scenario_write_run(f, s);
	MUST(fclose(f) == 0);
	return text;
}

/* Twice as long as what it says, because scenario_write_run() follows. */
static void again(const struct scenario *s)
{
	struct scenario t;
	struct scenario_error e;
	size_t n, m, one;
	char *first = written(s, &n), *second, *text;
	FILE *f = open_memstream(&text, &one);

	MUST(f);
	scenario_write(f, s);
	MUST(fclose(f) == 0);
	if (one <= SCENARIO_TEXT_MAX) {
		MUST(scenario_parse(&t, text, one, &e) == SCENARIO_OK);
		second = written(&t, &m);
		MUST(n == m && !memcmp(first, second, n));
		free(second);
		scenario_free(&t);
	}
	free(text);
	free(first);
}

static void plan(const struct scenario *s, const char *topology)
{
	const struct need_kernel k = { .release = "6.12.7+x", .config = "CONFIG_X=y\n", .config_n = 11 };
	struct scenario_plan plan;
	struct scenario_error e;
	struct places p;

	MUST(places_parse(&p, topology));
	if (scenario_plan_make(&plan, s, &p, &e) != SCENARIO_OK)
		must_tell(&e);
	if (!need_of_kernel(s, &plan, &k, &e))
		must_tell(&e);
	for (size_t i = 0; i < plan.n_steps; i++) {
		const struct plan_step *t = &plan.steps[i];

		MUST(t->group < (int)plan.n_groups && t->other < (int)plan.n_groups);
		MUST(t->kind != PLAN_END ||
		     (t->first > 0 && t->first <= i && plan.steps[t->first - 1].kind == PLAN_EVERY));
		MUST(!t->work || !t->work->n || t->work->n % t->work->program->group == 0);
	}
	MUST(plan.workers <= PLAN_WORKERS_MAX && plan.n_groups <= PLAN_GROUPS_MAX);
	scenario_plan_free(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct scenario_error e;
	struct scenario s;

	if (scenario_parse(&s, (const char *)data, n, &e) == SCENARIO_OK) {
		again(&s);
		plan(&s, "1,1,1,1");
		plan(&s, "2,4,3,2/llcs=3,1");
	} else {
		must_tell(&e);
	}
	scenario_free(&s);
	return 0;
}
