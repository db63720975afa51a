/* fuzz_programs.c: what a program of a scenario prints, and lines of the engine about its scheduler. */
#include "fuzz.h"

#include "engine/programs.h"
#include "trial/asking.h"
#include <math.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "qps 12.5\nlat.p99 0x10\nhello\nqps 7\n",
			  lines[] = "?attach\n?replace llc+steal\n{\"format\":1}\n";

	(void)argc, (void)argv;
	fuzz_seed("figures", text, sizeof text - 1);
	fuzz_seed("lines", lines, sizeof lines - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct program_figure f[PROGRAMS_KEYS];
	size_t got = programs_figures((const char *)data, n, f);
	struct asking a = { 0 };
	const char *at = (const char *)data, *profile;
	enum asking_deed deed;
	int r;

	MUST(got <= PROGRAMS_KEYS);
	for (size_t i = 0; i < got; i++)
		MUST(f[i].key[0] && strlen(f[i].key) <= PROGRAMS_KEY_MAX && isfinite(f[i].value));
	while ((r = asking_take(&a, &at, &n, &deed, &profile)) == ASKING_LINE_DONE)
		MUST(deed != ASKING_NOTHING && (deed == ASKING_REPLACE) == (profile && *profile));
	MUST(r < 0 || !n || a.over);
	return 0;
}
