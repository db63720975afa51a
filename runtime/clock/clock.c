#include "clock/clock.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "text/argv.h"

enum { SHIFT = 1, SHIFT_MANY = 0, MANY_CPUS = 8 };

int clock_choose(struct clock *c, const char *name, uint64_t shift, uint64_t seed, unsigned cpus, struct err *e)
{
	bool virtual = name && !strcmp(name, "virtual");

	if (!virtual && (shift != CLOCK_UNSAID || seed != CLOCK_UNSAID))
		return err_set(e, X_USAGE, "--%s belongs to virtual time; add --clock virtual",
			       shift != CLOCK_UNSAID ? "shift" : "seed");
	*c = (struct clock){ 0 };
	if (!virtual)
		return 0;
	if (shift == CLOCK_UNSAID)
		shift = cpus > MANY_CPUS ? SHIFT_MANY : SHIFT;
	if (shift > CLOCK_SHIFT_MAX)
		return err_set(e, X_USAGE, "--shift %" PRIu64 ": it is at most %u", shift, CLOCK_SHIFT_MAX);
	*c = (struct clock){ .virtual = true, .shift = (unsigned)shift, .seed = seed == CLOCK_UNSAID ? 0 : seed };
	return 0;
}

void clock_write(FILE *f, const struct clock *c)
{
	if (c->virtual)
		fprintf(f, "virtual %u %" PRIu64, c->shift, c->seed);
	else
		fputs("real", f);
}

int clock_read(struct clock *c, const char *text, struct err *e)
{
	struct clock got = { .virtual = true };
	char again[64];

	*c = (struct clock){ 0 };
	if (!strcmp(text, "real"))
		return 0;
	if (sscanf(text, "virtual %2u %20" SCNu64, &got.shift, &got.seed) == 2 && got.shift <= CLOCK_SHIFT_MAX) {
		/* Numbers have one spelling. */
		snprintf(again, sizeof(again), "virtual %u %" PRIu64, got.shift, got.seed);
		if (!strcmp(again, text)) {
			*c = got;
			return 0;
		}
	}
	return err_set(e, X_FAIL, "'%.100s' is not a clock", text);
}

/* sleep=off: what idles jumps to its next timer instead of sleeping the time away. clock=vm: the RTC goes by the same time. */
void clock_args(struct argv *a, const struct clock *c)
{
	if (!c->virtual)
		return;
	argv_opt(a, "-icount", "shift=%u,sleep=off", c->shift);
	argv_opt(a, "-rtc", "base=2026-01-01,clock=vm");
	argv_opt(a, "-seed", "%" PRIu64, c->seed);
}

unsigned clock_slower(const struct clock *c)
{
	return c->virtual && c->shift > SHIFT ? 1u << (c->shift - SHIFT) : 1;
}

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void clock_random(const struct clock *c, void *bytes, size_t n)
{
	uint64_t state = c->seed;
	unsigned char *p = bytes;

	for (uint64_t word = 0; n; n--, word >>= 8) {
		if ((size_t)(p - (unsigned char *)bytes) % sizeof(word) == 0)
			word = next(&state);
		*p++ = (unsigned char)word;
	}
}

uint32_t clock_delay_ns(const struct clock *c)
{
	uint64_t state = ~c->seed;

	return (uint32_t)(next(&state) % CLOCK_DELAY_NS);
}
