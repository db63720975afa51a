/* number.h: numbers, times and shares as they stand in a scenario. Errors: scenario/fault.h. */
#pragma once
#include "scenario/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TIME_MAX_NS (3600ull * 1000000000u)
#define SHARE_ONE 1000000u /* the unit of shares */
#define PERCENT_MAX 100000u

/* A time in ns, a count, or a percentage of something that is not known yet. */
struct amount {
	uint64_t value;
	bool percent;
};

/* All n characters; what: how to name it in an error. */
bool number_parse(const char *text, size_t n, const char *what, uint64_t min, uint64_t max, uint64_t *v,
		  struct scenario_error *e);
/* "5ms", with ns, us, ms or s, up to an hour. */
bool time_parse(const char *text, size_t n, const char *what, uint64_t min, uint64_t max, uint64_t *ns,
		struct scenario_error *e);
/* In the largest unit in which it is whole, into room for that many bytes: to. */
enum { TIME_TEXT = 24 };
const char *time_words(char to[TIME_TEXT], uint64_t ns);
void time_write(FILE *f, uint64_t ns);
/* "0.25", "25%", "1": millionths, 0…1. */
bool share_parse(const char *text, size_t n, uint64_t *millionths, struct scenario_error *e);
void share_write(FILE *f, uint64_t millionths);
