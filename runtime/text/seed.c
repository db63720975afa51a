#include "text/seed.h"
#include <string.h>
#include <sys/auxv.h>

uint64_t seed_of_process(void)
{
	uint64_t seed = 0;
	const void *random = (const void *)getauxval(AT_RANDOM); // NOLINT(performance-no-int-to-ptr)

	if (random)
		memcpy(&seed, random, sizeof(seed));
	return seed;
}
