#include "trial/keeper.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "attach/attach.h"
#include "base/err.h"
#include "base/mem.h"
#include "guest/proto.h"
#include "process/spawn.h"
#include "verifier/evidence.h"
#include "verifier/reason.h"
#include "vm/end.h"
#include "vm/push.h"
#include "vm/vm.h"

enum {
	REASON_MAX = 300,
	STOP_MS = 5000, /* from SIGTERM to SIGKILL, for a scheduler that a line stops */
};

static int hear_state(struct keeper *x, const struct msg *m, struct err *e)
{
	struct proto_state st;

	if (m->n < sizeof(st))
		return err_set(e, X_VM, "the guest sent a short state");
	memcpy(&st, m->data, sizeof(st));
	x->state = st.state <= SCX_BYPASSING ? (enum proto_scx)st.state : SCX_DISABLED;
	if (st.state == SCX_ENABLED && x->gone && !x->exited && x->left.kind && !exit_info_is_error(&x->left)) {
		x->gone = false;
		x->r->restarts++;
	}
	if (st.state == SCX_ENABLED)
		x->attached = true;
	else if (x->attached && (st.state == SCX_DISABLED || st.state == SCX_DISABLING))
		x->gone = true;
	x->off = x->gone && st.state == SCX_DISABLED;
	return 0;
}

static int hear_exit(struct keeper *x, const struct msg *m, struct err *e)
{
	struct proto_exited gone;

	if (m->n < sizeof(gone))
		return err_set(e, X_VM, "the guest sent a short exit status");
	memcpy(&gone, m->data, sizeof(gone));
	x->exited = true;
	x->running = false;
	x->status = gone.status;
	return 0;
}

int keeper_hear(struct keeper *x, const struct msg *m, struct err *e)
{
	switch (m->type) {
	case MSG_LOG:
		kept_add(&x->log, m->data, m->n);
		return 0;
	case MSG_EXIT_INFO:
		exit_info_free(&x->left);
		return exit_info_parse(&x->left, m->data, m->n, e);
	case MSG_CALLS:
		calls_free(&x->calls);
		return calls_parse(&x->calls, m->data, m->n, e);
	case MSG_STATE:
		return hear_state(x, m, e);
	case MSG_EXITED:
		return hear_exit(x, m, e);
	case MSG_FAILED:
		return chan_failed(m, e);
	default:
		return err_set(e, X_VM, "the guest sent message %u out of turn", m->type);
	}
}

size_t keeper_args(const char *const *args)
{
	size_t n = 0;

	while (args && args[n])
		n++;
	return n;
}

void keeper_refused(struct keeper *x)
{
	struct view text = { x->log.tail, x->log.tail_n };
	struct evidence evidence = evidence_find(&x->calls, text);
	auto_free char *why = reason_find(text);
	char how[64];

	x->r->end = TRIAL_REFUSED;
	if (!why && evidence.by != EVIDENCE_NONE)
		why = evidence_words(&evidence);
	if (WIFEXITED(x->status) && WEXITSTATUS(x->status) && evidence_refuses(&evidence))
		x->r->reason = xasprintf("the kernel refused the scheduler: %.*s", REASON_MAX, why);
	else
		x->r->reason = xasprintf("%s before it attached%s%.*s", spawn_status(x->status, how, sizeof(how)),
					 why ? ": " : "", REASON_MAX, why ? why : "");
}

static void thrown_out(struct keeper *x)
{
	auto_free char *why = exit_info_reason(&x->left);

	x->r->end = strcmp(x->left.kind, "runnable task stall") != 0 ? TRIAL_EJECTED : TRIAL_STALLED;
	x->r->reason = xasprintf("thrown out by the kernel: %.*s", REASON_MAX, why);
}

static void left(struct keeper *x)
{
	struct view text = { x->log.tail, x->log.tail_n };
	auto_free char *why = reason_find(text);
	char how[64];

	x->r->end = TRIAL_ENDED;
	if (x->exited)
		x->r->reason = xasprintf("%s while the scenario ran%s%.*s", spawn_status(x->status, how, sizeof(how)),
					 why ? ": " : "", REASON_MAX, why ? why : "");
	else
		x->r->reason = xstrdup("the kernel let go of it while it went on running");
}

void keeper_judge(struct keeper *x)
{
	if (x->r->end != TRIAL_RAN)
		return;
	if (x->left.kind) {
		free(x->r->exit_kind);
		x->r->exit_kind = xstrdup(x->left.kind);
		x->r->exit_code = x->left.code;
	}
	if (!x->t->pack || (!x->gone && !x->exited))
		return;
	if (x->left.kind && exit_info_is_error(&x->left))
		thrown_out(x);
	else if (x->left.kind && exit_info_asks_restart(&x->left))
		x->r->restarts++;
	else
		left(x);
}

static int start(struct keeper *x, struct err *e)
{
	x->does = KEEPER_STARTS;
	x->running = true;
	x->attached = x->gone = x->off = x->exited = false;
	exit_info_free(&x->left);
	x->args = x->next;
	return attach_again(x->vm, x->args, keeper_args(x->args), vm_deadline(x->vm, VM_PUSH_S), e);
}

static void done(struct keeper *x)
{
	x->does = KEEPER_RESTS;
	x->answer = xstrdup("done\n");
}

static void no(struct keeper *x, const char *why)
{
	x->does = KEEPER_RESTS;
	x->answer = xasprintf("no %.*s\n", REASON_MAX / 2, why);
}

/* It was told to stop, and has. */
static int stopped(struct keeper *x, struct err *e)
{
	if (x->left.kind && exit_info_is_error(&x->left)) {
		keeper_judge(x);
		no(x, "it was thrown out");
		return 0;
	}
	if (x->does == KEEPER_STOPS_AND_STARTS)
		return start(x, e);
	x->attached = x->gone = x->off = x->exited = false;
	exit_info_free(&x->left);
	done(x);
	return 0;
}

/* Whether what a line asked for has come about. */
static int proceed(struct keeper *x, struct err *e)
{
	if ((x->does == KEEPER_STOPS || x->does == KEEPER_STOPS_AND_STARTS) && x->exited && x->state == SCX_DISABLED)
		return stopped(x, e);
	if (x->does == KEEPER_STARTS && x->exited && !x->attached) {
		keeper_refused(x);
		no(x, "it did not attach");
	} else if (x->does == KEEPER_STARTS && x->attached) {
		done(x);
	}
	return 0;
}

int keeper_follow(struct keeper *x, const struct msg *m, struct err *e)
{
	return keeper_hear(x, m, e) < 0 ? -1 : proceed(x, e);
}

static const struct trial_profile *profile_of(const struct trial *t, const char *name)
{
	for (size_t i = 0; i < t->n_profiles; i++)
		if (!strcmp(t->profiles[i].name, name))
			return &t->profiles[i];
	return NULL;
}

static void late(struct keeper *x)
{
	if (x->r->end != TRIAL_RAN)
		return;
	x->r->end = x->does == KEEPER_STARTS ? TRIAL_REFUSED : TRIAL_ENDED;
	x->r->reason = xstrdup(x->does == KEEPER_STARTS ? "it was not attached within the time a line has"
							: "it did not leave within the time a line has");
	x->does = KEEPER_RESTS;
}

int keeper_favour(struct keeper *x, enum asking_deed deed, const char *name, struct err *e)
{
	const struct trial_profile *other = name ? profile_of(x->t, name) : NULL;
	uint32_t ms = STOP_MS;

	if (deed == ASKING_LATE) {
		late(x);
		return 0;
	}
	if (x->does != KEEPER_RESTS || x->answer)
		return err_set(e, X_VM, "the engine asks for two things at once");
	keeper_judge(x);
	x->next = other ? other->args : deed == ASKING_RESTART ? x->args : x->t->args;
	if (x->r->end != TRIAL_RAN)
		no(x, "it is gone");
	else if (x->running == (deed == ASKING_ATTACH))
		no(x, x->running ? "it is there" : "it is not there");
	else if (name && !other)
		no(x, "there is no such profile");
	if (x->answer)
		return 0;
	if (deed == ASKING_ATTACH)
		return start(x, e);
	x->does = deed == ASKING_DETACH ? KEEPER_STOPS : KEEPER_STOPS_AND_STARTS;
	return chan_send(&x->vm->chan, MSG_STOP, &ms, sizeof(ms), vm_deadline(x->vm, VM_PUSH_S), e);
}

const char *keeper_answer(struct keeper *x)
{
	if (!x->answer)
		return NULL;
	free(x->said);
	x->said = TAKE(x->answer);
	return x->said;
}

void keeper_free(struct keeper *x)
{
	exit_info_free(&x->left);
	calls_free(&x->calls);
	kept_free(&x->log);
	free(x->answer);
	free(x->said);
}
