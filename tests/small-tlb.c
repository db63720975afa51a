/* small-tlb.c: preloaded, makes QEMU's TLBs as small as they get, for tests of virtual time.
 *
 * QEMU makes a guest's TLB smaller when it was used little in the last 100 ms of the host's clock (accel/tcg/cputlb.c,
 * tlb_mmu_resize_locked, 10.0), which is gettimeofday() here. What a small one forgets is looked up again, and that marks pages as
 * accessed anew: so this shows a guest that clears such marks and looks what came of them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/time.h>

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	static int (*next)(struct timeval *, void *);
	static _Atomic long seconds;
	int code;

	if (!next)
		next = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
	code = next(now, zone);
	if (strncmp(program_invocation_short_name, "qemu-system", 11) == 0)
		now->tv_sec += ++seconds;
	return code;
}
