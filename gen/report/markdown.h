/* markdown.h: the report for the summary of a CI job. */
#pragma once
#include <stdio.h>
struct report;

/* Tables and folded explanations. */
void report_markdown(FILE *f, const struct report *r);
