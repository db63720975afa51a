#include "trial/trial.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/attach.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "guest/exit_info.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "process/spawn.h"
#include "text/argv.h"
#include "text/text.h"
#include "trial/asking.h"
#include "trial/halt.h"
#include "trial/keeper.h"
#include "trial/kept.h"
#include "trial/looks.h"
#include "trial/spy.h"
#include "trial/tracer.h"
#include "verifier/cell.h"
#include "verifier/evidence.h"
#include "verifier/reason.h"
#include "vm/console.h"
#include "vm/end.h"
#include "vm/park.h"
#include "vm/push.h"
#include "vm/session.h"
#include "vm/snapshot.h"
#include "vm/vm.h"

#define ENGINE "/ktstr/engine"
#define SCENARIO "/ktstr/scenario"

enum {
	ENGINE_UNFIT = 2, /* its exit code when a line cannot be carried out */
	ENGINE_SKIPS = 4, /* when the guest lacks what the scenario needs */
	PATIENCE_MS =
		60000, /* beside twice what the scenario takes: groups to be made, workers to be started and reaped */
	REASON_MAX = 300,
	GOING_S = 10,      /* for a scheduler that the kernel lets go of to be gone, and its dump to be written */
	KEEPER_MS = 90000, /* for a scheduler that does not come when a line asks for it: the engine gives up before */
	WARNING_LEVEL = 4, /* KERN_WARNING */
};
#define ENGINE_OUT (64u << 20)
#define ENGINE_ERR (64u << 10)
#define SCHED_LOG (16u << 20)

const char *const trial_end_names[] = {
	[TRIAL_RAN] = "ran",         [TRIAL_EJECTED] = "ejected", [TRIAL_STALLED] = "stalled",
	[TRIAL_ENDED] = "ended",     [TRIAL_REFUSED] = "refused", [TRIAL_PANICKED] = "panicked",
	[TRIAL_SKIPPED] = "skipped", [TRIAL_UNFIT] = "unfit",
};

struct run {
	const struct trial *t;
	struct trial_result *r;
	struct vm vm;
	bool given; /* the guest was continued with the scheduler attached */
	struct asking asking;
	struct keeper k;
	struct kept out, err;
	struct looks looks;
	struct spy *spy; /* NULL: nobody looks unseen */
	struct halt *halt;
	struct session *session; /* the engine's, while it runs */
};

/* Warnings of the kernel are findings, and it does not write them to the console unless asked. */
static int show_warnings(struct run *x, struct err *e)
{
	uint32_t below = WARNING_LEVEL + 1;

	return chan_send(&x->vm.chan, MSG_CONSOLE, &below, sizeof(below), vm_deadline(&x->vm, VM_PUSH_S), e);
}

static int push_pack(struct run *x, const char *pack, const char *what, struct err *e)
{
	auto_payload struct payload p = { 0 };

	if (pack_open(&p, pack, e) < 0 || vm_push(&x->vm, &p, e) < 0)
		return err_in(e, "%s", what);
	return 0;
}

static int push_tools(struct run *x, struct err *e)
{
	auto_payload struct payload p = { 0 };

	if (show_warnings(x, e) < 0)
		return err_in(e, "send the engine");
	if (payload_add_file(&p, x->t->text, SCENARIO, 0444, e) < 0 ||
	    payload_add_file(&p, x->t->engine, ENGINE, 0555, e) < 0)
		return -1;
	if (vm_push(&x->vm, &p, e) < 0)
		return err_in(e, "send the engine");
	return x->t->programs ? push_pack(x, x->t->programs, "send the scenario's programs", e) : 0;
}

/* What a scheduler finds when it is started, now or later. */
static int prepare(struct run *x, struct err *e)
{
	const char *groups = x->t->groups;
	const struct proto_watchdog *w = &x->t->watchdog;
	long long deadline = vm_deadline(&x->vm, VM_PUSH_S);

	if (groups && chan_send(&x->vm.chan, MSG_GROUPS, groups, strlen(groups), deadline, e) < 0)
		return err_in(e, "make the scheduler's cgroup");
	return w->ms && chan_send(&x->vm.chan, MSG_WATCHDOG, w, sizeof(*w), deadline, e) < 0
		       ? err_in(e, "bound the scheduler's timeout")
		       : 0;
}

static int look(struct run *x, struct err *e)
{
	return x->t->sample_ms ? looks_begin(&x->looks, &x->vm, x->t->boot, e) : 0;
}

/* In virtual time the scheduler is alone until it is attached, so that guests with it are the same whatever else they are given. Under a
 * real clock all is sent first: then the guest speaks through its port. */
static int begin(struct run *x, struct err *e)
{
	const struct trial *t = x->t;
	bool first = t->pack && !t->later;
	long long still = still_ms();
	int r = first && t->attached ? t->attached->begin(t->attached->arg, &x->vm, e) : CELL_NOTHING;

	if (r == CELL_NOTHING &&
	    vm_continue(&x->vm, t->snapshot, t->seed, t->kernel, t->initrd, &x->r->fallback, t->note, e) < 0)
		r = -1;
	if (r < 0) {
		x->r->unusable = vm_snapshot_blamed(e->code) && still_ms() == still;
		return -1;
	}
	x->given = r == CELL_GIVEN;
	if (t->pack && !x->given && (push_pack(x, t->pack, "send the scheduler", e) < 0 || prepare(x, e) < 0))
		return -1;
	if (x->vm.m.clock.virtual)
		return first ? 0 : push_tools(x, e);
	if (push_tools(x, e) < 0 || look(x, e) < 0)
		return -1;
	return vm_use_port(&x->vm, e);
}

enum { ATTACHED = 0, NEVER = 1 };

static int await(struct run *x, struct err *e)
{
	long long seconds = vm_load_s(&x->vm.m, x->t->load_s), deadline = vm_load_deadline(&x->vm.m, x->t->load_s);
	auto_free char *what = xasprintf("the scheduler to attach, %lld s; --timeout gives it more", seconds);
	struct msg m;

	if (!x->given &&
	    attach_start(&x->vm, x->t->args, keeper_args(x->t->args), (uint64_t)seconds * 1000, deadline, e) < 0)
		return -1;
	while (!x->k.attached && !x->k.exited)
		if (vm_next(&x->vm, &m, deadline, what, e) < 0 || keeper_hear(&x->k, &m, e) < 0)
			return -1;
	x->k.running = !x->k.exited;
	if (!x->k.attached) {
		keeper_refused(&x->k);
		return NEVER;
	}
	if (!x->t->attached)
		return vm_deadline_inside(&x->vm, 0, e) < 0 ? -1 : ATTACHED;
	return x->t->attached->settle(x->t->attached->arg, &x->vm, e) < 0 ? -1 : ATTACHED;
}

/* session.h's other(). */
static int hear(void *arg, const struct msg *m, struct err *e)
{
	struct run *x = arg;

	if (keeper_follow(&x->k, m, e) < 0)
		return -1;
	return x->halt && x->k.gone && x->k.does == KEEPER_RESTS ? halt_now(x->halt, e) : 0;
}

/* session.h's */
static int ready(void *arg, struct err *e)
{
	struct run *x = arg;

	if (halt_ready(x->halt, e) < 0)
		return -1;
	/* A debugger has as long as it likes; what has not come to stand has not. */
	if (halt_done(x->halt) && x->t->halt->holds)
		x->session->deadline = -1;
	return 0;
}

/* session.h's */
static const char *answer(void *arg)
{
	struct run *x = arg;

	return keeper_answer(&x->k);
}

/* session.h's take() */
static int take(void *arg, int which, const char *data, size_t n, struct err *e)
{
	struct run *x = arg;
	enum asking_deed deed;
	const char *profile;
	int line = ASKING_ALL;

	if (which != STDOUT_FILENO) {
		kept_add(&x->err, data, n);
		return 0;
	}
	while (x->t->keeps && (line = asking_take(&x->asking, &data, &n, &deed, &profile)) == ASKING_LINE_DONE)
		if (keeper_favour(&x->k, deed, profile, e) < 0)
			return -1;
	if (line < 0)
		return err_set(e, X_VM, "the engine asks for what there is not: %.40s", x->asking.line);
	kept_add(&x->out, data, n);
	return x->out.said > x->out.max ? err_set(e, X_VM, "the engine says more than %u MiB", ENGINE_OUT >> 20) : 0;
}

/* The last line of what the engine complains of. Caller frees. */
static char *last_words(const struct run *x)
{
	auto_free char *text = text_plain(x->err.tail, x->err.tail_n, TEXT_LINES);
	size_t n = strlen(text);

	while (n && text[n - 1] == '\n')
		text[--n] = '\0';
	const char *line = strrchr(text, '\n');

	return xasprintf("%.*s", REASON_MAX, line ? line + 1 : text);
}

/* Why it went is known when it has gone: dumps take their time. One that does not get done stays without a reason. */
static int hear_out(struct run *x, struct err *e)
{
	long long deadline = x->vm.m.clock.virtual ? vm_bound(GOING_S) : vm_deadline(&x->vm, GOING_S);
	struct err late = { 0 };
	struct msg m;

	if (!x->k.gone || vm_deadline_inside(&x->vm, GOING_S * 1000, e) < 0)
		return x->k.gone ? -1 : 0;
	while (!x->k.off && !x->k.exited) {
		if (vm_next(&x->vm, &m, deadline, "the end of a scheduler", &late) < 0) {
			*e = late;
			return late.code == X_TIMEOUT ? 0 : -1;
		}
		if (keeper_hear(&x->k, &m, e) < 0)
			return -1;
	}
	return 0;
}

/* What the engine met may be the doing of a scheduler that the kernel has not let go of yet: that it refused a cgroup, for one. */
static bool is_going(struct run *x)
{
	long long deadline = x->vm.m.clock.virtual ? vm_bound(GOING_S) : vm_deadline(&x->vm, GOING_S);
	struct err none = { 0 };
	struct msg m;

	if (x->k.gone || x->k.exited)
		return true;
	/* One that a line has stopped does nothing any more. */
	if (!x->k.running || vm_deadline_inside(&x->vm, GOING_S * 1000, &none) < 0)
		return false;
	while (!x->k.gone && !x->k.exited)
		if (vm_next(&x->vm, &m, deadline, "the end of a scheduler", &none) < 0 ||
		    keeper_hear(&x->k, &m, &none) < 0)
			return false;
	return true;
}

static int engine_failed(struct run *x, int status, const char *words, struct err *e)
{
	char how[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == ENGINE_UNFIT && *words) {
		x->r->end = TRIAL_UNFIT;
		x->r->reason = xstrdup(words);
		return 0;
	}
	return err_set(e, X_VM, "the engine in the guest: %s%s%s", spawn_status(status, how, sizeof(how)),
		       *words ? ": " : "", words);
}

static int engine_ended(struct run *x, int status, struct err *e)
{
	auto_free char *words = last_words(x);

	if (WIFEXITED(status) && WEXITSTATUS(status) == ENGINE_SKIPS) {
		x->r->end = TRIAL_SKIPPED;
		x->r->reason = xstrdup(*words ? words : "the guest lacks what the scenario needs");
		return 0;
	}
	if (status && !is_going(x))
		return engine_failed(x, status, words, e);
	if (hear_out(x, e) < 0)
		return err_in(e, "the end of the scheduler");
	keeper_judge(&x->k);
	if (status && x->r->end == TRIAL_RAN)
		return engine_failed(x, status, words, e);
	if (status) {
		auto_free char *why = TAKE(x->r->reason);

		x->r->reason = xasprintf("%s (%s)", why, words);
		return 0;
	}
	x->r->engine = TAKE(x->out.head);
	x->r->engine_n = x->out.n;
	return 0;
}

/* It ended before the moment came: that is its last one. One that holds stands there until we are told to stop, or QEMU ends. */
static int halt_at_end(struct run *x, struct err *e)
{
	bool holds = x->t->halt->holds && !halt_done(x->halt);
	long long deadline = vm_deadline(&x->vm, VM_STOP_S);

	if (halt_now(x->halt, e) < 0)
		return -1;
	while (!halt_done(x->halt) || holds) {
		struct msg m;
		int r = chan_next(&x->vm.chan, &m, e);

		if (r == CHAN_MSG && keeper_hear(&x->k, &m, e) < 0)
			return -1;
		if (r == CHAN_MSG)
			continue;
		struct pollfd p[] = { { .fd = x->vm.chan.fd, .events = POLLIN },
				      { .fd = *halt_fd(x->halt), .events = POLLIN },
				      { .fd = x->vm.qemu.pidfd, .events = POLLIN } };

		if (r != CHAN_EMPTY)
			return r < 0 ? -1 : vm_gone(&x->vm, e);
		if (!halt_done(x->halt) && vm_is_late(&x->vm, deadline))
			return err_set(e, X_TIMEOUT, "QEMU does not stop the guest");
		if (stop_poll(p, countof(p), now_ms() + PARK_LOOK_MS, e) < 0 ||
		    (p[1].revents && halt_ready(x->halt, e) < 0))
			return -1;
		console_drain(&x->vm);
		if (p[2].revents && !p[0].revents)
			return vm_gone(&x->vm, e);
	}
	return 0;
}

/* With what the host took from it meanwhile, and what KVM counted. */
static int run_session(struct run *x, const struct session *s, int *status, struct err *e)
{
	const struct tracer tracer = { &x->vm, hear, x };
	uint64_t before = 0, after = 0;
	bool known = vm_stolen(&x->vm, &before);
	struct err ignored;

	if (session_run(&x->vm, s, status, e) < 0)
		return -1;
	if (x->halt && halt_at_end(x, e) < 0)
		return -1;
	if (x->t->busybox && tracer_end(&tracer, x->t->trace, e) < 0)
		return -1;
	x->r->stolen_known = known && vm_stolen(&x->vm, &after);
	x->r->stolen_ns = after - before;
	(void)vm_kvm_stats(&x->vm, &x->r->kvm, &ignored);
	return 0;
}

static int run_engine(struct run *x, struct err *e)
{
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	uint64_t patience_ms = PATIENCE_MS + (x->t->keeps ? KEEPER_MS : 0), ms = 2 * x->t->ms + patience_ms;
	bool virtual = x->vm.m.clock.virtual;
	auto_close int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	auto_argv struct argv a = { 0 };
	auto_free char *topology = NULL;
	size_t size;
	int status = 0;
	FILE *f = xmemstream(&topology, &size);

	topology_write(f, &x->vm.m.topo);
	fclose(f);
	argv_add(&a, ENGINE);
	argv_opt(&a, "--seed", "%llu", (unsigned long long)x->t->seed);
	if (virtual)
		argv_opt(&a, "--shift", "%u", x->vm.m.clock.shift);
	argv_opt(&a, "--topology", "%s", topology);
	for (size_t i = 0; i < x->t->n_program; i++)
		argv_opt(&a, "--program", "%s", x->t->program[i]);
	if (x->t->keeps)
		argv_add(&a, "--keeper");
	if (x->t->sample_ms)
		argv_opt(&a, "--sample", "%u", x->t->sample_ms);
	argv_add(&a, SCENARIO);
	struct session s = {
		.argv = (const char *const *)a.v,
		.env = env,
		.above = true,
		.in = nothing,
		.take = take,
		.other = hear,
		.answer = x->t->keeps ? answer : NULL,
		.also = x->halt ? halt_fd(x->halt) : NULL,
		.ready = ready,
		.arg = x,
		.deadline = virtual ? vm_bound((long long)ms / 1000)
				    : now_ms() + (long long)(x->t->ms + ms * (unsigned)vm_scale(&x->vm.m)),
	};
	x->session = &s;
	if (nothing < 0)
		return err_sys(e, "open /dev/null");
	/* What is waited for is computed, and may take longer by the guest's clock. */
	ms += patience_ms * (clock_slower(&x->vm.m.clock) - 1);
	if (vm_deadline_inside(&x->vm, ms, e) < 0 || run_session(x, &s, &status, e) < 0)
		return err_in(e, "the scenario");
	return engine_ended(x, status, e);
}

static int work(struct run *x, struct err *e)
{
	const struct tracer tracer = { &x->vm, hear, x };
	int r = begin(x, e);

	if (r == 0 && x->t->pack && !x->t->later)
		r = await(x, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (x->t->pack && !x->t->later && x->vm.m.clock.virtual && push_tools(x, e) < 0)
		return -1;
	if (x->vm.m.clock.virtual && look(x, e) < 0)
		return -1;
	if (x->t->busybox && tracer_begin(&tracer, x->t->busybox, e) < 0)
		return -1;
	if (x->t->spies && !(x->spy = spy_begin(&x->vm, x->t->boot, e)))
		return -1;
	if (x->t->halt && !(x->halt = halt_begin(&x->vm, x->t->boot, x->t->halt, e)))
		return -1;
	return run_engine(x, e);
}

/* A panic is the scheduler's, or the kernel's under it, unless QEMU may be to blame: where its vCPUs run side by side it translates code
 * that the kernel changes at that moment. */
static bool panicked(struct run *x, const struct err *e)
{
	if (e->code != X_VM || !x->vm.panicked || (!x->vm.m.clock.virtual && x->vm.m.accel != ACCEL_KVM))
		return false;
	free(x->r->reason);
	x->r->end = TRIAL_PANICKED;
	x->r->reason = xasprintf("%.*s", (int)strcspn(e->msg, "\n"), e->msg);
	return true;
}

static void end(struct run *x, FILE *log, FILE *console)
{
	console_drain(&x->vm);
	kept_write(log, &x->k.log);
	if (x->k.left.kind && exit_info_is_error(&x->k.left))
		fprintf(log, "\n--- sched_ext ---\n%s%s", x->k.left.log, x->k.left.dump);
	if (x->vm.log_n)
		fwrite(x->vm.log, 1, x->vm.log_n, console);
	if (x->vm.hello)
		x->r->release = facts_get(x->vm.hello, strlen(x->vm.hello), "release");
	x->r->topology = x->vm.m.topo;
	x->r->clock = x->vm.m.clock;
	x->r->accel = x->vm.m.accel;
	x->r->samples = looks_end(&x->looks);
	x->r->spied = spy_end(x->spy);
	halt_end(x->halt);
	vm_close(&x->vm);
	keeper_free(&x->k);
	kept_free(&x->out);
	kept_free(&x->err);
}

int trial_run(const struct trial *t, struct trial_result *r, FILE *log, FILE *console, struct err *e)
{
	auto_free struct run *x = xcalloc(1, sizeof(*x));
	int ret;

	*r = (struct trial_result){ 0 };
	x->t = t;
	x->r = r;
	x->k.t = t;
	x->k.r = r;
	x->k.vm = &x->vm;
	x->k.args = t->args;
	r->seed = t->seed;
	x->k.log.max = SCHED_LOG;
	x->out.max = ENGINE_OUT;
	x->err.max = ENGINE_ERR;
	ret = work(x, e);
	if (ret < 0 && panicked(x, e))
		ret = 0;
	end(x, log, console);
	return ret;
}

void trial_result_free(struct trial_result *r)
{
	free(r->reason);
	free(r->spied);
	free(r->exit_kind);
	free(r->release);
	free(r->engine);
	free(r->samples);
	free(r->fallback);
	kvm_stats_free(&r->kvm);
	*r = (struct trial_result){ 0 };
}
