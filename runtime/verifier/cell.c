#include "verifier/cell.h"
#include "attach/attach.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "guest/exit_info.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "inspect/layout.h"
#include "inspect/memory.h"
#include "verifier/reason.h"
#include "vm/end.h"
#include "vm/push.h"
#include "vm/ram.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#define SCHED_LOG (64u << 20) /* of its output kept from the beginning; of the rest only the end is */
#define REASON_LOG (1u << 20) /* of the scheduler's output kept to look for the reason */

struct run {
	const struct cell *c;
	struct result *r;
	struct vm vm;
	FILE *log;
	char *tail; /* end of the scheduler's output */
	size_t tail_n;
	uint64_t said, cut;    /* bytes of its output; of these not in log */
	struct exit_info left; /* what the kernel said when it let go of it; {0}: nothing yet */
	struct calls calls;    /* of bpf(2) that it made; {0}: not told */
	bool given;            /* the guest was continued with the scheduler attached */
	bool enabling;         /* the kernel accepted the programs and began to attach */
	double mark;
};

static double clock_ms(void)
{
	return (double)now_ns() / 1e6;
}

static double lap(struct run *x)
{
	double now = clock_ms(), passed = now - x->mark;

	x->mark = now;
	return passed;
}

static void keep_log(struct run *x, const void *data, size_t n)
{
	if (x->said < SCHED_LOG)
		fwrite(data, 1, n, x->log);
	else
		x->cut += n;
	x->said += n;
	if (n > REASON_LOG) {
		data = (const char *)data + (n - REASON_LOG);
		n = REASON_LOG;
	}
	if (x->tail_n + n > REASON_LOG) {
		size_t drop = x->tail_n + n - REASON_LOG;

		memmove(x->tail, x->tail + drop, x->tail_n - drop);
		x->tail_n -= drop;
	}
	memcpy(x->tail + x->tail_n, data, n);
	x->tail_n += n;
}

static void end_log(struct run *x)
{
	size_t n = x->cut < x->tail_n ? (size_t)x->cut : x->tail_n;

	if (x->cut > n)
		fprintf(x->log, "\n--- %" PRIu64 " bytes of output left out ---\n", x->cut - n);
	fwrite(x->tail + (x->tail_n - n), 1, n, x->log);
	if (x->left.kind && exit_info_is_error(&x->left))
		fprintf(x->log, "\n--- sched_ext ---\n%s%s", x->left.log, x->left.dump);
}

enum { WORK_VIRTUAL = 4 };
enum { TAKEN = 0, OTHER = 1 };

/* What the guest says besides. */
static int listen(struct run *x, const struct msg *m, struct err *e)
{
	if (m->type == MSG_LOG) {
		keep_log(x, m->data, m->n);
		return TAKEN;
	}
	if (m->type == MSG_CALLS) {
		calls_free(&x->calls);
		return calls_parse(&x->calls, m->data, m->n, e) < 0 ? -1 : TAKEN;
	}
	if (m->type != MSG_EXIT_INFO)
		return OTHER;
	exit_info_free(&x->left);
	return exit_info_parse(&x->left, m->data, m->n, e) < 0 ? -1 : TAKEN;
}

static int begin_guest(struct run *x, struct err *e)
{
	const struct cell *c = x->c;
	int r = c->attached ? c->attached->begin(c->attached->arg, &x->vm, e) : CELL_NOTHING;

	x->given = r == CELL_GIVEN;
	if (r != CELL_NOTHING)
		return r < 0 ? -1 : 0;
	if (c->snapshot)
		return vm_continue(&x->vm, c->snapshot, c->seed, c->kernel, c->initrd, &x->r->fallback, c->note, e);
	return vm_start(&x->vm, &c->machine, c->kernel, c->initrd, NULL, c->note, e);
}

static int begin(struct run *x, struct err *e)
{
	auto_payload struct payload p = { 0 };
	long long still = still_ms();

	if (pack_open(&p, x->c->pack, e) < 0)
		return -1;
	x->mark = clock_ms();
	if (begin_guest(x, e) < 0) {
		x->r->unusable = vm_snapshot_blamed(e->code) && still_ms() == still;
		return -1;
	}
	x->r->cold |= x->r->fallback != NULL;
	x->r->ms.start = lap(x);
	if (x->given)
		return 0;
	if (vm_push(&x->vm, &p, e) < 0)
		return err_in(e, "send the scheduler");
	const char *groups = x->c->groups;

	if (groups && chan_send(&x->vm.chan, MSG_GROUPS, groups, strlen(groups), vm_deadline(&x->vm, VM_PUSH_S), e) < 0)
		return err_in(e, "make the scheduler's cgroup");
	x->r->ms.push = lap(x);
	return 0;
}

static int start_program(struct run *x, long long seconds, long long deadline, struct err *e)
{
	size_t n = 0;

	while (x->c->args && x->c->args[n])
		n++;
	return attach_start(&x->vm, x->c->args, n, (uint64_t)seconds * 1000, deadline, e);
}

static int settle(struct run *x, struct err *e)
{
	if (x->c->attached && x->c->attached->settle(x->c->attached->arg, &x->vm, e) < 0)
		return -1;
	return x->c->attached ? 0 : vm_deadline_inside(&x->vm, 0, e);
}

static bool is_thrown_out(const struct run *x)
{
	return x->left.kind && exit_info_is_error(&x->left);
}

/* The scheduler process ended: what does that mean? Refused it was when the kernel said so; the reason is in its words. */
static void judge_exit(struct run *x, int status, const char *when)
{
	struct view text = { x->tail, x->tail_n };
	auto_free char *why = NULL;
	char how[64];
	bool refused;

	x->r->status = status;
	x->r->evidence = evidence_find(&x->calls, text);
	refused = evidence_refuses(&x->r->evidence);
	if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		refused = false;
	x->r->verdict = refused ? VERDICT_REJECTED : VERDICT_DIED;
	free(x->r->reason);
	spawn_status(status, how, sizeof(how));
	if (!refused && is_thrown_out(x)) {
		auto_free char *reason = exit_info_reason(&x->left);

		why = xasprintf("thrown out by the kernel: %s", reason);
	} else if (status != 0) {
		why = reason_find(text); /* none: how it ended is all there is to say */
	}
	if (!why && x->r->evidence.by != EVIDENCE_NONE)
		why = evidence_words(&x->r->evidence);
	if (refused)
		x->r->reason = xasprintf("%.300s", why);
	else
		x->r->reason = xasprintf("%s %s%s%.300s", how, when, why ? ": " : "", why ? why : "");
}

enum { ATTACHED = 0, ENDED = 1 };

/* Until the scheduler is attached or its process ended. */
static int await(struct run *x, struct err *e)
{
	long long seconds = vm_load_s(&x->vm.m, x->c->load_s), deadline = vm_load_deadline(&x->vm.m, x->c->load_s);
	auto_free char *what = xasprintf("the scheduler to attach, %lld s; --timeout gives it more", seconds);
	struct proto_exited gone;
	struct proto_state st;
	struct msg m;

	if (!x->given && start_program(x, seconds, deadline, e) < 0)
		return -1;
	for (;;) {
		if (vm_next(&x->vm, &m, deadline, what, e) < 0)
			return -1;
		switch (m.type) {
		case MSG_LOG:
		case MSG_EXIT_INFO:
		case MSG_CALLS:
			if (listen(x, &m, e) < 0)
				return -1;
			break;
		case MSG_STATE:
			if (m.n < sizeof(st))
				return err_set(e, X_VM, "the guest sent a short state");
			memcpy(&st, m.data, sizeof(st));
			x->enabling |= st.state != SCX_DISABLED;
			if (st.state != SCX_ENABLED)
				break;
			x->r->ms.load = lap(x);
			x->r->ops = xstrndup((const char *)m.data + sizeof(st), m.n - sizeof(st));
			return settle(x, e) < 0 ? -1 : ATTACHED;
		case MSG_EXITED:
			if (m.n < sizeof(gone))
				return err_set(e, X_VM, "the guest sent a short exit status");
			memcpy(&gone, m.data, sizeof(gone));
			x->r->ms.load = lap(x);
			judge_exit(x, gone.status, x->enabling ? "while it attached" : "before it attached");
			return ENDED;
		case MSG_FAILED:
			return chan_failed(&m, e);
		default:
			return err_set(e, X_VM, "the guest sent message %u out of turn", m.type);
		}
	}
}

static int read_programs(struct run *x, struct progs *progs, struct err *e)
{
	auto_kmem struct kmem k = { 0 };
	struct phys phys = { vm_read_phys, &x->vm, machine_end(&x->vm.m) };
	int r = -1;

	if (vm_pause(&x->vm, e) < 0)
		return -1;
	if (kmem_open(&k, &phys, x->vm.hello, strlen(x->vm.hello), e) == 0)
		r = progs_read(progs, &k, x->c->layout, e);
	if (r < 0)
		return err_in(e, "read the guest's memory");
	return vm_resume(&x->vm, e);
}

/* Its end, which is on the way. 1: it ends later than that, or never. */
static int await_exit(struct run *x, const char *what, int *status, struct err *e)
{
	long long deadline = now_ms() + 1000LL * VM_READ_S * vm_scale(&x->vm.m);
	struct proto_exited gone;
	struct msg m;

	do {
		if (vm_next(&x->vm, &m, deadline, what, e) < 0)
			return e->code == X_TIMEOUT ? 1 : -1;
		if (listen(x, &m, e) < 0)
			return -1;
	} while (m.type != MSG_EXITED);
	if (m.n < sizeof(gone))
		return err_set(e, X_VM, "the guest sent a short exit status");
	memcpy(&gone, m.data, sizeof(gone));
	*status = gone.status;
	return 0;
}

/* Attached, yet without programs when we looked: it went away in between. */
static int departed(struct run *x, struct err *e)
{
	int status;

	if (await_exit(x, "the end of a scheduler without programs", &status, e) != 0)
		return -1;
	judge_exit(x, status, "as soon as it had attached");
	x->r->verdict = VERDICT_DIED;
	return 0;
}

static const struct prog *find_prog(const struct progs *p, uint32_t id)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].id == id)
			return &p->v[i];
	}
	return NULL;
}

/* Lines "id type verified_insns jited_len xlated_len run_cnt run_time_ns name" against what we read a moment before. */
static char *compare(const struct run *x, const struct progs *read, const struct msg *m)
{
	auto_free char *text = xstrndup(m->data, m->n);
	auto_free char *diff = NULL;
	size_t n, seen = 0;
	FILE *f = xmemstream(&diff, &n);
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned id, type, insns, jited, xlated;
		uint64_t cnt, ns;

		if (sscanf(line, "%u %u %u %u %u %" SCNu64 " %" SCNu64, &id, &type, &insns, &jited, &xlated, &cnt,
			   &ns) != 7 ||
		    type != x->c->layout->struct_ops_type)
			continue;
		const struct prog *p = find_prog(read, id);

		seen++;
		if (!p)
			fprintf(f, "program %u: only bpf_prog_info knows it; ", id);
		else if (p->verified_insns != insns)
			fprintf(f, "%s: memory says %u, bpf_prog_info %u; ", p->name, p->verified_insns, insns);
		else if (p->xlated_len != PROG_NONE && p->xlated_len != xlated)
			fprintf(f, "%s: xlated_len %u, bpf_prog_info %u; ", p->name, p->xlated_len, xlated);
		else if (p->counted && (p->run_cnt > cnt || p->run_ns > ns))
			fprintf(f,
				"%s: ran %" PRIu64 " times for %" PRIu64 " ns, later by bpf_prog_info %" PRIu64
				" for %" PRIu64 "; ",
				p->name, p->run_cnt, p->run_ns, cnt, ns);
	}
	if (seen != read->n)
		fprintf(f, "memory has %zu programs, bpf_prog_info %zu", read->n, seen);
	fclose(f);
	return TAKE(diff);
}

static int cross_check(struct run *x, const struct progs *read, struct err *e)
{
	long long deadline = now_ms() + 1000LL * VM_READ_S * vm_scale(&x->vm.m);
	struct msg m;

	if (chan_send(&x->vm.chan, MSG_PROGS, NULL, 0, deadline, e) < 0)
		return -1;
	for (;;) {
		if (vm_next(&x->vm, &m, deadline, "the guest's own program list", e) < 0)
			return -1;
		if (listen(x, &m, e) < 0)
			return -1;
		if (m.type == MSG_FAILED)
			return chan_failed(&m, e);
		if (m.type == MSG_PROGS_ARE)
			break;
	}
	x->r->cross = compare(x, read, &m);
	return 0;
}

/* The tasks' report; *exited when the scheduler's process ended before it came. */
static int await_work(struct run *x, bool *exited, int *status, struct err *e)
{
	/* Of the guest's time: in virtual time nothing of the host may decide it. */
	bool virtual = x->vm.m.clock.virtual;
	unsigned patience_ms = 1000u * VM_WORK_S * (virtual ? WORK_VIRTUAL : (unsigned)vm_scale(&x->vm.m));
	struct proto_work ask = { x->c->work_ms, patience_ms * clock_slower(&x->vm.m.clock) };
	long long deadline = now_ms() + 1000LL * VM_READ_S * vm_scale(&x->vm.m);

	deadline += (virtual ? VM_BOUND_FACTOR : 1) * ((long long)ask.ms + patience_ms);
	struct proto_exited gone;
	struct msg m;

	if (chan_send(&x->vm.chan, MSG_WORK, &ask, sizeof(ask), deadline, e) < 0)
		return -1;
	for (;;) {
		if (vm_next(&x->vm, &m, deadline, "tasks under the scheduler", e) < 0 || listen(x, &m, e) < 0)
			return -1;
		switch (m.type) {
		case MSG_FAILED:
			return chan_failed(&m, e);
		case MSG_EXITED:
			if (m.n < sizeof(gone))
				return err_set(e, X_VM, "the guest sent a short exit status");
			memcpy(&gone, m.data, sizeof(gone));
			*exited = true;
			*status = gone.status;
			break;
		case MSG_WORKED:
			return tasks_parse(&x->r->tasks, m.data, m.n, e);
		}
	}
}

/* Tasks that did not get to run, and what the kernel did about it. */
static void judge_stall(struct run *x, const char *missing)
{
	auto_free char *thrown = is_thrown_out(x) ? exit_info_reason(&x->left) : NULL;

	x->r->verdict = VERDICT_STALLED;
	free(x->r->reason);
	x->r->reason = xasprintf("does not dispatch: %s%s%s", missing, thrown ? "; thrown out by the kernel: " : "",
				 thrown ? thrown : "");
}

enum { FARED_WELL = 0, FARED_ILL = 1 };

/* Has tasks run under the scheduler. FARED_ILL: there is a verdict. */
static int run_tasks(struct run *x, struct err *e)
{
	bool exited = false;
	int status = 0;

	if (await_work(x, &exited, &status, e) < 0)
		return err_in(e, "tasks under the scheduler");
	auto_free char *missing = tasks_missing(&x->r->tasks);

	if (x->r->tasks.attached && !exited) {
		if (missing)
			judge_stall(x, missing);
		return missing ? FARED_ILL : FARED_WELL;
	}
	if (!exited) {
		int r = await_exit(x, "the end of a scheduler that is not attached any more", &status, e);

		if (r < 0)
			return -1;
		exited = r == 0;
	}
	/* One that stays after the kernel let go of it. */
	if (!exited)
		status = 0;
	judge_exit(x, status, exited ? "while tasks ran under it" : "while it was still running");
	x->r->verdict = VERDICT_DIED;
	/* One that left by itself took the tasks' time away, and says nothing of how it would have used it. */
	if (missing && (!exited || is_thrown_out(x)))
		judge_stall(x, missing);
	return FARED_ILL;
}

/* Programs, once more with --cross-check or tasks; their counts are kept as what the tasks made of them. */
static int look(struct run *x, struct err *e)
{
	auto_progs struct progs after = { 0 };
	int r;

	r = read_programs(x, &x->r->progs, e);
	x->r->ms.read = lap(x);
	if (r < 0)
		return -1;
	if (!x->r->progs.n)
		return departed(x, e);
	if (x->c->work_ms) {
		r = run_tasks(x, e);
		if (r == FARED_WELL)
			r = read_programs(x, &after, e);
		x->r->ms.work = lap(x);
		if (r < 0)
			return -1;
	}
	if (r == FARED_WELL && x->c->cross_check && cross_check(x, after.n ? &after : &x->r->progs, e) < 0)
		return -1;
	progs_since(&x->r->progs, &after);
	if (r == FARED_WELL)
		x->r->verdict = VERDICT_ATTACHED;
	return 0;
}

static int work(struct run *x, struct err *e)
{
	int r;

	if (begin(x, e) < 0)
		return -1;
	x->r->release = NULL;
	if ((r = await(x, e)) != ATTACHED)
		return r < 0 ? -1 : 0;
	return look(x, e);
}

/* What of an error is a finding about the guest, and what is ours to forward. */
static int accident(struct run *x, struct err *e)
{
	switch (e->code) {
	case X_TIMEOUT:
		x->r->verdict = VERDICT_TIMEOUT;
		break;
	case X_VM:
		x->r->verdict = VERDICT_VM;
		break;
	default:
		return -1;
	}
	free(x->r->reason);
	x->r->reason = xstrdup(e->msg);
	return 0;
}

/* Counters are extra: a guest that goes away while they are asked for has its verdict all the same. */
static int count_exits(struct run *x, struct err *e)
{
	struct err why = { 0 };

	if (vm_kvm_stats(&x->vm, &x->r->kvm, &why) < 0 && why.code == X_INTERRUPTED) {
		*e = why;
		return -1;
	}
	return 0;
}

static char *hello_value(const struct vm *vm, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = vm->hello; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		if (!strncmp(p, key, n) && p[n] == ' ')
			return xstrndup(p + n + 1, strcspn(p + n + 1, "\n"));
	}
	return NULL;
}

int cell_run(const struct cell *c, struct result *r, FILE *log, FILE *console, struct err *e)
{
	struct run x = { .c = c, .r = r, .log = log, .tail = xmalloc(REASON_LOG) };
	int ret;

	*r = (struct result){ .cold = !c->snapshot };
	ret = work(&x, e);
	if (ret == 0)
		ret = count_exits(&x, e);
	if (ret < 0)
		ret = accident(&x, e);
	end_log(&x);
	r->release = hello_value(&x.vm, "release");
	r->accel = xstrdup(accel_name(x.vm.m.accel));
	r->clock = x.vm.m.clock;
	perf_take(&r->perf, &x.vm.perf);
	if (x.vm.log_n)
		fwrite(x.vm.log, 1, x.vm.log_n, console);
	x.mark = clock_ms();
	vm_close(&x.vm);
	r->ms.stop = lap(&x);
	exit_info_free(&x.left);
	calls_free(&x.calls);
	free(x.tail);
	return ret;
}
