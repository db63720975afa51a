/* fuzz_looks.c: any text as watch.json, on a time line with marks and a failure at any time, and the page of it. */
#include "fuzz.h"

#include <string.h>

#include "gen/replay/looks.h"
#include "gen/replay/page.h"
#include "judge/facts/facts.h"
#include "judge/verdict.h"

enum { TIMES = 4 }; /* in front: of two marks, of the end, of the failure */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0"
		"{\"format\":1,\"looks\":[{\"now\":1000,\"turns\":1,\"director\":true,\"nr\":[1,0],\"curr\":[7,0],\"dsqs\":[{\"id\":1,\"nr\":1,"
		"\"pid\":8}],\"waiting\":1,\"tasks\":[{\"pid\":8,\"comm\":\"c\",\"cpu\":0,\"ns\":5,\"dsq\":1,\"cpus\":\"0-1\"}]},{\"now\":2000,"
		"\"turns\":2,\"director\":true,\"nr\":[0,1],\"curr\":[0,-1]}],\"thrown\":1}";

	(void)argc, (void)argv;
	fuzz_seed("looks", text, sizeof(text) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint64_t times[TIMES];
	auto_looks struct looks l = { 0 };
	struct err e = { 0 };

	if (n < sizeof(times))
		return 0;
	memcpy(times, data, sizeof(times));
	data += sizeof(times);
	n -= sizeof(times);
	struct facts_mark marks[] = { { .ns = times[0] }, { .ns = times[1] } };
	struct facts_worker worker = { .id = 4, .pid = 7, .type = "x" };
	const struct facts f = {
		.marks = marks, .n_marks = 2, .workers = &worker, .n_workers = 1, .end_known = true, .end_ns = times[2]
	};
	struct verdict_check check = { .metric = "m", .words = "w" };
	const struct page p = {
		.looks = &l, .facts = &f, .check = &check, .at_ns = times[3], .around_ns = times[0], .rows = 9
	};

	for (int i = 0; i < 2; i++)
		if (looks_add(&l, (const char *)data, n, &e) < 0) {
			must_say_why(&e);
			return 0;
		}
	looks_lay(&l, &f);
	FILE *to = fopen("/dev/null", "we");

	MUST(to);
	page_write(to, &p);
	fclose(to);
	return 0;
}
