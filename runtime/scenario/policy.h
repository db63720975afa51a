/* policy.h: how the kernel is asked to schedule a worker. */
#pragma once
#include "scenario/error.h"
#include <stdbool.h>
#include <stdint.h>

enum policy_kind {
	POLICY_NONE, /* nothing said: as POLICY_EXT when a scheduler can be asked for, else normal */
	POLICY_NORMAL,
	POLICY_BATCH,
	POLICY_IDLE,
	POLICY_EXT,
	POLICY_FIFO,
	POLICY_RR,
	POLICY_DEADLINE,
};

struct policy {
	enum policy_kind kind;
	unsigned priority;                           /* of FIFO and RR, 1…98: the harness itself is above */
	uint64_t runtime_ns, deadline_ns, period_ns; /* of DEADLINE; 1024 ns ≤ runtime ≤ deadline ≤ period */
};

/* normal, batch, idle, ext, fifo:P, rr:P, deadline:R/D/P. */
bool policy_parse(struct policy *p, const char *text, size_t n, struct scenario_error *e);
void policy_write(FILE *f, const struct policy *p);
