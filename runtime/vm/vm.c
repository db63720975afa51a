/* vm.c: a guest's life: start, wait, talk, end. */
#include "vm/console.h"
#include "vm/end.h"
#include "vm/park.h"
#include "vm/perfmode.h"
#include "vm/ram.h"
#include "vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "text/argv.h"
#include "host/cgroup.h"
#include "host/needs.h"
#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "guest/proto.h"
#include "idle/idle.h"
#include "vm/devtree.h"
#include "host/kvmstats.h"
#include "host/perf.h"
#include "host/stolen.h"
#include "topology/seen.h"

void vm_init(struct vm *vm, const struct machine *m)
{
	*vm = (struct vm){
		.open = true, .m = *m, .bell = -1, .port = -1, .console = -1, .console_file = -1, .says = -1
	};
	vm->board.ring = vm->board.gate = -1;
	vm->chan.fd = vm->qmp.fd = -1;
	for (size_t i = 0; i < countof(vm->ram); i++)
		vm->ram[i] = -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void kill_qemu(struct vm *vm)
{
	still_watch(0, NULL);
	spawn_kill(&vm->qemu);
}

void vm_close(struct vm *vm)
{
	if (!vm->open)
		return;
	kill_qemu(vm);
	qmp_close(&vm->qmp);
	chan_close(&vm->chan);
	close_fd(&vm->port);
	close_fd(&vm->bell);
	board_close(&vm->board);
	close_fd(&vm->console);
	close_fd(&vm->console_file);
	close_fd(&vm->says);
	for (size_t i = 0; i < countof(vm->ram); i++)
		close_fd(&vm->ram[i]);
	free(vm->log);
	free(vm->hello);
	perf_free(&vm->perf);
	*vm = (struct vm){ .open = false };
}

static int waited(const struct vm *vm, const char *what, struct err *e)
{
	auto_free char *head = xasprintf("timed out waiting for %s", what);

	return vm_late(vm, head, e);
}

/* ---- start */

struct pairs {
	int qmp[2], chan[2], ring[2], gate[2], console[2], says[2], idle[2];
};

static void close_pairs(struct pairs *p)
{
	int *all = &p->qmp[0];

	for (size_t i = 0; i < sizeof(*p) / sizeof(int); i++)
		close_fd(&all[i]);
}

static int make_virtual(struct pairs *p, struct err *e)
{
	p->console[1] = memory_file("the guest's console", 0, 0, e);
	if (p->console[1] < 0)
		return -1;
	p->console[0] = fcntl(p->console[1], F_DUPFD_CLOEXEC, 0);
	if (p->console[0] < 0)
		return err_sys(e, "the guest's console");
	return board_pairs(p->ring, p->gate, e) < 0 || board_idle(p->idle, e) < 0 ? -1 : 0;
}

static int make_pairs(struct pairs *p, const struct machine *m, struct err *e)
{
	int *sockets[] = { p->qmp, p->chan, p->console, p->ring };
	size_t n = m->clock.virtual ? 1 : machine_has_board(m) ? 4 : 3;

	memset(p, 0xff, sizeof(*p));
	for (size_t i = 0; i < n; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets[i]) < 0)
			return err_sys(e, "socketpair");
	if (m->clock.virtual && make_virtual(p, e) < 0)
		return -1;
	/* Ours does not block, QEMU's end does: it must not lose a word. */
	if (pipe2(p->says, O_CLOEXEC) < 0 || fcntl(p->says[0], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "pipe");
	return 0;
}

/* In front of what the user has preloaded everywhere. By a descriptor: its folder may have a blank or a colon in its name, at which that
 * list is parted. */
static int preload(char **libraries, char **descriptors, int *library, const int idle[2], struct err *e)
{
	const char *others = getenv("LD_PRELOAD");
	auto_free char *path = qemu_idle(e);

	if (!path)
		return -1;
	*library = open(path, O_RDONLY | O_CLOEXEC);
	if (*library < 0)
		return err_sys(e, "%s", path);
	*libraries = xasprintf("LD_PRELOAD=/proc/self/fd/%d%s%s", *library, others && *others ? ":" : "",
			       others ? others : "");
	*descriptors = xasprintf(IDLE_VARIABLE "=%d,%d", idle[0], idle[1]);
	return 0;
}

static int start_qemu(struct vm *vm, struct machine_wires *w, struct pairs *p, struct err *e)
{
	auto_argv struct argv a = { 0 };
	int keep[8 + TOPO_MAX_NODES] = { p->qmp[1], p->console[1] };
	int *some[] = { &p->chan[1], &p->ring[1], &p->gate[1], &p->idle[0], &p->idle[1] };
	size_t n_keep = 2;

	w->qmp = p->qmp[1];
	w->chan = p->chan[1];
	w->console = p->console[1];
	w->ring = p->ring[1];
	w->gate = p->gate[1];
	for (size_t i = 0; i < countof(some); i++)
		if (*some[i] >= 0)
			keep[n_keep++] = *some[i];
	for (unsigned i = 0; i < vm->m.topo.nodes; i++)
		w->ram[i] = keep[n_keep++] = vm->ram[i];
	machine_args(&a, &vm->m, w);
	log_command((const char *const *)a.v);
	auto_free char *libraries = NULL, *descriptors = NULL;
	auto_close int library = -1;

	if (vm->m.clock.virtual) {
		if (preload(&libraries, &descriptors, &library, p->idle, e) < 0)
			return -1;
		keep[n_keep++] = library;
	}
	const char *const env[] = { libraries, descriptors, NULL };
	struct spawn s = {
		.argv = (const char *const *)a.v,
		.env = env,
		.in = SPAWN_NULL,
		.out = SPAWN_NULL,
		.err = p->says[1],
		.keep = keep,
		.n_keep = n_keep,
	};
	vm->oom_kills = cgroup_oom_kills();
	if (spawn_start(&s, &vm->qemu, e) < 0)
		return e->code == X_NO_TOOL ? err_as(e, X_NO_QEMU, "QEMU") : -1;
	still_watch(vm->qemu.pid, cgroup_process_frozen);
	return 0;
}

static int launch(struct vm *vm, struct machine_wires *w, struct err *e)
{
	__attribute__((cleanup(close_pairs))) struct pairs p;

	if (make_pairs(&p, &vm->m, e) < 0 || start_qemu(vm, w, &p, e) < 0)
		return -1;
	qmp_open(&vm->qmp, TAKE_FD(p.qmp[0]));
	if (p.ring[0] >= 0)
		board_open(&vm->board, vm, TAKE_FD(p.ring[0]), TAKE_FD(p.gate[0]));
	if (vm->m.clock.virtual) {
		chan_open_board(&vm->chan, &vm->board);
		vm->console_file = TAKE_FD(p.console[0]);
		vm->console_at = 0;
		if (board_use_idle(&vm->board, p.idle, e) < 0)
			return -1;
	} else {
		chan_open(&vm->chan, TAKE_FD(p.chan[0]));
		vm->console = TAKE_FD(p.console[0]);
	}
	vm->says = TAKE_FD(p.says[0]);
	close_pairs(&p); /* QEMU's ends: when it dies we must see the end of each */
	if (qmp_hello(&vm->qmp, vm_deadline(vm, VM_RESTORE_S), e) < 0)
		return e->code == X_VM ? vm_gone(vm, e) : -1;
	board_alone(&vm->board, true);
	if (vm->m.clock.virtual && !qemu_has_idle(vm->qemu.pid))
		log_warn(
			"QEMU runs without ktstr-idle.so, as one that is linked statically does: on a busy host this guest's time "
			"may be ahead by some hundred nanoseconds (docs/virtual-time.md)");
	return 0;
}

/* As before launch(). */
static void launch_undo(struct vm *vm)
{
	kill_qemu(vm);
	qmp_close(&vm->qmp);
	chan_close(&vm->chan);
	close_fd(&vm->port);
	close_fd(&vm->bell);
	board_close(&vm->board);
	close_fd(&vm->console);
	close_fd(&vm->console_file);
	close_fd(&vm->says);
	memset(vm->said, 0, sizeof(vm->said));
	vm->said_n = 0;
}

/* A QEMU that was built without it, or may not filter its system calls here, gives up before its monitor answers. */
int vm_launch(struct vm *vm, struct machine_wires *w, struct err *e)
{
	struct err first = { 0 };

	if (needs_check(NEEDS_GUEST, e) < 0)
		return -1;
	w->sandbox = true;
	if (launch(vm, w, &first) < 0) {
		if (first.code != X_VM || !strstr(vm->said, MACHINE_SANDBOX)) {
			*e = first;
			return -1;
		}
		log_debug("without a sandbox: %s", vm->said);
		launch_undo(vm);
		w->sandbox = false;
		if (launch(vm, w, e) < 0)
			return -1;
	}
	return perf_apply(vm, e);
}

static int check_file(const char *what, const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		err_sys(e, "%s %s", what, path);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_NO_INPUT, "%s %s: not a file", what, path);
	return 0;
}

static int boot_late(const struct vm *vm, struct err *e)
{
	auto_free char *head =
		xasprintf("guest did not come up within %d s (deadline boot)", VM_BOOT_S * vm_scale(&vm->m));

	return vm_late(vm, head, e);
}

/* A guest that is not as it was asked for would be a surprise in somebody's result. */
static int check_topology(const struct vm *vm, struct err *e)
{
	struct seen s;

	if (seen_parse(&s, vm->hello, strlen(vm->hello), e) < 0)
		return -1;
	if (seen_check(&s, &vm->m.topo, vm->m.memory_mb, e) == 0)
		return 0;
	auto_free char *name = topology_name(&vm->m.topo);

	return err_in(e, "topology %s", name);
}

int vm_tell_now(struct vm *vm, struct err *e)
{
	struct proto_now now = { 0 };
	struct timespec ts;

	if (vm->m.clock.virtual) {
		clock_random(&vm->m.clock, now.seed, sizeof(now.seed));
		now.delay_ns = clock_delay_ns(&vm->m.clock);
		ts = (struct timespec){ .tv_sec = CLOCK_EPOCH };
	} else if (random_bytes(now.seed, sizeof(now.seed)) < 0) {
		return err_sys(e, "random numbers for the guest");
	} else {
		clock_gettime(CLOCK_REALTIME, &ts);
	}
	now.s = ts.tv_sec;
	now.ns = (uint32_t)ts.tv_nsec;
	return chan_send(&vm->chan, MSG_NOW, &now, sizeof(now), vm_deadline(vm, VM_RESTORE_S), e);
}

/* QEMU 7.2 hands the firmware the first 8 KiB of a kernel that is entered through PVH from an array that it has left by then, so
 * that parts of its stack lie at the guest's address 0: of no use to anybody (Linux leaves the first MiB alone), and different in
 * each boot. */
static int scrub(struct vm *vm, struct err *e)
{
	static const char nothing[8192];

	return vm->m.clock.virtual ? vm_write_phys(vm, 0, nothing, sizeof(nothing), e) : 0;
}

static int boot(struct vm *vm, const struct machine *m, const char *kernel, const char *initrd, const char *ram_dir,
		struct err *e)
{
	struct machine_wires w = { .kernel = kernel, .initrd = initrd, .ram_mode = RAM_SHARED };
	struct msg msg;

	vm_init(vm, m);
	if (check_file("kernel", kernel, e) < 0 || check_file("initramfs", initrd, e) < 0)
		return -1;
	if (m->perf && perf_prepare(&vm->perf, m, &w, e) < 0)
		return -1;
	if (ram_create(vm, ram_dir, e) < 0 || vm_launch(vm, &w, e) < 0)
		return -1;
	/* Its CPUs wait for that (-S). */
	if (m->kind == MACHINE_VIRT && (devtree_complete(vm, e) < 0 || vm_resume(vm, e) < 0))
		return -1;
	if (vm_expect(vm, MSG_HELLO, &msg, vm_deadline(vm, VM_BOOT_S), "the guest's hello", e) < 0)
		return e->code == X_TIMEOUT ? boot_late(vm, e) : -1;
	if (memchr(msg.data, 0, msg.n))
		return err_set(e, X_VM, "the guest's hello is not text");
	vm->hello = xstrndup(msg.data, msg.n);
	if (!vm->chan.board)
		board_close(&vm->board); /* its kernel has no use for one */
	if (check_topology(vm, e) < 0 || scrub(vm, e) < 0)
		return -1;
	/* A message on its way when a snapshot is taken would be lost, or half of it. */
	return ram_dir ? 0 : vm_tell_now(vm, e);
}

/* Where all of QEMU's vCPUs ran at once, its translation may be what the kernel stumbled over. A kernel that panics by itself does
 * so in turns as well. */
static bool in_turns(const struct vm *vm, struct machine *m, const struct err *why, void (*note)(const char *text))
{
	*m = vm->m;
	if (why->code != X_VM || !vm->panicked || vm->hello || !machine_take_turns(m))
		return false;
	auto_free char *text =
		xasprintf("%.*s; it boots again with vCPUs that take turns, because QEMU may be to blame",
			  (int)strcspn(why->msg, "\n"), why->msg);

	note(text);
	return true;
}

int vm_start(struct vm *vm, const struct machine *m, const char *kernel, const char *initrd, const char *ram_dir,
	     void (*note)(const char *text), struct err *e)
{
	struct machine turns;

	if (boot(vm, m, kernel, initrd, ram_dir, e) == 0)
		return 0;
	if (!in_turns(vm, &turns, e, note))
		return -1;
	vm_close(vm);
	return ram_forget(ram_dir, turns.topo.nodes, e) < 0 ? -1 : boot(vm, &turns, kernel, initrd, ram_dir, e);
}

/* ---- talk */

enum { POLL_READY = 1, POLL_LATE = 0 };

/* Until the channel has something, the deadline passed, or the guest is gone. */
static int wait_channel(struct vm *vm, long long deadline, struct err *e)
{
	long long look = now_ms() + PARK_LOOK_MS;

	for (;;) {
		struct pollfd p[] = {
			{ .fd = vm->chan.fd, .events = POLLIN },
			{ .fd = vm->qemu.pidfd, .events = POLLIN },
			{ .fd = vm->console, .events = POLLIN },
			{ .fd = vm->says, .events = POLLIN },
			{ .fd = vm->chan.board ? -1 : vm->board.ring, .events = POLLIN },
		};
		/* A console that never falls silent must not keep us from seeing the deadline. */
		if (vm_is_late(vm, deadline))
			return POLL_LATE;
		long long until = deadline >= 0 && now_ms() >= deadline ? now_ms() + PARK_LOOK_MS : deadline;
		int r = stop_poll(p, countof(p), console_look(vm, until), e);

		if (r < 0)
			return -1;
		console_drain(vm);
		/* What the guest said before it died is still worth hearing. */
		if (p[0].revents)
			return POLL_READY;
		if (p[4].revents) {
			vm_use_board(vm);
			return POLL_READY;
		}
		if (p[1].revents || vm->panicked)
			return vm_gone(vm, e);
		if (!vm->m.clock.virtual || now_ms() < look)
			continue;
		if (park_check(vm, PARK_SILENT_MS, e) < 0)
			return -1;
		look = now_ms() + PARK_LOOK_MS;
	}
}

void vm_use_board(struct vm *vm)
{
	vm->port = TAKE_FD(vm->chan.fd);
	chan_close(&vm->chan);
	chan_open_board(&vm->chan, &vm->board);
}

int vm_use_port(struct vm *vm, struct err *e)
{
	if (vm->port < 0)
		return 0;
	if (chan_send(&vm->chan, MSG_PORT, NULL, 0, -1, e) < 0 || board_release(&vm->board, e) < 0)
		return -1;
	chan_close(&vm->chan);
	struct board asked = { .ring = -1, .gate = -1, .look = vm->board.look, .look_arg = vm->board.look_arg };

	if (asked.look)
		vm->bell = TAKE_FD(vm->board.ring);
	board_close(&vm->board);
	vm->board = asked;
	chan_open(&vm->chan, TAKE_FD(vm->port));
	return 0;
}

int vm_next(struct vm *vm, struct msg *m, long long deadline, const char *what, struct err *e)
{
	if (!vm->open || vm->qemu.pid <= 0)
		return vm_gone(vm, e);
	for (;;) {
		console_drain(vm);
		int r = chan_next(&vm->chan, m, e);

		/* A guest that never stops talking must not keep us from the deadline, nor from being told to stop,
		 * whatever it says. */
		if (r == CHAN_MSG && stop_pending())
			return stop_err(e);
		if (r == CHAN_MSG && (m->type == MSG_LATE || vm_is_late(vm, deadline)))
			return waited(vm, what, e);
		if (r == CHAN_MSG)
			return 0;
		if (r < 0)
			return err_in(e, "waiting for %s", what);
		r = r == CHAN_EOF ? vm_gone(vm, e) : wait_channel(vm, deadline, e);
		if (r < 0)
			return -1;
		if (r == POLL_LATE)
			return waited(vm, what, e);
	}
}

int vm_expect(struct vm *vm, uint32_t type, struct msg *m, long long deadline, const char *what, struct err *e)
{
	for (;;) {
		if (vm_next(vm, m, deadline, what, e) < 0)
			return -1;
		if (m->type == type)
			return 0;
		if (m->type == MSG_FAILED)
			return chan_failed(m, e);
		if (m->type != MSG_LOG)
			return err_set(e, X_VM, "the guest sent message %" PRIu32 " while we waited for %s", m->type,
				       what);
	}
}

int vm_deadline_inside(struct vm *vm, uint64_t ms, struct err *e)
{
	uint32_t n = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;

	if (!vm->m.clock.virtual)
		return 0;
	return chan_send(&vm->chan, MSG_DEADLINE, &n, sizeof(n), -1, e);
}

int vm_pause(struct vm *vm, struct err *e)
{
	if (vm->m.clock.virtual)
		return park_wait_gate(vm, e);
	return vm_qmp(vm, "stop", NULL, -1, NULL, vm_deadline(vm, VM_STOP_S), e);
}

int vm_resume(struct vm *vm, struct err *e)
{
	if (vm->m.clock.virtual)
		return 0;
	return vm_qmp(vm, "cont", NULL, -1, NULL, vm_deadline(vm, VM_STOP_S), e);
}

int vm_kvm_stats(struct vm *vm, struct kvm_stats *s, struct err *e)
{
	static const char which[] = "{\"target\":\"vcpu\",\"providers\":[{\"provider\":\"kvm\"}]}";
	auto_free char *reply = NULL;

	if (vm->m.accel != ACCEL_KVM) {
		*s = (struct kvm_stats){ 0 };
		return 0;
	}
	if (vm_qmp(vm, "query-stats", which, -1, &reply, vm_deadline(vm, VM_READ_S), e) < 0)
		return -1;
	return kvm_stats_answer(s, reply, strlen(reply), e);
}

bool vm_stolen(struct vm *vm, uint64_t *ns)
{
	unsigned n = topology_cpus(&vm->m.topo);
	auto_free char *reply = NULL;
	pid_t threads[TOPO_MAX_CPUS];
	struct err ignored = { 0 };

	if (vm->m.clock.virtual ||
	    vm_qmp(vm, "query-cpus-fast", NULL, -1, &reply, vm_deadline(vm, VM_READ_S), &ignored) < 0 ||
	    perf_threads(threads, n, reply, strlen(reply), &ignored) < 0)
		return false;
	return stolen_from(vm->qemu.pid, threads, n, ns);
}
