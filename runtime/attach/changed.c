#include "attach/changed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "vm/ram.h"
#include "vm/state.h"

enum { PART = 512 /* pages looked at together */, PART_BYTES = PART * PAGES_SIZE };

struct look {
	struct vm *vm;
	struct pages_writer *w;
	int base;         /* the snapshot's file of this node */
	uint64_t address; /* of this node in QEMU */
	uint64_t first;   /* number of its first page */
	char now[PART_BYTES], before[PART_BYTES];
};

static uint64_t total_pages(const struct machine *m)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < m->topo.nodes; i++)
		bytes += machine_node_bytes(m, i);
	return bytes / PAGES_SIZE;
}

static int read_process(const struct look *l, uint64_t at, char *to, size_t n, struct err *e)
{
	while (n) {
		ssize_t r = process_read(l->vm->qemu.pid, l->address + at, to, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && (errno == EPERM || errno == EACCES))
			return err_set(e, X_VM, "this user may not look into QEMU's memory: %s", process_refusal());
		if (r <= 0)
			return err_sys(e, "read the guest's memory");
		to += r;
		at += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

static int read_base(const struct look *l, uint64_t at, char *to, size_t n, struct err *e)
{
	while (n) {
		ssize_t r = pread(l->base, to, n, (off_t)at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r ? err_sys(e, "read the snapshot's memory")
				 : err_set(e, X_VM, "the snapshot's memory is too short");
		to += r;
		at += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

/* n pages of the node from page on. */
static int compare(struct look *l, uint64_t page, size_t n, struct err *e)
{
	if (read_process(l, page * PAGES_SIZE, l->now, n * PAGES_SIZE, e) < 0 ||
	    read_base(l, page * PAGES_SIZE, l->before, n * PAGES_SIZE, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *now = l->now + i * PAGES_SIZE;

		if (memcmp(now, l->before + i * PAGES_SIZE, PAGES_SIZE) != 0 &&
		    pages_add(l->w, l->first + page + i, now, e) < 0)
			return -1;
	}
	return 0;
}

/* A hole of the copy is one of the snapshot. */
static int look_part(struct look *l, unsigned node, uint64_t page, size_t n, struct err *e)
{
	off_t at = (off_t)(page * PAGES_SIZE), data = lseek(l->vm->ram[node], at, SEEK_DATA);

	if ((data < 0 && errno == ENXIO) || data >= at + (off_t)(n * PAGES_SIZE))
		return 0;
	return compare(l, page, n, e);
}

static int look_node(struct look *l, unsigned node, struct err *e)
{
	uint64_t n = machine_node_bytes(&l->vm->m, node) / PAGES_SIZE;

	if (ram_address(l->vm, node, &l->address, e) < 0)
		return -1;
	for (uint64_t page = 0; page < n; page += PART) {
		if (look_part(l, node, page, n - page < PART ? n - page : PART, e) < 0)
			return -1;
		if (stop_pending())
			return stop_err(e);
	}
	l->first += n;
	return 0;
}

int changed_write(struct vm *vm, const char *snapshot_dir, int fd, struct err *e)
{
	auto_free struct look *l = xcalloc(1, sizeof(*l));
	auto_pages_writer struct pages_writer w;
	char hex[NAME_LEN + 1];
	int r = 0;

	pages_begin(&w, fd);
	l->vm = vm;
	l->w = &w;
	for (unsigned i = 0; r == 0 && i < vm->m.topo.nodes; i++) {
		auto_free char *path = xasprintf("%s/ram%u", snapshot_dir, i);
		auto_close int base = open(path, O_RDONLY | O_CLOEXEC);

		l->base = base;
		r = base < 0 ? err_sys(e, "open %s", path) : look_node(l, i, e);
	}
	return r < 0 ? -1 : pages_end(&w, total_pages(&vm->m), hex, e);
}

static int write_process(pid_t pid, uint64_t address, const char *from, size_t n, struct err *e)
{
	while (n) {
		ssize_t r = process_write(pid, address, from, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && (errno == EPERM || errno == EACCES))
			return err_set(e, X_VM, "this user may not look into QEMU's memory: %s", process_refusal());
		if (r <= 0)
			return err_sys(e, "write the guest's memory");
		from += r;
		address += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

/* Pages that lie side by side here and there, and are written together. */
struct run {
	uint64_t to;
	const char *from;
	size_t n;
};

static int lay_page(pid_t pid, struct run *run, uint64_t to, const char *from, struct err *e)
{
	if (run->n && to == run->to + run->n && from == run->from + run->n) {
		run->n += PAGES_SIZE;
		return 0;
	}
	if (write_process(pid, run->to, run->from, run->n, e) < 0)
		return -1;
	*run = (struct run){ to, from, PAGES_SIZE };
	return 0;
}

int changed_lay(struct vm *vm, int fd, struct err *e)
{
	uint64_t number, first = 0, address = 0, end = 0;
	auto_pages struct pages p = { 0 };
	struct run run = { .n = 0 };
	unsigned node = 0;
	const void *page;

	if (pages_open(&p, fd, total_pages(&vm->m), e) < 0)
		return -1;
	while (pages_next(&p, &number, &page) == PAGES_PAGE) {
		while (number >= end) {
			first = end;
			end += machine_node_bytes(&vm->m, node) / PAGES_SIZE;
			if (ram_address(vm, node++, &address, e) < 0)
				return -1;
		}
		if (lay_page(vm->qemu.pid, &run, address + (number - first) * PAGES_SIZE, page, e) < 0)
			return -1;
	}
	return write_process(vm->qemu.pid, run.to, run.from, run.n, e);
}
