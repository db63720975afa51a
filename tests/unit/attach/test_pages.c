/* test_pages.c: pages of a guest as a file, and what differs from a snapshot. This process plays QEMU: it maps the snapshot's RAM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "attach/changed.h"
#include "base/syscalls.h"
#include "scratch.h"
#include "vm/ram.h"
#include "vm/vm.h"

enum { TOTAL = 100, NODES = 2, MB = 64, NODE_PAGES = MB * 256 / NODES };

static int new_file(void)
{
	struct err e = { 0 };
	int fd = memory_file("pages", 0, 0, &e);

	assert_true(fd >= 0);
	return fd;
}

static void write_three(int fd, char hex[NAME_LEN + 1])
{
	auto_pages_writer struct pages_writer w;
	unsigned char page[PAGES_SIZE];
	struct err e = { 0 };

	pages_begin(&w, fd);
	memset(page, 'a', sizeof(page));
	assert_int_equal(pages_add(&w, 3, page, &e), 0);
	memset(page, 0, sizeof(page));
	assert_int_equal(pages_add(&w, 50, page, &e), 0);
	memset(page, 'b', sizeof(page));
	assert_int_equal(pages_add(&w, 99, page, &e), 0);
	assert_int_equal(pages_end(&w, TOTAL, hex, &e), 0);
}

static void round_trip(void **state)
{
	static const uint64_t numbers[] = { 3, 50, 99 };
	static const unsigned char fill[] = { 'a', 0, 'b' };
	char hex[NAME_LEN + 1], twice[NAME_LEN + 1];
	auto_close int fd = new_file(), again = new_file();
	auto_pages struct pages p = { 0 };
	struct err e = { 0 };
	struct stat st;
	uint64_t number;
	const void *page;

	(void)state;
	write_three(fd, hex);
	write_three(again, twice);
	assert_string_equal(hex, twice);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 2 * PAGES_SIZE + 3 * 8 + sizeof(struct pages_foot) + NAME_LEN + 1);
	assert_int_equal(pages_open(&p, fd, TOTAL, &e), 0);
	for (size_t i = 0; i < countof(numbers); i++) {
		assert_int_equal(pages_next(&p, &number, &page), PAGES_PAGE);
		assert_int_equal(number, numbers[i]);
		assert_int_equal(((const unsigned char *)page)[0], fill[i]);
		assert_int_equal(((const unsigned char *)page)[PAGES_SIZE - 1], fill[i]);
	}
	assert_int_equal(pages_next(&p, &number, &page), PAGES_END);
}

/* Every single bit, and every length. */
static void damaged(void **state)
{
	char hex[NAME_LEN + 1];
	auto_close int fd = new_file();
	struct err e = { 0 };
	struct pages p;
	struct stat st;
	char byte;

	(void)state;
	write_three(fd, hex);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pages_open(&p, fd, TOTAL + 1, &e), -1);
	assert_non_null(strstr(e.msg, "another amount of memory"));
	for (off_t at = 0; at < st.st_size; at += at % PAGES_SIZE < 16 || at > 2 * PAGES_SIZE ? 1 : 61) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= (char)(1 << at % 8);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_int_equal(pages_open(&p, fd, TOTAL, &e), -1);
		assert_int_equal(e.code, X_VM);
		byte ^= (char)(1 << at % 8);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	for (off_t n = st.st_size - 1; n >= 0; n -= n > 200 && n < st.st_size - 200 ? 197 : 1) {
		assert_int_equal(ftruncate(fd, n), 0);
		assert_int_equal(pages_open(&p, fd, TOTAL, &e), -1);
		assert_int_equal(e.code, X_VM);
	}
}

/* Numbers that are wrong in a file whose hash is right. */
static void unsound(void **state)
{
	static const struct {
		uint64_t number[2], n, stored;
		const char *why;
	} cases[] = {
		{ { 1 | PAGES_ZERO, 1 | PAGES_ZERO }, 2, 0, "out of order" },
		{ { 2 | PAGES_ZERO, 1 | PAGES_ZERO }, 2, 0, "out of order" },
		{ { 1 | PAGES_ZERO, TOTAL | PAGES_ZERO }, 2, 0, "out of order" },
		{ { 1 | PAGES_ZERO, 2 }, 2, 0, "other pages than it names" },
		{ { 1, 2 }, 2, 3, "more pages than there are" },
		{ { 1, 2 }, TOTAL + 1, 0, "more pages than there are" },
		{ { 1 | PAGES_ZERO, 2 | PAGES_ZERO }, 1, 0, "length" },
		{ { 1, 2 }, UINT64_MAX, UINT64_MAX, "more pages than there are" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct {
			uint64_t number[2];
			struct pages_foot foot;
			char sum[NAME_LEN + 1];
		} f = { .number = { cases[i].number[0], cases[i].number[1] },
			.foot = { PAGES_MAGIC, PAGES_SIZE, TOTAL, cases[i].n, cases[i].stored } };
		const size_t n = offsetof(__typeof__(f), sum);
		auto_close int fd = new_file();
		struct err e = { 0 };
		struct pages p;

		name_hex(&f, n, f.sum);
		assert_int_equal(write_all(fd, &f, n, "pages", &e), 0);
		f.sum[NAME_LEN] = '\n';
		assert_int_equal(write_all(fd, f.sum, sizeof(f.sum), "pages", &e), 0);
		assert_int_equal(pages_open(&p, fd, TOTAL, &e), -1);
		assert_non_null(strstr(e.msg, cases[i].why));
	}
}

struct fake {
	struct vm vm;
	char *ram[NODES];
};

/* own: with memory of its own; else as one that is continued from the snapshot. */
static void fake_open(struct fake *f, const char *dir, bool own)
{
	struct machine m = { .kind = MACHINE_Q35, .topo = TOPOLOGY(NODES, NODES, 1, 1), .memory_mb = MB };
	struct machine_wires w = { 0 };
	struct err e = { 0 };

	vm_init(&f->vm, &m);
	assert_int_equal(ram_open(&f->vm, dir, own, &w, &e), 0);
	for (unsigned i = 0; i < NODES; i++) {
		f->ram[i] = mmap(NULL, machine_node_bytes(&m, i), PROT_READ | PROT_WRITE,
				 own ? MAP_SHARED : MAP_PRIVATE, f->vm.ram[i], 0);
		assert_ptr_not_equal(f->ram[i], MAP_FAILED);
	}
	f->vm.qemu.pid = getpid();
}

static void fake_close(struct fake *f)
{
	for (unsigned i = 0; i < NODES; i++)
		munmap(f->ram[i], machine_node_bytes(&f->vm.m, i));
	f->vm.qemu = (struct child){ 0 };
	vm_close(&f->vm);
}

static void make_snapshot(const char *dir)
{
	for (unsigned i = 0; i < NODES; i++) {
		auto_free char *path = xasprintf("%s/ram%u", dir, i);
		auto_close int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

		assert_int_equal(ftruncate(fd, (off_t)NODE_PAGES * PAGES_SIZE), 0);
		assert_int_equal(pwrite(fd, "snapshot", 8, 5 * PAGES_SIZE), 8);
		assert_int_equal(pwrite(fd, "to be cleared", 13, 600 * PAGES_SIZE), 13);
	}
}

/* A write, a page that is as it was although it was written to, one that is cleared, and the last one. */
static void change(struct fake *f)
{
	memcpy(f->ram[0] + 5 * PAGES_SIZE, "guest", 5);
	memcpy(f->ram[1] + 5 * PAGES_SIZE, "snapshot", 8);
	memset(f->ram[1] + 600 * PAGES_SIZE, 0, 13);
	f->ram[1][NODE_PAGES * PAGES_SIZE - 1] = 'e';
}

static void changed_pages(void **state)
{
	static const uint64_t expected[] = { 5, NODE_PAGES + 600, 2 * NODE_PAGES - 1 };
	auto_close int fd = new_file();
	auto_pages struct pages p = { 0 };
	struct err e = { 0 };
	uint64_t number;
	const void *page;
	struct fake f;

	make_snapshot(*state);
	fake_open(&f, *state, true);
	change(&f);
	assert_int_equal(changed_write(&f.vm, *state, fd, &e), 0);
	fake_close(&f);
	assert_int_equal(pages_open(&p, fd, 2 * NODE_PAGES, &e), 0);
	for (size_t i = 0; i < countof(expected); i++) {
		assert_int_equal(pages_next(&p, &number, &page), PAGES_PAGE);
		assert_int_equal(number, expected[i]);
	}
	assert_int_equal(pages_next(&p, &number, &page), PAGES_END);

	fake_open(&f, *state, false);
	assert_int_equal(changed_lay(&f.vm, fd, &e), 0);
	assert_memory_equal(f.ram[0] + 5 * PAGES_SIZE, "guesthot", 8);
	assert_memory_equal(f.ram[1] + 5 * PAGES_SIZE, "snapshot", 8);
	assert_int_equal(f.ram[1][600 * PAGES_SIZE], 0);
	assert_int_equal(f.ram[1][NODE_PAGES * PAGES_SIZE - 1], 'e');
	fake_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(damaged),
		cmocka_unit_test(unsound),
		in_scratch(changed_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
