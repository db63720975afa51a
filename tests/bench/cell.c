/* cell.c: cell RUNS SNAPSHOT PACK: the parts of a restored verifier cell, a line for each run: CPU milliseconds of QEMU (all its
 * threads, user and system) for start, push and load, then wall clock milliseconds of the same. What else the machine does weighs
 * less upon the former. SNAPSHOT: a folder of vm/snapshot.h; PACK: a file of guest/pack.h with a /scheduler that attaches. */
#include "attach/attach.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "vm/push.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include <string.h>
#include <time.h>

enum { START, PUSH, LOAD, PARTS };
enum { LIMIT_MS = 240 * 1000 };

struct laps {
	double cpu[PARTS], wall[PARTS];
	double cpu_was, wall_was;
};

static double milliseconds(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) < 0 ? 0 : (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void lap(struct laps *l, const struct vm *vm, int part)
{
	double wall = milliseconds(CLOCK_MONOTONIC), cpu = 0;
	clockid_t clock;

	if (clock_getcpuclockid(vm->qemu.pid, &clock) == 0)
		cpu = milliseconds(clock);
	l->cpu[part] = cpu - l->cpu_was;
	l->wall[part] = wall - l->wall_was;
	l->cpu_was = cpu;
	l->wall_was = wall;
}

static int await_attached(struct vm *vm, long long deadline, struct err *e)
{
	struct proto_state state = { 0 };
	struct msg m;

	while (state.state != SCX_ENABLED) {
		if (vm_next(vm, &m, deadline, "the scheduler to attach", e) < 0)
			return -1;
		if (m.type == MSG_EXITED || m.type == MSG_FAILED)
			return err_set(e, X_VM, "the scheduler did not attach");
		if (m.type == MSG_STATE && m.n >= sizeof(state))
			memcpy(&state, m.data, sizeof(state));
	}
	return 0;
}

static int cell(const char *snapshot, const char *pack, struct laps *l, struct err *e)
{
	long long deadline = now_ms() + LIMIT_MS;
	auto_payload struct payload p = { 0 };
	auto_vm struct vm vm = { 0 };

	if (pack_open(&p, pack, e) < 0)
		return -1;
	l->wall_was = milliseconds(CLOCK_MONOTONIC);
	if (vm_restore(&vm, snapshot, 0, e) < 0)
		return -1;
	lap(l, &vm, START);
	if (vm_push(&vm, &p, e) < 0)
		return -1;
	lap(l, &vm, PUSH);
	if (attach_start(&vm, NULL, 0, LIMIT_MS, deadline, e) < 0 || await_attached(&vm, deadline, e) < 0)
		return -1;
	lap(l, &vm, LOAD);
	return 0;
}

int main(int argc, char **argv)
{
	int n = argc == 4 ? atoi(argv[1]) : 0;
	struct err e = { 0 };

	if (n < 1 || n > 1000) {
		fprintf(stderr, "usage: cell RUNS SNAPSHOT PACK\n");
		return 2;
	}
	while (n--) {
		struct laps l = { 0 };

		if (cell(argv[2], argv[3], &l, &e) < 0) {
			fprintf(stderr, "cell: %s\n", e.msg);
			return 1;
		}
		printf("%.1f %.1f %.1f %.1f %.1f %.1f\n", l.cpu[START], l.cpu[PUSH], l.cpu[LOAD], l.wall[START],
		       l.wall[PUSH], l.wall[LOAD]);
		fflush(stdout);
	}
	return 0;
}
