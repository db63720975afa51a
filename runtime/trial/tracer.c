#include "trial/tracer.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/payload.h"
#include "process/spawn.h"
#include "vm/end.h"
#include "vm/push.h"
#include "vm/session.h"
#include "vm/vm.h"

#define BUSYBOX "/ktstr/busybox"
#define TRACING "/sys/kernel/tracing"

/* BEGIN_S, END_S: of the guest's time; a kernel writes some MB of text a second. NO_EVENTS: the shell's exit code. */
enum { BEGIN_S = 60, END_S = 300, NO_EVENTS = 3 };

/* 4 MiB of each CPU are some hundred thousand events. By the clock that run.json's moments are of. */
static const char enable[] =
	"cd " TRACING " 2>/dev/null || exit 3\n"
	"echo 0 >tracing_on; echo mono >trace_clock; echo 4096 >buffer_size_kb\n"
	"for event in sched/sched_switch sched/sched_waking sched/sched_wakeup sched/sched_wakeup_new sched/sched_migrate_task "
	"sched/sched_process_fork sched/sched_process_exit sched_ext; do\n"
	"	[ ! -e events/$event ] || echo 1 >events/$event/enable\n"
	"done\n"
	"[ -e events/sched/sched_switch ] || exit 3\n"
	"echo 1 >tracing_on\n";
static const char show[] = "cd " TRACING " && echo 0 >tracing_on && exec " BUSYBOX " cat trace\n";

static int shell(const struct tracer *t, const char *script, unsigned seconds, int out, int *status, struct err *e)
{
	const char *const argv[] = { BUSYBOX, "sh", "-c", script, NULL };
	const char *const env[] = { "PATH=/", NULL };
	auto_close int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct session s = { .argv = argv,
				   .above = true,
				   .env = env,
				   .in = nothing,
				   .out = out < 0 ? nothing : out,
				   .err = nothing,
				   .other = t->hear,
				   .arg = t->arg,
				   .deadline = vm_bound(seconds) };

	if (nothing < 0)
		return err_sys(e, "open /dev/null");
	return vm_deadline_inside(t->vm, seconds * 1000, e) < 0 || session_run(t->vm, &s, status, e) < 0
		       ? err_in(e, "the trace")
		       : 0;
}

int tracer_begin(const struct tracer *t, const char *busybox, struct err *e)
{
	auto_payload struct payload p = { 0 };
	int status;

	if (payload_add_file(&p, busybox, BUSYBOX, 0555, e) < 0 || vm_push(t->vm, &p, e) < 0)
		return err_in(e, "send busybox for the trace");
	if (shell(t, enable, BEGIN_S, -1, &status, e) < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_EVENTS)
		return err_set(
			e, X_VM,
			"this kernel has no events of its scheduler to trace (CONFIG_FTRACE, CONFIG_EVENT_TRACING)");
	return status ? err_set(e, X_VM, "the kernel's events cannot be asked for in this guest") : 0;
}

int tracer_end(const struct tracer *t, int fd, struct err *e)
{
	int status;

	if (shell(t, show, END_S, fd, &status, e) < 0)
		return -1;
	return status ? err_set(e, X_VM, "the kernel's trace cannot be read in this guest") : 0;
}
