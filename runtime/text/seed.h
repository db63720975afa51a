/* seed.h: a number that nobody outside this process knows, for hashes of what others wrote. */
#pragma once
#include <stdint.h>

uint64_t seed_of_process(void);
