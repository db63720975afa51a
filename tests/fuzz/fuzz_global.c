/* fuzz_global.c: BTF of a scheduler in a guest, in which a variable is looked for. */
#include "fuzz.h"

#include "engine/global.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* unsigned int, a variable of it, and the section that has it. */
	static const unsigned char btf[] = {
		0x9f, 0xeb, 1,   0,   24, 0,   0, 0,   0,   0,   0, 0, 56, 0, 0, 0,
		56,   0,    0,   0,   11, 0,   0, 0,                                /* header */
		1,    0,    0,   0,   0,  0,   0, 1,   4,   0,   0, 0, 32, 0, 0, 0, /* 1: int */
		5,    0,    0,   0,   0,  0,   0, 14,  1,   0,   0, 0, 1,  0, 0, 0, /* 2: var */
		7,    0,    0,   0,   1,  0,   0, 15,  4,   0,   0, 0, 2,  0, 0, 0,
		0,    0,    0,   0,   4,  0,   0, 0, /* 3: datasec */
		0,    'u',  '3', '2', 0,  'x', 0, 'b', 's', 's', 0,
	};
	struct global_place at;

	(void)argc, (void)argv;
	MUST(global_find(btf, sizeof btf, 3, "x", &at) == GLOBAL_FOUND && at.size == 4);
	fuzz_seed("one", btf, sizeof btf);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct global_place at;

	for (uint32_t section = 0; section < 8; section++)
		if (global_find(data, n, section, "x", &at) == GLOBAL_FOUND)
			MUST(at.size == 1 || at.size == 2 || at.size == 4 || at.size == 8);
	return 0;
}
