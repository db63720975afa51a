/* push.c: a payload into a guest, without the channel's slowness: into the board's tray, and into pages that the guest names. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "guest/board.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "vm/end.h"
#include "vm/push.h"
#include "vm/ram.h"
#include "vm/vm.h"

enum { PAGE = 4096, CHUNK = 1 << 20 };

static uint64_t pages(uint64_t size)
{
	return (size + PAGE - 1) / PAGE;
}

/* The guest's pages as one stretch that is filled from front to back. */
struct target {
	struct proto_run *run;
	size_t n, i;
	uint64_t used; /* of run[i] */
};

static uint32_t tray_pages(const struct vm *vm)
{
	return vm->chan.board ? vm->board.tray : 0;
}

/* The tray as such a stretch. */
static void take_tray(struct target *t, const struct vm *vm)
{
	t->run = xcalloc(tray_pages(vm) + 1, sizeof(*t->run));
	for (uint32_t i = 0; i < tray_pages(vm); i++) {
		uint64_t gpa = vm->board.page[BOARD_PAGES + i];
		struct proto_run *last = t->n ? &t->run[t->n - 1] : NULL;

		if (last && last->gpa + last->len == gpa)
			last->len += PAGE;
		else
			t->run[t->n++] = (struct proto_run){ gpa, PAGE };
	}
}

static char *manifest(const struct payload *p, size_t *n)
{
	char *text = NULL;
	FILE *f = xmemstream(&text, n);

	for (size_t i = 0; i < p->n; i++) {
		const struct payload_file *v = &p->v[i];
		struct proto_file rec = {
			.mode = v->target ? PROTO_LINK : v->mode & 07777,
			.path_len = (uint32_t)strlen(v->guest),
			.size = v->target ? strlen(v->target) : v->size,
			.mtime_s = v->dated ? v->mtime.tv_sec : 0,
			.mtime_ns = v->dated ? (uint32_t)v->mtime.tv_nsec : PROTO_UNDATED,
		};

		fwrite(&rec, sizeof(rec), 1, f);
		fwrite(v->guest, rec.path_len, 1, f);
		if (v->target)
			fwrite(v->target, rec.size, 1, f);
	}
	fclose(f);
	return text;
}

/* Every page in RAM, and exactly as many as we asked for. */
static int take_runs(struct target *t, const struct vm *vm, const struct msg *m, uint64_t want, struct err *e)
{
	uint64_t total = 0;

	if (m->n % sizeof(*t->run))
		return err_set(e, X_VM, "the guest's list of pages is damaged");
	t->n = m->n / sizeof(*t->run);
	t->run = xmemdup(m->data, m->n);
	for (size_t i = 0; i < t->n; i++) {
		const struct proto_run *r = &t->run[i];
		uint64_t offset, run;

		if (!r->len || r->gpa % PAGE || r->len % PAGE || !machine_ram_offset(&vm->m, r->gpa, &offset, &run) ||
		    run < r->len)
			return err_set(e, X_VM, "the guest names pages it does not have: %#" PRIx64 " (+%" PRIu64 ")",
				       r->gpa, r->len);
		total += r->len / PAGE;
		if (total > want)
			break;
	}
	if (total != want)
		return err_set(e, X_VM, "the guest names %s pages than the %" PRIu64 " it was asked for",
			       total > want ? "more" : "fewer", want);
	return 0;
}

/* There are as many pages as take_runs() or the tray counted, so a run is always left. */
static int fill(struct vm *vm, struct target *t, const char *data, size_t n, struct err *e)
{
	while (n) {
		const struct proto_run *r = &t->run[t->i];
		uint64_t left = r->len - t->used;
		size_t now = left < n ? (size_t)left : n;

		if (vm_write_phys(vm, r->gpa + t->used, data, now, e) < 0)
			return -1;
		data += now;
		n -= now;
		t->used += now;
		if (t->used == r->len) {
			t->i++;
			t->used = 0;
		}
	}
	return 0;
}

static int push_file(struct vm *vm, struct target *t, const struct payload_file *v, char *buf, long long deadline,
		     struct err *e)
{
	auto_close int fd = open(v->host, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || lseek(fd, (off_t)v->offset, SEEK_SET) < 0)
		return err_sys(e, "open %s", v->host);
	for (uint64_t left = v->size; left;) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t n = read_full(fd, buf, want);

		if (n < 0)
			return err_sys(e, "read %s", v->host);
		if ((size_t)n != want)
			return err_set(e, X_FAIL, "%s became shorter while it was read", v->host);
		size_t whole = pages(want) * PAGE;

		memset(buf + want, 0, whole - want);
		if (fill(vm, t, buf, whole, e) < 0)
			return -1;
		left -= want;
		if (now_ms() >= deadline)
			return err_set(e, X_TIMEOUT, "timed out while files were copied into the guest");
		if (stop_pending())
			return stop_err(e);
	}
	return 0;
}

/* Those files that go through the tray, or the others. */
static int push_content(struct vm *vm, const struct payload *p, bool tray, struct target *t, long long deadline,
			struct err *e)
{
	auto_free char *buf = xmalloc(CHUNK);
	uint32_t used = 0;

	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].target && board_tray_takes(&used, tray_pages(vm), p->v[i].size) == tray &&
		    push_file(vm, t, &p->v[i], buf, deadline, e) < 0)
			return -1;
	return 0;
}

static int push_tray(struct vm *vm, const struct payload *p, long long deadline, struct err *e)
{
	struct target t = { 0 };

	take_tray(&t, vm);
	int r = push_content(vm, p, true, &t, deadline, e);

	free(t.run);
	return r;
}

/* want pages of files that the tray does not take. */
static int push_pages(struct vm *vm, const struct payload *p, uint64_t want, long long deadline, struct err *e)
{
	struct target t = { 0 };
	struct msg m;

	if (vm_expect(vm, MSG_PAGES, &m, deadline, "the guest to make room for files", e) < 0)
		return -1;
	int r = take_runs(&t, vm, &m, want, e);

	if (r == 0)
		r = push_content(vm, p, false, &t, deadline, e);
	free(t.run);
	if (r < 0)
		return -1;
	if (chan_send(&vm->chan, MSG_PUSHED, NULL, 0, deadline, e) < 0)
		return e->code == X_VM ? vm_gone(vm, e) : -1;
	return 0;
}

int vm_push(struct vm *vm, const struct payload *p, struct err *e)
{
	long long deadline = vm_deadline(vm, VM_PUSH_S);
	uint64_t want = 0;
	uint32_t used = 0;
	struct msg m;
	size_t n;

	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].target && !board_tray_takes(&used, tray_pages(vm), p->v[i].size))
			want += pages(p->v[i].size);
	auto_free char *list = manifest(p, &n);
	if (push_tray(vm, p, deadline, e) < 0)
		return -1;
	if (chan_send(&vm->chan, MSG_FILES, list, n, deadline, e) < 0)
		return e->code == X_VM ? vm_gone(vm, e) : -1;
	if (want && push_pages(vm, p, want, deadline, e) < 0)
		return -1;
	return vm_expect(vm, MSG_FILES_OK, &m, deadline, "the guest to take over its files", e);
}
