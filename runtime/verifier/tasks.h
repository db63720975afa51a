/* tasks.h: what became of the tasks that a guest ran under the attached scheduler; part of result.json as "dispatches". */
#pragma once
#include "guest/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct json;
struct jsonw;

#define TASKS_MAX 4096u

struct tasks {
	bool done;     /* false: there was no work, and the rest is 0 */
	bool attached; /* the scheduler was, all the time */
	uint32_t ms;
	struct proto_task *v; /* spinning ones first, by CPU */
	size_t n;
};

/* The payload of WORKED, which may be anything. X_VM when it is none. */
int tasks_parse(struct tasks *t, const void *data, size_t n, struct err *e);
/* Each spinning task had a turn. */
bool tasks_progress(const struct tasks *t);
/* Which of them had none, for people: "none of 3 tasks ran in 5.0 s", "no task ran on CPU 2,4-5 in 5.0 s". Caller frees; NULL:
 * there is progress. */
char *tasks_missing(const struct tasks *t);
void tasks_free(struct tasks *t);

const char *tasks_kind(uint32_t kind);
/* A value: null without work, else an object; and back, where -1 and null are no work. X_FAIL when it is not one of ours. */
void tasks_write(struct jsonw *w, const struct tasks *tasks);
int tasks_read(struct tasks *tasks, const struct json *j, int tok, struct err *e);
