/* What refusals look like, as kernels from 6.12 to 7.3 and libbpf print them, and what is said about them. */
#include "base/mem.h"
#include "verifier/explain.h"
#include "verifier/result.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define LOG(text) \
	"libbpf: prog 'f': BPF program load failed: Invalid argument\nlibbpf: prog 'f': -- BEGIN PROG LOAD LOG --\n" text \
	"processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0\n" \
	"-- END PROG LOAD LOG --\nlibbpf: failed to load object 'o'\n"
#define INSN "12: (b7) r1 = 1                       ; R1=1\n"

static const struct {
	const char *log;
	enum why why;
	const char *program, *subject;
} cases[] = {
	{ LOG(INSN "R0 invalid mem access 'map_value_or_null'\n"), WHY_NULL, "f", NULL },
	{ LOG(INSN "R0 invalid mem access 'scalar'\n"), WHY_ACCESS, "f", NULL },
	{ LOG(INSN "R2 unbounded memory access, make sure to bounds check any such access\n"), WHY_ACCESS, "f", NULL },
	{ LOG(INSN "BPF program is too large. Processed 1000001 insn\n"), WHY_INSN_LIMIT, "f", "1000001" },
	{ LOG(INSN "The sequence of 8193 jumps is too complex.\n"), WHY_COMPLEXITY, "f", NULL },
	{ LOG(INSN "infinite loop detected at insn 68\ncur state: R1=3\n"), WHY_LOOP, "f", NULL },
	{ LOG("back-edge from insn 7 to 2\n"), WHY_LOOP, "f", NULL },
	{ LOG(INSN "combined stack size of 2 calls is 544. Too large\n"), WHY_STACK, "f", NULL },
	{ LOG(INSN "calling kernel function scx_bpf_kick_cpu is not allowed\n"), WHY_FORBIDDEN, "f",
	  "scx_bpf_kick_cpu" },
	{ LOG(INSN "program of this type cannot use helper bpf_probe_write_user#36\n"), WHY_FORBIDDEN, "f",
	  "bpf_probe_write_user" },
	{ LOG("12: <invalid CO-RE relocation>\n"
	      "failed to resolve CO-RE relocation <byte_off> [48] struct rq___x.nothing (0:1 @ offset 8)\n"),
	  WHY_RELOCATION, "f", "struct rq___x.nothing" },
	{ LOG("12: <invalid kfunc call>\nkfunc 'scx_bpf_consume' is referenced but wasn't resolved\n"), WHY_KFUNC, "f",
	  "scx_bpf_consume" },
	{ LOG(INSN "Unreleased reference id=3 alloc_insn=7\n"), WHY_REFERENCE, "f", NULL },
	{ LOG(INSN "R3 !read_ok\n"), WHY_UNINIT, "f", NULL },
	{ LOG(INSN "At program exit the register R0 has value (0x3; 0x0)\n"), WHY_VERIFIER, "f", NULL },
	/* Comments of the source in the trace say nothing. */
	{ LOG("; /* infinite loop detected at insn */ @ a.c:1\n" INSN "R3 !read_ok\n"), WHY_UNINIT, "f", NULL },
	{ "libbpf: extern (func ksym) 'scx_bpf_consume': not found in kernel or module BTFs\n", WHY_KFUNC, NULL,
	  "scx_bpf_consume" },
	{ "libbpf: extern (var ksym) 'no_such_var': not found in kernel BTF\n", WHY_KFUNC, NULL, "no_such_var" },
	{ "libbpf: extern (func ksym) 'f': func_proto [61] incompatible with vmlinux [9]\n", WHY_KFUNC_PROTO, NULL,
	  "f" },
	{ "libbpf: struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF\n", WHY_STRUCT_OPS, NULL,
	  "sched_ext_ops" },
	{ "libbpf: struct_ops init_kern ktstr_ops: Cannot find member dump_idle in kernel BTF\n", WHY_STRUCT_OPS, NULL,
	  "dump_idle" },
	{ "libbpf: kernel BTF is missing at '/sys/kernel/btf/vmlinux', was CONFIG_DEBUG_INFO_BTF enabled?\n",
	  WHY_NO_BTF, NULL, NULL },
	{ "libbpf: failed to open system Kconfig\nlibbpf: failed to load BPF skeleton 'x': -EINVAL\n", WHY_KCONFIG,
	  NULL, NULL },
	{ "scx_ktstr: not attached: Device or resource busy\n", WHY_ATTACH, NULL, "EBUSY" },
	{ "[SCX_BUG] scx_simple.c:100 (Operation not permitted)\nFailed to attach struct ops\n", WHY_ATTACH, NULL,
	  "EPERM" },
	{ "libbpf: map 'ops': failed to attach: -EINVAL\n", WHY_ATTACH, NULL, "EINVAL" },
	{ "it did not like it here\n", WHY_UNKNOWN, NULL, NULL },
	{ "", WHY_UNKNOWN, NULL, NULL },
};

static void same_or_null(const char *got, const char *want)
{
	if (!want)
		assert_null(got);
	else
		assert_string_equal(got ? got : "(none)", want);
}

static void refusals(void **state)
{
	const struct result r = { .verdict = VERDICT_REJECTED };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_explanation struct explanation x = { 0 };

		explain(&x, &r, (struct view){ cases[i].log, strlen(cases[i].log) });
		assert_string_equal(why_name(x.why), why_name(cases[i].why));
		same_or_null(x.program, cases[i].program);
		same_or_null(x.subject, cases[i].subject);
		assert_int_equal(x.words != NULL, x.why != WHY_UNKNOWN && x.why != WHY_VERIFIER);
		if (x.words)
			assert_null(strchr(x.words, '%'));
		if (x.words && x.subject && x.why != WHY_STACK)
			assert_non_null(strstr(x.words, x.subject));
	}
}

static void trail(void **state)
{
	static const char log[] =
		LOG("0: R1=ctx() R10=fp0\n; int f(void) @ a.c:1\n0: (b7) r1 = 0 ; R1=0\n1: (b7) r2 = 0 ; R2=0\n"
		    "2: (b7) r3 = 0 ; R3=0\n; g(); @ a.c:2\n3: (b7) r4 = 0 ; R4=0\n"
		    "4: (05) goto pc+0\nfrom 4 to 5: R1=0\n5: (b7) r5 = 0 ; R5=0\n"
		    "; *value = 1; @ a.c:3\n6: (7b) *(u64 *)(r0 +0) = r1 ; R0=map_value_or_null(id=1)\n"
		    "R0 invalid \x1b[31mmem access 'map_value_or_null'\n\nVerification failed: x\n\nReason:\n"
		    "     11 | (85) call y\n");
	const struct result r = { .verdict = VERDICT_REJECTED };
	auto_explanation struct explanation x = { 0 };

	(void)state;
	explain(&x, &r, (struct view){ log, sizeof(log) - 1 });
	assert_string_equal(x.trail,
			    "1: (b7) r2 = 0\n2: (b7) r3 = 0\n; g(); @ a.c:2\n3: (b7) r4 = 0\n4: (05) goto pc+0\n"
			    "5: (b7) r5 = 0\n; *value = 1; @ a.c:3\n"
			    "6: (7b) *(u64 *)(r0 +0) = r1 ; R0=map_value_or_null(id=1)\n"
			    "R0 invalid mem access 'map_value_or_null'\n");
}

static const struct {
	enum verdict verdict;
	const char *reason;
	enum why why;
} verdicts[] = {
	{ VERDICT_ATTACHED, NULL, WHY_UNKNOWN },
	{ VERDICT_VM, "panic", WHY_UNKNOWN },
	{ VERDICT_TIMEOUT, "the scheduler to attach, 60 s", WHY_TIMEOUT },
	{ VERDICT_DIED, "exit code 3 while it attached: thrown out by the kernel: runnable task stall: x", WHY_STALL },
	{ VERDICT_STALLED, "does not dispatch: no task ran on CPU 2 in 20.0 s", WHY_STALL },
	{ VERDICT_DIED, "exit code 3: thrown out by the kernel: runtime error", WHY_THROWN_OUT },
	{ VERDICT_DIED, "exit code 1 before it attached", WHY_UNKNOWN },
};

static void accidents(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(verdicts); i++) {
		const struct result r = { .verdict = verdicts[i].verdict, .reason = (char *)verdicts[i].reason };
		auto_explanation struct explanation x = { 0 };

		explain(&x, &r, (struct view){ "", 0 });
		assert_string_equal(why_name(x.why), why_name(verdicts[i].why));
	}
}

/* A scheduler that says nothing: the kernel's answer has to do. */
static void silent(void **state)
{
	static const struct {
		enum verdict verdict;
		struct evidence evidence;
		const char *class, *subject, *program;
	} answers[] = {
		{ VERDICT_REJECTED, { EVIDENCE_KERNEL, 5, EACCES, "x_dispatch" }, "verifier", NULL, "x_dispatch" },
		{ VERDICT_REJECTED, { EVIDENCE_KERNEL, 28, EPERM, "" }, "attach", "EPERM", NULL },
		{ VERDICT_DIED, { EVIDENCE_KERNEL, 28, EBUSY, "" }, "attach", "EBUSY", NULL },
		{ VERDICT_REJECTED, { EVIDENCE_KERNEL, CALL_STRUCT_OPS_VALUE, E2BIG, "" }, "attach", "E2BIG", NULL },
		{ VERDICT_DIED, { EVIDENCE_KERNEL, 5, EAGAIN, "x_init" }, "unknown", NULL, "x_init" },
		{ VERDICT_DIED, { 0 }, "unknown", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(answers); i++) {
		const struct result r = { .verdict = answers[i].verdict, .evidence = answers[i].evidence };
		auto_explanation struct explanation x = { 0 };

		explain(&x, &r, (struct view){ "", 0 });
		assert_string_equal(why_name(x.why), answers[i].class);
		assert_string_equal(x.subject ? x.subject : "-", answers[i].subject ? answers[i].subject : "-");
		assert_string_equal(x.program ? x.program : "-", answers[i].program ? answers[i].program : "-");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(refusals), cmocka_unit_test(trail),
					    cmocka_unit_test(accidents), cmocka_unit_test(silent) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
