/* Whether the kernel refused: what it answered to bpf(2), and libbpf's words where it was not asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "json/read.h"
#include "json/write.h"
#include "verifier/evidence.h"

enum { MAP_CREATE = 0, LOAD = 5, PROG_ATTACH = 8, RAW = 17, LINK = 28, OPS = 27, SOCKET = 1, ENOTSUPP = 524 };

#define VALUE CALL_STRUCT_OPS_VALUE
#define PROBE \
	{ \
		LOAD, 0, SOCKET, "" \
	}
#define FINE \
	{ \
		LOAD, 0, OPS, "x_enqueue" \
	}
#define MADE \
	{ \
		MAP_CREATE, 0, 26, "x_ops" \
	}
#define MISSING "libbpf: extern (func ksym) 'f': not found in kernel or module BTFs\n"
#define RELO "libbpf: prog 'x_init': relo #0: failed to resolve CO-RE relocation\n"
#define OBJECT "libbpf: failed to load object 'x'\n"
#define SKELETON "libbpf: failed to load BPF skeleton 'x': "

/* Every phrase that once was enough. */
#define ALL_WORDS \
	"-- BEGIN PROG LOAD LOG --\nR0 invalid\n-- END PROG LOAD LOG --\nlibbpf: failed\nlibbpf: prog 'x'\nfailed to load\n" \
	"Failed to load\nlibbpf: extern\nlibbpf: struct_ops\nfailed to attach\nFailed to attach\n"

static const struct {
	const char *text;
	struct proto_call v[4];
	size_t n;
	enum evidence_by by;
	uint32_t cmd;
	int error;
	bool refuses;
	bool blind; /* PID 1 could not watch */
} cases[] = {
	/* Words alone. */
	{ "", { { 0 } }, 0, EVIDENCE_NONE, 0, 0, false, false },
	{ ALL_WORDS, { { 0 } }, 0, EVIDENCE_NONE, 0, 0, false, false },
	{ ALL_WORDS MISSING OBJECT SKELETON "-22\n", { { 0 } }, 0, EVIDENCE_NONE, 0, 0, false, false },
	{ ALL_WORDS, { PROBE, FINE }, 2, EVIDENCE_NONE, 0, 0, false, false },
	{ OBJECT SKELETON "-22\n", { PROBE, FINE }, 2, EVIDENCE_NONE, 0, 0, false, false },
	{ ALL_WORDS, { { 0 } }, 0, EVIDENCE_NONE, 0, 0, false, true },
	{ "error: failed to load config /etc/x: No such file or directory\n",
	  { PROBE },
	  1,
	  EVIDENCE_NONE,
	  0,
	  0,
	  false,
	  false },

	/* The kernel's answers. */
	{ "", { FINE, { LOAD, EACCES, OPS, "x_dispatch" } }, 2, EVIDENCE_KERNEL, LOAD, EACCES, true, false },
	{ "", { { LOAD, EINVAL, OPS, "" } }, 1, EVIDENCE_KERNEL, LOAD, EINVAL, true, false },
	{ "", { MADE, { LOAD, E2BIG, SOCKET, "x_probe" } }, 2, EVIDENCE_KERNEL, LOAD, E2BIG, true, false },
	{ "", { { MAP_CREATE, EINVAL, 26, "x_ops" } }, 1, EVIDENCE_KERNEL, MAP_CREATE, EINVAL, true, false },
	{ "", { { LOAD, ENOTSUPP, OPS, "x_enqueue" } }, 1, EVIDENCE_KERNEL, LOAD, ENOTSUPP, true, false },
	{ "libbpf: map 'x_map': failed to create: -EINVAL\n",
	  { { MAP_CREATE, EINVAL, 1, "x_map" } },
	  1,
	  EVIDENCE_KERNEL,
	  MAP_CREATE,
	  EINVAL,
	  true,
	  false },
	{ "", { MADE, { MAP_CREATE, EINVAL, 1, "x_map" } }, 2, EVIDENCE_KERNEL, MAP_CREATE, EINVAL, true, false },
	{ "", { FINE, { LINK, EINVAL, 44, "" } }, 2, EVIDENCE_KERNEL, LINK, EINVAL, true, false },
	{ "", { FINE, { LINK, EPERM, 44, "" } }, 2, EVIDENCE_KERNEL, LINK, EPERM, true, false },
	{ "", { FINE, { VALUE, E2BIG, 0, "" } }, 2, EVIDENCE_KERNEL, VALUE, E2BIG, true, false },
	{ "libbpf: prog 'x_tp': failed to attach to raw tracepoint 'y': -ENOTSUPP\n",
	  { { RAW, ENOTSUPP, 0, "" } },
	  1,
	  EVIDENCE_KERNEL,
	  RAW,
	  ENOTSUPP,
	  true,
	  false },
	{ "Error: Failed to attach\n\nCaused by:\n    No such file or directory (os error 2)\n",
	  { MADE, FINE, { LINK, ENOENT, 26, "" } },
	  3,
	  EVIDENCE_KERNEL,
	  LINK,
	  ENOENT,
	  true,
	  false },
	{ "", { MADE, FINE, { LINK, EPERM, 26, "" } }, 3, EVIDENCE_KERNEL, LINK, EPERM, true, false },
	{ "", { { LOAD, EPERM, SOCKET, "" } }, 1, EVIDENCE_KERNEL, LOAD, EPERM, true, false },

	/* Accidents. */
	{ "", { FINE, { LINK, EBUSY, 44, "" } }, 2, EVIDENCE_KERNEL, LINK, EBUSY, false, false },
	{ "", { { LOAD, EAGAIN, OPS, "x" } }, 1, EVIDENCE_KERNEL, LOAD, EAGAIN, false, false },
	{ "", { { LOAD, EINTR, OPS, "x" } }, 1, EVIDENCE_KERNEL, LOAD, EINTR, false, false },
	{ ALL_WORDS MISSING OBJECT,
	  { { MAP_CREATE, ENOMEM, 1, "x" } },
	  1,
	  EVIDENCE_KERNEL,
	  MAP_CREATE,
	  ENOMEM,
	  false,
	  false },
	{ "", { { MAP_CREATE, EMFILE, 1, "x" } }, 1, EVIDENCE_KERNEL, MAP_CREATE, EMFILE, false, false },
	{ "", { { LOAD, ENOSPC, OPS, "x" } }, 1, EVIDENCE_KERNEL, LOAD, ENOSPC, false, false },

	/* What libbpf tries out; what a loader got over. */
	{ "", { { LOAD, EINVAL, SOCKET, "" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { LOAD, EINVAL, SOCKET, "libbpf_nametest" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { MAP_CREATE, EINVAL, 1, "libbpf_global" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { LOAD, EINVAL, 2, "det_arg_ctx" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { LINK, EBADF, 41, "" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { LINK, EINVAL, 48, "" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { LOAD, ENOTSUPP, OPS, "" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { MAP_CREATE, ENOTSUPP, 26, "" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { LOAD, EINVAL, 5, "aya_name_check" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { MAP_CREATE, EINVAL, 2, "feature_test" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	/* No scheduler's program, and none is being loaded. */
	{ "", { { LOAD, EINVAL, SOCKET, "x_probe" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "Invalid argument\n", { { LOAD, EINVAL, SOCKET, "x_probe" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "x_probe: Permission denied\n",
	  { { LOAD, EINVAL, SOCKET, "x_probe" } },
	  1,
	  EVIDENCE_NONE,
	  0,
	  0,
	  false,
	  false },
	{ "x_probe: -220, EINVALID\n", { { LOAD, EINVAL, SOCKET, "x_probe" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "libbpf: prog 'x_probe_of_a_long_name': BPF program load failed: Invalid argument\n",
	  { { LOAD, EINVAL, SOCKET, "x_probe_of_a_lo" } },
	  1,
	  EVIDENCE_KERNEL,
	  LOAD,
	  EINVAL,
	  true,
	  false },
	{ "libbpf: prog 'x_probe': BPF program load failed: Invalid argument\nno config: No such file or directory\n",
	  { { LOAD, EINVAL, SOCKET, "x_probe" }, { MAP_CREATE, 0, 1, "x_map" } },
	  2,
	  EVIDENCE_NONE,
	  0,
	  0,
	  false,
	  false },
	/* Beside the scheduler, which can do without. */
	{ "error: no config\n", { { RAW, ENOENT, 0, "" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "error: no config\n", { MADE, FINE, { RAW, ENOENT, 0, "" } }, 3, EVIDENCE_NONE, 0, 0, false, false },
	{ "error: no config: No such file or directory\n",
	  { MADE, FINE, { RAW, ENOENT, 0, "" } },
	  3,
	  EVIDENCE_NONE,
	  0,
	  0,
	  false,
	  false },
	{ "error: no config\n", { MADE, FINE, { LINK, EINVAL, 26, "" } }, 3, EVIDENCE_NONE, 0, 0, false, false },
	{ "error: no config\n", { FINE, { PROG_ATTACH, EINVAL, 1, "" } }, 2, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { VALUE, EINVAL, 0, "" }, { RAW, ENOENT, 0, "" } }, 2, EVIDENCE_KERNEL, VALUE, EINVAL, true, false },
	/* A map that was tried out, and one that was not. */
	{ "error: cannot open /etc/x: No such file or directory\n",
	  { { MAP_CREATE, EINVAL, 33, "x_arena" } },
	  1,
	  EVIDENCE_NONE,
	  0,
	  0,
	  false,
	  false },
	{ "", { { MAP_CREATE, EINVAL, 33, "x_arena" } }, 1, EVIDENCE_NONE, 0, 0, false, false },
	{ "arena: Invalid argument\n",
	  { { MAP_CREATE, EINVAL, 33, "x_arena" } },
	  1,
	  EVIDENCE_KERNEL,
	  MAP_CREATE,
	  EINVAL,
	  true,
	  false },
	{ "Error: arena\n\nCaused by:\n    Invalid argument (os error 22)\n",
	  { { MAP_CREATE, EINVAL, 33, "x_arena" } },
	  1,
	  EVIDENCE_KERNEL,
	  MAP_CREATE,
	  EINVAL,
	  true,
	  false },
	{ "", { MADE, FINE, { LOAD, EINVAL, SOCKET, "x_aux" } }, 3, EVIDENCE_KERNEL, LOAD, EINVAL, true, false },
	{ "", { { LOAD, EACCES, OPS, "x" }, FINE }, 2, EVIDENCE_NONE, 0, 0, false, false },
	{ "", { { LOAD, EACCES, OPS, "x" }, PROBE }, 2, EVIDENCE_KERNEL, LOAD, EACCES, true, false },
	{ "", { FINE, { VALUE, EBUSY, 0, "" } }, 2, EVIDENCE_NONE, 0, 0, false, false },

	/* libbpf compared the object with the kernel. */
	{ MISSING OBJECT SKELETON "-3\n", { PROBE }, 1, EVIDENCE_LIBBPF, 0, ESRCH, true, false },
	{ MISSING OBJECT SKELETON "-ESRCH\n", { PROBE }, 1, EVIDENCE_LIBBPF, 0, ESRCH, true, false },
	{ MISSING OBJECT, { PROBE }, 1, EVIDENCE_LIBBPF, 0, ESRCH, true, false },
	{ MISSING, { PROBE }, 1, EVIDENCE_NONE, 0, 0, false, false },
	/* Through a logger of the scheduler's, colours and all. */
	{ "\033[33m WARN\033[0m logger.rs\033[2m:\033[0m " MISSING
	  "\nsome more\n\033[33m WARN\033[0m logger.rs: " SKELETON "-EINVAL\n\nError: Failed to load BPF program\n",
	  { PROBE },
	  1,
	  EVIDENCE_LIBBPF,
	  0,
	  EINVAL,
	  true,
	  false },
	{ "not_" MISSING "not_" OBJECT, { PROBE }, 1, EVIDENCE_NONE, 0, 0, false, false },
	/* It says so, and had got further than that. */
	{ MISSING OBJECT SKELETON "-3\n",
	  { PROBE, { MAP_CREATE, 0, 2, "x_map" } },
	  2,
	  EVIDENCE_NONE,
	  0,
	  0,
	  false,
	  false },
	{ MISSING OBJECT SKELETON "-3\n", { MADE, FINE }, 2, EVIDENCE_NONE, 0, 0, false, false },
	{ RELO OBJECT SKELETON "-22\n", { PROBE, MADE }, 2, EVIDENCE_LIBBPF, 0, EINVAL, true, false },
	{ RELO OBJECT SKELETON "-22\n", { MADE, FINE }, 2, EVIDENCE_NONE, 0, 0, false, false },
	{ MISSING OBJECT SKELETON "-EAGAIN\n", { PROBE }, 1, EVIDENCE_LIBBPF, 0, EAGAIN, false, false },
	{ "libbpf: struct_ops init_kern x: Cannot find member y in kernel BTF\n" OBJECT SKELETON "-ENOTSUPP\n",
	  { PROBE },
	  1,
	  EVIDENCE_LIBBPF,
	  0,
	  ENOTSUPP,
	  true,
	  false },
	{ "libbpf: extern (func ksym) 'f': func_proto [61] incompatible with vmlinux [9]\n" OBJECT,
	  { PROBE },
	  1,
	  EVIDENCE_LIBBPF,
	  0,
	  EINVAL,
	  true,
	  false },

	/* Nobody watched: libbpf's errno has to do. */
	{ OBJECT SKELETON "-22\n", { { 0 } }, 0, EVIDENCE_LIBBPF, 0, EINVAL, true, true },
	{ OBJECT SKELETON "-EACCES\n", { { 0 } }, 0, EVIDENCE_LIBBPF, 0, EACCES, true, true },
	{ MISSING OBJECT, { { 0 } }, 0, EVIDENCE_LIBBPF, 0, ESRCH, true, true },
	{ OBJECT SKELETON "-11\n", { { 0 } }, 0, EVIDENCE_LIBBPF, 0, EAGAIN, false, true },
	{ OBJECT SKELETON "-ENOMEM\n", { { 0 } }, 0, EVIDENCE_LIBBPF, 0, ENOMEM, false, true },
	{ OBJECT SKELETON "-99999999999999999999\n", { { 0 } }, 0, EVIDENCE_NONE, 0, 0, false, true },
	{ OBJECT, { { 0 } }, 0, EVIDENCE_NONE, 0, 0, false, true },
};

static void found(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct proto_call v[4];
		struct calls c = { !cases[i].blind, (uint32_t)cases[i].n, v, cases[i].n };

		memcpy(v, cases[i].v, sizeof(v));
		struct evidence x = evidence_find(&c, (struct view){ cases[i].text, strlen(cases[i].text) });

		if (x.by != cases[i].by || x.cmd != cases[i].cmd || x.error != cases[i].error ||
		    evidence_refuses(&x) != cases[i].refuses)
			fail_msg("case %zu: by %d, call %u, errno %d, refuses %d", i, x.by, x.cmd, x.error,
				 evidence_refuses(&x));
	}
}

static char *written(const struct evidence *x, size_t *n)
{
	char *text;
	FILE *f = xmemstream(&text, n);
	struct jsonw w;

	jsonw_init(&w, f);
	evidence_write(&w, x);
	jsonw_done(&w);
	fclose(f);
	return text;
}

static void round_trip(void **state)
{
	static const struct evidence all[] = {
		{ 0 },
		{ EVIDENCE_KERNEL, LOAD, EACCES, "x_dispatch" },
		{ EVIDENCE_KERNEL, CALL_STRUCT_OPS_VALUE, E2BIG, "" },
		{ EVIDENCE_KERNEL, LINK, 4000, "" },
		{ EVIDENCE_LIBBPF, 0, ENOTSUPP, "" },
	};

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		size_t n;
		auto_free char *text = written(&all[i], &n);
		auto_json struct json j = { 0 };
		struct evidence back;
		struct err e = { 0 };

		assert_int_equal(json_parse(&j, text, n, &e), 0);
		if (evidence_read(&back, &j, 0, &e) < 0)
			fail_msg("%s: %s", text, e.msg);
		assert_memory_equal(&back, &all[i], sizeof(back));
	}
}

static void hostile_json(void **state)
{
	static const char *const bad[] = {
		"1",
		"{}",
		"{\"by\":\"me\",\"errno\":\"EINVAL\"}",
		"{\"by\":\"kernel\",\"errno\":\"EINVAL\"}",
		"{\"by\":\"libbpf\",\"call\":\"BPF_PROG_LOAD\",\"errno\":\"EINVAL\"}",
		"{\"by\":\"kernel\",\"call\":\"BPF_NOTHING\",\"errno\":\"EINVAL\"}",
		"{\"by\":\"kernel\",\"call\":\"BPF_PROG_LOAD\",\"errno\":\"ENOTHING\"}",
		"{\"by\":\"kernel\",\"call\":\"BPF_PROG_LOAD\",\"errno\":\"EINVAL\",\"program\":\"sixteen_letters_\"}",
		"{\"by\":\"kernel\",\"call\":\"BPF_PROG_LOAD\",\"errno\":22}",
	};

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		auto_json struct json j = { 0 };
		struct evidence x;
		struct err e = { 0 };

		assert_int_equal(json_parse(&j, bad[i], strlen(bad[i]), &e), 0);
		if (evidence_read(&x, &j, 0, &e) == 0)
			fail_msg("%s was taken", bad[i]);
	}
}

static void hostile_message(void **state)
{
	struct {
		struct proto_calls head;
		struct proto_call v[PROTO_CALLS + 1];
	} m = { .head = { 1, 2 } };
	const size_t one = sizeof(m.head) + sizeof(m.v[0]);
	static const struct {
		uint32_t traced, total, cmd;
		int32_t error;
		size_t n;
		bool ok;
	} all[] = {
		{ 1, 2, LOAD, 22, 2, true },
		{ 1, 300, LOAD, 22, 2, true },
		{ 1, 0, 0, 0, 0, true },
		{ 0, 0, 0, 0, 0, true },
		{ 0, 1, LOAD, 0, 1, false },
		{ 2, 1, LOAD, 0, 1, false },
		{ 1, 0, LOAD, 0, 1, false },
		{ 1, 1, 0, 0, 0, false },
		{ 1, 1, 99, 0, 1, false },
		{ 1, 1, LOAD, -1, 1, false },
		{ 1, 1, LOAD, 4096, 1, false },
		{ 1, 1000, LOAD, 0, PROTO_CALLS, true },
		{ 1, 1000, LOAD, 0, PROTO_CALLS + 1, false },
	};

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		auto_calls struct calls c = { 0 };
		struct err e = { 0 };

		m.head = (struct proto_calls){ all[i].traced, all[i].total };
		for (size_t k = 0; k < all[i].n; k++) {
			m.v[k] = (struct proto_call){ .cmd = all[i].cmd, .error = all[i].error };
			memcpy(m.v[k].name, "a\x1b[31m\nb......", 15);
			m.v[k].name[15] = 'x';
		}
		if ((calls_parse(&c, &m, sizeof(m.head) + all[i].n * sizeof(m.v[0]), &e) == 0) != all[i].ok)
			fail_msg("case %zu: %s", i, e.msg);
		if (all[i].ok && c.n)
			assert_string_equal(c.v[0].name, "a??31m?b......");
	}
	for (size_t n = 0; n < one; n++) {
		auto_calls struct calls c = { 0 };
		struct err e = { 0 };

		m.head = (struct proto_calls){ 1, 1 };
		assert_true(calls_parse(&c, &m, n, &e) < 0 && e.code == X_VM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(found), cmocka_unit_test(round_trip),
					    cmocka_unit_test(hostile_json), cmocka_unit_test(hostile_message) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
