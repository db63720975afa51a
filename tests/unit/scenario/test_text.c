/* test_text.c: the text of scenarios: what is read, how it is written again, and what is said of nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "scenario/catalogue.h"
#include "scenario/fault.h"
#include "scenario/random.h"
#include "scenario/scenario.h"
#include "scenario/text/line.h"

static char *written(const struct scenario *s)
{
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	scenario_write(f, s);
	fclose(f);
	return text;
}

/* The canonical text, or NULL. */
static char *canonical(const char *text, size_t n, struct scenario_error *e)
{
	struct scenario s;
	char *wrote = scenario_parse(&s, text, n, e) == SCENARIO_OK ? written(&s) : NULL;

	scenario_free(&s);
	return wrote;
}

#define BODY "work - spin\nhold 100%\n"

static void canonical_forms(void **state)
{
	static const struct {
		const char *text, *wrote; /* without "ktstr 1" and the body */
	} cases[] = {
		{ "", "" },
		{ "ktstr 1\ntest  t # comment", "test t\n" },
		{ "summary Two cgroups, \"side  by side\"", "summary \"Two cgroups, side  by side\"\n" },
		{ "scheduler ./scx --name \"a b\" \"\"", "scheduler ./scx --name \"a b\" \"\"\n" },
		{ "topology 1,2,4,1; duration 2000ms; settle 200ms", "topology 1,2,4,1\n" },
		{ "duration 1500000us", "duration 1500ms\n" },
		{ "workers 3", "workers 3\n" },
		{ "seeds 1", "" },
		{ "seeds 8 first=5; clock real", "seeds 8 first=5\nclock real\n" },
		{ "functions \"./a b\"; work - fn:f n=1 policy=batch",
		  "functions \"./a b\"\nwork - fn:f n=1 policy=batch\n" },
		{ "memory 2048\ntags a b\ntags c", "memory 2048\ntags a b c\n" },
		{ "needs numa; flags llc !steal\nneeds cpus:4 CONFIG_X=y",
		  "flags llc !steal\nneeds numa cpus:4 CONFIG_X=y\n" },
		{ "kargs isolcpus=1; sysctls vm.swappiness=10 \"kernel.printk=7 4 1 7\"\nkargs preempt=full",
		  "sysctls vm.swappiness=10 \"kernel.printk=7 4 1 7\"\nkargs isolcpus=1 preempt=full\n" },
		{ "sysctls net.ipv4.conf.all/rp_filter=0; cgroup_parent /ktstr",
		  "sysctls net.ipv4.conf.all/rp_filter=0\n" },
		{ "workers 3; cgroup_parent /a/b.slice", "workers 3\ncgroup_parent /a/b.slice\n" },
		{ "watchdog 4000ms; clock real", "clock real\nwatchdog 4s\n" },
		{ "cgroup a cpuset=cpu:0,1,2+llc:0 weight=50 max=5ms idle",
		  "cgroup a cpuset=cpu:0-2+llc:0 weight=50 max=5ms/100ms idle\n" },
		{ "cgroup a; set a max=none cpuset=inherit idle=off",
		  "cgroup a\nset a cpuset=inherit max=none idle=off\n" },
		{ "work - bursty:sleep=100ms,run=5ms n=50% nice=-5 affinity=one policy=rr:3 comm=\"a b\"",
		  "work - bursty:run=5ms n=50% policy=rr:3 nice=-5 affinity=one comm=\"a b\"\n" },
		{ "work - spin mem=bind:0,1 uid=5; work - spin mem=preferred:1",
		  "work - spin mem=bind:0-1 uid=5\nwork - spin mem=preferred:1\n" },
		{ "work - spin threads uid=5 n=2", "work - spin n=2 uid=5 threads\n" },
		{ "work - spin mem=local; work - churn:deep=3,period=10ms",
		  "work - spin mem=local\nwork - churn:deep=3\n" },
		{ "work - CpuSpin; work - Mixed; work - Bursty:run=1ms",
		  "work - spin\nwork - yield:us=100\nwork - bursty:run=1ms\n" },
		{ "work - prog:\"2 * policy=fifo:2;run 1000us ;wake  x| wait x ; run 5us\"",
		  "work - prog:\"2 * policy=fifo:2; run 1ms; wake a | wait a; run 5us\"\n" },
		{ "every 200ms { mark a.b; hold 1ms } for 50%", "every 200ms {\n  mark a.b\n  hold 1ms\n} for 50%\n" },
		{ "each usable max=4 part=1/2 {\ncgroup x_$ cpuset=cpu:$\n}\n",
		  "each usable max=4 part=1/2 {\n  cgroup x_$ cpuset=cpu:$\n}\n" },
		{ "cpu offline llc:1; cpu online all", "cpu offline llc:1\ncpu online all\n" },
		{ "mark x\nmark x-y", "mark x\nmark x-y\n" },
		{ "scheduler attachments x; scheduler  detach\nscheduler attach",
		  "scheduler attachments x\nscheduler detach\nscheduler attach\n" },
		{ "scheduler replace llc+steal; scheduler \"restart\"",
		  "scheduler replace llc+steal\nscheduler restart\n" },
		{ "program - ./x --a \"b c\"; program - /bin/y n=1 n=4; program - z \"n=5\"",
		  "program - ./x --a \"b c\" n=1\nprogram - /bin/y n=1 n=4\nprogram - z n=5 n=1\n" },
		{ "psi -; freezer; freezer 1000us", "psi -\nfreezer 100ms\nfreezer 1ms\n" },
		{ "var x = 0x10; var y_1 = -5; map_write .bss 8 4294967295",
		  "var x = 16\nvar y_1 = -5\nmap_write .bss 8 4294967295\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scenario_error e;
		char text[1024], expected[1024], *wrote, *again;

		snprintf(text, sizeof text, "%s\n%s", cases[i].text, BODY);
		snprintf(expected, sizeof expected, "ktstr 1\n%s%s", cases[i].wrote, BODY);
		wrote = canonical(text, strlen(text), &e);
		if (!wrote)
			scenario_error_print(stderr, text, &e);
		assert_string_equal(wrote, expected);
		again = canonical(wrote, strlen(wrote), &e);
		assert_string_equal(again, expected);
		free(wrote);
		free(again);
	}
}

static void expectations_keep_their_words(void **state)
{
	static const char text[] =
		"expect gap.max{a/b} <= 200ms # that long\nhold 1s\n  expect log has \"a; b # {\"  \n"
		"expect_fail ejected: \"runnable task stall\"\n";
	struct scenario_error e;
	struct scenario s;

	(void)state;
	assert_int_equal(scenario_parse(&s, text, strlen(text), &e), SCENARIO_OK);
	assert_int_equal(s.expect.n, 2);
	assert_string_equal(s.expect.at[0].text, "gap.max{a/b} <= 200ms");
	assert_int_equal(s.expect.at[0].line, 1);
	assert_int_equal(s.expect.at[0].column, 8);
	assert_string_equal(s.expect.at[1].text, "log has \"a; b # {\"");
	assert_int_equal(s.expect.at[1].line, 3);
	assert_int_equal(s.expect.at[1].column, 10);
	assert_string_equal(s.expect_fail.text, "ejected: \"runnable task stall\"");
	scenario_free(&s);
}

static void what_decides_a_run(void **state)
{
	static const char text[] = "test t\ntopology 1,1,2,1\nduration 3s\nexpect isolated\nseeds 3\nsysctls vm.a=1\n"
				   "kargs x\ncgroup_parent /a\n" BODY;
	struct scenario_error e;
	struct scenario s;
	char *wrote;
	size_t n;
	FILE *f = open_memstream(&wrote, &n);

	(void)state;
	assert_int_equal(scenario_parse(&s, text, strlen(text), &e), SCENARIO_OK);
	scenario_write_run(f, &s);
	fclose(f);
	assert_string_equal(wrote, "ktstr 1\nduration 3s\ncgroup_parent /a\n" BODY);
	free(wrote);
	scenario_free(&s);
}

static void lines_of_the_catalogue(void **state)
{
	static const char text[] = "cgroup mine\nuse fork_storm_vs_spin\n";
	struct scenario_error e;
	struct scenario s;

	(void)state;
	assert_int_equal(scenario_parse(&s, text, strlen(text), &e), SCENARIO_OK);
	assert_null(s.summary);
	assert_true(s.n_lines > 4);
	for (size_t i = 1; i < s.n_lines; i++)
		assert_int_equal(s.lines[i].line, 2);
	assert_int_equal(s.expect.n, 2);
	for (size_t i = 0; i < s.expect.n; i++)
		assert_int_equal(s.expect.at[i].line, 2);
	scenario_free(&s);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *what, *tip; /* parts of them; NULL: none */
	} cases[] = {
		{ "", 0, 0, "nothing to do", "for example" },
		{ "\n\n  cgruop a", 3, 3, "\"cgruop\"", "\"cgroup\"" },
		{ "work - spni", 1, 8, "work type", "\"spin\"" },
		{ "work - spin:uz=5", 1, 13, "no parameter", "\"us\"" },
		{ "work - spin:us", 1, 13, "no value", "us=VALUE" },
		{ "work - spin:us=0", 1, 16, "1 to 10000000", NULL },
		{ "work - spin:us=5,us=6", 1, 18, "twice", NULL },
		{ "work - bursty:run=5", 1, 19, "a time", "5ms" },
		{ "work - spin n=3 n=4", 1, 17, "twice", NULL },
		{ "work - spin n=0", 1, 15, "1 to 4096", NULL },
		{ "work - spin colour=red", 1, 13, "takes no", "n policy" },
		{ "work - spin policy=fifo", 1, 24, "needs its numbers", "fifo:1" },
		{ "work - spin policy=deadline:5ms/2ms/9ms", 1, 29, "no longer", NULL },
		{ "work - spin nice=20", 1, 18, "nice", "-20 to 19" },
		{ "work - spin mem=bindd:0", 1, 17, "no memory policy", "\"bind\"" },
		{ "work - spin mem=local:0", 1, 22, "no nodes", NULL },
		{ "work - spin mem=bind", 1, 21, "no list", "bind:0-1" },
		{ "work - spin mem=preferred:0-1", 1, 27, "one node", NULL },
		{ "work - spin affinity=lcl:0", 1, 22, "names no CPUs", "\"llc\"" },
		{ "work - \"prog:run 1ms; slep 5ms\"", 1, 23, "no act", "\"sleep\"" },
		{ "work - prog:\"run 1ms; lock m\"", 1, 14, "not unlocked", NULL },
		{ "work - prog:\"unlock m\"", 1, 14, "not held", NULL },
		{ "work - prog:\"lock m; wake m; unlock m\"", 1, 27, "two ways", NULL },
		{ "work - prog:\"wait a\"", 1, 14, "wakes a", NULL },
		{ "work - prog:\"send a\"", 1, 14, "receives", NULL },
		{ "work - prog:\"wait @a\"; hold 1s", 0, 0, "nobody of the scenario wakes @a", NULL },
		{ "work - prog:", 1, 13, "no act", NULL },
		{ "work - prog", 1, 12, "needs its acts", NULL },
		{ "work - prog:\"nice 5 -5\"", 1, 23, "lower", NULL },
		{ "work - CacheYield:kib=5", 1, 18, "no parameters", "stands for" },
		{ "work -", 1, 1, "too few", "work NAME TYPE" },
		{ "hold 1s 2s", 1, 9, "too many", "hold TIME" },
		{ "hold 500", 1, 6, "a time", "500ms" },
		{ "hold 2h", 1, 6, "a time", "1500ms" },
		{ "hold 0%", 1, 6, "1 to", NULL },
		{ "cgroup .", 1, 8, "letters", NULL },
		{ "cgroup a//b", 1, 10, "1 to 63", NULL },
		{ "cgroup a_$", 1, 10, "each", NULL },
		{ "cgroup -", 1, 8, "needs a name", NULL },
		{ "cgroup a weight=0", 1, 17, "1 to 10000", NULL },
		{ "cgroup a max=1us/1ms", 1, 14, "1ms to", NULL },
		{ "cgroup a idle=maybe", 1, 15, "neither on nor off", NULL },
		{ "set a threaded", 1, 7, "takes no", NULL },
		{ "work - spin n=2 threads=4", 1, 25, "takes no value", "n=4" },
		{ "work - spin threads threads", 1, 21, "twice", NULL },
		{ "work - fn:f threads", 1, 8, "a process of its own", "leave out" },
		{ "work - fn: n=1", 1, 11, "name of a work function", "KTSTR_WORK" },
		{ "functions", 1, 1, "too few", "functions PATH" },
		{ "functions a\nfunctions b", 2, 1, "a second", NULL },
		{ "work - migrate threads", 1, 8, "of their own", "leave out" },
		{ "work - prog:\"churn 1\" threads", 1, 8, "of their own", "leave out" },
		{ "every 1s\nhold 1s\n} for 1s", 1, 1, "too few", NULL },
		{ "every 1s x", 1, 10, "\"{\" is missing", NULL },
		{ "every 1s {\n} for 1s", 2, 1, "nothing in this block", NULL },
		{ "every 1s {\nmark a\n}", 3, 1, "for how long", "} for 100%" },
		{ "every 1s {\nmark a", 1, 1, "not closed", "} for TIME" },
		{ "every 1s { every 1s { mark a } for 1s } for 1s", 1, 12, "cannot stand", NULL },
		{ "each cpu { hold 1s }", 1, 12, "cannot stand", NULL },
		{ "each cup { cgroup $ }", 1, 6, "no \"each cup\"", "\"cpu\"" },
		{ "each cpu part=2/2 { mark a }", 1, 15, "no part", "part=1/2" },
		{ "}", 1, 1, "ends no block", NULL },
		{ "swap a a", 1, 8, "same", NULL },
		{ "move - a n=5%", 1, 12, "no percentage", NULL },
		{ "test a\ntest b", 2, 1, "second", "one test" },
		{ "test é", 1, 6, "letters", NULL },
		{ "every 1s { test a } for 1s", 1, 12, "whole test", NULL },
		{ "duration 5", 1, 10, "a time", "5ms" },
		{ "needs cpus:x", 1, 12, "whole number", "cpus:4" },
		{ "needs cpus:9..4", 1, 15, "9 to", NULL },
		{ "needs CONFIG_=y", 1, 7, "nothing that can be needed", "numa" },
		{ "needs cup:4", 1, 7, "nothing that can be needed", "cpus:4" },
		{ "needs 6..", 1, 7, "nothing that can be needed", "6.13.." },
		{ "needs ..", 1, 7, "nothing that can be needed", NULL },
		{ "sysctls", 1, 1, "too few", "vm.swappiness=10" },
		{ "sysctls vm.swappiness", 1, 9, "no sysctl with its value", "NAME=VALUE" },
		{ "sysctls a.b=1 a..b=1", 1, 17, "name has letters", NULL },
		{ "sysctls .a=1", 1, 9, "name has letters", NULL },
		{ "sysctls a/=1", 1, 10, "name has letters", NULL },
		{ "sysctls \"a b=1\"", 1, 11, "name has letters", NULL },
		{ "sysctls a=1;b=2", 1, 13, "\"b=2\"", NULL },
		{ "sysctls \"a=1;b=2\"", 1, 13, "neither quotes", NULL },
		{ "sysctls kernel/panic=5", 1, 9, "kernel.panic", "hear" },
		{ "kargs", 1, 1, "too few", "isolcpus=1" },
		{ "kargs --", 1, 7, "name has letters", NULL },
		{ "kargs \"a b\"", 1, 9, "name has letters", NULL },
		{ "kargs \"a=b c\"", 1, 11, "neither blanks", NULL },
		{ "kargs a=b'", 1, 10, "neither blanks", NULL },
		{ "kargs isolcpus=1 rdinit=/bin/sh", 1, 18, "\"rdinit\"", "hear" },
		{ "kargs console=ttyS1", 1, 7, "\"console\"", "hear" },
		{ "kargs tsc-early-khz=1", 1, 7, "\"tsc_early_khz\"", "clock" },
		{ "kargs maxcpus=1", 1, 7, "\"maxcpus\"", "topology" },
		{ "kargs sysctl.vm.swappiness=5", 1, 7, "among parameters", "sysctls vm.swappiness=5" },
		{ "kargs KTSTR_BOARD=2", 1, 7, "ktstr's own", NULL },
		{ "kargs a b c d e f g h i j k l m n o p q; hold 1s", 0, 0, "more than 16", NULL },
		{ "watchdog 50ms", 1, 10, "100ms to 30s", NULL },
		{ "watchdog 31s", 1, 10, "100ms to 30s", NULL },
		{ "watchdog 100500us", 1, 10, "whole milliseconds", NULL },
		{ "cgroup_parent", 1, 1, "too few", "/workload" },
		{ "cgroup_parent a", 1, 15, "begins with", "/workload" },
		{ "cgroup_parent /", 1, 15, "begins with", NULL },
		{ "cgroup_parent /a/", 1, 15, "begins with", NULL },
		{ "cgroup_parent /a/../b", 1, 18, "empty", NULL },
		{ "cgroup_parent //a", 1, 16, "empty", NULL },
		{ "cgroup_parent /a/cpu.max", 1, 18, "kernel's files", NULL },
		{ "cgroup_parent /a:b", 1, 17, "letters", NULL },
		{ "scheduler \"\" x", 1, 11, "without a name", NULL },
		{ "cpu of cpu:1", 1, 5, "neither offline nor online", NULL },
		{ "cpu offline cup:1", 1, 13, "names no CPUs", "\"cpu\"" },
		{ "scheduler attach now", 1, 18, "stands alone", "replace PROFILE" },
		{ "scheduler replace", 1, 11, "takes the name", "default" },
		{ "scheduler replace a,b", 1, 20, "several profiles", "llc+steal" },
		{ "scheduler replace a=b", 1, 20, "neither blanks", NULL },
		{ "every 1s { scheduler ./x } for 1s", 1, 12, "whole test", NULL },
		{ "program -", 1, 1, "too few", "program NAME PATH" },
		{ "program - \"\"", 1, 11, "without a name", NULL },
		{ "program - x n=0", 1, 15, "1 to 256", NULL },
		{ "psi", 1, 1, "too few", "psi -" },
		{ "freezer 1h", 1, 9, "a time", NULL },
		{ "freezer 11s", 1, 9, "1ms to 10s", NULL },
		{ "var x 5 6", 1, 7, "\"=\" is missing", "var NAME = N" },
		{ "var x-y = 5", 1, 6, "letters", NULL },
		{ "var x = five", 1, 9, "no number", "0x10" },
		{ "var x = -9223372036854775809", 1, 9, "no number", NULL },
		{ "var x = 0x11112222333344445", 1, 9, "no number", NULL },
		{ "map_write a_b 1048577 0", 1, 15, "0 to 1048576", NULL },
		{ "map_write a_b 0 4294967296", 1, 17, "32 bits", NULL },
		{ "map_write sixteen_letters_ 0 0", 1, 11, "1 to 15", NULL },
		{ "clock tick", 1, 7, "no clock", "virtual real" },
		{ "seeds 5 from=3", 1, 9, "no part", "first=M" },
		{ "use nothing_there", 1, 5, "no scenario", NULL },
		{ "ktstr 2", 1, 7, "version 1", NULL },
		{ "hold \"1s", 1, 6, "not closed", NULL },
		{ "\"hold\" 1s", 1, 2, "no quotes", NULL },
		{ "hold 1s\r\n", 1, 8, "U+000D", "line feed" },
		{ "mark \x1b[31m", 1, 6, "U+001B", NULL },
		{ "mark \xe2\x80\xae", 1, 6, "U+202E", NULL },
		{ "é\xff", 1, 2, "0xff", NULL },
		{ "mark \xc0\xaf", 1, 6, "no UTF-8", NULL },
		{ "\xef\xbb\xbfhold 1s", 1, 1, "U+FEFF", NULL },
	};
	size_t right = 0;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scenario_error e;
		char *wrote = canonical(cases[i].text, strlen(cases[i].text), &e);

		if (wrote || e.fault != SCENARIO_BAD || e.line != cases[i].line || e.column != cases[i].column ||
		    !strstr(e.what, cases[i].what) || (cases[i].tip && !strstr(e.tip, cases[i].tip)))
			print_error("\"%s\": %u:%u: %s (%s)\n", cases[i].text, e.line, e.column, wrote ? wrote : e.what,
				    e.tip);
		else
			right++;
		free(wrote);
	}
	assert_int_equal(right, sizeof cases / sizeof *cases);
}

static void bounds(void **state)
{
	char *text = calloc(1, SCENARIO_TEXT_MAX + 2);
	struct scenario_error e;

	(void)state;
	memset(text, ' ', SCENARIO_TEXT_MAX + 1);
	memcpy(text, "hold 1s", 7);
	free(canonical(text, SCENARIO_TEXT_MAX, &e));
	assert_int_equal(e.fault, SCENARIO_OK);
	assert_null(canonical(text, SCENARIO_TEXT_MAX + 1, &e));
	assert_non_null(strstr(e.what, "limit"));
	for (size_t i = 0; i < SCENARIO_TEXT_MAX; i += 8)
		memcpy(text + i, "hold 1s\n", 8);
	assert_null(canonical(text, SCENARIO_TEXT_MAX, &e));
	assert_int_equal(e.line, SCENARIO_LINES_MAX + 1);
	for (size_t i = 0; i < SCENARIO_TEXT_MAX; i += 8)
		memcpy(text + i, "tags  a\n", 8);
	assert_null(canonical(text, SCENARIO_TEXT_MAX, &e));
	assert_int_equal(e.line, 64);
	for (size_t i = 0; i < SCENARIO_TEXT_MAX; i += 2)
		memcpy(text + i, "a ", 2);
	assert_null(canonical(text, SCENARIO_TEXT_MAX, &e));
	assert_non_null(strstr(e.what, "words"));
	assert_null(canonical("hold\0 1s", 8, &e));
	free(text);
}

/* Any text made of parts of scenarios is refused with a place, or read; and then what is written says the same. */
static void random_texts(void **state)
{
	static const char *const parts[] = { "cgroup",
					     "a",
					     "b",
					     "a/b",
					     "work",
					     "-",
					     "spin",
					     "bursty:run=5ms",
					     "n=2",
					     "n=150%",
					     "hold",
					     "100%",
					     "50ms",
					     "every",
					     "{",
					     "}",
					     "for",
					     "\n",
					     "\n",
					     ";",
					     "swap",
					     "set",
					     "cpuset=llc:0",
					     "each",
					     "llc",
					     "x_$",
					     "test",
					     "expect",
					     "isolated",
					     "gap.max < 5ms",
					     "#",
					     "\"x y\"",
					     "prog:\"run 5us; wake @x\"",
					     "affinity",
					     "random",
					     "policy",
					     "rr:5",
					     "move",
					     "stop",
					     "use",
					     "cgroup_steady",
					     "mark",
					     "m",
					     "needs",
					     "cpus:4..",
					     "\n",
					     "weight=5" };
	uint64_t seed = 3;
	unsigned read = 0;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		char text[512] = "hold 1s\n", *wrote, *again;
		struct scenario_error e;

		for (uint64_t n = random_below(&seed, 16); n; n--) {
			strcat(text, parts[random_below(&seed, sizeof parts / sizeof *parts)]);
			strcat(text, " ");
		}
		wrote = canonical(text, strlen(text), &e);
		if (!wrote) {
			assert_true(e.fault == SCENARIO_BAD && e.what[0]);
			continue;
		}
		read++;
		again = canonical(wrote, strlen(wrote), &e);
		assert_string_equal(wrote, again);
		free(wrote);
		free(again);
	}
	assert_true(read > 200);
}

/* They may come from a scheduler's file, however long. */
static void guesses(void **state)
{
	struct fault_guess g = { .word = "abc", .n = 3 };
	struct scenario_error e = { 0 };
	char much[300];

	(void)state;
	memset(much, 'z', sizeof much - 1);
	much[sizeof much - 1] = '\0';
	fault_guess_try(&g, much);
	fault_guess_try(&g, "yes");
	fault_guess_try(&g, much);
	fault_guess_try(&g, much);
	fault_guess_tip(&e, &g);
	assert_string_equal(e.tip, "there are: ... yes ...");
	fault_guess_try(&g, "abd");
	fault_guess_tip(&e, &g);
	assert_string_equal(e.tip, "did you mean \"abd\"?");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_forms),
		cmocka_unit_test(expectations_keep_their_words),
		cmocka_unit_test(what_decides_a_run),
		cmocka_unit_test(lines_of_the_catalogue),
		cmocka_unit_test(refused),
		cmocka_unit_test(bounds),
		cmocka_unit_test(random_texts),
		cmocka_unit_test(guesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
