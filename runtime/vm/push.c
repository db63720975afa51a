/* push.c: a payload into a guest, without the channel's slowness: the guest names pages, we fill them. */
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

/* There are as many pages as take_runs() counted, so a run is always left. */
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

static int push_content(struct vm *vm, const struct payload *p, struct target *t, long long deadline, struct err *e)
{
	auto_free char *buf = xmalloc(CHUNK);

	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].target && push_file(vm, t, &p->v[i], buf, deadline, e) < 0)
			return -1;
	return 0;
}

int vm_push(struct vm *vm, const struct payload *p, struct err *e)
{
	long long deadline = vm_deadline(vm, VM_PUSH_S);
	auto_free struct proto_run *runs = NULL;
	struct target t = { 0 };
	uint64_t want = 0;
	struct msg m;
	size_t n;

	for (size_t i = 0; i < p->n; i++)
		want += p->v[i].target ? 0 : pages(p->v[i].size);
	auto_free char *list = manifest(p, &n);
	if (chan_send(&vm->chan, MSG_FILES, list, n, deadline, e) < 0)
		return e->code == X_VM ? vm_gone(vm, e) : -1;
	if (vm_expect(vm, MSG_PAGES, &m, deadline, "the guest to make room for files", e) < 0)
		return -1;
	int r = take_runs(&t, vm, &m, want, e);
	runs = t.run;
	if (r < 0 || push_content(vm, p, &t, deadline, e) < 0)
		return -1;
	if (chan_send(&vm->chan, MSG_PUSHED, NULL, 0, deadline, e) < 0)
		return e->code == X_VM ? vm_gone(vm, e) : -1;
	return vm_expect(vm, MSG_FILES_OK, &m, deadline, "the guest to take over its files", e);
}
