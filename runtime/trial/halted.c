#include "trial/halted.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "trial/core.h"
#include "trial/corefile.h"
#include "vm/end.h"
#include "vm/vm.h"

/* QEMU's monitor for people has the only command for it; its words end at a blank, so the path has none. */
static int open_gdb(struct vm *vm, const char *path, struct err *e)
{
	auto_free char *args = NULL, *said = NULL;
	size_t n;

	if (strpbrk(path, " \t,\"\\"))
		return err_set(e, X_USAGE, "%s: a blank, comma, quote or backslash is in the way of QEMU's gdbstub",
			       path);
	FILE *f = xmemstream(&args, &n);

	fprintf(f, "{\"command-line\":\"gdbserver unix:%s,server=on,wait=off\"}", path);
	fclose(f);
	if (vm_qmp(vm, "human-monitor-command", args, -1, &said, vm_deadline(vm, VM_STOP_S), e) < 0)
		return -1;
	return strstr(said, "Waiting for gdb connection") ? 0 : err_set(e, X_VM, "QEMU's gdbstub: %.300s", said);
}

int halted_do(void *arg, struct vm *vm, const struct kmem *m, uint64_t now, struct err *e)
{
	const struct halted *h = arg;
	int core = h->core ? core_write(vm, m, h->core, e) : COREFILE_BARE;

	if (core < 0 || (h->gdb && open_gdb(vm, h->gdb, e) < 0))
		return -1;
	auto_free char *facts =
		xasprintf("now %" PRIu64 "\nvmcoreinfo %s\n", now, core == COREFILE_NOTED ? "yes" : "no");

	auto_free char *ready = h->gdb ? xasprintf("%s.halted", h->gdb) : NULL;

	if (ready && file_write(AT_FDCWD, ready, facts, strlen(facts), e) < 0)
		return -1;
	return file_write(h->dir, "halted", facts, strlen(facts), e) < 0 ? -1 : 0;
}
