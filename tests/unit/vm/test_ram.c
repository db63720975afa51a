/* test_ram.c: guest memory and the payload's way into it. This process plays QEMU: it maps the RAM files; a child plays
 * the guest's init. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stop.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "scratch.h"
#include "vm/push.h"
#include "vm/ram.h"
#include "vm/vm.h"

#define GIB (1ull << 30)

struct fake {
	struct vm vm;
	char *ram[TOPO_MAX_NODES];
	int init; /* the guest's end of the channel */
};

static void fake_open(struct fake *f, enum machine_kind kind, unsigned nodes, unsigned mb)
{
	struct machine m = { .kind = kind, .topo = TOPOLOGY(nodes, nodes, 1, 1), .memory_mb = mb };
	struct err e = { 0 };
	int pair[2];

	*f = (struct fake){ .init = -1 };
	vm_init(&f->vm, &m);
	assert_int_equal(ram_create(&f->vm, NULL, &e), 0);
	for (unsigned i = 0; i < nodes; i++) {
		f->ram[i] = mmap(NULL, machine_node_bytes(&m, i), PROT_READ | PROT_WRITE, MAP_SHARED, f->vm.ram[i], 0);
		assert_ptr_not_equal(f->ram[i], MAP_FAILED);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	chan_open(&f->vm.chan, pair[0]);
	f->init = pair[1];
	f->vm.qemu = (struct child){ .pid = getpid(), .pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0) };
}

static void fake_close(struct fake *f)
{
	for (unsigned i = 0; i < f->vm.m.topo.nodes; i++)
		munmap(f->ram[i], machine_node_bytes(&f->vm.m, i));
	close(f->init);
	close(f->vm.qemu.pidfd);
	f->vm.qemu = (struct child){ 0 };
	vm_close(&f->vm);
}

static void bounds(void **state)
{
	static const struct {
		enum machine_kind kind;
		unsigned nodes, mb;
		uint64_t gpa;
		size_t n;
		bool ok;
	} cases[] = {
		{ MACHINE_MICROVM, 1, 64, 0, 8, true },
		{ MACHINE_MICROVM, 1, 64, (64 << 20) - 8, 8, true },
		{ MACHINE_MICROVM, 1, 64, (64 << 20) - 7, 8, false },
		{ MACHINE_MICROVM, 1, 64, 64 << 20, 1, false },
		{ MACHINE_MICROVM, 1, 64, UINT64_MAX, 8, false },
		{ MACHINE_MICROVM, 1, 64, UINT64_MAX - 7, 16, false },
		{ MACHINE_MICROVM, 1, 5120, 3 * GIB - 4, 8, false },
		{ MACHINE_MICROVM, 1, 5120, 4 * GIB, 8, true },
		{ MACHINE_Q35, 2, 65, (32 << 20) - 4, 8, true },
		{ MACHINE_Q35, 2, 65, (65 << 20) - 8, 8, true },
		{ MACHINE_Q35, 2, 65, (65 << 20) - 7, 8, false },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char in[16] = "0123456789abcde", out[16] = "";
		struct err e = { 0 };
		struct fake f;

		fake_open(&f, cases[i].kind, cases[i].nodes, cases[i].mb);
		int w = vm_write_phys(&f.vm, cases[i].gpa, in, cases[i].n, &e);
		int r = vm_read_phys(&f.vm, cases[i].gpa, out, cases[i].n, &e);
		if ((w == 0) != cases[i].ok || (r == 0) != cases[i].ok)
			fail_msg("case %zu: %d %d %s", i, w, r, e.msg);
		assert_memory_equal(out, cases[i].ok ? in : "\0\0\0\0\0\0\0\0", cases[i].n < 8 ? cases[i].n : 8);
		fake_close(&f);
	}
}

/* A range over the border of two nodes lands at the end of one and the start of the next. */
static void nodes(void **state)
{
	struct err e = { 0 };
	struct fake f;

	(void)state;
	fake_open(&f, MACHINE_Q35, 2, 65);
	assert_int_equal(vm_write_phys(&f.vm, (32 << 20) - 4, "abcdefgh", 8, &e), 0);
	assert_memory_equal(f.ram[0] + (32 << 20) - 4, "abcd", 4);
	assert_memory_equal(f.ram[1], "efgh", 4);
	fake_close(&f);
}

/* A file by number, size and device or name; others that have the same number lie around. */
static void found_in_maps(void **state)
{
	auto_free char *named = xasprintf("%s/ram0", (const char *)*state);
	int fds[] = { memfd_create("ktstr-ram", MFD_CLOEXEC), open(named, O_RDWR | O_CREAT | O_CLOEXEC, 0600) };

	for (size_t i = 0; i < countof(fds); i++) {
		auto_free char *own = NULL;
		struct stat st;
		struct err e = { 0 };

		if (fds[i] < 0 && !i)
			continue; /* memfd_create is refused here */
		assert_int_equal(ftruncate(fds[i], 2 << 20), 0);
		assert_int_equal(fstat(fds[i], &st), 0);
		own = i ? xstrdup(named) : xstrdup("/memfd:ktstr-ram (deleted)");
		unsigned at[2] = { major(st.st_dev), minor(st.st_dev) }, other[2] = { at[0], at[1] + 1 };
		unsigned long inode = st.st_ino;
		const struct {
			unsigned *dev;
			unsigned long inode;
			unsigned size, offset;
			const char *path;
			bool is;
		} cases[] = {
			{ other, inode, 0x200000, 0, "/usr/lib/libc.so.6", false },
			{ other, inode, 0x200000, 0, "", false },
			{ at, inode, 0x1ff000, 0, own, false },
			{ at, inode, 0x200000, 0x1000, own, false },
			{ at, inode + 1, 0x200000, 0, own, false },
			{ at, inode, 0x200000, 0, own, true },
			{ other, inode, 0x200000, 0, own, true },
		};

		for (size_t k = 0; k < countof(cases); k++) {
			uint64_t address = 0;
			FILE *f = tmpfile();

			fprintf(f, "7f0000000000-7f0000001000 r--p 00000000 00:00 0 \nnonsense\n");
			fprintf(f, "7f1000000000-7f10%08x rw-s %08x %02x:%02x %lu    %s\n", cases[k].size,
				cases[k].offset, cases[k].dev[0], cases[k].dev[1], cases[k].inode, cases[k].path);
			if (!k || cases[k].is) /* another one behind it does not count */
				fprintf(f, "7f2000000000-7f2000200000 rw-s 00000000 %02x:%02x %lu    %s\n", at[0],
					at[1], inode, own);
			int r = ram_find(f, fds[i], &address, &e);

			if (k == 0 ? r < 0 || address != 0x7f2000000000 : (r == 0) != cases[k].is)
				fail_msg("case %zu of %zu: %d %llx", k, i, r, (unsigned long long)address);
			if (cases[k].is)
				assert_true(address == 0x7f1000000000);
			fclose(f);
		}
		close(fds[i]);
	}
}

/* ---- push */

enum guest_kind {
	HONEST,
	OUTSIDE,
	UNALIGNED,
	TOO_FEW,
	TOO_MANY,
	EMPTY_RUN,
	OVERFLOW,
	RAGGED,
	REFUSES,
	BABBLES,
	LEAVES
};

static void answer(struct chan *c, uint32_t type, const void *data, size_t n)
{
	struct err e;

	if (chan_send(c, type, data, n, now_ms() + 5000, &e) < 0)
		_exit(2);
}

static void hear(struct chan *c, uint32_t type, struct msg *m)
{
	struct err e;
	int r;

	while ((r = chan_next(c, m, &e)) == CHAN_EMPTY) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };

		if (stop_poll(&p, 1, now_ms() + 5000, &e) <= 0)
			_exit(3);
	}
	if (r != CHAN_MSG)
		_exit(4);
	if (m->type != type)
		_exit(5);
}

static void name_pages(struct chan *c, enum guest_kind kind)
{
	/* Five pages, backwards and apart. */
	struct proto_run runs[4] = { { 0x9000, 0x2000 }, { 0x3000, 0x1000 }, { 0x5000, 0x2000 }, { 0x20000, 0x1000 } };
	size_t n = 3 * sizeof(runs[0]);

	switch (kind) {
	case OUTSIDE:
		runs[2].gpa = (64ull << 20) - 0x1000;
		break;
	case UNALIGNED:
		runs[1].gpa++;
		break;
	case TOO_FEW:
		n -= sizeof(runs[0]);
		break;
	case TOO_MANY:
		n += sizeof(runs[0]);
		break;
	case EMPTY_RUN:
		runs[1].len = 0;
		break;
	case OVERFLOW:
		runs[1].len = UINT64_MAX & ~0xfffull;
		break;
	case RAGGED:
		n -= 1;
		break;
	default:
		break;
	}
	answer(c, MSG_PAGES, runs, n);
}

static _Noreturn void play_guest(int fd, enum guest_kind kind)
{
	struct chan c;
	struct msg m;

	chan_open(&c, fd);
	hear(&c, MSG_FILES, &m);
	answer(&c, MSG_LOG, "log", 3);
	if (kind == LEAVES)
		_exit(0);
	if (kind == REFUSES)
		answer(&c, MSG_FAILED, "no room", 7);
	else if (kind == BABBLES)
		answer(&c, MSG_FILES_OK, NULL, 0);
	else
		name_pages(&c, kind);
	hear(&c, MSG_PUSHED, &m);
	answer(&c, MSG_FILES_OK, NULL, 0);
	_exit(0);
}

static void push(void **state)
{
	static const struct {
		enum guest_kind kind;
		const char *says; /* NULL: it works */
	} cases[] = {
		{ HONEST, NULL },
		{ OUTSIDE, "pages it does not have" },
		{ UNALIGNED, "pages it does not have" },
		{ TOO_FEW, "fewer pages than the 5" },
		{ TOO_MANY, "more pages than the 5" },
		{ EMPTY_RUN, "pages it does not have" },
		{ OVERFLOW, "pages it does not have" },
		{ RAGGED, "damaged" },
		{ REFUSES, "no room" },
		{ BABBLES, "message 3" },
		{ LEAVES, "closed its channel" },
	};
	const char *dir = *state;
	auto_free char *big = xmalloc(0x3123), *one = xasprintf("%s/one", dir), *two = xasprintf("%s/two", dir);

	memset(big, 'b', 0x3123);
	scratch_file(dir, "one", big, 0x3123);
	scratch_text(dir, "two", "short");
	struct payload_file files[] = {
		{ .guest = "/empty", .host = two, .mode = 0644, .size = 0 },
		{ .guest = "/lib", .target = "usr/lib" },
		{ .guest = "/one", .host = one, .mode = 0755, .size = 0x3123 },
		{ .guest = "/two", .host = two, .mode = 0644, .size = 5 },
	};
	struct payload p = { .v = files, .n = countof(files) };

	for (size_t i = 0; i < countof(cases); i++) {
		struct err e = { 0 };
		struct fake f;
		int status;

		fake_open(&f, MACHINE_MICROVM, 1, 64);
		memset(f.ram[0], 'x', 1 << 20);
		pid_t pid = fork();
		if (pid == 0) {
			close(f.vm.chan.fd);
			play_guest(f.init, cases[i].kind);
		}
		close(f.init);
		f.init = -1;
		int r = vm_push(&f.vm, &p, &e);
		if (cases[i].says ? r >= 0 || e.code != X_VM || !strstr(e.msg, cases[i].says) : r != 0)
			fail_msg("case %zu: %d %s", i, r, e.msg);
		if (!cases[i].says) {
			assert_memory_equal(f.ram[0] + 0x9000, big, 0x2000);
			assert_memory_equal(f.ram[0] + 0x3000, big, 0x1000);
			assert_memory_equal(f.ram[0] + 0x5000, big, 0x123);
			assert_memory_equal(f.ram[0] + 0x6000, "short\0\0", 7);
			for (size_t at = 0x5123; at < 0x6000; at++)
				assert_int_equal(f.ram[0][at], 0);
			assert_int_equal(f.ram[0][0x6fff], 0);
		}
		assert_int_equal(f.ram[0][0x4000], 'x');
		assert_int_equal(f.ram[0][0x20000], 'x');
		fake_close(&f);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
}

static void push_shrunk_file(void **state)
{
	auto_free char *two = xasprintf("%s/two", (const char *)*state);
	struct payload_file file = { .guest = "/one", .host = two, .mode = 0755, .size = 0x4123 };
	struct payload p = { .v = &file, .n = 1 };
	struct err e = { 0 };
	struct fake f;
	int status;

	scratch_text(*state, "two", "short");
	fake_open(&f, MACHINE_MICROVM, 1, 64);
	pid_t pid = fork();
	if (pid == 0) {
		close(f.vm.chan.fd);
		play_guest(f.init, HONEST);
	}
	assert_true(vm_push(&f.vm, &p, &e) < 0);
	assert_non_null(strstr(e.msg, "became shorter"));
	fake_close(&f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* ---- a guest that never stops talking */

static const uint32_t chatter[] = { MSG_STATE, MSG_LOG, MSG_EXIT_INFO, MSG_CALLS, 999 };

static _Noreturn void flood(int fd, uint32_t type, pid_t stop)
{
	struct proto_head h;

	if (stop) {
		usleep(100000);
		kill(stop, SIGTERM);
	}
	proto_seal(&h, type, NULL, 0);
	for (;;)
		if (write(fd, &h, sizeof(h)) != sizeof(h))
			_exit(0);
}

/* Takes frames for at most five seconds; the error that ended it. */
static struct err listen_to_flood(uint32_t type, long long deadline, bool stop)
{
	long long end = now_ms() + 5000;
	struct err e = { 0 };
	struct fake f;
	struct msg m;
	int status;

	fake_open(&f, MACHINE_MICROVM, 1, 64);
	pid_t us = getpid(), pid = fork();

	if (pid == 0) {
		close(f.vm.chan.fd);
		flood(f.init, type, stop ? us : 0);
	}
	while (now_ms() < end && vm_next(&f.vm, &m, deadline, "a guest that listens", &e) == 0)
		assert_int_equal(m.type, type);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fake_close(&f);
	return e;
}

static void flooded(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(chatter); i++) {
		struct err e = listen_to_flood(chatter[i], now_ms() + 200, false);

		if (e.code != X_TIMEOUT)
			fail_msg("message %u: %d %s", chatter[i], e.code, e.msg);
	}
}

static void stopped_in_a_flood(void **state)
{
	struct err e = { 0 };
	sigset_t set;

	(void)state;
	assert_int_equal(stop_init(&e), 0);
	e = listen_to_flood(MSG_STATE, -1, true);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(sigtimedwait(&set, NULL, &(struct timespec){ 0 }), SIGTERM);
	stop_undo();
	assert_int_equal(e.code, X_INTERRUPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),
		cmocka_unit_test(nodes),
		cmocka_unit_test_setup_teardown(found_in_maps, scratch_enter, scratch_leave),
		cmocka_unit_test(flooded),
		cmocka_unit_test(stopped_in_a_flood),
		cmocka_unit_test_setup_teardown(push, scratch_enter, scratch_leave),
		cmocka_unit_test_setup_teardown(push_shrunk_file, scratch_enter, scratch_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
