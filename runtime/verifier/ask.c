#include "verifier/ask.h"
#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/stop.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "verifier/flags.h"
#include "vm/end.h"
#include "vm/push.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include <inttypes.h>
#include <sys/wait.h>

#define PROGRAM "/scheduler"

struct answer {
	char *text; /* its stdout */
	size_t n;
	bool attached, ended;
	int status;
};

static int send_question(struct vm *vm, long long deadline, struct err *e)
{
	const struct proto_session h = { .argc = 2 };
	char msg[sizeof(h) + sizeof(PROGRAM) + sizeof(FLAGS_ARG)];

	memcpy(msg, &h, sizeof(h));
	memcpy(msg + sizeof(h), PROGRAM, sizeof(PROGRAM));
	memcpy(msg + sizeof(h) + sizeof(PROGRAM), FLAGS_ARG, sizeof(FLAGS_ARG));
	if (chan_send(&vm->chan, MSG_RUN, msg, sizeof(msg), deadline, e) < 0)
		return -1;
	return chan_send(&vm->chan, MSG_IN, NULL, 0, deadline, e);
}

static int keep(struct answer *a, const struct msg *m, struct err *e)
{
	if (m->n > FLAGS_TEXT - a->n)
		return err_set(e, X_BAD_SCHED, "the answer to " FLAGS_ARG " has more than %d bytes", FLAGS_TEXT);
	a->text = xreallocarray(a->text, a->n + m->n + 1, 1);
	memcpy(a->text + a->n, m->data, m->n);
	a->n += m->n;
	return 0;
}

static int hear(struct answer *a, const struct msg *m, struct err *e)
{
	struct proto_exited gone;
	struct proto_state st;

	switch (m->type) {
	case MSG_OUT:
		return keep(a, m, e);
	case MSG_ERR:
	case MSG_TAKEN:
	case MSG_EXIT_INFO:
	case MSG_CALLS:
		return 0;
	case MSG_STATE:
		if (m->n < sizeof(st))
			return err_set(e, X_VM, "the guest sent a short state");
		memcpy(&st, m->data, sizeof(st));
		a->attached |= st.state == SCX_ENABLED;
		return 0;
	case MSG_ENDED:
		if (m->n < sizeof(gone))
			return err_set(e, X_VM, "the guest sent a short exit status");
		memcpy(&gone, m->data, sizeof(gone));
		a->status = gone.status;
		a->ended = true;
		return 0;
	case MSG_FAILED:
		return chan_failed(m, e);
	default:
		return err_set(e, X_VM, "the guest sent message %" PRIu32 " out of turn", m->type);
	}
}

static int judge(const struct answer *a, struct flags *f, char **why, struct err *e)
{
	char how[64];

	if (a->attached || a->status) {
		*why = a->attached ? xstrdup("it attached") : xstrdup(spawn_status(a->status, how, sizeof(how)));
		return ASK_UNKNOWN;
	}
	if (flags_parse(f, a->text ? a->text : "", a->n, e) < 0)
		return err_as(e, X_BAD_SCHED,
			      "parse " FLAGS_ARG " output (--flags-file FILE describes the flags of a scheduler that "
			      "does not)");
	return ASK_ANSWERED;
}

int ask_flags(const struct ask *a, struct flags *f, char **why, char **fallback, struct err *e)
{
	auto_payload struct payload p = { 0 };
	auto_vm struct vm vm = { 0 };
	struct answer said = { 0 };
	struct msg m;

	if (pack_open(&p, a->pack, e) < 0)
		return -1;
	if (a->snapshot ? vm_continue(&vm, a->snapshot, a->seed, a->kernel, a->initrd, fallback, a->note, e) < 0
			: vm_start(&vm, &a->machine, a->kernel, a->initrd, NULL, a->note, e) < 0)
		return -1;
	if (vm_push(&vm, &p, e) < 0)
		return err_in(e, "send the scheduler");
	long long seconds = a->seconds ? a->seconds : (long long)VM_LOAD_S * vm_scale(&vm.m);
	long long deadline = now_ms() + 1000 * seconds;
	auto_free char *what = xasprintf("an answer to " FLAGS_ARG ", %lld s; --flags-file FILE does without", seconds);
	int r = send_question(&vm, deadline, e);

	while (r == 0 && !said.ended && !said.attached) {
		r = vm_next(&vm, &m, deadline, what, e);
		if (r == 0)
			r = hear(&said, &m, e);
	}
	if (r == 0)
		r = judge(&said, f, why, e);
	free(said.text);
	return r;
}
