/* difference.h: where two runs of the same recipe begin to differ, which in virtual time they must not. */
#pragma once
#include "judge/facts/facts.h"

/* The first difference in the order of the guest's time, in words: the mark it is seen at, what it is of, both values ("3 and 4"). NULL: the
 * facts are equal, whatever their texts are. The caller frees. */
char *facts_difference(const struct facts *a, const struct facts *b);
