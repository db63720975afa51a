/* report.h: what a run was, as JSON: the members of run.json (judge/facts.h) that a guest knows. Equal runs give equal text. */
#pragma once
#include "engine/director.h"
#include <stdint.h>
#include <stdio.h>

void report_write(FILE *f, const struct director *d, uint64_t seed);
