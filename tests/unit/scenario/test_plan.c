/* test_plan.c: scenarios on topologies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "scenario/catalogue.h"
#include "scenario/need.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "topology/presets.h"

struct made {
	struct scenario s;
	struct scenario_plan plan;
	struct scenario_error e;
	enum scenario_fault fault;
};

static void make(struct made *m, const char *text, size_t n, const char *topology)
{
	struct places p;

	assert_true(places_parse(&p, topology));
	if (scenario_parse(&m->s, text, n, &m->e) != SCENARIO_OK)
		fail_msg("%.*s: %u: %s", (int)n, text, m->e.line, m->e.what);
	m->fault = scenario_plan_make(&m->plan, &m->s, &p, &m->e);
}

static void drop(struct made *m)
{
	scenario_plan_free(&m->plan);
	scenario_free(&m->s);
}

static const char *listed(const struct cpus *s)
{
	static char text[4 * CPUS_MAX];

	assert_true(cpus_text(s, text, sizeof text));
	return text;
}

static void numbers(void **state)
{
	static const char text[] =
		"duration 4s\nworkers 3\ncgroup a cpuset=llc:0\ncgroup a/b cpuset=part:0/2\nwork a/b spin n=150%\n"
		"work a pipe\nwork - spin n=1 affinity=one comm=x\nhold 25%\nset a weight=5\nmark m\nhold 10ms\n"
		"every 100ms { swap a a/b; hold 5ms } for 50%\n";
	const struct plan_step *t;
	struct made m;

	(void)state;
	make(&m, text, strlen(text), "1,2,4,1");
	assert_int_equal(m.fault, SCENARIO_OK);
	assert_int_equal(m.plan.n_groups, 2);
	assert_int_equal(m.plan.groups[1].parent, 0);
	assert_int_equal(m.plan.n_steps, 13);
	t = m.plan.steps;
	assert_string_equal(listed(&t[0].knobs.cpus), "0-3");
	assert_string_equal(listed(&t[1].knobs.cpus), "0-2");
	assert_int_equal(t[2].work->n, 5);
	assert_int_equal(t[3].work->n, 4);
	assert_string_equal(t[3].work->text, "pipe");
	assert_string_equal(t[4].work->comm, "x");
	assert_int_equal(t[4].group, PLAN_NO_GROUP);
	assert_int_equal(t[5].ns, 1000000000);
	assert_int_equal(t[6].kind, PLAN_SET);
	assert_string_equal(t[7].name, "m");
	assert_int_equal(t[9].kind, PLAN_EVERY);
	assert_int_equal(t[9].for_ns, 2000000000);
	assert_int_equal(t[12].kind, PLAN_END);
	assert_int_equal(t[12].first, 10);
	assert_int_equal(m.plan.slots, 4);
	assert_int_equal(m.plan.slot_kinds[3], SLOT_PIPE);
	assert_int_equal(m.plan.workers, 10);
	assert_int_equal(m.plan.phases, 3);
	assert_int_equal(m.plan.hold_ns, 3010000000);
	assert_int_equal(m.plan.controllers, KNOB_CPUSET | KNOB_WEIGHT);
	drop(&m);
}

/* Percentages are of the CPUs that are there. */
static void offline(void **state)
{
	static const char text[] =
		"cpu offline all-cpu:0-2\nwork - spin n=100%\ncgroup a cpuset=cpu:7\nwork a spin n=100%\nhold 1s";
	struct made m;

	(void)state;
	make(&m, text, strlen(text), "1,2,4,1");
	assert_int_equal(m.fault, SCENARIO_OK);
	assert_true(m.plan.hotplug);
	assert_string_equal(listed(&m.plan.steps[0].knobs.cpus), "3-7");
	assert_int_equal(m.plan.steps[1].work->n, 3);
	assert_int_equal(m.plan.steps[3].work->n, 1);
	drop(&m);
}

/* Lines that "use" brought all stand at the same place. */
static void blocks_of_one_line(void **state)
{
	static const char text[] = "cgroup x\nevery 1s { mark a } for 1s; every 1s { mark b } for 1s";
	struct made m;

	(void)state;
	make(&m, text, strlen(text), "1,1,2,1");
	assert_int_equal(m.fault, SCENARIO_OK);
	assert_int_equal(m.plan.n_steps, 7);
	assert_int_equal(m.plan.steps[3].first, 2);
	assert_int_equal(m.plan.steps[6].first, 5);
	drop(&m);
}

static void each_counts(void **state)
{
	static const char text[] =
		"each usable max=3 { cgroup c_$ cpuset=cpu:$ }\neach usable max=3 part=1/2 { remove c_$ }\n"
		"each llc { cgroup l_$ cpuset=llc:$; work l_$ spin }\nhold 1s";
	struct made m;

	(void)state;
	make(&m, text, strlen(text), "1,2,4,1");
	assert_int_equal(m.fault, SCENARIO_OK);
	assert_int_equal(m.plan.n_groups, 5);
	assert_string_equal(m.plan.groups[2].name, "c_2");
	assert_string_equal(listed(&m.plan.steps[2].knobs.cpus), "2");
	assert_int_equal(m.plan.steps[3].group, 1);
	assert_int_equal(m.plan.steps[4].group, 2);
	assert_string_equal(listed(&m.plan.steps[7].knobs.cpus), "4-7");
	drop(&m);
}

static void programs(void **state)
{
	static const char text[] = "program - ./a x\nprogram - b n=3\nprogram - ./a\nhold 1s";
	struct made m;

	(void)state;
	make(&m, text, strlen(text), "1,1,2,1");
	assert_int_equal(m.fault, SCENARIO_OK);
	assert_int_equal(m.plan.n_programs, 2);
	assert_string_equal(m.plan.programs[1], "b");
	assert_int_equal(m.plan.steps[2].n, 0);
	assert_string_equal(m.plan.steps[0].argv[1], "x");
	assert_null(m.plan.steps[2].argv[1]);
	assert_int_equal(m.plan.steps[1].copies, 3);
	drop(&m);
}

/* Their program is the last one, whether the text names it or not: so the guest's plan, of a text that does not, has it there too. */
static void functions(void **state)
{
	static const char text[] =
		"functions ./a\nwork - fn:one n=3\nprogram - ./a x\nwork - fn:two comm=t n=1\nhold 1s";
	static const char bare[] = "work - fn:one n=3\nprogram - ./a x\nhold 1s";
	struct made m;

	(void)state;
	make(&m, text, strlen(text), "1,1,2,1");
	assert_int_equal(m.fault, SCENARIO_OK);
	assert_int_equal(m.plan.functions, 2);
	assert_int_equal(m.plan.n_programs, 2);
	assert_string_equal(m.plan.programs[1], "./a");
	assert_int_equal(m.plan.steps[1].n, 0);
	assert_string_equal(m.plan.steps[0].work->function, "one");
	assert_string_equal(m.plan.steps[0].work->type, "fn:one");
	assert_string_equal(m.plan.steps[0].work->comm, "one");
	assert_string_equal(m.plan.steps[2].work->comm, "t");
	drop(&m);
	make(&m, bare, strlen(bare), "1,1,2,1");
	assert_int_equal(m.plan.n_programs, 2);
	assert_string_equal(m.plan.programs[1], "");
	drop(&m);
}

static void schedulers(void **state)
{
	static const struct {
		const char *text, *only; /* in guests */
		bool schedules, later;
	} cases[] = {
		{ "hold 1s", NULL, false, false },
		{ "hold 1s\nscheduler attach", "attaching", true, true },
		{ "scheduler restart\nhold 1s", "attaching", true, false },
		{ "freezer\nhold 1s", "freezing", false, false },
		{ "cpu online all\nhold 1s", "CPUs offline", false, false },
		{ "psi -\nvar x = 3\nhold 1s", NULL, false, false },
	};
	struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *only;

		make(&m, cases[i].text, strlen(cases[i].text), "1,1,2,1");
		assert_int_equal(m.fault, SCENARIO_OK);
		assert_int_equal(m.plan.schedules, cases[i].schedules);
		assert_int_equal(m.plan.later, cases[i].later);
		only = plan_guests_only(&m.plan);
		assert_true(cases[i].only ? only && strstr(only, cases[i].only) : !only);
		drop(&m);
	}
}

/* A guest gets no cgroup of ours when this says that nobody needs one. */
static void cgroups(void **state)
{
	static const struct {
		const char *text;
		bool uses;
	} cases[] = {
		{ "work - spin\nhold 1s", false },
		{ "work - prog:\"fork 1; exec 1; write 4; sync\"\npsi -\nfreezer\nhold 1s", false },
		{ "program - /bin/true\nhold 1s", false },
		{ "cgroup a\nhold 1s", true },
		{ "work - migrate\nhold 1s", true },
		{ "work - churn\nhold 1s", true },
		{ "work - pipe\nwork - prog:\"run 1ms; churn 1\"\nhold 1s", true },
	};
	struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		make(&m, cases[i].text, strlen(cases[i].text), "1,1,2,1");
		assert_int_equal(m.fault, SCENARIO_OK);
		assert_int_equal(plan_uses_cgroups(&m.plan), cases[i].uses);
		assert_int_equal(plan_does(&m.plan, ACT_WRITE), i == 1);
		drop(&m);
	}
}

/* One process, in two cgroups. */
#define THREADS "cgroup x\ncgroup x/a threaded\ncgroup x/b threaded\nwork x/a spin n=2 threads\n"
#define SPREAD THREADS "move x/a x/b n=1\n"

static void refused(void **state)
{
	static const struct {
		const char *text;
		enum scenario_fault fault;
		unsigned line;
		const char *what;
	} cases[] = {
		{ "cgroup a\nwork b spin\nhold 1s", SCENARIO_BAD, 2, "no cgroup \"b\"" },
		{ "cgroup a/b\nhold 1s", SCENARIO_BAD, 1, "no cgroup \"a\" to make one in" },
		{ "cgroup a\ncgroup a\nhold 1s", SCENARIO_BAD, 2, "already" },
		{ "cgroup a\nremove a\nset a weight=5\nhold 1s", SCENARIO_BAD, 3, "gone" },
		{ "cgroup a\ncgroup a/b\nremove a\nhold 1s", SCENARIO_BAD, 3, "in it" },
		{ "cgroup a cpuset=all-all\nhold 1s", SCENARIO_BAD, 1, "no CPU is left" },
		{ "cgroup a cpuset=cpu:0\ncgroup a/b cpuset=cpu:1\nhold 1s", SCENARIO_BAD, 2, "in common" },
		{ "cgroup a\ncgroup b\nswap a b\nhold 1s", SCENARIO_BAD, 3, "no cpuset" },
		{ "work - pipe n=3\nhold 1s", SCENARIO_BAD, 1, "whole groups of 2" },
		{ "work - spin n=4096\nwork - spin n=1\nhold 1s", SCENARIO_BAD, 2, "4096 workers" },
		{ "work - spin", SCENARIO_BAD, 0, "nothing is held" },
		{ "hold 3600s\nhold 1s", SCENARIO_BAD, 2, "an hour" },
		{ "every 1s {\ncgroup a\n} for 2s", SCENARIO_BAD, 3, "makes the cgroup \"a\"" },
		{ "cgroup a\nevery 1s {\nremove a\n} for 2s", SCENARIO_BAD, 4, "removes the cgroup \"a\"" },
		{ "every 1s {\nwork - spin\n} for 2s", SCENARIO_BAD, 3, "stops them" },
		{ "cpu offline all\nhold 1s", SCENARIO_BAD, 1, "CPU 0" },
		{ "cpu offline cpu:9\nhold 1s", SCENARIO_SKIP, 1, "no cpu:9" },
		{ "every 1s {\ncpu offline cpu:1\n} for 2s", SCENARIO_BAD, 3, "none undoes it" },
		{ "every 1s {\ncpu offline cpu:1-2\ncpu online all\n} for 2s", SCENARIO_OK, 0, "" },
		{ "hold 1s\nscheduler detach\nscheduler detach", SCENARIO_BAD, 3, "no scheduler is attached" },
		{ "hold 1s\nscheduler restart\nscheduler attach", SCENARIO_BAD, 3, "the scheduler is attached" },
		{ "scheduler attach\nhold 1s\nscheduler detach\nvar x = 5", SCENARIO_BAD, 4,
		  "no scheduler is attached" },
		{ "every 1s {\nscheduler detach\n} for 2s", SCENARIO_BAD, 3, "detaches the scheduler" },
		{ "every 1s {\nscheduler detach\nscheduler attach\n} for 2s", SCENARIO_OK, 0, "" },
		{ "hold 1s\nprogram a x", SCENARIO_BAD, 2, "no cgroup \"a\"" },
		{ "hold 1s\nprogram - x n=200\nprogram - x n=57", SCENARIO_BAD, 3, "256 programs" },
		{ "every 1s {\nprogram - x\n} for 2s", SCENARIO_BAD, 2, "in a block" },
		{ "hold 1s\npsi a", SCENARIO_BAD, 2, "no cgroup \"a\"" },
		{ "hold 1s\ncgroup a cpuset=llc:2", SCENARIO_SKIP, 2, "no llc:2" },
		{ "hold 1s\nwork - spin mem=interleave:0-1", SCENARIO_SKIP, 2, "NUMA node 1" },
		{ "hold 1s\ncgroup a mems=1", SCENARIO_SKIP, 2, "NUMA node 1" },
		{ "needs cpus:9\nhold 1s", SCENARIO_SKIP, 1, "needs 9 cpus" },
		{ "needs cpus:2..4\nhold 1s", SCENARIO_SKIP, 1, "at most 4 cpus" },
		{ "needs numa\nhold 1s", SCENARIO_SKIP, 1, "NUMA" },
		{ "needs smt\nhold 1s", SCENARIO_SKIP, 1, "threads" },
		{ "needs 6.13.. CONFIG_X=y some_function llcs:2 nodes:1..1\nhold 1s", SCENARIO_OK, 0, "" },
		{ "cgroup a\nwork a spin\nevery 1s {\nwork a spin\nstop a\n} for 2s", SCENARIO_OK, 0, "" },
		{ "cgroup a\ncgroup a/b\nevery 1s {\nwork a/b spin\nstop a\n} for 2s", SCENARIO_OK, 0, "" },
		{ "cgroup a\ncgroup b threaded\nhold 1s", SCENARIO_BAD, 2, "\"b\" is threaded and \"a\" is not" },
		{ "cgroup a threaded\ncgroup b\nhold 1s", SCENARIO_BAD, 2, "\"a\" is threaded and \"b\" is not" },
		{ "cgroup a threaded\ncgroup a/b\nhold 1s", SCENARIO_BAD, 2, "\"a\" is threaded and \"a/b\" is not" },
		{ "cgroup a\ncgroup a/b threaded\ncgroup c\nhold 1s", SCENARIO_OK, 0, "" },
		{ "cgroup a\ncgroup a/b\nfreeze a\nwork a/b spin threads\nhold 1s", SCENARIO_BAD, 4,
		  "\"a\" is frozen" },
		{ "cgroup a\nfreeze a\nthaw a\nwork a spin threads\nhold 1s", SCENARIO_OK, 0, "" },
		{ "cgroup a\ncgroup b\nwork a spin threads\nmove a b n=1\nhold 1s", SCENARIO_BAD, 4, "all together" },
		{ "cgroup a\ncgroup b\nwork a spin threads\nmove a b\nmove b -\nhold 1s", SCENARIO_OK, 0, "" },
		{ SPREAD "stop x/b\nhold 1s", SCENARIO_BAD, 6, "ends whole" },
		{ SPREAD "remove x/a\nhold 1s", SCENARIO_BAD, 6, "ends whole" },
		{ SPREAD "move x/a -\nhold 1s", SCENARIO_BAD, 6, "in other cgroups" },
		{ SPREAD "move x/b x n=1\nhold 1s", SCENARIO_OK, 0, "" },
		{ THREADS "every 1s {\nmove x/b -\nmove x/a x/b n=1\n} for 2s", SCENARIO_BAD, 8, "in other cgroups" },
		{ THREADS "every 1s {\nmove x/b -\nmove x/a x/b n=1\n} for 1s", SCENARIO_OK, 0, "" },
		{ THREADS "every 1s {\nmove x/a x/b n=1\nmove x/b x/a\n} for 2s", SCENARIO_OK, 0, "" },
		{ THREADS "every 1s {\nmove x/a x/b n=1\n} for 3s", SCENARIO_OK, 0, "" },
		{ THREADS
		  "every 1s {\ncgroup x/c threaded\nwork x/c spin n=2 threads\nmove x/c x/b n=1\nstop x\nremove x/c\n} for 2s",
		  SCENARIO_OK, 0, "" },
		{ SPREAD "stop x\nremove x/a\nhold 1s", SCENARIO_OK, 0, "" },
		{ SPREAD "move x/a x/b\nmove x/b -\nremove x/b\nhold 1s", SCENARIO_OK, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct made m;

		make(&m, cases[i].text, strlen(cases[i].text), "1,2,4,1");
		if (m.fault != cases[i].fault || m.e.line != cases[i].line || !strstr(m.e.what, cases[i].what))
			fail_msg("\"%s\": %d, %u: %s", cases[i].text, m.fault, m.e.line, m.e.what);
		drop(&m);
	}
}

static bool has(void *arg, const char *name)
{
	return !strcmp(name, arg);
}

static void kernels(void **state)
{
	static const struct {
		const char *text, *lacks; /* NULL: nothing */
	} cases[] = {
		{ "needs 6.12.. ..6.13 6.12.5..6.12 6.12..6.12.7", NULL },
		{ "needs 6.13..", "needs kernel 6.13..; this is 6.12.7+x" },
		{ "needs 6.12.8..", "6.12.8.." },
		{ "needs ..6.12.6", "..6.12.6" },
		{ "needs 6.9..6.10", "6.9..6.10" },
		{ "needs CONFIG_A=y CONFIG_B=m CONFIG_C=n CONFIG_D=n CONFIG_E=x", NULL },
		{ "needs CONFIG_A=m", "CONFIG_A=m" },
		{ "needs CONFIG_A=n", "CONFIG_A=n" },
		{ "needs CONFIG_AA=y", "CONFIG_AA=y" },
		{ "needs scx_a_function numa smt", NULL },
		{ "needs another_function", "function another_function" },
		{ "cgroup a weight=5", NULL },
		{ "cgroup a max=5ms", "CONFIG_CFS_BANDWIDTH=y" },
		{ "cgroup a; set a cpuset=all", "cpusets" },
	};
	static const char config[] = "# CONFIG_C is not set\nCONFIG_CGROUP_SCHED=y\nCONFIG_A=y\nCONFIG_B=m\nCONFIG_E=x";
	static char function[] = "scx_a_function";
	const struct need_kernel nothing = { 0 }, k = { "6.12.7+x", config, sizeof config - 1, has, function };
	struct scenario_error e;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[256];
		struct made m;
		bool ok;

		snprintf(text, sizeof text, "hold 1s\n%s", cases[i].text);
		make(&m, text, strlen(text), "2,2,2,2");
		assert_int_equal(m.fault, SCENARIO_OK);
		assert_true(need_of_kernel(&m.s, &m.plan, &nothing, &e));
		ok = need_of_kernel(&m.s, &m.plan, &k, &e);
		if (ok != !cases[i].lacks || (!ok && (e.fault != SCENARIO_SKIP || !strstr(e.what, cases[i].lacks))))
			fail_msg("%s: %d %s", cases[i].text, ok, e.what);
		drop(&m);
	}
}

/* "affinity all" is of the workers of its line: alone on it, nobody else's mask would change. */
static void changes_masks_of_others(const char *name, const struct scenario_plan *p)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct plan_work *w = p->steps[i].work;

		for (unsigned k = 0; w && k < w->program->n; k++)
			if (w->program->acts[k].kind == ACT_AFFINITY && w->program->acts[k].a && w->n < 2)
				fail_msg("%s: line %u: nobody else is on it", name, p->steps[i].line);
	}
}

/* Everything in the catalogue runs on a machine that has everything, and elsewhere runs or says what is lacking. */
static void catalogue_everywhere(void **state)
{
	(void)state;
	assert_true(n_catalogue > 73);
	for (size_t i = 0; i < n_catalogue; i++) {
		const struct catalogue_entry *c = &catalogue[i];

		for (size_t k = 0; k <= PRESETS; k++) {
			const struct topology *t =
				k < PRESETS ? &presets[k].topo : &(const struct topology)TOPOLOGY(1, 1, 1, 1);
			char topology[64];
			struct made m;

			snprintf(topology, sizeof topology, "%u,%u,%u,%u", t->nodes, t->llcs, t->cores, t->threads);
			make(&m, c->text, c->n, topology);
			if (m.fault != SCENARIO_OK && m.fault != SCENARIO_SKIP)
				fail_msg("%s on %s: %u: %s", c->name, topology, m.e.line, m.e.what);
			if (k < PRESETS && !strcmp(presets[k].name, "numa4-12llc"))
				assert_int_equal(m.fault, SCENARIO_OK);
			if (m.fault == SCENARIO_OK)
				changes_masks_of_others(c->name, &m.plan);
			assert_non_null(m.s.summary);
			assert_null(m.s.name);
			assert_true(m.s.tags.n);
			drop(&m);
		}
		assert_ptr_equal(catalogue_find(c->name, strlen(c->name)), c);
	}
	assert_string_equal(catalogue[0].name, "cgroup_steady");
	assert_string_equal(catalogue[72].name, "fanout_wake");
	assert_null(catalogue_find("cgroup_stead", 12));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(blocks_of_one_line),
		cmocka_unit_test(each_counts),
		cmocka_unit_test(offline),
		cmocka_unit_test(programs),
		cmocka_unit_test(functions),
		cmocka_unit_test(schedulers),
		cmocka_unit_test(cgroups),
		cmocka_unit_test(refused),
		cmocka_unit_test(kernels),
		cmocka_unit_test(catalogue_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
