/* evidence.h: whether the kernel refused a scheduler, from what it answered to bpf(2) and not from what the scheduler says.
 *
 * PID 1 of the guest watches the calls that make, load and attach (MSG_CALLS). The last one that was the scheduler's own
 * decides; what libraries try out first to learn what the kernel can do is passed over. So is a refused map or program that is no
 * struct_ops as long as there is no struct_ops map, unless the scheduler complains of that errno (and names the program): it may have
 * been a question, and the scheduler may have ended for another reason. The same goes for each refused attachment of a program
 * that is no struct_ops. Some refusals are
 * libbpf's, which compares an object with the kernel's BTF before it loads anything: its line, with an errno of refusal, is
 * the second-best evidence. It counts only when the kernel was asked something and granted no more than libbpf asks for
 * until then, or when the kernel could not be watched. */
#pragma once
#include "guest/proto.h"
#include "verifier/log.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct json;
struct jsonw;

struct calls {
	bool traced;    /* the kernel let PID 1 watch */
	uint32_t total; /* n of them are known: the newest */
	struct proto_call *v;
	size_t n;
};

/* The payload of CALLS, which may be anything. X_VM when it is none. Names come out as text. */
int calls_parse(struct calls *c, const void *data, size_t n, struct err *e);
void calls_free(struct calls *c); /* {0} too, and twice */
#define auto_calls __attribute__((unused, cleanup(calls_free)))

enum evidence_by { EVIDENCE_NONE, EVIDENCE_KERNEL, EVIDENCE_LIBBPF };

/* What failed last; by NONE: nothing that is known, the rest is 0. */
struct evidence {
	enum evidence_by by;
	uint32_t cmd;     /* enum bpf_cmd or CALL_STRUCT_OPS_VALUE; of libbpf's 0 */
	int error;        /* errno, greater than 0 */
	char program[16]; /* of the program or map, as the kernel was told it; "" where a call has none */
};

/* text: what the scheduler printed, hostile. */
struct evidence evidence_find(const struct calls *c, struct view text);
/* Whether it is a refusal that follows from the contents of kernel and scheduler, and will come again. The others are
 * accidents of one run: another scheduler is attached (EBUSY), there was no memory (ENOMEM), a signal came (EINTR) … */
bool evidence_refuses(const struct evidence *x);
/* Loaded, and then not attached. */
bool evidence_attach(const struct evidence *x);
/* "BPF_PROG_LOAD", "struct_ops value"; NULL for libbpf's. */
const char *evidence_call(const struct evidence *x);
/* "EINVAL", and of what C has no name for its number. The text is static for names, else in buf. */
const char *evidence_errno(int error, char buf[16]);
/* For people: "BPF_PROG_LOAD of ktstr_dispatch: EACCES". Caller frees. */
char *evidence_words(const struct evidence *x);

/* A value: null or an object; and back, where -1 and null are none. X_FAIL when it is not one of ours. */
void evidence_write(struct jsonw *w, const struct evidence *x);
int evidence_read(struct evidence *x, const struct json *j, int tok, struct err *e);
