/* deadline.h: MSG_DEADLINE, answered by MSG_LATE after so much of the guest's own time. */
#pragma once
#include <stddef.h>

void deadline_set(const void *data, size_t n);
