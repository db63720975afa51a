/* text.h: the report as text, after upstream 0.3.2: docs/verifier.md. */
#pragma once
#include <stdio.h>
struct report;

void report_text(FILE *f, const struct report *r);
