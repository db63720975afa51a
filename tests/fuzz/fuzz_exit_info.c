/* fuzz_exit_info.c: what a guest says about a scheduler's end. Whatever it is, what comes out can be shown. */
#include "fuzz.h"

#include "guest/exit_info.h"

static const char text[] = "\0\0\0\0sched_ext: BPF scheduler \"ktstr\" disabled (runnable task stall)\n"
			   "sched_ext: ktstr: watchdog failed to check in for 5.004s\n   scx_vexit+0x6d/0xa0\n"
			   "ktstr: root\nswapper/0[0] triggered exit kind 1026 on CPU 0:\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char seed[sizeof(text)];

	(void)argc, (void)argv;
	memcpy(seed, text, sizeof(seed));
	seed[0] = (char)(sizeof(seed) - 80);
	fuzz_seed("stall", seed, sizeof(seed) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_exit_info struct exit_info l = { 0 };
	struct err e;

	if (exit_info_parse(&l, data, n, &e) < 0)
		return 0;
	auto_free char *reason = exit_info_reason(&l);

	MUST(l.ops && l.kind && l.why && l.log && l.dump);
	MUST(strlen(l.log) + strlen(l.dump) <= n && strstr(reason, l.kind));
	for (const char *p = reason; *p; p++)
		MUST((unsigned char)*p >= ' ' || *p == '\t');
	(void)exit_info_is_error(&l);
	return 0;
}
