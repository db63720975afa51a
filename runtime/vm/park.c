#include "vm/park.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "guest/board.h"
#include "guest/proto.h"
#include "process/hold.h"
#include "progress/log.h"
#include "vm/console.h"
#include "vm/end.h"
#include "vm/vm.h"

/* IN_GATE_MS: from the ring to the gate is one instruction. QUEUED_MS: until the monitor has read a line. A guess that was wrong
 * costs a boot, for what passed the gate tells. RELEASED_MS: for a main loop that was first. LOOK_MS: between two looks at
 * QEMU. GATE_NAP_NS: for so long QEMU's thread sleeps before it looks again whether the gate takes the byte (qemu_chr_write_buffer() of
 * chardev/char.c). STILL_MS: until it is seen to. SILENT_MS: an idle monitor answers within one, a starved one within some ten.
 * NAP_LOOKS: on a host with a load of 16 one look in five finds it asleep, since it waits for a CPU after each nap. */
enum {
	IN_GATE_MS = 200,
	QUEUED_MS = 100,
	PASSED_MS = 20,
	RELEASED_MS = 300,
	STOP_MS = 5000,
	SILENT_MS = 100,
	ASK_AGAIN_MS = 2,
	LOOK_MS = 2,
	STILL_MS = 200,
	GATE_NAP_NS = 100000,
	NAP_LOOKS = 50,
	NAP_LOOK_MS = 1,
	PARKED_AFTER = 2
};

/* Until the guest has rung to be parked. */
static int wait_ring(struct vm *vm, struct err *e)
{
	long long deadline = vm_deadline(vm, VM_STOP_S);

	while (!vm->board.parked) {
		struct pollfd p[] = {
			{ .fd = vm->board.ring, .events = POLLIN },
			{ .fd = vm->qemu.pidfd, .events = POLLIN },
		};
		auto_free char *out = NULL;
		size_t n;
		int r = stop_poll(p, countof(p), console_look(vm, deadline), e);

		if (r < 0)
			return -1;
		console_drain(vm);
		r = board_listen(&vm->board, &out, &n, e);
		if (r < 0)
			return -1;
		if (r == BOARD_CALLED)
			return err_set(e, X_VM, "the guest called where it was to stand still");
		if (r == BOARD_GONE || p[1].revents)
			return vm_gone(vm, e);
		if (!vm->board.parked && now_ms() >= deadline)
			return vm_late(vm, "timed out waiting for the guest to stand still", e);
	}
	return 0;
}

/* Answers that are owed, and events, for at most ms; until stop: no longer than to STOP. */
static int hear(struct vm *vm, int ms, bool until_stop, struct err *e)
{
	long long deadline = now_ms() + ms;
	int r = QMP_HEARD;

	while (r == QMP_HEARD && (until_stop ? !vm->qmp.stops : vm->qmp.owed))
		r = qmp_hear(&vm->qmp, deadline, e);
	return r < 0 ? -1 : 0;
}

/* A question that is not answered was asked behind the gate; its answer comes when the gate opens. */
static int wait_silence(struct vm *vm, struct err *e)
{
	long long deadline = vm_deadline(vm, VM_STOP_S);

	board_alone(&vm->board, false);
	/* The thread of the vCPUs may be taken off its CPU between the ring and the gate, while the monitor has another one. */
	while (now_ms() < deadline) {
		if (qmp_post(&vm->qmp, "query-status", e) < 0 || hear(vm, SILENT_MS, false, e) < 0)
			return -1;
		if (vm->qmp.owed)
			return 0;
		if (stop_poll(NULL, 0, now_ms() + ASK_AGAIN_MS, e) < 0)
			return -1;
	}
	return err_set(e, X_VM, "the guest does not come to stand in its gate");
}

int park_wait_gate(struct vm *vm, struct err *e)
{
	return wait_silence(vm, e);
}

int park_wait_still(struct vm *vm, struct err *e)
{
	long long late = now_ms() + STILL_MS;

	while (!hold_naps(vm->qemu.pid, GATE_NAP_NS)) {
		if (now_ms() >= late)
			return wait_silence(vm, e);
		if (stop_pending())
			return stop_err(e);
		sched_yield();
	}
	return 0;
}

/* defer: on that CPU, and behind everybody if it is not the main loop. Else as the host has threads. */
static void place_thread(pid_t thread, pid_t main_thread, const cpu_set_t *cpus, bool defer)
{
	const struct sched_param none = { 0 };

	(void)sched_setaffinity(thread, sizeof(*cpus), cpus);
	if (thread != main_thread)
		(void)sched_setscheduler(thread, defer ? SCHED_IDLE : SCHED_OTHER, &none);
}

static void place_threads(const struct vm *vm, const cpu_set_t *cpus, bool defer)
{
	auto_free char *path = xasprintf("/proc/%d/task", (int)vm->qemu.pid);
	DIR *threads = opendir(path);
	struct dirent *entry;

	while (threads && (entry = readdir(threads)))
		if (*entry->d_name != '.')
			place_thread((pid_t)strtol(entry->d_name, NULL, 10), vm->qemu.pid, cpus, defer);
	if (threads)
		closedir(threads);
}

/* All of QEMU on one CPU, and its main loop before the thread that runs the vCPUs: the one that gets the lock first. Where a host
 * refuses that, it is left to luck, and the releases tell. */
static void main_loop_first(const struct vm *vm, const cpu_set_t *allowed)
{
	cpu_set_t one;
	int cpu = 0;

	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, allowed))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	place_threads(vm, &one, true);
}

/* One gate call, to its end: the thread of the vCPUs is behind everybody else now, and may take its time. */
static int release(struct vm *vm, int passed, struct err *e)
{
	long long deadline = vm_deadline(vm, VM_STOP_S);

	if (board_open_gate(&vm->board, 1, e) < 0)
		return -1;
	do
		if (hear(vm, PASSED_MS, true, e) < 0)
			return -1;
	while (!vm->qmp.stops && board_passed(&vm->board) < passed && now_ms() < deadline);
	return hear(vm, RELEASED_MS, true, e);
}

static int passed_since(const struct vm *vm, int before)
{
	return board_passed(&vm->board) - before;
}

/* Of a guest that stands in the gate. Calls pass one by one until it stops or has passed the last that it may. */
static int stop_in_gate(struct vm *vm, int before, struct err *e)
{
	vm->qmp.stops = 0;
	if (qmp_post(&vm->qmp, "stop", e) < 0 || hear(vm, QUEUED_MS, true, e) < 0)
		return -1;
	for (int passed = passed_since(vm, before); !vm->qmp.stops && passed < PARKED_AFTER;)
		if (release(vm, before + ++passed, e) < 0)
			return -1;
	return 0;
}

/* One that was not stopped by now is elsewhere, and goes on until it is; one that was does not move. */
static int let_stop(struct vm *vm, struct err *e)
{
	if (vm->qmp.stops)
		return 0;
	return board_open_gate(&vm->board, BOARD_PARK - PARKED_AFTER, e) < 0 ? -1 : hear(vm, STOP_MS, true, e);
}

static int stop_at_gate(struct vm *vm, int before, struct err *e)
{
	if (stop_in_gate(vm, before, e) < 0)
		return -1;
	/* The main loop was quick: it took the command and obeyed it before the first call was over for the vCPU. */
	for (int i = 0; i < PARKED_AFTER && vm->qmp.stops && passed_since(vm, before) < PARKED_AFTER; i++)
		if (qmp_post(&vm->qmp, "cont", e) < 0 || wait_silence(vm, e) < 0 || stop_in_gate(vm, before, e) < 0)
			return -1;
	return let_stop(vm, e);
}

/* A question that is not answered has the main loop waiting for the lock: the futex on which it sleeps then. */
static int find_lock(const struct vm *vm, uint64_t *lock, long long deadline, struct err *e)
{
	while (!(*lock = hold_futex(vm->qemu.pid, vm->qemu.pid)) && now_ms() < deadline)
		if (stop_poll(NULL, 0, now_ms() + LOOK_MS, e) < 0)
			return -1;
	return 0;
}

/* While the thread of the vCPUs is held without the lock: until the main loop has obeyed and waits for them to stop, which is not
 * for the lock. */
static int order_stop(struct vm *vm, uint64_t lock, long long deadline, struct err *e)
{
	uint64_t futex;

	if (hear(vm, STOP_MS, false, e) < 0 || qmp_post(&vm->qmp, "stop", e) < 0)
		return -1;
	while ((!(futex = hold_futex(vm->qemu.pid, vm->qemu.pid)) || futex == lock) && now_ms() < deadline)
		if (stop_poll(NULL, 0, now_ms() + LOOK_MS, e) < 0)
			return -1;
	return 0;
}

/* Held behind the last call that it may make. What takes too long is seen by how many calls have passed. */
static int stop_held(struct vm *vm, int before, struct hold *h, struct err *e)
{
	long long deadline = vm_deadline(vm, VM_STOP_S);
	uint64_t lock;
	int r;

	for (int passed = 1; passed < PARKED_AFTER; passed++)
		if (release(vm, before + passed, e) < 0)
			return -1;
	if (wait_silence(vm, e) < 0 || find_lock(vm, &lock, deadline, e) < 0 || (r = hold_stop(h, deadline, e)) < 0 ||
	    board_open_gate(&vm->board, 1, e) < 0)
		return -1;
	if (r == HOLD_HELD)
		r = hold_until_wake(h, lock, deadline, e);
	return r < 0 ? -1 : order_stop(vm, lock, deadline, e);
}

/* Where the host refuses that, by who comes first. */
static int stop_by_order(struct vm *vm, int before, struct err *e)
{
	cpu_set_t allowed;
	bool placed = sched_getaffinity(vm->qemu.pid, sizeof(allowed), &allowed) == 0;

	if (placed)
		main_loop_first(vm, &allowed);
	int r = stop_at_gate(vm, before, e);

	/* On a busy host a thread behind everybody takes seconds to be ended. */
	if (placed)
		place_threads(vm, &allowed, false);
	return r;
}

static int stop_behind_gate(struct vm *vm, int before, struct err *e)
{
	static bool told; /* each try would say it again */
	struct hold h;
	struct err why = { 0 };

	if (hold_open(&h, vm->qemu.pid, &why) < 0) {
		if (why.code == X_INTERRUPTED) {
			*e = why;
			return -1;
		}
		if (!told)
			log_warn("where the guest stops is left to luck, because QEMU's thread cannot be held: %s",
				 why.msg);
		told = true;
		return stop_by_order(vm, before, e);
	}
	int r = stop_held(vm, before, &h, e);

	hold_end(&h);
	return r < 0 || hear(vm, STOP_MS, true, e) < 0 ? -1 : let_stop(vm, e);
}

static int release_to_park(struct vm *vm, struct err *e)
{
	int r = board_release(&vm->board, e);

	board_alone(&vm->board, false);
	return r;
}

int park_guest(struct vm *vm, struct err *e)
{
	int before = board_passed(&vm->board) + 1; /* the call that it stands in passes first */

	vm->qmp.stops = 0;
	if (chan_send(&vm->chan, MSG_PARK, NULL, 0, -1, e) < 0 || release_to_park(vm, e) < 0 || wait_ring(vm, e) < 0 ||
	    hear(vm, IN_GATE_MS, true, e) < 0 || stop_behind_gate(vm, before, e) < 0)
		return -1;
	vm->board.parked = false;
	int passed = passed_since(vm, before);

	log_debug("%s after %d gate calls", vm->qmp.stops ? "stopped" : "not stopped", passed);
	if (!vm->qmp.stops || passed != PARKED_AFTER)
		return PARK_INEXACT;
	return hear(vm, STOP_MS, false, e) < 0 ? -1 : PARK_EXACT;
}

/* Not waited for: the guest may stand in its next call before the answer to "cont" is out. */
int park_leave(struct vm *vm, struct err *e)
{
	if (board_open_gate(&vm->board, BOARD_PARK - PARKED_AFTER, e) < 0)
		return -1;
	/* The thread of the vCPUs sleeps until that command is obeyed. */
	board_alone(&vm->board, true);
	return qmp_post(&vm->qmp, "cont", e);
}

static int stray(struct vm *vm, struct err *e)
{
	auto_free char *excerpt = console_excerpt(vm);

	return err_set(
		e, X_VM,
		"the guest stands still: a program in it wrote to the I/O port %#x without a call (or QEMU is held by somebody). "
		"Ports %#x and %#x are ktstr-init's in virtual time (docs/virtual-time.md)%s",
		BOARD_GATE_PORT, BOARD_RING_PORT, BOARD_GATE_PORT, excerpt);
}

/* All that has come. */
static int hear_all(struct vm *vm, struct err *e)
{
	int r = QMP_HEARD;

	while (r == QMP_HEARD && vm->qmp.owed)
		r = qmp_hear(&vm->qmp, now_ms(), e);
	if (r < 0)
		return e->code == X_VM ? vm_gone(vm, e) : -1;
	return 0;
}

/* Whether somebody may stand in the gate who has not rung. CPU time does not tell: looking at the gate after each nap takes some 3 %
 * of one. */
static int may_stand(const struct vm *vm, struct err *e)
{
	struct pollfd ring = { .fd = vm->board.ring, .events = POLLIN };

	for (int i = 0; i < NAP_LOOKS; i++) {
		if (stop_poll(&ring, 1, now_ms() + NAP_LOOK_MS, e) < 0)
			return -1;
		if (ring.revents)
			return 0;
		if (hold_naps(vm->qemu.pid, GATE_NAP_NS) || !hold_shows(vm->qemu.pid))
			return 1;
	}
	return 0;
}

int park_check(struct vm *vm, int silent_ms, struct err *e)
{
	int stands = may_stand(vm, e);

	if (stands <= 0)
		return stands;
	long long deadline = now_ms() + silent_ms;

	board_alone(&vm->board, false);
	/* What is owed was asked behind the gate, in a call that is over now. */
	if (!vm->qmp.owed && qmp_post(&vm->qmp, "query-status", e) < 0)
		return e->code == X_VM ? vm_gone(vm, e) : -1;
	if (hear_all(vm, e) < 0)
		return -1;
	while (vm->qmp.owed) {
		struct pollfd p[] = {
			{ .fd = vm->qmp.fd, .events = POLLIN },
			{ .fd = vm->board.ring, .events = POLLIN },
			{ .fd = vm->qemu.pidfd, .events = POLLIN },
		};
		int r = stop_poll(p, countof(p), deadline, e);

		if (r < 0)
			return -1;
		if (p[1].revents || p[2].revents)
			return 0;
		if (p[0].revents && hear_all(vm, e) < 0)
			return -1;
		if (vm->qmp.owed && now_ms() >= deadline)
			return stray(vm, e);
	}
	board_alone(&vm->board, true);
	return 0;
}
