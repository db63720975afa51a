/* json.h: the report for programs: docs/verifier.md. */
#pragma once
#include <stdio.h>
struct err;
struct report;

void report_json(FILE *f, const struct report *r);
/* In place of a report, when there is none. */
void report_json_error(FILE *f, const char *scheduler, const struct err *e);
