#include "step/again.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/still.h"
#include "step/step.h"
#include <stdlib.h>

enum { TRIES = 3 };

void again_begin(struct again *a)
{
	a->before = still_ms();
	a->tries++;
}

int again_ask(const struct again *a, bool sound, struct err *e)
{
	long long stood = still_ms() - a->before;

	if (!stood)
		return AGAIN_NO;
	auto_free char *text = xasprintf("the host stood still for %lld s", (stood + 500) / 1000);

	if (!sound && a->tries >= TRIES)
		return err_set(e, X_VM, "%s, and it did so in each of %d tries: nothing is known", text, TRIES);
	auto_free char *note = xasprintf("%s%s", text, sound ? "" : "; it runs again");

	step_note(note);
	return sound ? AGAIN_NO : AGAIN_YES;
}

bool again_accident(int code)
{
	return code == X_VM || code == X_TIMEOUT || code == X_DIED;
}
