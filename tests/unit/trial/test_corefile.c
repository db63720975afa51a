/* test_corefile.c: what is added to a core of QEMU's, and what is no such core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "inspect/kmem.h"
#include "trial/core.h"
#include "trial/corefile.h"
#include "vm/vm.h"

/* One note of QEMU's, and two pieces of RAM: at 0, and at 1 MiB with the image one page in. */
enum { MEM = 8 << 20, LOW = 64 << 10, HIGH = 1 << 20, NOTE = 20, AT = 0x508 };
static const char info[] = "OSRELEASE=7.3.4\nBUILD-ID=12\nPAGESIZE=4096\n";

struct made {
	Elf64_Ehdr head;
	Elf64_Phdr p[3];
	char notes[NOTE];
};

static struct made whole(void)
{
	static const uint32_t note[] = { 5, 0, 1 };
	struct made m = {
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB },
			  .e_type = ET_CORE,
			  .e_phoff = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 3,
			  .e_shnum = 1 },
		.p = { { .p_type = PT_NOTE, .p_offset = offsetof(struct made, notes), .p_filesz = NOTE },
		       { .p_type = PT_LOAD, .p_offset = AT, .p_filesz = LOW, .p_memsz = LOW },
		       { .p_type = PT_LOAD, .p_offset = AT + LOW, .p_paddr = HIGH, .p_filesz = MEM, .p_memsz = MEM } }
	};

	memcpy(m.notes, note, sizeof(note));
	memcpy(m.notes + sizeof(note), "CORE", 5);
	return m;
}

/* noted: where in memory the kernel's text of it is; 0: nowhere. */
static int make(const struct made *m, uint64_t noted)
{
	struct err e = { 0 };
	int fd = memory_file("core", 0, AT + LOW + MEM, &e);
	static const char used[] = "used";

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, AT + LOW + MEM), 0);
	assert_int_equal(pwrite(fd, m, sizeof(*m), 0), sizeof(*m));
	assert_int_equal(pwrite(fd, used, sizeof(used), AT + LOW + MEM / 2), sizeof(used));
	if (noted)
		assert_int_equal(pwrite(fd, info, strlen(info), (off_t)(AT + LOW + noted - HIGH)), strlen(info));
	return fd;
}

static const struct corefile_map map = { 0xffff888000000000, 0xffffffff81000000, HIGH + 4096 };

static void test_added(void **state)
{
	struct made m = whole();
	struct err e = { 0 };
	int fd = make(&m, HIGH + 3 * 4096);
	Elf64_Phdr p[4];
	Elf64_Ehdr head;
	char notes[200];
	struct stat st;

	(void)state;
	assert_int_equal(corefile_finish(fd, &map, &e), COREFILE_NOTED);
	assert_int_equal(pread(fd, &head, sizeof(head), 0), sizeof(head));
	assert_int_equal(head.e_phnum, 4);
	assert_int_equal(head.e_shnum, 0);
	assert_int_equal(pread(fd, p, sizeof(p), (off_t)head.e_phoff), sizeof(p));
	assert_int_equal(p[0].p_type, PT_NOTE);
	assert_int_equal(p[1].p_vaddr, 0xffffffff81000000);
	assert_int_equal(p[1].p_paddr, HIGH + 4096);
	assert_int_equal(p[1].p_offset, AT + LOW + 4096);
	assert_int_equal(p[1].p_filesz, MEM - 4096);
	assert_int_equal(p[2].p_vaddr, 0xffff888000000000);
	assert_int_equal(p[3].p_vaddr, 0xffff888000000000 + HIGH);
	assert_int_equal(p[3].p_offset, AT + LOW);
	assert_true(p[0].p_filesz < sizeof(notes));
	assert_int_equal(pread(fd, notes, p[0].p_filesz, (off_t)p[0].p_offset), p[0].p_filesz);
	/* QEMU's, then ours: head, name in whole words, text. */
	assert_memory_equal(notes, m.notes, NOTE);
	const uint32_t ours[] = { sizeof("VMCOREINFO"), sizeof(info) - 1, 0 };

	assert_memory_equal(notes + NOTE, ours, sizeof(ours));
	assert_string_equal(notes + NOTE + sizeof(ours), "VMCOREINFO");
	assert_memory_equal(notes + NOTE + sizeof(ours) + 12, info, strlen(info));
	/* Memory that nobody used is a hole, and what was used is there. */
	assert_int_equal(pread(fd, notes, 5, AT + LOW + MEM / 2), 5);
	assert_string_equal(notes, "used");
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_blocks * 512 < MEM / 2);
	close(fd);
}

static void test_bare(void **state)
{
	struct made m = whole();
	struct err e = { 0 };
	const struct corefile_map nothing = { 0 };
	int fd = make(&m, 0);
	Elf64_Ehdr head;
	Elf64_Phdr p[3];

	(void)state;
	assert_int_equal(corefile_finish(fd, &nothing, &e), COREFILE_BARE);
	assert_int_equal(pread(fd, &head, sizeof(head), 0), sizeof(head));
	assert_int_equal(head.e_phnum, 3);
	assert_int_equal(pread(fd, p, sizeof(p), (off_t)head.e_phoff), sizeof(p));
	assert_int_equal(p[0].p_filesz, NOTE);
	assert_int_equal(p[2].p_vaddr, 0);
	close(fd);
	/* In the middle of a page it is somebody's text. */
	fd = make(&m, HIGH + 4096 + 64);
	assert_int_equal(corefile_finish(fd, &map, &e), COREFILE_BARE);
	close(fd);
}

static void refuse(const struct made *m)
{
	struct err e = { 0 };
	int fd = make(m, 0);

	assert_int_equal(corefile_finish(fd, &map, &e), -1);
	assert_int_equal(e.code, X_VM);
	close(fd);
}

static void test_damaged(void **state)
{
	struct made m = whole();
	struct err e = { 0 };

	(void)state;
	m.head.e_ident[1] = 'L';
	refuse(&m);
	m = whole();
	m.head.e_phnum = 0;
	refuse(&m);
	m = whole();
	m.head.e_phnum = 60000;
	refuse(&m);
	m = whole();
	m.head.e_phoff = UINT64_MAX / 2;
	refuse(&m);
	m = whole();
	m.p[1].p_filesz = UINT64_MAX;
	refuse(&m);
	m = whole();
	m.p[1].p_offset = UINT64_MAX - 1;
	refuse(&m);
	m = whole();
	m.p[2].p_paddr = UINT64_MAX - 10;
	refuse(&m);
	m = whole();
	m.p[0].p_filesz = 5 << 20;
	refuse(&m);
	int empty = memory_file("core", 0, 0, &e);

	assert_int_equal(corefile_finish(empty, &map, &e), -1);
	close(empty);
}

/* Signals stay blocked in who asked for that, so another process does. 0: nothing was written to the file. */
static int finish_stopped(int fd)
{
	struct err e = { 0 };
	Elf64_Ehdr head;

	if (stop_init(&e) < 0 || raise(SIGTERM) != 0 || corefile_finish(fd, &map, &e) != -1)
		return 1;
	if (e.code != X_INTERRUPTED)
		return 2;
	return pread(fd, &head, sizeof(head), 0) == sizeof(head) && head.e_shnum == 1 ? 0 : 3;
}

/* All of a guest's memory may be read to find nothing. */
static void test_stopped(void **state)
{
	struct made m = whole();
	int fd = make(&m, 0), status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(finish_stopped(fd));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
}

static void test_relative(void **state)
{
	auto_free struct vm *vm = xcalloc(1, sizeof(*vm));
	const struct kmem m = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(core_write(vm, &m, "core", &e), -1);
	assert_int_equal(e.code, X_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_added), cmocka_unit_test(test_bare),
					    cmocka_unit_test(test_damaged), cmocka_unit_test(test_stopped),
					    cmocka_unit_test(test_relative) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
