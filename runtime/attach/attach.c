#include "attach/attach.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "attach/changed.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/proto.h"
#include "vm/park.h"
#include "vm/snapshot.h"
#include "vm/vm.h"

#define PROGRAM "/scheduler"

int attach_again(struct vm *vm, const char *const *args, size_t n, long long deadline, struct err *e)
{
	struct proto_start h = { .argc = 1 + (uint32_t)n };
	auto_free char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	fwrite(&h, sizeof(h), 1, f);
	fwrite(PROGRAM, sizeof(PROGRAM), 1, f);
	for (size_t i = 0; i < n; i++)
		fwrite(args[i], strlen(args[i]) + 1, 1, f);
	fclose(f);
	return chan_send(&vm->chan, MSG_START, text, size, deadline, e) < 0 ? err_in(e, "start the scheduler") : 0;
}

int attach_start(struct vm *vm, const char *const *args, size_t n, uint64_t ms, long long deadline, struct err *e)
{
	if (vm->m.clock.virtual)
		chan_record(&vm->chan);
	if (vm_deadline_inside(vm, ms, e) < 0)
		return err_in(e, "start the scheduler");
	return attach_again(vm, args, n, deadline, e);
}

static int write_pages(struct vm *vm, const char *snapshot_dir, int dir, struct err *e)
{
	auto_close int fd = openat(dir, "pages", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? err_sys(e, "create pages") : changed_write(vm, snapshot_dir, fd, e);
}

int attach_save(struct vm *vm, const char *snapshot_dir, int dir, size_t *from, struct err *e)
{
	int r;

	if (vm_deadline_inside(vm, 0, e) < 0 || (r = park_guest(vm, e)) < 0)
		return -1;
	if (r == PARK_INEXACT)
		return ATTACH_INEXACT;
	if (vm->chan.heard_n > CHAN_RECORD)
		return err_set(
			e, X_VM,
			"the scheduler says more than %d MiB before it is attached, which is too much for virtual time",
			CHAN_RECORD >> 20);
	*from = vm->chan.heard_n - (vm->chan.n - vm->chan.used);
	if (vm_save_state(vm, dir, e) < 0 || file_write(dir, "heard", vm->chan.heard, vm->chan.heard_n, e) < 0)
		return -1;
	return write_pages(vm, snapshot_dir, dir, e) < 0 ? -1 : ATTACH_SAVED;
}

static int lay(struct vm *vm, void *arg, struct err *e)
{
	return changed_lay(vm, *(const int *)arg, e);
}

int attach_restore(struct vm *vm, const char *snapshot_dir, int dir, uint64_t seed, size_t from, struct err *e)
{
	auto_close int pages = openat(dir, "pages", O_RDONLY | O_CLOEXEC);
	const struct layer layer = { .dir = dir, .lay = lay, .arg = &pages };
	auto_free char *heard = NULL;
	size_t n;

	if (pages < 0)
		return err_sys(e, "open pages");
	if (file_read(dir, "heard", CHAN_RECORD, &heard, &n, e) < 0)
		return -1;
	if (from > n)
		return err_set(e, X_VM, "what the guest said is shorter than it was");
	if (vm_restore_layer(vm, snapshot_dir, &layer, seed, e) < 0)
		return -1;
	chan_replay(&vm->chan, heard + from, n - from);
	return 0;
}
