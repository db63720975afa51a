#include "step/shell_sched.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/stop.h"
#include "guest/exit_info.h"
#include "guest/proto.h"
#include "text/text.h"
#include "attach/attach.h"
#include "step/attached.h"
#include "verifier/reason.h"
#include "vm/console.h"
#include "vm/end.h"
#include "vm/vm.h"

enum { REASON_MAX = 300, SAID_MAX = 1500 /* both fit into an error */, WATCHDOG_MS = 60 * 1000 };

static void keep(struct shell_sched *s, const char *data, size_t n)
{
	if (n > sizeof(s->log)) {
		data += n - sizeof(s->log);
		n = sizeof(s->log);
	}
	if (s->n + n > sizeof(s->log)) {
		size_t drop = s->n + n - sizeof(s->log);

		memmove(s->log, s->log + drop, s->n - drop);
		s->n -= drop;
	}
	memcpy(s->log + s->n, data, n);
	s->n += n;
}

/* What others said, below our own words, which stand alone at the beginning of a line; "" or begun by a line end. Of more than max
 * bytes the end, by whole lines if there are any. Caller frees. */
static char *below(const char *said, size_t n, size_t max)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	while (n && said[n - 1] == '\n')
		n--;
	if (n)
		fputc('\n', f);
	text_indent(f, said, n, 2);
	fclose(f);
	if (size)
		text[--size] = '\0'; /* the last line's end */
	if (size <= max)
		return TAKE(text);

	char *cut = text + text_fit(text, size, size - max), *line = strchr(cut, '\n');

	return xasprintf("\n  …%s", line ? line : cut);
}

/* A watchdog in the guest counts time in which nothing ran, and bites at the latest when it looks again. */
static void tell_still(struct shell_sched *s)
{
	long long stood = still_ms() - s->still;

	if (stood && still_ago_ms() < WATCHDOG_MS)
		log_warn("the host stood still for %lld s: the scheduler may not be to blame", (stood + 500) / 1000);
}

static int take_exit_info(struct shell_sched *s, const struct msg *m, struct err *e)
{
	auto_exit_info struct exit_info l = { 0 };

	if (exit_info_parse(&l, m->data, m->n, e) < 0)
		return -1;
	if (!exit_info_is_error(&l))
		return 0;
	auto_free char *reason = exit_info_reason(&l);
	auto_free char *log = below(l.log, strlen(l.log), SIZE_MAX), *dump = below(l.dump, strlen(l.dump), SIZE_MAX);

	log_error("the kernel threw scheduler \"%s\" out: %s%s%s", l.ops, reason, log, dump);
	tell_still(s);
	return 0;
}

static int hear(struct shell_sched *s, const struct msg *m, struct err *e)
{
	struct proto_exited gone;
	struct proto_state st;

	switch (m->type) {
	case MSG_LOG:
		keep(s, m->data, m->n);
		return 0;
	case MSG_EXIT_INFO:
		return take_exit_info(s, m, e);
	case MSG_CALLS:
		calls_free(&s->calls);
		return calls_parse(&s->calls, m->data, m->n, e);
	case MSG_STATE:
		if (m->n < sizeof(st))
			return err_set(e, X_VM, "the guest sent a short state");
		memcpy(&st, m->data, sizeof(st));
		s->attached |= st.state == SCX_ENABLED;
		return 0;
	case MSG_EXITED:
		if (m->n < sizeof(gone))
			return err_set(e, X_VM, "the guest sent a short exit status");
		memcpy(&gone, m->data, sizeof(gone));
		s->ended = true;
		s->status = gone.status;
		return 0;
	case MSG_FAILED:
		return chan_failed(m, e);
	default:
		return err_set(e, X_VM, "the guest sent message %" PRIu32 " out of turn", m->type);
	}
}

int shell_sched_says(void *arg, const struct msg *m, struct err *e)
{
	struct shell_sched *s = arg;
	bool before = s->ended;
	char how[64];

	if (hear(s, m, e) < 0)
		return -1;
	if (!s->ended || before)
		return 0;
	console_drain(s->vm);
	auto_free char *verdict = WIFSIGNALED(s->status) ? vm_console_verdict(s->vm->log, s->vm->log_n) : NULL;
	auto_free char *said = below(s->log, s->n, SIZE_MAX);

	log_error("the scheduler ended: %s%s%s%s", spawn_status(s->status, how, sizeof(how)),
		  verdict ? "; the console says: " : "", verdict ? verdict : "", said);
	return 0;
}

static int never_attached(const struct shell_sched *s, struct err *e)
{
	struct view text = { s->log, s->n };
	struct evidence evidence = evidence_find(&s->calls, text);
	auto_free char *why = reason_find(text), *call = NULL, *said = below(s->log, s->n, SAID_MAX);
	char how[64];
	bool failed = WIFEXITED(s->status) && WEXITSTATUS(s->status) != 0;

	spawn_status(s->status, how, sizeof(how));
	if (failed && evidence_refuses(&evidence)) {
		call = evidence_words(&evidence);
		return err_set(e, X_REJECTED, "the kernel refused the scheduler: %.*s%s", REASON_MAX, why ? why : call,
			       said);
	}
	return err_set(e, X_DIED, "the scheduler ended before it attached: %s%s", how, said);
}

int shell_sched_start(struct shell_sched *s, struct vm *vm, struct attached *a, struct err *e)
{
	long long deadline = vm_load_deadline(&vm->m, 0);
	bool given = a && a->given;
	struct msg m;

	s->vm = vm;
	s->still = still_ms();
	if (!given && attach_start(vm, s->args, s->n_args, 1000u * (uint64_t)vm_load_s(&vm->m, 0), deadline, e) < 0)
		return -1;
	while (!s->attached && !s->ended)
		if (vm_next(vm, &m, deadline, "the scheduler to attach", e) < 0 || hear(s, &m, e) < 0)
			return -1;
	if (!s->attached)
		return never_attached(s, e);
	if (a)
		return attached_settle(a, vm, e);
	return vm_deadline_inside(vm, 0, e);
}

void shell_sched_free(struct shell_sched *s)
{
	calls_free(&s->calls);
	*s = (struct shell_sched){ .args = s->args, .n_args = s->n_args };
}
