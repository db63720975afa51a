/* again.h: a run that the host did not let run (base/still.h) says nothing about what ran, and is made again. */
#pragma once
#include <stdbool.h>
struct err;

struct again {
	long long before; /* still_ms() */
	unsigned tries;
};

/* In front of each try. {0} before the first. */
void again_begin(struct again *a);

enum { AGAIN_NO = 0, AGAIN_YES = 1 };
/* Behind each try. sound: its outcome holds whatever the host did. AGAIN_NO: it stands; AGAIN_YES: forget it and try once
 * more. The user is told whenever the host stood still. Negative: it did so in each of three tries, and nothing is known;
 * X_VM. */
int again_ask(const struct again *a, bool sound, struct err *e);
/* Whether an error with this code can come of a host that stands still. */
bool again_accident(int code);
