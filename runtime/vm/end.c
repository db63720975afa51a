#include "vm/end.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "host/cgroup.h"
#include "host/cpus.h"
#include "host/stolen.h"
#include "base/err.h"
#include "system/kill.h"
#include "base/mem.h"
#include "base/stop.h"
#include "vm/console.h"
#include "vm/state.h"

enum { LAST_WORDS_MS = 1500, BOUND_S = 60 };

/* Emulated CPUs share a few real ones, and the kernel has something to do for each of them. On a host that is emulated by
 * QEMU a guest takes some ten times as long as it would on that host's host. */
int vm_scale(const struct machine *m)
{
	int cpus = (int)topology_cpus(&m->topo);
	bool emulated = accel_host_emulated();

	/* All CPUs take turns on one of the host's, and nothing but a guest that hangs is to be late. */
	if (m->clock.virtual)
		return (emulated ? 40 : 16) * (1 + cpus / 8);
	if (m->accel == ACCEL_KVM)
		return (emulated ? 12 : 1) * (1 + cpus / 64);
	return (emulated ? 16 : 4) * (1 + cpus / 16);
}

long long vm_deadline(const struct vm *vm, int seconds)
{
	return now_ms() + 1000LL * seconds * vm_scale(&vm->m);
}

long long vm_bound(long long seconds)
{
	return now_ms() + 1000 * (VM_BOUND_FACTOR * seconds + BOUND_S);
}

bool vm_is_late(const struct vm *vm, long long deadline)
{
	uint64_t waited;

	if (deadline < 0 || now_ms() < deadline)
		return false;
	if (!vm->m.clock.virtual || !stolen_whole(vm->qemu.pid, &waited))
		return true;
	return now_ms() - (long long)(waited / 1000000) >= deadline;
}

long long vm_load_s(const struct machine *m, uint64_t asked)
{
	if (asked)
		return (long long)asked;
	return (long long)VM_LOAD_S * (m->clock.virtual ? clock_slower(&m->clock) : (unsigned)vm_scale(m));
}

long long vm_load_deadline(const struct machine *m, uint64_t asked)
{
	if (!m->clock.virtual)
		return now_ms() + 1000 * vm_load_s(m, asked);
	/* However long its instructions take by its own clock, the host has as many to do. */
	return vm_bound(asked ? (long long)asked : VM_LOAD_S);
}

static int wait_end(struct vm *vm, int *status, struct err *e)
{
	long long deadline = now_ms() + LAST_WORDS_MS;

	while (vm->qemu.pid > 0) {
		struct pollfd p[] = {
			{ .fd = vm->qemu.pidfd, .events = POLLIN },
			{ .fd = vm->console, .events = POLLIN },
			{ .fd = vm->says, .events = POLLIN },
		};
		int r = now_ms() >= deadline ? 0 : stop_poll(p, countof(p), deadline, e);

		if (r < 0)
			return -1;
		console_drain(vm);
		if (r == 0)
			return SPAWN_DEADLINE;
		if (p[0].revents)
			return spawn_wait(&vm->qemu, deadline, status, e);
	}
	return SPAWN_DEADLINE;
}

/* Behind "not syncing: ", or all of it. */
static const char *panic_reason(const char *verdict)
{
	static const char marker[] = "not syncing: ";
	const char *p = strstr(verdict, marker);

	return p ? p + sizeof(marker) - 1 : verdict;
}

/* A SIGKILL that nobody here sent is the kernel's, when it says that it killed somebody meanwhile. */
static bool starved(const struct vm *vm, int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && cgroup_oom_kills() != vm->oom_kills;
}

/* QEMU's words for machines, devices and files that it was built or packaged without. */
static bool lacks_a_part(const char *said)
{
	static const char *const words[] = { "unsupported machine type",         "could not load PC BIOS",
					     "failed to find romfile",           "Could not find ROM image",
					     "is not a valid device model name", "invalid accelerator",
					     "could not load firmware" };

	for (size_t i = 0; i < countof(words); i++)
		if (strstr(said, words[i]))
			return true;
	return false;
}

static int tell_end(struct vm *vm, bool ended, int status, struct err *e)
{
	auto_free char *verdict = vm_console_verdict(vm->log, vm->log_n);
	auto_free char *excerpt = console_excerpt(vm);
	const char *also = verdict ? "; the console says: " : "";
	char how[64];

	if (vm->panicked)
		return err_set(e, X_VM, "guest panicked: %s%s", verdict ? panic_reason(verdict) : "no reason given",
			       excerpt);
	if (!ended)
		return err_set(e, X_VM, "the guest closed its channel%s%s%s", also, verdict ? verdict : "", excerpt);
	spawn_status(status, how, sizeof(how));
	if (starved(vm, status))
		return err_set(
			e, X_VM,
			"QEMU died (%s) for want of memory: the kernel killed it, or another program beside it. %ju MB "
			"are there for all; --memory-mb gives a guest less, KTSTR_GUEST_MB all guests together%s",
			how, (uintmax_t)(memory_usable() >> 20), excerpt);
	while (vm->said_n && vm->said[vm->said_n - 1] == '\n')
		vm->said[--vm->said_n] = 0;
	if (vm->said_n && WIFEXITED(status) && lacks_a_part(vm->said))
		return err_set(e, X_NO_QEMU, "this QEMU lacks a part (ktstr doctor): %.500s", vm->said);
	if (vm->said_n)
		return err_set(e, X_VM, "QEMU died (%s): %.500s%s%s%s", how, vm->said, also, verdict ? verdict : "",
			       excerpt);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return err_set(e, X_VM, "the guest switched itself off%s%s%s", also, verdict ? verdict : "", excerpt);
	return err_set(e, X_VM, "QEMU died (%s)%s%s%s", how, also, verdict ? verdict : "", excerpt);
}

int vm_gone(struct vm *vm, struct err *e)
{
	int status = 0;

	if (!vm->open)
		return err_set(e, X_VM, "there is no guest");
	console_drain(vm);
	int r = wait_end(vm, &status, e);
	if (r < 0)
		return -1;
	console_drain(vm);
	return tell_end(vm, r == SPAWN_ENDED, status, e);
}

int vm_late(const struct vm *vm, const char *what, struct err *e)
{
	auto_free char *verdict = vm_console_verdict(vm->log, vm->log_n);
	auto_free char *excerpt = console_excerpt(vm);

	return err_set(e, X_TIMEOUT, "%s%s%s%s", what, verdict ? "; the console says: " : "", verdict ? verdict : "",
		       excerpt);
}

int vm_qmp(struct vm *vm, const char *cmd, const char *args, int fd, char **reply, long long deadline, struct err *e)
{
	if (!vm->open || vm->qemu.pid <= 0)
		return vm_gone(vm, e);
	if (qmp_call(&vm->qmp, cmd, args, fd, reply, deadline, e) == 0)
		return 0;
	struct pollfd p = { .fd = vm->qmp.fd };

	return e->code == X_VM && poll_fds(&p, 1, 0) > 0 && (p.revents & POLLHUP) ? vm_gone(vm, e) : -1;
}
