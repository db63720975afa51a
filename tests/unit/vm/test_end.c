/* test_end.c: how long a guest may take, and what is said of a QEMU that ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <string.h>

#include "host/cgroup.h"
#include "host/stolen.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/still.h"
#include "process/spawn.h"
#include "vm/end.h"
#include "vm/vm.h"

static void end_of(const char *script, bool oom, struct err *e)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct spawn s = { .argv = argv, .in = SPAWN_NULL };
	struct vm vm = { .open = true,
			 .console = -1,
			 .says = -1,
			 .qmp.fd = -1,
			 .chan.fd = -1,
			 .bell = -1,
			 .port = -1,
			 .board = { .ring = -1, .gate = -1 } };

	/* As if the kernel had killed somebody since. */
	vm.oom_kills = cgroup_oom_kills() - oom;
	assert_int_equal(spawn_start(&s, &vm.qemu, e), 0);
	assert_true(vm_gone(&vm, e) < 0);
	spawn_kill(&vm.qemu);
	free(vm.log);
}

static void words(void **state)
{
	static const struct {
		const char *script;
		bool oom;
		const char *word, *not ;
	} cases[] = {
		{ "kill -KILL $$", false, "QEMU died (killed by SIGKILL)", "want of memory" },
		{ "kill -KILL $$", true, "QEMU died (killed by SIGKILL) for want of memory", "switched" },
		{ "kill -SEGV $$", true, "QEMU died (killed by SIGSEGV", "want of memory" },
		{ "exit 1", true, "QEMU died (exit status 1)", "want of memory" },
		{ "exit 0", true, "switched itself off", "want of memory" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct err e = { 0 };

		end_of(cases[i].script, cases[i].oom, &e);
		assert_int_equal(e.code, X_VM);
		assert_non_null(strstr(e.msg, cases[i].word));
		assert_null(strstr(e.msg, cases[i].not ));
	}
}

enum { PATIENCE_MS = 60000, CONTENDED_MS = 20 };

/* A QEMU that wants the CPU which we want as well, until it has waited for CONTENDED_MS. false: this kernel does not say. */
static bool contend(struct vm *vm, cpu_set_t *all)
{
	static const char *const argv[] = { "sh", "-c", "while :; do :; done", NULL };
	const struct spawn s = { .argv = argv, .in = SPAWN_NULL };
	long long until = now_ms() + PATIENCE_MS;
	cpu_set_t one;
	uint64_t ns = 0;
	struct err e;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(*all), all), 0);
	while (!CPU_ISSET(cpu, all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(spawn_start(&s, &vm->qemu, &e), 0);
	while (stolen_whole(vm->qemu.pid, &ns) && ns < CONTENDED_MS * 1000000ull && now_ms() < until)
		;
	assert_int_equal(sched_setaffinity(0, sizeof(*all), all), 0);
	return ns >= CONTENDED_MS * 1000000ull;
}

/* What the host took from a guest in virtual time is not the guest's fault; by a real clock both have the same time. */
static void late(void **state)
{
	struct vm vm = { .m.clock.virtual = true };
	cpu_set_t all;

	(void)state;
	assert_false(vm_is_late(&vm, -1));
	assert_false(vm_is_late(&vm, now_ms() + PATIENCE_MS));
	bool known = contend(&vm, &all);
	long long just = now_ms() - CONTENDED_MS / 2;

	assert_int_equal(vm_is_late(&vm, just), !known);
	assert_true(vm_is_late(&vm, 0));
	vm.m.clock.virtual = false;
	assert_true(vm_is_late(&vm, just));
	vm.m.clock.virtual = true;
	spawn_kill(&vm.qemu);
	vm.qemu.pid = 0;
	assert_true(vm_is_late(&vm, now_ms() - 1));
}

/* Loading is computing: by the guest's clock it takes as much longer as instructions do, and on the host it is the same work. */
static void loading(void **state)
{
	struct machine m = { .clock = { .virtual = true, .shift = 1 } };
	long long usual, slow;

	(void)state;
	assert_int_equal(vm_load_s(&m, 0), VM_LOAD_S);
	usual = vm_load_deadline(&m, 0);
	m.clock.shift = 0;
	assert_int_equal(vm_load_s(&m, 0), VM_LOAD_S);
	m.clock.shift = 3;
	assert_int_equal(vm_load_s(&m, 0), 4 * VM_LOAD_S);
	assert_int_equal(vm_load_s(&m, 7), 7);
	slow = vm_load_deadline(&m, 0);
	assert_true(slow - usual < PATIENCE_MS);
	assert_true(vm_load_deadline(&m, 4 * VM_LOAD_S) - usual > PATIENCE_MS);
	m = (struct machine){ .topo = { 0 }, .accel = ACCEL_KVM };
	assert_int_equal(vm_load_s(&m, 9), 9);
	assert_true(vm_load_s(&m, 0) >= VM_LOAD_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(words), cmocka_unit_test(late),
					    cmocka_unit_test(loading) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
