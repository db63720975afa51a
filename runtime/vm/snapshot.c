/* snapshot.c: a guest kept and continued.
 *
 * QEMU's migration carries the devices' state; with x-ignore-shared RAM stays in the file it is in, so the stream is a
 * few dozen kilobytes. A restored guest maps that file copy-on-write: on that side RAM is not "shared" and yet not in
 * the stream, which QEMU accepts, because the sender alone decides. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "json/read.h"
#include "base/mem.h"
#include "base/stop.h"
#include "vm/console.h"
#include "vm/end.h"
#include "vm/park.h"
#include "vm/perfmode.h"
#include "vm/ram.h"
#include "topology/seen.h"
#include "vm/snapshot.h"
#include "vm/vm.h"

enum { STATE_MAX = 64 << 20, TEXT_MAX = 8 << 20 };

static const char capabilities[] = "{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true},"
				   "{\"capability\":\"events\",\"state\":true}]}";

enum { MIGRATION_DONE = 0, MIGRATION_RUNS = 1 };

static int ask(struct vm *vm, long long deadline, struct err *e)
{
	auto_free char *reply = NULL, *status = NULL, *why = NULL;
	auto_json struct json j = { 0 };
	struct err ignored;

	if (vm_qmp(vm, "query-migrate", NULL, -1, &reply, deadline, e) < 0)
		return -1;
	if (json_parse(&j, reply, strlen(reply), e) < 0)
		return err_as(e, X_VM, "QEMU: query-migrate");
	if (json_str(&j, json_get(&j, 0, "status"), &status, e) != 0)
		return MIGRATION_RUNS;
	if (!strcmp(status, "completed"))
		return MIGRATION_DONE;
	if (strcmp(status, "failed") && strcmp(status, "cancelled"))
		return MIGRATION_RUNS;
	if (json_str(&j, json_get(&j, 0, "error-desc"), &why, &ignored) != 0)
		why = xstrdup(vm->said_n ? vm->said : "QEMU gives no reason");
	return err_set(e, X_VM, "QEMU: the transfer of the guest's state %s: %s", status, why);
}

/* Every step of a migration is an event. */
static int finish(struct vm *vm, long long deadline, struct err *e)
{
	for (;;) {
		unsigned events = vm->qmp.events;
		int r = ask(vm, deadline, e);

		if (r != MIGRATION_RUNS)
			return r;
		if (qmp_wait(&vm->qmp, events, deadline, e) < 0)
			return e->code == X_VM ? vm_gone(vm, e) : -1;
		console_drain(vm);
	}
}

/* Gives QEMU one end of a new connection, known to it as "state"; ours is *fd. */
static int connect_state(struct vm *vm, int *fd, long long deadline, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	int r = vm_qmp(vm, "getfd", "{\"fdname\":\"state\"}", pair[1], NULL, deadline, e);
	close(pair[1]);
	if (r < 0)
		close(pair[0]);
	else
		*fd = pair[0];
	return r;
}

/* ---- save */

static int write_text(int dir, const char *name, const char *text, size_t n, struct err *e)
{
	return file_write(dir, name, text, n, e) < 0 ? -1 : 0;
}

static int read_state(struct vm *vm, int fd, FILE *f, long long deadline, struct err *e)
{
	auto_free char *buf = xmalloc(65536);
	size_t total = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int r = now_ms() >= deadline ? 0 : stop_poll(&p, 1, deadline, e);

		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, X_TIMEOUT, "QEMU did not hand over the guest's state in time");
		ssize_t n = recv(fd, buf, 65536, MSG_DONTWAIT);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(e, "read the guest's state");
		total += n > 0 ? (size_t)n : 0;
		if (total > STATE_MAX)
			return err_set(e, X_VM, "the guest's state is larger than %d MiB", STATE_MAX >> 20);
		fwrite(buf, 1, n > 0 ? (size_t)n : 0, f);
		console_drain(vm);
	}
}

int vm_save_state(struct vm *vm, int dir, struct err *e)
{
	long long deadline = vm_deadline(vm, VM_READ_S);
	auto_draft struct draft d = { 0 };
	auto_close int fd = -1;

	if (vm_qmp(vm, "migrate-set-capabilities", capabilities, -1, NULL, deadline, e) < 0 ||
	    connect_state(vm, &fd, deadline, e) < 0 || draft_open(&d, dir, "state", e) < 0 ||
	    vm_qmp(vm, "migrate", "{\"uri\":\"fd:state\"}", -1, NULL, deadline, e) < 0 ||
	    read_state(vm, fd, d.f, deadline, e) < 0 || finish(vm, deadline, e) < 0)
		return -1;
	return draft_publish(&d, "state", false, e) < 0 ? -1 : 0;
}

static int write_seen(const struct vm *vm, int dir, struct err *e)
{
	auto_free char *text = NULL;
	struct seen s;
	size_t n;

	if (seen_parse(&s, vm->hello, strlen(vm->hello), e) < 0)
		return -1;
	FILE *f = xmemstream(&text, &n);
	seen_write(f, &s);
	fclose(f);
	return write_text(dir, "topology", text, n, e);
}

int vm_save(struct vm *vm, const char *dir, struct err *e)
{
	auto_close int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *text = NULL;
	size_t n;

	if (d < 0)
		return err_sys(e, "open %s", dir);
	int r = vm->m.clock.virtual ? park_guest(vm, e) : vm_pause(vm, e);

	if (r == PARK_INEXACT)
		return SAVE_INEXACT;
	if (r < 0 || vm_save_state(vm, d, e) < 0)
		return err_in(e, "keep the guest");
	console_drain(vm);
	FILE *f = xmemstream(&text, &n);
	machine_write(f, &vm->m);
	fclose(f);
	if (write_text(d, "machine", text, n, e) < 0 || write_text(d, "hello", vm->hello, strlen(vm->hello), e) < 0 ||
	    write_seen(vm, d, e) < 0)
		return -1;
	return write_text(d, "console.log", vm->log_n ? vm->log : "", vm->log_n, e);
}

/* ---- restore */

static int feed(struct vm *vm, int fd, const char *data, size_t n, long long deadline, struct err *e)
{
	while (n) {
		ssize_t done = send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (done > 0) {
			data += done;
			n -= (size_t)done;
			continue;
		}
		/* QEMU gave up reading; query-migrate knows why, unless it died. */
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, "send the guest's state");
		int r = stop_poll(&p, 1, deadline, e);

		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, X_TIMEOUT, "QEMU did not take the guest's state in time");
		console_drain(vm);
	}
	return 0;
}

/* Announcements to networks there are not would come by real-time timers, and each would end a vCPU's turn. */
static int set_virtual(struct vm *vm, long long deadline, struct err *e)
{
	if (!vm->m.clock.virtual)
		return 0;
	return vm_qmp(vm, "migrate-set-parameters", "{\"announce-rounds\":0}", -1, NULL, deadline, e);
}

/* The guest was saved within a call. */
static int find_board(struct vm *vm, struct err *e)
{
	auto_free char *board = facts_get(vm->hello, strlen(vm->hello), "board");

	if (vm->board.ring >= 0 && !board && !vm->m.clock.virtual)
		board_close(&vm->board);
	if (vm->board.ring < 0)
		return 0;
	if (board_find(&vm->board, board ? strtoull(board, NULL, 16) : 0, e) < 0)
		return -1;
	if (vm->m.clock.virtual)
		return 0;
	vm->board.called = true;
	vm_use_board(vm);
	return 0;
}

static int go_on(struct vm *vm, struct err *e)
{
	return vm->m.clock.virtual ? park_leave(vm, e) : vm_resume(vm, e);
}

static int load_state(struct vm *vm, int dir, struct err *e)
{
	long long deadline = vm_deadline(vm, VM_RESTORE_S);
	auto_free char *state = NULL;
	auto_close int fd = -1;
	size_t n;

	if (file_read(dir, "state", STATE_MAX, &state, &n, e) < 0)
		return -1;
	if (vm_qmp(vm, "migrate-set-capabilities", capabilities, -1, NULL, deadline, e) < 0 ||
	    set_virtual(vm, deadline, e) < 0 || find_board(vm, e) < 0 || connect_state(vm, &fd, deadline, e) < 0 ||
	    vm_qmp(vm, "migrate-incoming", "{\"uri\":\"fd:state\"}", -1, NULL, deadline, e) < 0 ||
	    feed(vm, fd, state, n, deadline, e) < 0)
		return -1;
	/* A truncated state must end, not wait for more. */
	shutdown(fd, SHUT_WR);
	return finish(vm, deadline, e) < 0 ? -1 : go_on(vm, e);
}

static int read_description(int dir, struct machine *m, char **hello, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(dir, "machine", TEXT_MAX, &text, &n, e) < 0 || machine_read(m, text, n, e) < 0)
		return -1;
	return file_read(dir, "hello", TEXT_MAX, hello, NULL, e) < 0 ? -1 : 0;
}

/* layer may be NULL. */
static int restore(struct vm *vm, const char *snapshot_dir, const struct layer *layer, bool own, uint64_t seed,
		   struct err *e)
{
	auto_close int dir = open(snapshot_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct machine_wires w = { .kernel = NULL };
	struct machine m = { 0 };
	char *hello = NULL;

	vm_init(vm, &m);
	if (dir < 0)
		return err_sys(e, "open %s", snapshot_dir);
	if (read_description(dir, &m, &hello, e) < 0)
		return err_in(e, "snapshot %s", snapshot_dir);
	m.clock.seed = seed;
	vm_init(vm, &m);
	vm->hello = hello;
	if (m.perf && perf_prepare(&vm->perf, &m, &w, e) < 0)
		return -1;
	if (ram_open(vm, snapshot_dir, own, &w, e) < 0 || vm_launch(vm, &w, e) < 0 ||
	    (layer && layer->lay(vm, layer->arg, e) < 0) || load_state(vm, layer ? layer->dir : dir, e) < 0)
		return err_in(e, "continue the guest");
	return 0;
}

static int restore_and_tell(struct vm *vm, const char *snapshot_dir, bool own, uint64_t seed, struct err *e)
{
	if (restore(vm, snapshot_dir, NULL, own, seed, e) < 0)
		return -1;
	return vm_tell_now(vm, e) < 0 ? err_in(e, "continue the guest") : 0;
}

int vm_restore(struct vm *vm, const char *snapshot_dir, uint64_t seed, struct err *e)
{
	return restore_and_tell(vm, snapshot_dir, false, seed, e);
}

int vm_restore_own(struct vm *vm, const char *snapshot_dir, uint64_t seed, struct err *e)
{
	return restore_and_tell(vm, snapshot_dir, true, seed, e);
}

int vm_restore_layer(struct vm *vm, const char *snapshot_dir, const struct layer *layer, uint64_t seed, struct err *e)
{
	return restore(vm, snapshot_dir, layer, false, seed, e);
}

bool vm_snapshot_blamed(int code)
{
	return code != X_INTERRUPTED && code != X_NO_QEMU && code != X_HOST;
}

int vm_continue(struct vm *vm, const char *snapshot_dir, uint64_t seed, const char *kernel, const char *initrd,
		char **why, void (*note)(const char *text), struct err *e)
{
	long long still = still_ms();

	*why = NULL;
	if (vm_restore(vm, snapshot_dir, seed, e) == 0)
		return 0;
	if (!vm_snapshot_blamed(e->code) || !vm->m.memory_mb)
		return -1;
	if (vm->m.clock.virtual)
		return e->code == X_VM ? err_in(e, "its snapshot is made anew for the next run") : -1;
	if (still_ms() > still)
		return -1;
	struct machine m = vm->m;
	auto_free char *reason = xstrdup(e->msg);

	vm_close(vm);
	if (vm_start(vm, &m, kernel, initrd, NULL, note, e) < 0)
		return err_in(e, "snapshot: %s; booting instead", reason);
	*why = TAKE(reason);
	return 0;
}
