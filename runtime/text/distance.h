/* distance.h: how many slips of a finger lie between two words: insertions, deletions, replacements, and swaps of
 * neighbours. Of a longer word its first DISTANCE_MAX bytes count. */
#pragma once

enum { DISTANCE_MAX = 96 };

unsigned edit_distance(const char *a, const char *b);
/* Between word and the closest beginning of name. */
unsigned edit_distance_prefix(const char *word, const char *name);
