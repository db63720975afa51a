/* fuzz_cells.c: any text as a test program's answer to --cells. What is taken can stand in graphs and on command lines. */
#include "fuzz.h"

#include "gen/matrix/program.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"{\"format\":1,\"tests\":[{\"name\":\"t\",\"text\":\"/s/t.ktstr\",\"flags\":\"/s/t.flags\",\"topologies\":[\"1,1,2,1\",\"smt-2llc\"],"
		"\"profiles\":[\"default\",\"llc+steal\"],\"virtual\":true,\"real\":true,\"perf_mode\":false,\"judge\":true,\"body\":false,"
		"\"attach_s\":5},{\"name\":\"u\",\"text\":\"/s/u\",\"flags\":null,\"topologies\":[\"1,1,1,1\"],\"profiles\":[],\"virtual\":true,"
		"\"real\":false,\"perf_mode\":true,\"judge\":false,\"body\":true,\"attach_s\":0}],\"hosts\":[\"here\",\"there\"]}";

	(void)argc, (void)argv;
	fuzz_seed("cells", text, sizeof(text) - 1);
	return 0;
}

static void check_name(const char *name)
{
	MUST(name && *name && *name != '-' && *name != '.' && !strpbrk(name, " \t\n/\\'\"$"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct test_binary p = { 0 };
	struct err e = { 0 };

	if (program_read(&p, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		program_free(&p);
		return 0;
	}
	for (size_t i = 0; i < p.n; i++) {
		check_name(p.v[i].name);
		MUST(p.v[i].text[0] == '/' && p.v[i].topologies.n && (p.v[i].virtual || p.v[i].real));
	}
	for (size_t i = 0; i < p.hosts.n; i++) {
		check_name(p.hosts.v[i]);
		for (size_t k = 0; k < i; k++)
			MUST(strcmp(p.hosts.v[i], p.hosts.v[k]) != 0);
	}
	program_free(&p);
	return 0;
}
