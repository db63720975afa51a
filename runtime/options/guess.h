/* guess.h: which word a mistyped one may have meant. */
#pragma once

/* The candidate most like a mistyped word; best stays NULL while none is close. */
struct guess {
	const char *word;
	const char *best;
	unsigned distance;
};
void guess_try(struct guess *g, const char *candidate);
