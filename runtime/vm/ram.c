/* ram.c: a guest's RAM: files we open, QEMU maps, and we read and write where QEMU has them mapped.
 *
 * QEMU opens them as /proc/self/fd/N, so they need no name, and a private mapping of a snapshot is seen as the guest
 * sees it. */
#include <asm-generic/hugetlb_encode.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "vm/ram.h"
#include "vm/state.h"

enum { PIECE = 16 << 20 }; /* copied between two looks whether we are to stop */

/* A nameless file; perf.huge: of 2 MiB pages. */
static int nameless(const struct vm *vm, uint64_t size, struct err *e)
{
	return memory_file("the guest", vm->perf.huge ? MFD_HUGETLB | HUGETLB_FLAG_ENCODE_2MB : 0, size, e);
}

int ram_create(struct vm *vm, const char *dir, struct err *e)
{
	for (unsigned i = 0; i < vm->m.topo.nodes; i++) {
		auto_free char *path = xasprintf("%s/ram%u", dir ? dir : "", i);

		vm->ram[i] = dir ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644)
				 : nameless(vm, machine_node_bytes(&vm->m, i), e);
		if (vm->ram[i] < 0)
			return dir ? err_sys(e, "create the guest's memory %s", path) : -1;
		if (ftruncate(vm->ram[i], (off_t)machine_node_bytes(&vm->m, i)) < 0)
			return err_sys(e, "size the guest's memory");
	}
	return 0;
}

int ram_forget(const char *dir, unsigned nodes, struct err *e)
{
	for (unsigned i = 0; dir && i < nodes; i++) {
		auto_free char *path = xasprintf("%s/ram%u", dir, i);

		if (unlink(path) < 0 && errno != ENOENT)
			return err_sys(e, "remove %s", path);
	}
	return 0;
}

/* A file of huge pages cannot be written to, only mapped. */
static int copy_mapped(int from, int to, uint64_t size, struct err *e)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	off_t at = 0;

	if (map == MAP_FAILED)
		return err_sys(e, "map the guest's memory");
	while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(from, at, SEEK_HOLE);

		while (end > at && !stop_pending()) {
			ssize_t n = pread(from, map + at, end - at < PIECE ? (size_t)(end - at) : PIECE, at);

			if (n <= 0)
				break;
			at += n;
		}
		if (end < 0 || at < end)
			break;
	}
	int no = errno;

	munmap(map, size);
	if (stop_pending())
		return stop_err(e);
	errno = no;
	return at < 0 && no == ENXIO ? 0 : err_sys(e, "copy the guest's memory");
}

/* Copies what is no hole. */
static int copy_ram(int from, int to, uint64_t size, bool huge, struct err *e)
{
	off_t at = 0;

	if (ftruncate(to, (off_t)size) < 0)
		return err_sys(e, "size the guest's memory");
	if (huge)
		return copy_mapped(from, to, size, e);
	while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(from, at, SEEK_HOLE);

		if (end < 0 || lseek(to, at, SEEK_SET) < 0)
			return err_sys(e, "copy the guest's memory");
		if (lseek(from, at, SEEK_SET) < 0)
			return err_sys(e, "copy the guest's memory");
		while (at < end) {
			ssize_t n = send_bytes(to, from, end - at < PIECE ? (size_t)(end - at) : PIECE);

			if (stop_pending())
				return stop_err(e);
			if (n <= 0)
				return err_sys(e, "copy the guest's memory");
			at += n;
		}
	}
	return errno == ENXIO ? 0 : err_sys(e, "copy the guest's memory");
}

/* QEMU learnt to map a file privately that it may not write in 8.2. */
static int maps_readonly(const struct vm *vm, bool *can, struct err *e)
{
	auto_free char *version = qemu_version(machine_arch(&vm->m), e);

	if (!version)
		return -1;
	*can = qemu_since(version, 8, 2);
	return 0;
}

static int open_one(struct vm *vm, unsigned i, const char *dir, bool *readonly, struct err *e)
{
	auto_free char *path = xasprintf("%s/ram%u", dir, i);
	uint64_t size = machine_node_bytes(&vm->m, i);
	struct stat st;

	vm->ram[i] = open(path, O_RDWR | O_CLOEXEC);
	*readonly = vm->ram[i] < 0 && (errno == EACCES || errno == EROFS || errno == EPERM);
	if (*readonly)
		vm->ram[i] = open(path, O_RDONLY | O_CLOEXEC);
	if (vm->ram[i] < 0 || fstat(vm->ram[i], &st) < 0)
		return err_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
		return err_set(e, X_FAIL, "%s: not the %" PRIu64 " bytes of memory of this guest", path, size);
	return 0;
}

/* In place of private mappings: the used part of each file, in memory of our own. */
static int copy_all(struct vm *vm, struct machine_wires *w, struct err *e)
{
	for (unsigned i = 0; i < vm->m.topo.nodes; i++) {
		uint64_t size = machine_node_bytes(&vm->m, i);
		int copy = nameless(vm, size, e);

		if (copy < 0)
			return -1;
		int r = copy_ram(vm->ram[i], copy, size, vm->perf.huge, e);

		close(vm->ram[i]);
		vm->ram[i] = copy;
		if (r < 0)
			return -1;
	}
	w->ram_mode = RAM_SHARED;
	return 0;
}

int ram_open(struct vm *vm, const char *dir, bool own, struct machine_wires *w, struct err *e)
{
	bool readonly = false;

	for (unsigned i = 0; i < vm->m.topo.nodes; i++)
		if (open_one(vm, i, dir, &readonly, e) < 0)
			return -1;
	w->ram_mode = RAM_PRIVATE;
	if (vm->perf.huge || own)
		return copy_all(vm, w, e);
	if (!readonly)
		return 0;
	if (maps_readonly(vm, &readonly, e) < 0)
		return -1;
	if (!readonly)
		return copy_all(vm, w, e);
	w->ram_mode = RAM_PRIVATE_READONLY;
	return 0;
}

/* A line of maps: "from-to perms offset major:minor inode   path\n". */
struct mapping {
	uint64_t from, to, offset, inode;
	unsigned major, minor;
	const char *path; /* "" without one */
};

static bool mapping_parse(struct mapping *m, char *line)
{
	int at = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 " %x:%x %" SCNu64 " %n", &m->from, &m->to, &m->offset,
		   &m->major, &m->minor, &m->inode, &at) != 6)
		return false;
	m->path = line + at;
	return at > 0;
}

/* The file's number and size, and then its device; or, where the device is that of a lower file system (overlay, btrfs), its
 * name. Numbers alone are those of other file systems' files as well. */
static bool is_ram(const struct mapping *m, const struct stat *st, const char *name)
{
	return m->inode == st->st_ino && m->offset == 0 && m->to - m->from == (uint64_t)st->st_size &&
	       ((m->major == major(st->st_dev) && m->minor == minor(st->st_dev)) || !strcmp(m->path, name));
}

int ram_find(FILE *maps, int fd, uint64_t *address, struct err *e)
{
	auto_free char *link = xasprintf("/proc/self/fd/%d", fd), *line = NULL;
	char name[PATH_MAX] = "";
	struct mapping m;
	struct stat st;
	size_t cap = 0;

	if (fstat(fd, &st) < 0 || readlink(link, name, sizeof(name) - 1) < 0)
		return err_sys(e, "find the guest's memory");
	rewind(maps);
	while (getline(&line, &cap, maps) > 0) {
		if (!mapping_parse(&m, line) || !is_ram(&m, &st, name))
			continue;
		*address = m.from;
		return 0;
	}
	return err_set(e, X_VM, "QEMU has not mapped the guest's memory");
}

static int find_all(struct vm *vm, struct err *e)
{
	auto_free char *path = xasprintf("/proc/%d/maps", (int)vm->qemu.pid);
	auto_file FILE *f = fopen(path, "re");

	if (!f)
		return err_sys(e, "open %s", path);
	for (unsigned i = 0; i < vm->m.topo.nodes; i++)
		if (ram_find(f, vm->ram[i], &vm->ram_host[i], e) < 0)
			return -1;
	return 0;
}

/* Where an offset into all nodes' RAM lies in QEMU. *run shrinks to what is contiguous there. */
static uint64_t host_address(const struct vm *vm, uint64_t offset, uint64_t *run)
{
	unsigned i = 0;

	for (; i + 1 < vm->m.topo.nodes && offset >= machine_node_bytes(&vm->m, i); i++)
		offset -= machine_node_bytes(&vm->m, i);
	uint64_t left = machine_node_bytes(&vm->m, i) - offset;

	if (*run > left)
		*run = left;
	return vm->ram_host[i] + offset;
}

int ram_address(struct vm *vm, unsigned node, uint64_t *address, struct err *e)
{
	if (vm->qemu.pid <= 0)
		return err_set(e, X_VM, "the guest's memory is gone: QEMU has ended");
	if (!vm->ram_host[vm->m.topo.nodes - 1] && find_all(vm, e) < 0)
		return -1;
	*address = vm->ram_host[node];
	return 0;
}

static int check_range(const struct vm *vm, uint64_t gpa, size_t n, struct err *e)
{
	uint64_t at = gpa, left = n;

	while (left) {
		uint64_t offset, run;

		if (!machine_ram_offset(&vm->m, at, &offset, &run))
			return err_set(e, X_VM, "guest-physical %#" PRIx64 " (+%zu) is outside the guest's memory", gpa,
				       n);
		if (run >= left)
			return 0;
		at += run;
		left -= run;
	}
	return 0;
}

static int transfer(struct vm *vm, bool write, uint64_t gpa, void *buf, size_t n, struct err *e)
{
	char *p = buf;

	if (vm->qemu.pid <= 0)
		return err_set(e, X_VM, "the guest's memory is gone: QEMU has ended");
	if (check_range(vm, gpa, n, e) < 0 || (!vm->ram_host[vm->m.topo.nodes - 1] && find_all(vm, e) < 0))
		return -1;
	while (n) {
		uint64_t offset, run;

		(void)machine_ram_offset(&vm->m, gpa, &offset, &run); /* checked above */
		uint64_t host = host_address(vm, offset, &run);
		size_t want = run < n ? (size_t)run : n;
		ssize_t done =
			write ? process_write(vm->qemu.pid, host, p, want) : process_read(vm->qemu.pid, host, p, want);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == ESRCH)
			return err_set(e, X_VM, "the guest's memory is gone: QEMU has ended");
		if (done < 0 && (errno == EPERM || errno == EACCES))
			return err_set(e, X_VM, "this user may not look into QEMU's memory: %s", process_refusal());
		if (done <= 0)
			return err_sys(e, "guest-physical %#" PRIx64, gpa);
		p += done;
		gpa += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

int vm_read_phys(void *vm, uint64_t gpa, void *buf, size_t n, struct err *e)
{
	return transfer(vm, false, gpa, buf, n, e);
}

int vm_write_phys(struct vm *vm, uint64_t gpa, const void *buf, size_t n, struct err *e)
{
	return transfer(vm, true, gpa, (void *)buf, n, e);
}
