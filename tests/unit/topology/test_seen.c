/* test_seen.c: what a guest says of its topology, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "topology/seen.h"

#define LINES_2LLC "cpus 0-3\npackages 0-3\ndies 0-1 2-3\nllcs 0-1 2-3\ncores 0 1 2 3\nnode 0 0-3 985516 10\n"
#define LINES_NUMA \
	"cpus 0-7\npackages 0-7\ndies 0-1 2-3 4-5 6-7\nllcs 0-1 2-3 4-5 6-7\ncores 0 1 2 3 4 5 6 7\n" \
	"node 0 0-5 727776 10 21\nnode 1 6-7 257328 31 10\n"

static char *written(const struct seen *s)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	seen_write(f, s);
	fclose(f);
	return text;
}

static void round_trip(void **state)
{
	static const struct {
		const char *text, *wrote, *summary;
	} cases[] = {
		{ LINES_2LLC, LINES_2LLC, "4 CPUs, 1 NUMA node, 2 LLCs, 4 cores" },
		{ LINES_NUMA, LINES_NUMA, "8 CPUs, 2 NUMA nodes, 4 LLCs, 8 cores" },
		{ "version 1\ncpus 0\nsym _text ffff\n\nother", "cpus 0\n", "1 CPU" },
		{ "cpus 0,1,2\nllcs 0,2 1", "cpus 0-2\nllcs 0,2 1\n", "3 CPUs, 2 LLCs" },
		{ "node 0 - 5 10 20\nnode 1 0 6 20 10\ncpus 0", "cpus 0\nnode 0 - 5 10 20\nnode 1 0 6 20 10\n",
		  "1 CPU, 2 NUMA nodes" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct seen s, again;
		struct err e = { 0 };

		if (seen_parse(&s, cases[i].text, strlen(cases[i].text), &e) < 0)
			fail_msg("case %zu: %s", i, e.msg);
		auto_free char *wrote = written(&s), *summary = seen_summary(&s);

		assert_string_equal(wrote, cases[i].wrote);
		assert_string_equal(summary, cases[i].summary);
		assert_int_equal(seen_parse(&again, wrote, strlen(wrote), &e), 0);
		assert_memory_equal(&s, &again, sizeof(s));
	}
}

static void refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "does not say which CPUs" },
		{ "cpus", "cannot be: cpus ''" },
		{ "cpus 0-252", "cpus '0-252'" },
		{ "cpus 0-99999999999999999999", "cpus '0-9999" },
		{ "cpus 3-1", "cpus '3-1'" },
		{ "cpus 0,0", "cpus '0,0'" },
		{ "cpus 0-", "cpus '0-'" },
		{ "cpus 0,", "cpus '0,'" },
		{ "cpus 0 1", "cpus '0 1'" },
		{ "cpus 0\ncpus 1", "cpus '1'" },
		{ "cpus 0\nllcs 0 0", "llcs '0'" },
		{ "cpus 0\nllcs 0\nllcs 0", "llcs '0'" },
		{ "cpus 0\nllcs 0 1", "LLCs have CPU 1, which does not run" },
		{ "cpus 0\nllcs 0  0", "llcs ''" },
		{ "cpus 0\nnode 1 0 5 10", "node '1 0 5 10'" },
		{ "cpus 0\nnode 0 0", "node '0 0'" },
		{ "cpus 0\nnode 0 0 x 10", "node '0 0 x 10'" },
		{ "cpus 0\nnode 0 0 5 256", "node '0 0 5 256'" },
		{ "cpus 0\nnode 0 0 5 10x", "node '0 0 5 10x'" },
		{ "cpus 0\nnode 0 0 5 1 2 3 4 5 6 7 8 9", "node '0 0 5" },
		{ "cpus 0\nnode 0 1 5 10", "NUMA nodes have CPU 1" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct seen s;
		struct err e = { 0 };

		assert_true(seen_parse(&s, cases[i].text, strlen(cases[i].text), &e) < 0);
		assert_int_equal(e.code, X_VM);
		if (!strstr(e.msg, cases[i].says))
			fail_msg("'%s' gives: %s", cases[i].text, e.msg);
	}
}

/* 251 groups fit, and as many lists of nothing but noise do not hurt. */
static void many_groups(void **state)
{
	auto_free char *text = NULL;
	struct seen s;
	struct err e = { 0 };
	size_t n;
	FILE *f = xmemstream(&text, &n);

	(void)state;
	fputs("cpus 0-251\ncores", f);
	for (unsigned i = 0; i < TOPO_MAX_CPUS; i++)
		fprintf(f, " %u", i);
	fclose(f);
	assert_int_equal(seen_parse(&s, text, n, &e), 0);
	assert_int_equal(s.groups[SEEN_CORE], 252);
	auto_free char *more = xasprintf("%s 5", text);

	assert_true(seen_parse(&s, more, strlen(more), &e) < 0);
}

static void checked(void **state)
{
	static const struct {
		const char *topo;
		unsigned mb;
		const char *text, *says; /* NULL: as asked for */
	} cases[] = {
		{ "1,2,2,1", 1024, LINES_2LLC, NULL },
		{ "2,4,2,1/llcs=3,1/mem=768,256/dist=10,21,31,10", 1024, LINES_NUMA, NULL },
		{ "2,4,2,1/llcs=3,1/mem=256,768/dist=10,21,31,10", 1024, LINES_NUMA,
		  "guest sees 710 MB in node 0 where 256 MB were asked for" },
		{ "2,4,2,1/llcs=3,1/mem=768,1280/dist=10,21,31,10", 2048, LINES_NUMA,
		  "guest sees 251 MB in node 1 where 1280 MB were asked for" },
		{ "2,4,2,1/llcs=3,1/mem=768,256/dist=10,31,21,10", 1024, LINES_NUMA,
		  "guest sees distance 21 from node 0 to node 1 where 31 was asked for" },
		{ "2,4,2,1/mem=768,256/dist=10,21,31,10", 1024, LINES_NUMA,
		  "guest sees CPUs 0-5 in the NUMA node of CPU 0 where 0-3 were asked for" },
		{ "1,4,2,1", 1024, LINES_NUMA, "guest sees 2 NUMA nodes where 1 was asked for" },
		{ "1,2,4,1", 1024, LINES_2LLC, "guest sees 4 CPUs where 8 were asked for" },
		{ "1,14,9,2", 1024, LINES_2LLC, "where 252 were asked for; for APIC ids past 254 its kernel needs" },
		{ "1,1,4,1", 1024, LINES_2LLC, "guest sees 2 LLCs where 1 was asked for" },
		{ "1,2,1,2", 1024, LINES_2LLC, "guest sees 4 cores where 2 were asked for" },
		{ "1,2,2,1", 1024, "cpus 0-3\nllcs 0,2 1,3\ncores 0 1 2 3\npackages 0-3\nnode 0 0-3 985516 10",
		  "guest sees CPUs 0,2 in the LLC of CPU 0 where 0-1 were asked for" },
		{ "1,2,2,1", 1024, "cpus 0-3\nllcs 0-1 2\ncores 0 1 2 3\npackages 0-3\nnode 0 0-3 985516 10",
		  "guest sees CPU 2 in the LLC of CPU 2 where 2-3 were asked for" },
		{ "1,2,2,1", 1024, "cpus 0-3\nllcs 0-1 3\ncores 0 1 2 3\npackages 0-3\nnode 0 0-3 985516 10",
		  "guest sees nothing in the LLC of CPU 2 where 2-3 were asked for" },
		{ "1,2,2,1", 1024, "cpus 0-3\n", "guest sees 0 LLCs where 2 were asked for" },
		{ "2,2,1,1", 1024, "cpus 0-1\nllcs 0 1\n",
		  "guest sees 0 NUMA nodes where 2 were asked for; its kernel needs CONFIG_NUMA" },
		{ "1,1,1,1", 1024, "cpus 0\nllcs 0\ncores 0\npackages 0\n", NULL },
		{ "1,2,1,1", 1024, "cpus 0-1\nllcs 0 1\ncores 0 1\npackages 0-1\ndies 0-1\n", NULL },
		{ "1,2,2,1", 1024, "cpus 0-3\nllcs 0-1 2-3\ncores 0 1 2 3\npackages 0-3\ndies 0 1 2 3\n",
		  "guest sees 4 dies where 2 were asked for" },
		{ "1,2,1,1", 1024, "cpus 0-1\nllcs 0 1\ncores 0 1\npackages 0 1\n",
		  "guest sees 2 packages where 1 was asked for" },
		{ "1,1,1,1", 1024, "cpus 0\nllcs 0\ncores 0\npackages 0\nnode 0 0 0 10\n",
		  "guest sees 0 MB in node 0" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct topology t;
		struct seen s;
		struct err e = { 0 };

		assert_int_equal(topology_parse(&t, cases[i].topo, &e), 0);
		assert_int_equal(seen_parse(&s, cases[i].text, strlen(cases[i].text), &e), 0);
		int r = seen_check(&s, &t, cases[i].mb, &e);

		if ((r == 0) != !cases[i].says || (r < 0 && (e.code != X_VM || !strstr(e.msg, cases[i].says))))
			fail_msg("case %zu (%s): %s", i, cases[i].topo, r < 0 ? e.msg : "as asked for");
	}
}

/* What a PC's kernel needs for many CPUs is no advice for another machine. */
static void hint(void **state)
{
	static const char text[] = "machine aarch64\n" LINES_2LLC, end[] = "where 252 were asked for";
	struct topology t = TOPOLOGY(1, 14, 9, 2);
	struct seen s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(seen_parse(&s, text, strlen(text), &e), 0);
	assert_true(seen_check(&s, &t, 1024, &e) < 0);
	assert_string_equal(e.msg + strlen(e.msg) - strlen(end), end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(refused), cmocka_unit_test(many_groups),
		cmocka_unit_test(checked),    cmocka_unit_test(hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
