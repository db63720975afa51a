/* audit.h: --audit PERCENT: that share of the runs in virtual time is made once more, and must come out the same to the byte. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;
struct matrix;
struct run;

/* Which ones: by a hash of their names, so that each request of the same tests takes the same; at least one. In front of matrix_plan().
 * X_USAGE when none is in virtual time. */
int audit_choose(struct matrix *m, uint64_t percent, struct err *e);
/* After the run: each difference is told with the first mark at which it is seen. X_DIFFERS, -1, when there is one. What came to nothing is
 * no difference. */
int audit_compare(const struct matrix *m, const struct run *r, struct err *e);
