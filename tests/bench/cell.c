/* cell.c: cell RUNS SNAPSHOT PACK [ENGINE SCENARIO]: the parts of a restored verifier cell, a line for each run: CPU milliseconds of QEMU
 * (all its threads, user and system) for start, push, load and work, then wall clock milliseconds of the same. What else the machine
 * does weighs less upon the former. SNAPSHOT: a folder of vm/snapshot.h, of a guest with one CPU; PACK: a file of guest/pack.h with a
 * /scheduler that attaches. work: the tasks of --workload 50; with ENGINE this program is brought in and does SCENARIO in their place. */
#include "attach/attach.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "vm/push.h"
#include "vm/session.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { START, PUSH, LOAD, WORK, PARTS };
enum { LIMIT_MS = 240 * 1000, TASKS_MS = 50 };
#define ENGINE "/engine"
#define SCENARIO "/scenario"

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

static int run_tasks(struct vm *vm, long long deadline, struct err *e)
{
	const struct proto_work ask = { .ms = TASKS_MS, .patience_ms = LIMIT_MS };
	struct msg m = { 0 };

	if (chan_send(&vm->chan, MSG_WORK, &ask, sizeof(ask), deadline, e) < 0)
		return -1;
	while (m.type != MSG_WORKED)
		if (vm_next(vm, &m, deadline, "tasks", e) < 0)
			return -1;
	return 0;
}

static int run_engine(struct vm *vm, const char *engine, const char *scenario, long long deadline, struct err *e)
{
	static const char *const words[] = { ENGINE, "--topology", "1,1,1,1", SCENARIO, NULL };
	auto_payload struct payload p = { 0 };
	auto_close int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct session s = {
		.argv = words, .in = nothing, .out = nothing, .err = STDERR_FILENO, .deadline = deadline
	};
	int status;

	if (payload_add_file(&p, engine, ENGINE, 0555, e) < 0 ||
	    payload_add_file(&p, scenario, SCENARIO, 0444, e) < 0 || vm_push(vm, &p, e) < 0 || vm_use_port(vm, e) < 0 ||
	    session_run(vm, &s, &status, e) < 0)
		return -1;
	return status ? err_set(e, X_VM, "the engine failed") : 0;
}

static int cell(const char *snapshot, const char *pack, const char *const *engine, struct laps *l, struct err *e)
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
	if (engine ? run_engine(&vm, engine[0], engine[1], deadline, e) < 0 : run_tasks(&vm, deadline, e) < 0)
		return -1;
	lap(l, &vm, WORK);
	return 0;
}

static void print(const double *parts, char end)
{
	for (int i = 0; i < PARTS; i++)
		printf("%.1f%c", parts[i], i < PARTS - 1 ? ' ' : end);
}

int main(int argc, char **argv)
{
	int n = argc == 4 || argc == 6 ? atoi(argv[1]) : 0;
	const char *const *engine = argc == 6 ? (const char *const *)&argv[4] : NULL;
	struct err e = { 0 };

	if (n < 1 || n > 1000) {
		fprintf(stderr, "usage: cell RUNS SNAPSHOT PACK [ENGINE SCENARIO]\n");
		return 2;
	}
	while (n--) {
		struct laps l = { 0 };

		if (cell(argv[2], argv[3], engine, &l, &e) < 0) {
			fprintf(stderr, "cell: %s\n", e.msg);
			return 1;
		}
		print(l.cpu, ' ');
		print(l.wall, '\n');
		fflush(stdout);
	}
	return 0;
}
