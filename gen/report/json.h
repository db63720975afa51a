/* json.h: the report for programs: docs/verifier.md. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct err;
struct report;

void report_json(FILE *f, const struct report *r);
/* One after the other, as "schedulers". */
void report_json_all(FILE *f, const struct report *all, size_t n);
void report_json_all_error(FILE *f, const struct err *e);
/* In place of a report, when there is none. */
void report_json_error(FILE *f, const char *scheduler, const struct err *e);
