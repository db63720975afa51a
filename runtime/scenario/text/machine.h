/* machine.h: lines about what is no worker and no cgroup: the scheduler under test, its variables, programs, the freezer of the
 * whole machine. */
#pragma once
#include "scenario/text/line.h"
#include "scenario/text/parsing.h"
#include <stdio.h>

/* Whether the statement is a "scheduler" line, and not the attribute of that name. */
bool machine_is_deed(const struct statement *st);

bool machine_scheduler(struct parsing *p, struct scenario_line *l);
bool machine_freezer(struct parsing *p, struct scenario_line *l);
bool machine_var(struct parsing *p, struct scenario_line *l);
bool machine_program(struct parsing *p, struct scenario_line *l);
bool machine_map(struct parsing *p, struct scenario_line *l);
/* What stands behind the first word. */
void machine_line_write(FILE *f, const struct scenario_line *l);
