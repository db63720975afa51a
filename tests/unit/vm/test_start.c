/* test_start.c: guests that do not come up, with a QEMU of ours that only says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/arch.h"
#include "vm/vm.h"
#include "scratch.h"

/* Answers its monitor once, panics, and ends. Its arguments are a line of the file beside it. */
static const char fake[] =
	"#!/usr/bin/perl\n"
	"my $args = \"@ARGV\";\n"
	"open(my $seen, '>>', \"$0.seen\"); print $seen \"$args\\n\"; close($seen);\n"
	"sub at { $args =~ /id=$_[0],(?:fd=|path=\\/proc\\/self\\/fd\\/)(\\d+)/; open(my $f, '+>&=', $1); $f }\n"
	"my $qmp = at('qmp');\n"
	"syswrite $qmp, qq({\"QMP\":{}}\\n);\n"
	"sysread $qmp, my $hello, 4096;\n"
	"syswrite $qmp, qq({\"return\":{}}\\n);\n"
	"my $turns = $args =~ /thread=single/ ? 'in turns' : 'side by side';\n"
	"syswrite at('console'), \"Kernel panic - not syncing: made up $turns\\n\";\n";

static char told[512];
static unsigned n_told;

static void note(const char *text)
{
	snprintf(told, sizeof(told), "%s", text);
	n_told++;
}

static void scene(const char *dir)
{
	auto_free char *qemu = xasprintf("%s/qemu-system-x86_64", dir);
	auto_free char *path = xasprintf("%s:%s", dir, getenv("PATH"));

	scratch_text(dir, "qemu-system-x86_64", fake);
	assert_int_equal(chmod(qemu, 0755), 0);
	scratch_text(dir, "kernel", "k");
	scratch_text(dir, "initrd", "i");
	setenv("PATH", path, 1);
	n_told = 0;
}

/* What vm_start() says of a guest that panics in each boot; *boots: how many there were. */
static void start(const char *dir, const struct machine *m, const char *ram, unsigned *boots, struct err *e)
{
	auto_free char *kernel = xasprintf("%s/kernel", dir), *initrd = xasprintf("%s/initrd", dir);
	auto_free char *seen = xasprintf("%s/qemu-system-x86_64.seen", dir);
	auto_free char *text = NULL;
	auto_vm struct vm vm = { 0 };
	struct err ignored;

	scene(dir);
	assert_int_equal(vm_start(&vm, m, kernel, initrd, ram, note, e), -1);
	assert_int_equal(e->code, X_VM);
	assert_int_equal(file_read(AT_FDCWD, seen, 65536, &text, NULL, &ignored), 0);
	*boots = 0;
	for (const char *p = text; *p; p++)
		*boots += *p == '\n';
}

static struct machine plan(const struct topology *t)
{
	struct machine m;

	machine_plan(&m, &arch_x86_64, t, 64, ACCEL_TCG, 0, true);
	return m;
}

/* A kernel that panics in turns as well has panicked by itself; memory that has a name is made anew. */
static void side_by_side(void **state)
{
	const struct topology two = TOPOLOGY(1, 1, 2, 1);
	struct machine m = plan(&two);
	struct err e = { 0 };
	unsigned boots;

	start(*state, &m, *state, &boots, &e);
	assert_int_equal(boots, 2);
	assert_int_equal(n_told, 1);
	assert_string_equal(told, "guest panicked: made up side by side; it boots again with vCPUs that take turns, "
				  "because QEMU may be to blame");
	assert_non_null(strstr(e.msg, "guest panicked: made up in turns"));
}

/* Where vCPUs take turns already, QEMU is not to blame. */
static void in_turns_already(void **state)
{
	const struct topology one = TOPOLOGY(1, 1, 1, 1), two = TOPOLOGY(1, 1, 2, 1);
	struct machine m[3] = { plan(&one), plan(&two), plan(&two) };
	struct err e = { 0 };
	unsigned boots;

	m[1].serial = true;
	m[2].clock.virtual = true;
	for (size_t i = 0; i < countof(m); i++) {
		auto_free char *dir = xasprintf("%s/%zu", (char *)*state, i);

		start(dir, &m[i], NULL, &boots, &e);
		assert_int_equal(boots, 1);
		assert_int_equal(n_told, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(side_by_side),
		in_scratch(in_turns_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
