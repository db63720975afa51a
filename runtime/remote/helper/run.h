/* run.h: what all connections of one run know of the server, and what of it the user is told. */
#pragma once
#include "remote/policy.h"
#include "remote/settings.h"
#include "store/digest.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
struct err;

struct run {
	struct settings settings;
	char *shown; /* the address as people see it */
	bool anonymous;
	pthread_mutex_t lock; /* for what follows */
	struct trust trust;
	char (*wrong)[KEY_LEN + 1]; /* what is there under these keys is not to be believed; count.wrong of them */
	struct {
		unsigned came, went, missed, wrong, unsent;
		uint64_t bytes_in, bytes_out;
	} count;
};

/* Milliseconds of a clock that threads may ask for. */
long long run_ms(void);
void run_init(struct run *r);
/* Whether requests (uploads) are still made. */
bool run_asks(struct run *r, bool upload);
/* An answer came, or did not; why: of the last one, for the one warning. */
void run_answered(struct run *r);
void run_failed(struct run *r, bool answered, const char *why);
void run_never(struct run *r, const char *why);
void run_read_only(struct run *r, const char *why);
/* Something that came is not what it should be; the first is told. What is made in its place is sent, whatever is there. */
void run_wrong(struct run *r, const char *key, const struct err *why);
bool run_was_wrong(struct run *r, const char *key);
/* A step waited from from to to in vain (run_ms()). */
void run_lost(struct run *r, long long from, long long to);
/* A line for the user: to our stderr, as "warning: …" or "info: …", in one piece, without secrets. */
void run_tell(struct run *r, const char *kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
