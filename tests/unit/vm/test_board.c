/* test_board.c: talk through memory and a gate. This process plays QEMU: it maps the guest's RAM, rings, and writes to the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "guest/board.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "vm/board.h"
#include "vm/push.h"
#include "vm/ram.h"
#include "vm/vm.h"
#include "scratch.h"

enum { MB = 64, HEAD = 1 << 20, BOXES = 2 << 20 };

struct fake {
	struct vm vm;
	char *ram;
	int ring, gate; /* QEMU's ends */
};

static struct board_head *head(struct fake *f)
{
	return (struct board_head *)(f->ram + HEAD);
}

static void fake_open(struct fake *f)
{
	struct machine m = {
		.kind = MACHINE_MICROVM, .topo = TOPOLOGY(1, 1, 1, 1), .memory_mb = MB, .clock = { .virtual = true }
	};
	struct err e = { 0 };
	int ring[2], gate[2];

	vm_init(&f->vm, &m);
	assert_int_equal(ram_create(&f->vm, NULL, &e), 0);
	f->ram = mmap(NULL, MB << 20, PROT_READ | PROT_WRITE, MAP_SHARED, f->vm.ram[0], 0);
	assert_ptr_not_equal(f->ram, MAP_FAILED);
	assert_int_equal(board_pairs(ring, gate, &e), 0);
	board_open(&f->vm.board, &f->vm, ring[0], gate[0]);
	chan_open_board(&f->vm.chan, &f->vm.board);
	f->ring = ring[1];
	f->gate = gate[1];
	f->vm.qemu = (struct child){ .pid = getpid(), .pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0) };
	/* In two runs that lie the wrong way round. */
	*head(f) = (struct board_head){ .magic = BOARD_MAGIC,
					.version = BOARD_VERSION,
					.n_runs = 2,
					.run = { { BOXES + BOARD_BOX, BOARD_BOX }, { BOXES, BOARD_BOX } } };
}

static void fake_close(struct fake *f)
{
	munmap(f->ram, MB << 20);
	close(f->ring);
	close(f->gate);
	close(f->vm.qemu.pidfd);
	f->vm.qemu = (struct child){ 0 };
	vm_close(&f->vm);
}

static char *outbox(struct fake *f)
{
	return f->ram + BOXES + BOARD_BOX;
}

static char *inbox(struct fake *f)
{
	return f->ram + BOXES;
}

static void ring(struct fake *f, unsigned char byte)
{
	assert_int_equal(write(f->ring, &byte, 1), 1);
}

static void announce(struct fake *f, uint64_t address)
{
	ring(f, RING_BOARD);
	for (int i = 0; i < 8; i++)
		ring(f, (unsigned char)(address >> 8 * i));
}

/* How many bytes the gate takes before it is full. */
static int room(struct fake *f)
{
	int n = 0;

	while (send(f->gate, "", 1, MSG_DONTWAIT) == 1)
		n++;
	assert_int_equal(errno, EAGAIN);
	return n;
}

/* Puts a frame into the outbox, behind what is there. */
static void say(struct fake *f, uint32_t type, const void *data, size_t n)
{
	struct proto_head h;

	proto_seal(&h, type, data, n);
	memcpy(outbox(f) + head(f)->out_n, &h, sizeof(h));
	if (n)
		memcpy(outbox(f) + head(f)->out_n + sizeof(h), data, n);
	head(f)->out_n += (uint32_t)(sizeof(h) + n);
}

static void call(struct fake *f)
{
	head(f)->in_n = head(f)->in_more = 0;
	ring(f, RING_CALL);
}

/* The gate is full from the start; a call lasts until nothing is left of what was said, and what was sent is then there. */
static void calls(void **state)
{
	struct err e = { 0 };
	struct fake f;
	struct msg m;

	(void)state;
	fake_open(&f);
	assert_int_equal(room(&f), 0);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	announce(&f, HEAD);
	say(&f, MSG_HELLO, "abc", 3);
	say(&f, MSG_LOG, "", 0);
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(m.type, MSG_HELLO);
	assert_memory_equal(m.data, "abc", 3);
	assert_int_equal(chan_send(&f.vm.chan, MSG_PING, NULL, 0, -1, &e), 0);
	assert_int_equal(room(&f), 0);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(m.type, MSG_LOG);
	assert_int_equal(head(&f)->in_n, 0);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	assert_int_equal(board_passed(&f.vm.board), 0); /* let through, and not used yet */
	assert_int_equal(room(&f), 1);
	assert_int_equal(board_passed(&f.vm.board), 1);
	assert_int_equal(head(&f)->in_n, sizeof(struct proto_head));
	assert_int_equal(head(&f)->in_more, 0);
	assert_int_equal(((struct proto_head *)inbox(&f))->type, MSG_PING);
	fake_close(&f);
}

/* More than a box holds goes in several calls, both ways. */
static void longer_than_a_box(void **state)
{
	const size_t n = BOARD_BOX + 100;
	auto_free char *big = xmalloc(n);
	struct proto_head h;
	struct err e = { 0 };
	struct fake f;
	struct msg m;

	(void)state;
	fake_open(&f);
	memset(big, 'x', n);
	announce(&f, HEAD);
	assert_int_equal(chan_send(&f.vm.chan, MSG_IN, big, n, -1, &e), 0);
	proto_seal(&h, MSG_OUT, big, n);
	memcpy(outbox(&f), &h, sizeof(h));
	memset(outbox(&f) + sizeof(h), 'x', BOARD_BOX - sizeof(h));
	head(&f)->out_n = BOARD_BOX;
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	assert_int_equal(room(&f), 1);
	assert_int_equal(head(&f)->in_n, BOARD_BOX);
	assert_int_equal(head(&f)->in_more, 1);
	memset(outbox(&f), 'x', 100 + sizeof(h));
	head(&f)->out_n = 100 + sizeof(h);
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(m.type, MSG_OUT);
	assert_int_equal(m.n, n);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	assert_int_equal(head(&f)->in_n, 100 + sizeof(h));
	assert_int_equal(head(&f)->in_more, 0);
	fake_close(&f);
}

/* What was heard is heard again on another board, and half a frame at its end is completed there. */
static void heard_again(void **state)
{
	auto_free char *kept = NULL;
	struct err e = { 0 };
	struct proto_head h;
	struct fake f;
	struct msg m;
	size_t n;

	(void)state;
	fake_open(&f);
	announce(&f, HEAD);
	say(&f, MSG_LOG, "before", 6);
	say(&f, MSG_LOG, "behind", 6);
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	chan_record(&f.vm.chan);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	head(&f)->out_n = 0;
	proto_seal(&h, MSG_STATE, "abc", 3);
	memcpy(outbox(&f), &h, sizeof(h));
	head(&f)->out_n = sizeof(h);
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	n = f.vm.chan.heard_n;
	assert_int_equal(n, 2 * sizeof(h) + 6);
	kept = xmemdup(f.vm.chan.heard, n);
	fake_close(&f);

	fake_open(&f);
	announce(&f, HEAD);
	chan_replay(&f.vm.chan, kept, n);
	memcpy(outbox(&f), "abc", 3);
	head(&f)->out_n = 3;
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_memory_equal(m.data, "behind", 6);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(m.type, MSG_STATE);
	assert_memory_equal(m.data, "abc", 3);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	fake_close(&f);
}

/* More than is kept is not kept in part. */
static void heard_too_much(void **state)
{
	struct err e = { 0 };
	struct fake f;
	struct msg m;

	(void)state;
	fake_open(&f);
	announce(&f, HEAD);
	chan_record(&f.vm.chan);
	for (int i = 0; i <= CHAN_RECORD / 65536; i++) {
		auto_free char *big = xcalloc(1, 65536);

		head(&f)->out_n = 0;
		say(&f, MSG_LOG, big, 65536);
		call(&f);
		assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
		assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
		assert_int_equal(room(&f), 1);
	}
	assert_true(f.vm.chan.heard_n > CHAN_RECORD);
	fake_close(&f);
}

/* In real time there is no gate: the guest looks for the answer, which comes behind the inbox. */
static void real_time(void **state)
{
	struct err e = { 0 };
	struct fake f;
	struct msg m;

	(void)state;
	fake_open(&f);
	close(f.vm.board.gate);
	f.vm.board.gate = -1;
	announce(&f, HEAD);
	say(&f, MSG_HELLO, "abc", 3);
	head(&f)->calls = 7;
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(chan_send(&f.vm.chan, MSG_PING, NULL, 0, -1, &e), 0);
	assert_int_equal(head(&f)->answers, 0);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	assert_int_equal(head(&f)->answers, 7);
	assert_int_equal(head(&f)->in_n, sizeof(struct proto_head));
	assert_int_equal(((struct proto_head *)inbox(&f))->type, MSG_PING);
	fake_close(&f);
}

enum { TRAY = 8 << 20, FAR = 9 << 20, PLACE = 10 << 20, SECONDS = 20 };

/* The guest of tray(): looks for an answer, and says what comes next. */
static void answered(struct fake *f, uint32_t type, const void *data, size_t n)
{
	const volatile uint32_t *answers = &head(f)->answers;

	for (int i = 0; *answers != head(f)->calls && i < SECONDS * 1000; i++)
		usleep(1000);
	head(f)->out_n = 0;
	head(f)->calls++;
	say(f, type, data, n);
	call(f);
}

/* Files of two pages, two pages, and five bytes, into a tray of three pages in two places: the second goes elsewhere. */
static void tray(void **state)
{
	auto_free char *one = xasprintf("%s/one", (const char *)*state), *big = xcalloc(1, 0x2000);
	auto_free char *two = xasprintf("%s/two", (const char *)*state),
		       *three = xasprintf("%s/three", (const char *)*state);
	struct payload_file files[] = {
		{ .guest = "/one", .host = one, .mode = 0755, .size = 0x1123 },
		{ .guest = "/lib", .target = "usr/lib" },
		{ .guest = "/two", .host = two, .mode = 0755, .size = 0x2000 },
		{ .guest = "/three", .host = three, .mode = 0755, .size = 5 },
	};
	struct payload p = { .v = files, .n = countof(files) };
	struct proto_run place = { PLACE, 0x2000 };
	struct err e = { 0 };
	struct fake f;
	struct msg m;
	int status;

	memset(big, 'b', 0x2000);
	scratch_file(*state, "one", big, 0x1123);
	scratch_file(*state, "two", big, 0x2000);
	scratch_text(*state, "three", "short");
	fake_open(&f);
	close(f.vm.board.gate);
	f.vm.board.gate = -1;
	head(&f)->n_runs = 4;
	head(&f)->run[2] = (struct proto_run){ TRAY, BOARD_PAGE };
	head(&f)->run[3] = (struct proto_run){ FAR, 2 * BOARD_PAGE };
	announce(&f, HEAD);
	say(&f, MSG_HELLO, "abc", 3);
	head(&f)->calls = 1;
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(f.vm.board.tray, 3);
	pid_t pid = fork();
	if (pid == 0) {
		answered(&f, MSG_PAGES, &place, sizeof(place));
		answered(&f, MSG_FILES_OK, NULL, 0);
		_exit(0);
	}
	assert_int_equal(vm_push(&f.vm, &p, &e), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_memory_equal(f.ram + TRAY, big, 0x1000);
	assert_memory_equal(f.ram + FAR, big, 0x123);
	assert_int_equal(f.ram[FAR + 0x123], 0);
	assert_memory_equal(f.ram + FAR + 0x1000, "short\0", 7);
	assert_memory_equal(f.ram + PLACE, big, 0x2000);
	fake_close(&f);
}

static void refused(struct fake *f, const char *words)
{
	struct err e = { 0 };
	struct msg m;

	assert_int_equal(chan_next(&f->vm.chan, &m, &e), -1);
	assert_int_equal(e.code, X_VM);
	assert_non_null(strstr(e.msg, words));
	fake_close(f);
}

static void bad_addresses(void **state)
{
	static const uint64_t cases[] = { 0, 8, MB << 20, UINT64_MAX & ~0xfffull, 1ull << 62 };
	struct fake f;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		fake_open(&f);
		announce(&f, cases[i]);
		refused(&f, "");
	}
}

static void bad_heads(void **state)
{
	static const struct {
		uint32_t magic, version, n;
		struct proto_run run[2];
		const char *words;
	} cases[] = {
		{ 1, BOARD_VERSION, 1, { { BOXES, 2 * BOARD_BOX } }, "none of ours" },
		{ BOARD_MAGIC, BOARD_VERSION - 1, 1, { { BOXES, 2 * BOARD_BOX } }, "none of ours" },
		{ BOARD_MAGIC, BOARD_VERSION, BOARD_RUNS + 1, { { BOXES, 2 * BOARD_BOX } }, "runs of pages" },
		{ BOARD_MAGIC, BOARD_VERSION, UINT32_MAX, { { BOXES, 2 * BOARD_BOX } }, "runs of pages" },
		{ BOARD_MAGIC, BOARD_VERSION, 0, { { 0 } }, "0 pages" },
		{ BOARD_MAGIC, BOARD_VERSION, 1, { { BOXES, BOARD_BOX } }, "64 pages" },
		{ BOARD_MAGIC, BOARD_VERSION, 1, { { BOXES, 0 } }, "does not have" },
		{ BOARD_MAGIC, BOARD_VERSION, 1, { { BOXES + 8, 2 * BOARD_BOX } }, "does not have" },
		{ BOARD_MAGIC, BOARD_VERSION, 1, { { BOXES, 2 * BOARD_BOX + 8 } }, "does not have" },
		{ BOARD_MAGIC, BOARD_VERSION, 1, { { BOXES, UINT64_MAX & ~0xfffull } }, "does not have" },
		{ BOARD_MAGIC, BOARD_VERSION, 1, { { (MB << 20) - BOARD_BOX, 2 * BOARD_BOX } }, "does not have" },
		{ BOARD_MAGIC,
		  BOARD_VERSION,
		  2,
		  { { BOXES, 2 * BOARD_BOX }, { 0, BOARD_TRAY + BOARD_PAGE } },
		  "does not have" },
		{ BOARD_MAGIC,
		  BOARD_VERSION,
		  2,
		  { { BOXES, 2 * BOARD_BOX }, { MB << 20, BOARD_PAGE } },
		  "does not have" },
	};
	struct fake f;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		fake_open(&f);
		*head(&f) = (struct board_head){ .magic = cases[i].magic,
						 .version = cases[i].version,
						 .n_runs = cases[i].n,
						 .run = { cases[i].run[0], cases[i].run[1] } };
		announce(&f, HEAD);
		refused(&f, cases[i].words);
	}
}

/* A board that becomes another one behind our back changes nothing: its pages were copied. */
static void head_changes(void **state)
{
	struct err e = { 0 };
	struct fake f;
	struct msg m;

	(void)state;
	fake_open(&f);
	announce(&f, HEAD);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	head(&f)->run[0].gpa = UINT64_MAX & ~0xfffull;
	head(&f)->n_runs = UINT32_MAX;
	say(&f, MSG_HELLO, "abc", 3);
	call(&f);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	fake_close(&f);
}

static void rings_out_of_turn(void **state)
{
	struct err e = { 0 };
	struct fake f;
	struct msg m;

	(void)state;
	fake_open(&f);
	ring(&f, RING_CALL); /* no board yet */
	refused(&f, "out of turn");
	fake_open(&f);
	ring(&f, 0);
	refused(&f, "out of turn");
	fake_open(&f);
	announce(&f, HEAD);
	announce(&f, HEAD);
	refused(&f, "out of turn");
	fake_open(&f);
	announce(&f, HEAD);
	ring(&f, RING_PARK);
	ring(&f, RING_PARK);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	refused(&f, "out of turn");
	fake_open(&f);
	announce(&f, HEAD);
	head(&f)->out_n = BOARD_BOX + 1;
	call(&f);
	refused(&f, "outbox");
	fake_open(&f);
	announce(&f, HEAD);
	memset(outbox(&f), 'x', 64);
	head(&f)->out_n = 64;
	call(&f);
	refused(&f, "not a frame");
}

/* A guest that never calls is not given messages without end; one whose QEMU went away is told as that. */
static void never_calls(void **state)
{
	auto_free char *big = xcalloc(1, PROTO_MAX);
	struct err e = { 0 };
	struct fake f;
	struct msg m;
	int n = 0;

	(void)state;
	fake_open(&f);
	while (n < 100 && chan_send(&f.vm.chan, MSG_IN, big, PROTO_MAX, -1, &e) == 0)
		n++;
	assert_true(n > 4 && n < 100);
	assert_int_equal(e.code, X_VM);
	shutdown(f.ring, SHUT_RDWR);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EOF);
	fake_close(&f);
}

struct looker {
	int seen[8], n;
	bool fails;
};

static int look(void *arg, int ring, struct err *e)
{
	struct looker *l = arg;

	l->seen[l->n++] = ring;
	return l->fails ? err_set(e, X_VM, "dark") : 0;
}

/* A thread of this process naps in the gate as QEMU's does. */
static void *nap(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_SEQ_CST))
		nanosleep(&(const struct timespec){ .tv_nsec = 100000 }, NULL);
	return NULL;
}

/* Looks, and calls rung for between a look's ring and its gate: each byte in the gate is let through once, and no look comes late. */
static void looks(void **state)
{
	struct fake f;
	struct looker l = { 0 };
	struct err e = { 0 };
	pthread_t sleeper;
	int stop = 0;
	struct msg m;

	(void)state;
	fake_open(&f);
	announce(&f, HEAD);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	assert_int_equal(pthread_create(&sleeper, NULL, nap, &stop), 0);
	assert_int_equal(room(&f), 0);
	ring(&f, RING_SAMPLE);
	/* Nobody is to look: it is out of turn. */
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), -1);
	f.vm.board.look = look;
	f.vm.board.look_arg = &l;
	ring(&f, RING_SAMPLE);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	assert_true(l.n == 1 && l.seen[0] == RING_SAMPLE);
	assert_int_equal(room(&f), 1);
	say(&f, MSG_PONG, NULL, 0);
	ring(&f, RING_CALL);
	ring(&f, RING_MARK);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(l.n, 1);
	head(&f)->out_n = 0;
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	assert_true(l.n == 2 && l.seen[1] == RING_MARK);
	assert_int_equal(room(&f), 2);
	say(&f, MSG_PONG, NULL, 0);
	ring(&f, RING_SAMPLE);
	ring(&f, RING_CALL);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_MSG);
	assert_int_equal(l.n, 3);
	head(&f)->out_n = 0;
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), CHAN_EMPTY);
	assert_int_equal(room(&f), 2);
	l.fails = true;
	ring(&f, RING_SAMPLE);
	assert_int_equal(chan_next(&f.vm.chan, &m, &e), -1);
	assert_non_null(strstr(e.msg, "dark"));
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	pthread_join(sleeper, NULL);
	fake_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),          cmocka_unit_test(longer_than_a_box),
		cmocka_unit_test(bad_addresses),  cmocka_unit_test(bad_heads),
		cmocka_unit_test(head_changes),   cmocka_unit_test(rings_out_of_turn),
		cmocka_unit_test(never_calls),    cmocka_unit_test(heard_again),
		cmocka_unit_test(heard_too_much), cmocka_unit_test(real_time),
		cmocka_unit_test(looks),          in_scratch(tray),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
