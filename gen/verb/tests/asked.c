#include "gen/verb/tests/asked.h"

#include <stdlib.h>

#include "base/mem.h"
#include "text/argv.h"

struct tests_asked tests_asked = { .seed = CLOCK_UNSAID, .shift = CLOCK_UNSAID };

char *tests_asked_words(const char *scheduler, const char *base, const char *base_kernel)
{
	const struct tests_asked *o = &tests_asked;
	auto_argv struct argv a = { 0 };

	if (o->package.spec)
		package_words(&a, &o->package);
	else if (scheduler)
		argv_opt(&a, "--scheduler-bin", "%s", scheduler);
	guest_asked_words(&a, &o->guest);
	if (o->clock)
		argv_opt(&a, "--clock", "%s", o->clock);
	if (o->shift != CLOCK_UNSAID)
		argv_opt(&a, "--shift", "%llu", (unsigned long long)o->shift);
	if (o->timeout)
		argv_opt(&a, "--timeout", "%llu", (unsigned long long)o->timeout);
	if (o->duration)
		argv_opt(&a, "--duration", "%llu", (unsigned long long)o->duration);
	if (o->workers)
		argv_opt(&a, "--workers", "%llu", (unsigned long long)o->workers);
	if (o->monitor || o->dense)
		argv_add(&a, o->dense ? "--dense" : "--monitor");
	for (size_t i = 0; i < o->expect_lines.n; i++)
		argv_opt(&a, "--expect-line", "%s", o->expect_lines.v[i]);
	if (base)
		argv_opt(&a, "--diff-bin", "%s", base);
	if (base_kernel)
		argv_opt(&a, "--diff-kernel", "%s", base_kernel);
	return a.n ? argv_quote((const char *const *)a.v) : xstrdup("");
}
