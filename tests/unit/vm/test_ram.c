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
#include <sys/syscall.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),
		cmocka_unit_test(nodes),
		cmocka_unit_test_setup_teardown(push, scratch_enter, scratch_leave),
		cmocka_unit_test_setup_teardown(push_shrunk_file, scratch_enter, scratch_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
