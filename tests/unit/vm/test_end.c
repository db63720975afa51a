/* test_end.c: what is said of a QEMU that ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "host/cgroup.h"
#include "base/err.h"
#include "base/mem.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
