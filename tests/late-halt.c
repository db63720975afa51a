/* late-halt.c: preloaded, makes QEMU's vCPUs late between HLT and telling how far they got, for tests of virtual time.
 *
 * A vCPU that halts leaves by a long jump (cpu_loop_exit(), accel/tcg/cpu-exec-common.c). Each seventh jump waits for 200 us, as if the
 * host had something else to do just then. runtime/idle/idle.c says what may go wrong meanwhile. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <string.h>
#include <time.h>

enum { EACH = 7, LATE_NS = 200000 };
typedef void jump(struct __jmp_buf_tag *, int);

static void __attribute__((noreturn)) jump_late(jump *next, struct __jmp_buf_tag *to, int value)
{
	static const struct timespec late = { .tv_nsec = LATE_NS };
	static _Atomic unsigned long jumps;

	if (strncmp(program_invocation_short_name, "qemu-system", 11) == 0 && ++jumps % EACH == 0)
		nanosleep(&late, NULL);
	next(to, value);
	__builtin_unreachable();
}

/* What siglongjmp() is called where the C library's headers check it. */
void __attribute__((noreturn)) __longjmp_chk(struct __jmp_buf_tag *to, int value)
{
	jump_late((jump *)dlsym(RTLD_NEXT, "__longjmp_chk"), to, value);
}

void __attribute__((noreturn)) siglongjmp(sigjmp_buf to, int value)
{
	jump_late((jump *)dlsym(RTLD_NEXT, "siglongjmp"), to, value);
}
