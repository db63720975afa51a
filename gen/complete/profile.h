/* profile.h: profiles of the scheduler that the line names. */
#pragma once
#include <stddef.h>
#include <stdio.h>

/* The last profile of a comma-separated list, for the scheduler that words name. */
void complete_profiles(FILE *f, const char *before, const char *typed, const char *const *words, size_t n);
