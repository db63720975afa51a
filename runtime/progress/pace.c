#include "progress/pace.h"

#include "base/mem.h"
#include "base/stop.h"

/* How often the clock is asked, in things; what is done sooner than that many ms has no line. */
enum { LOOK_EACH = 256, HIDDEN_MS = 200 };

void pace_begin(struct pace *p, const char *what, size_t of, const char *unit)
{
	*p = (struct pace){ .what = what, .unit = unit, .of = of, .began_ms = now_ms() };
	progress_init(&p->bar, stderr);
}

int pace_on(struct pace *p, size_t n, struct err *e)
{
	p->at += n;
	if (p->at - p->looked < LOOK_EACH)
		return 0;
	p->looked = p->at;
	if (stop_pending())
		return stop_err(e);
	if (now_ms() - p->began_ms < HIDDEN_MS)
		return 0;
	auto_free char *label = xasprintf("%s: %zu of %zu %s", p->what, p->at, p->of, p->unit);

	progress_show(&p->bar, label, p->at, p->of, "");
	return 0;
}

void pace_end(struct pace *p)
{
	if (p->what)
		progress_clear(&p->bar);
}
