/* work.h: tasks for the scheduler to run. */
#pragma once
#include <stddef.h>

void work_start(const void *data, size_t n);
