/* sent.h: a result that is to be sent, as the layouts share it. */
#pragma once
#include "letter/letter.h"
struct err;
struct job;
struct wire;

struct sent {
	int dir; /* of the result; not ours */
	struct label label;
	uint64_t limit; /* of the letter */
};

/* max: bytes of files inside the letter. */
int sent_begin(struct sent *s, const struct wire *w, const struct job *j, uint64_t max, struct err *e);
void sent_drop(struct sent *s);
