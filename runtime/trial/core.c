#include "trial/core.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/room.h"
#include "inspect/kmem.h"
#include "trial/corefile.h"
#include "vm/end.h"
#include "vm/vm.h"

/* ROOM_MB: for headers, registers and notes of hundreds of CPUs. DUMP_S: some hundred MB a second, on a disk that has others to serve. */
enum { ROOM_MB = 4, DUMP_S = 60 };

static int check_room(int dir, const struct vm *vm, const char *path, struct err *e)
{
	uint64_t free_bytes, mb = (uint64_t)vm->m.memory_mb + ROOM_MB;

	if (!room_fd(dir, &free_bytes) || free_bytes >> 20 >= mb)
		return 0;
	return err_set(e, X_DISK_FULL,
		       "%s: a core takes %" PRIu64 " MB, all of the guest's memory, and %" PRIu64
		       " MB are free there; name a file on another disk, or run the test with a smaller --memory-mb",
		       path, mb, free_bytes >> 20);
}

static int dump(struct vm *vm, int fd, struct err *e)
{
	long long deadline = vm_deadline(vm, DUMP_S);

	if (vm_qmp(vm, "getfd", "{\"fdname\":\"core\"}", fd, NULL, deadline, e) < 0)
		return -1;
	return vm_qmp(vm, "dump-guest-memory", "{\"paging\":false,\"protocol\":\"fd:core\"}", -1, NULL, deadline, e);
}

int core_write(struct vm *vm, const struct kmem *m, const char *path, struct err *e)
{
	const struct corefile_map map = { m->page_offset, m->text_va, m->text_pa };
	const char *slash = strrchr(path, '/');
	auto_free char *folder = xasprintf("%.*s/", slash ? (int)(slash - path) : 0, path);
	auto_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_draft struct draft d = { 0 };
	int r;

	if (!slash)
		return err_set(e, X_USAGE, "the core %s: that is no absolute path", path);
	if (dir < 0)
		return err_sys(e, "open the folder of %s", path);
	if (check_room(dir, vm, path, e) < 0 || draft_open(&d, dir, slash + 1, e) < 0 || dump(vm, fileno(d.f), e) < 0 ||
	    (r = corefile_finish(fileno(d.f), &map, e)) < 0)
		return err_in(e, "the core %s", path);
	return draft_publish(&d, slash + 1, false, e) < 0 ? -1 : r;
}
