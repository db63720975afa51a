/* page.h: the moment of a failure, for whoever looks for its cause: what ran on each CPU, who waited, and in which queue. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct facts;
struct looks;
struct verdict_check;

struct page {
	const struct looks *looks; /* laid */
	const struct facts *facts;
	const struct verdict_check *check; /* what failed; NULL: nothing did */
	uint64_t at_ns, around_ns;         /* since go: the middle, and how far to both sides */
	size_t rows;                       /* at most so many; 0: as many as there are */
};

void page_write(FILE *f, const struct page *p);
