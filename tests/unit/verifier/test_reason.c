/* Why a scheduler ended: the one line of its output that says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "verifier/reason.h"

#define BEGIN "-- BEGIN PROG LOAD LOG --\n"
#define END "-- END PROG LOAD LOG --\n"

static const struct {
	const char *in, *out;
} reasons[] = {
	{ "", NULL },
	{ "all is well\n", NULL },
	{ "libbpf: extern (func ksym) 'f': func_proto [61] incompatible with vmlinux [9]\nlibbpf: failed to load object 'x'\n",
	  "libbpf: extern (func ksym) 'f': func_proto [61] incompatible with vmlinux [9]" },
	{ BEGIN
	  "5: (05) goto pc-2\ninfinite loop detected at insn 5\ncur state: R1=3\nold state: R1=3\nprocessed 6 insns\n"
	  "libbpf: " END "failed\n",
	  "infinite loop detected at insn 5" },
	{ BEGIN
	  "R0 invalid\nVerification failed: Invalid dereference\n\nSuggestion:\n  Add a check.\nprocessed 6 insns\n" END,
	  "Verification failed: Invalid dereference" },
	{ BEGIN "processed 6 insns\n" END "scx: cannot go on\n", "scx: cannot go on" },
	{ "libbpf: extern (func ksym) 'f': not found in kernel BTFs\nlibbpf: failed to load object\nbye\n",
	  "libbpf: extern (func ksym) 'f': not found in kernel BTFs" },
	{ "libbpf: " BEGIN "0: (79) r1 = *(u64 *)(r1 +0)\nR1 invalid mem access 'scalar'\nverification time 1 usec\n"
	  "stack depth 0\nprocessed 4 insns (limit 1000000)\nlibbpf: " END "libbpf: failed to load\n",
	  "R1 invalid mem access 'scalar'" },
	{ BEGIN
	  "BPF program is too large. Processed 1000001 insn\nverification time 27767084 usec\nstack depth max 0\n"
	  "subprog 0 (f) main insns_self 1000001 insns_total 1000001 stack 0\nprocessed 1000001 insns (limit 1000000)\n" END,
	  "BPF program is too large. Processed 1000001 insn" },
	{ "\n\n", NULL },
	/* scx_bpfland 1.1.4 on a kernel without /proc/config.gz; then the same with -v. */
	{ "17:29:14 [INFO] scheduler flags: 0x36\nError: Failed to load BPF program\n\nCaused by:\n    Invalid argument (os error 22)\n",
	  "Error: Failed to load BPF program: Invalid argument (os error 22)" },
	{ "libbpf: elf: section(15) struct_ops/bpfland_exit, size 280, link 0, flags 6, type=1\n"
	  "libbpf: prog 'init': found extern #37 'scx_bpf_error_bstr' (sym 133) for insn #212\n"
	  "libbpf: object 'bpf_bpf': failed (-95) to create BPF token from '/sys/fs/bpf', skipping optional step...\n"
	  "libbpf: failed to open system Kconfig\nlibbpf: failed to load BPF skeleton 'bpf_bpf': -EINVAL\n"
	  "Error: Failed to load BPF program\n\nCaused by:\n    Invalid argument (os error 22)\n",
	  "libbpf: failed to open system Kconfig" },
	{ "Error: A\n\nCaused by:\n    0: B\n    1: C (os error 1)\n\nStack backtrace:\n   0: main\n",
	  "Error: A: C (os error 1)" },
	{ "Error: A\r\n\r\nCaused by:\r\n    B\r\n", "Error: A: B" },
	{ "Error: A\n\nCaused by:\n", "Error: A" },
	{ "Caused by:\n    Invalid argument\n", "Invalid argument" },
	{ "DEBUG DUMP\nEXIT: runnable task stall\n", "EXIT: runnable task stall" },
	{ "12:01 WARN lib.rs:12: libbpf: extern (var ksym) 'x': not found in kernel BTF\n"
	  "12:01 WARN lib.rs:12: libbpf: failed to load BPF skeleton 'x': -EINVAL\nError: no\n\nCaused by:\n    Invalid\n",
	  "libbpf: extern (var ksym) 'x': not found in kernel BTF" },
	{ "libbpf: map 'failing': fine\nlibbpf: 'error", NULL },
};

static void reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(reasons); i++) {
		auto_free char *why = reason_find((struct view){ reasons[i].in, strlen(reasons[i].in) });

		assert_string_equal(why ? why : "none", reasons[i].out ? reasons[i].out : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reason) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
