/* rank.h: who runs before whom: PID 1 above the class that is under test, so that a scheduler that stalls does not take it along. */
#pragma once
#include <stdbool.h>

/* PID 1 from now on: above, and its children as ordinary processes. A kernel that refuses leaves a line on the console. */
void rank_rise(void);
/* Children made from here on are above as well, as their own are until they say otherwise; or no longer. */
void rank_children(bool above);
