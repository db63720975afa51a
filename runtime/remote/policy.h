/* policy.h: what answers of a server mean, and when it is asked no more. No input and no output here: see helper/.
 *
 * A server never fails a run, and never costs it more than a few seconds:
 *   404, 410; 401 where nobody logs in; 403 of S3, which says so of what is not there      it has it not
 *   409 to an upload                                                                       it has it already
 *   413, 507 to an upload                                                                  it does not want this one
 *   401, 403, 405 to an upload                                                             we may not write: no more uploads
 *   4xx, 501 to HEAD                                                                       nothing: the upload will be told
 *   another 4xx                                                                            no more requests in this run
 *   408, 429, 5xx, no answer, a broken one                                                 again once, at most; no more requests after
 *                                                                                          three in a row, or when nobody ever answered
 * A label that is damaged or wrong is a result that is not there, and told once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum answer {
	ANSWER_FINE,
	ANSWER_MISS,
	ANSWER_THERE,    /* to an upload: as good as done */
	ANSWER_UNWANTED, /* to an upload: leave it */
	ANSWER_READ_ONLY,
	ANSWER_PASSING, /* may be otherwise in a moment */
	ANSWER_NEVER
};

enum request {
	REQUEST_GET,
	REQUEST_HEAD, /* before an upload: whether it is there already */
	REQUEST_PUT
};

/* anonymous: no credentials are sent. s3: requests are signed for it. */
enum answer policy_answer(long status, enum request request, bool anonymous, bool s3);

/* What is true of the server for a run. */
struct trust {
	bool answered;     /* ever */
	bool off;          /* it is asked no more */
	bool read_only;    /* nothing is sent to it any more */
	unsigned failures; /* in a row */
	long long lost_ms; /* what steps waited for it in vain, together; waits side by side once */
	long long lost_until;
};

enum { TRUST_FAILURES = 3, TRUST_LOST_MS = 5000, TRUST_FREE_MS = 50 };

void trust_fine(struct trust *t);
/* A request came to nothing. Whether that was the last. */
bool trust_failed(struct trust *t);
/* A step waited from from to to (ms of any clock) and got nothing. The first TRUST_FREE_MS of a wait cost nothing: that is distance, not
 * trouble. Whether it is enough now. */
bool trust_lost(struct trust *t, long long from, long long to);

/* How long a result may be on its way: what making it took is the most it is worth, and three seconds whatever it took. */
struct patience {
	long long began; /* ms */
	uint64_t took;   /* ms that making it takes; 0: not known yet */
	uint64_t bytes;  /* of all of it; 0: not known yet */
};
enum { PATIENCE_MS = 3000, PATIENCE_LOOK_MS = 1500 };
/* Whether to give up, with got bytes of it there. */
bool patience_ends(const struct patience *p, long long now, uint64_t got);
