/* corefile.h: what a debugger needs of an ELF core that QEMU's dump-guest-memory wrote, beside what QEMU wrote.
 *
 * QEMU knows physical addresses. The kernel's own are added, as its direct map and its image have them (both are one range each), as
 * kdump has them; and the note VMCOREINFO, from the guest's memory, without which drgn and crash do not take it for a kernel. QEMU
 * would write that itself with its device vmcoreinfo, but a guest with another device is another guest with another schedule. */
#pragma once
#include <stdint.h>
struct err;

struct corefile_map {
	uint64_t page_offset;      /* of the direct map; 0: not known */
	uint64_t text_va, text_pa; /* where the image begins, and where that lies */
};

enum { COREFILE_NOTED = 0, COREFILE_BARE = 1 };
/* fd: such a core, for reading and writing. New headers are appended, and the old ones stay unused. COREFILE_BARE: there is no VMCOREINFO
 * in this memory. X_VM: it is no core. */
int corefile_finish(int fd, const struct corefile_map *m, struct err *e);
