#include "fetch/http/pause.h"

#include <stdint.h>

#include "base/env.h"

enum { FIRST_MS = 500, FIRST_MAX_MS = 30 * 1000, DOUBLINGS = 6 };

int http_pause_ms(unsigned failed, unsigned wish, unsigned longest, struct err *e)
{
	uint64_t ms;

	if (env_u64("KTSTR_RETRY_MS", "ms before the second try", FIRST_MS, 1, FIRST_MAX_MS, &ms, e) < 0)
		return -1;
	ms <<= failed <= DOUBLINGS ? failed - 1 : DOUBLINGS;
	ms = ms > wish ? ms : wish;
	return (int)(ms < longest ? ms : longest);
}
