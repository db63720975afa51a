/* ktstr.h: tests of sched_ext schedulers, written in C or C++. ktstr(3), docs/writing-tests.md.
 *
 *   #include <ktstr.h>
 *   KTSTR_SCHEDULER(mine, .binary = "scx_mine", .topology = "1,2,4,1");
 *   KTSTR_SCENARIO(steady, .scheduler = &mine, .scenario = "cgroup a\n work a spin\n hold 100%");
 *   KTSTR_TEST(per_llc, .scheduler = &mine, .min_llcs = 2, .expect = "isolated")
 *   {
 *           for (unsigned i = 0; i < ktstr_llcs(k); i++)
 *                   ktstr_work(k, ktstr_cgroup(k, ktstr_str(k, "llc_%u", i), "cpuset=llc:%u", i), "spin n=100%%");
 *           ktstr_hold(k, "100%%");
 *   }
 *   KTSTR_MAIN
 *
 *   cc tests.c $(pkg-config --cflags --libs libktstr) -o tests && ./tests
 *
 * A test is a scenario (the text of docs/scenarios.md) with what is expected of it. The program says what shall happen; it boots nothing
 * itself. To run a test it executes ktstr: $KTSTR, or the one beside the library, or that of PATH. What runs in the guest is the text, and
 * never this program, unless the text has work of KTSTR_WORK().
 *
 * Text is UTF-8 that ends with a NUL. A pointer that is NULL, a number that is 0 and a bool that is false are "not said": then the value in
 * brackets holds, or the scheduler's. All that a test points to belongs to the program and stays as it is until it ends. Nothing here
 * may be called by several threads at once, and nothing in it jumps out of a function.
 *
 * ABI: structures begin with their size, which the macros fill in, and only ever grow at their end; the library takes shorter ones, and
 * longer ones whose end is 0. The section "ktstr_tests" holds pointers to tests, "ktstr_works" pointers to work functions; NULL among
 * them is passed over. A program that uses macros of this file has no other part in that.
 *
 * C++ takes designators in the order of the members alone, and from C++20 on. */
#ifndef KTSTR_H
#define KTSTR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define KTSTR_ABI 1u /* of struct ktstr_program: counts up when an older library cannot run a newer program at all */

struct ktstr_body;    /* a scenario that is being made; "k" in a body */
struct ktstr_verdict; /* what a function of the host judges; "v" */
struct ktstr_worker;  /* who runs a work function in a guest; "w" */

/* A flag of a scheduler: a name (letters, digits, "-", "_", "."), what it adds to the command line, and the flags it cannot be without. */
struct ktstr_flag {
	const char *name;
	const char *const *args;  /* list */
	const char *const *needs; /* list */
};

struct ktstr_scheduler {
	uint32_t size;
	uint32_t flag_size; /* of a struct ktstr_flag */
	const char *id;     /* the macro's */
	const char *name;   /* [base name of binary; "eevdf" without one] */
	/* A path, or a name that is looked for as $KTSTR_SCHEDULER, beside the program and in the folder above when the program's is called
	 * "deps", in target/debug, target/release and PATH. [the kernel's own scheduler] */
	const char *binary;
	const char *const *args; /* list, behind those of flags; "%cgroup%" is cgroup_parent */
	/* Ends with a flag without a name; KTSTR_FLAGS({ NULL }): none. [asked for with --ktstr-list-flags when a test first runs, and kept] */
	const struct ktstr_flag *flags;
	const char *topology; /* "N,L,C,T" or a preset. ["1,1,2,1"] */
	const char *expect;   /* lines, below those of a test */
	uint32_t attach_ms;   /* of guest time to attach in, rounded up to seconds. [ktstr run's] */
	/* Which presets the variants of a test are on. [1, 1, 1, 12, 1, 192, false] */
	uint32_t min_numa, max_numa, min_llcs, max_llcs, min_cpus, max_cpus;
	bool smt; /* those with threads only */
	/* Lists: "vm.swappiness=10", set before anything runs; "isolcpus=1", for the kernel that boots. One that lacks them: skipped. */
	const char *const *sysctls, *const *kargs;
	const char *
		cgroup_parent; /* where a guest has the scenario's cgroups: "/a/b". It is there before the scheduler is. ["/ktstr"] */
};

/* The u32 value goes to that offset, in bytes, of the first entry of the scheduler's map whose name ends in map. */
struct ktstr_map_write {
	const char *map;
	uint32_t offset, value;
};

enum ktstr_clock { KTSTR_VIRTUAL = 1, KTSTR_REAL = 2, KTSTR_BOTH = 3 };

#define KTSTR_NOW UINT32_MAX /* of settle_ms: 0 ms */

/* One of scenario, build and host is there. */
struct ktstr_test {
	uint32_t size;
	uint32_t line;                         /* of the macro … */
	const char *file;                      /* … in this file */
	const char *id;                        /* the macro's name */
	uint32_t map_write_size;               /* of a struct ktstr_map_write */
	void (*build)(struct ktstr_body *k);   /* makes the scenario, on the host: for each topology and profile */
	void (*host)(struct ktstr_verdict *v); /* is the test, on the host; no guest */
	const char *name;     /* letters, digits, "_", "-", "."; with "demo_" in front it is ignored. [id] */
	const char *summary;  /* for listings */
	const char *scenario; /* lines */
	const char *expect; /* lines, without that word: "isolated\n gap.max <= 200ms". [what holds for any scenario] */
	void (*judge)(struct ktstr_verdict *v); /* is asked as well, once for each seed that ran */
	const char *expect_fail;                /* "CLASS[,CLASS…][: TEXT]": it must fail so, and with nothing else */
	const struct ktstr_scheduler *scheduler;                             /* [the kernel's own] */
	const char *const *args;                                             /* list, behind the scheduler's */
	const char *const *flags_required, *const *flags_excluded;           /* lists; they bind the base test, too */
	const char *topology;                                                /* of the base test. [the scheduler's] */
	uint32_t min_numa, max_numa, min_llcs, max_llcs, min_cpus, max_cpus; /* [the scheduler's] */
	bool smt;
	uint32_t memory_mb;         /* MiB, at least 256; a guest has 32 for each CPU anyhow. [1024] */
	uint32_t duration_ms;       /* ms of guest time that percentages of "hold" are of. [2000] */
	uint32_t settle_ms;         /* ms before the first phase, not judged. KTSTR_NOW: none. [200] */
	uint32_t workers;           /* "n=" of a line without one. [2] */
	uint32_t seeds, first_seed; /* schedules to run, all of which must pass. [1, 1] */
	uint32_t clock;             /* enum ktstr_clock. [KTSTR_VIRTUAL] */
	bool perf_mode;             /* real time: host CPUs of its own */
	const char *const *needs;   /* list: "CONFIG_X=y", "6.13..", "cpus:4", "numa", a kfunc; else it is skipped */
	const struct ktstr_map_write *map_write; /* before the first phase; ends with one without a map. [none] */
	const char *const *tags;                 /* list */
	bool ignored;                            /* runs when asked for by name or with --ignored alone */
	uint32_t
		watchdog_ms; /* the kernel throws the scheduler out when a task waits so long; 100 to 30000. [the scheduler says] */
};

/* Work of your own: work type "fn:NAME" of a scenario. The test program itself is started in the guest for each worker, with
 * "--ktstr-work NAME"; KTSTR_MAIN sees to that. pass() is called again and again until the worker is killed: each call is an iteration. It
 * has hung when it neither comes back nor calls one of _did, _run, _sleep for 500 ms. docs/scenarios.md, "Work functions". */
struct ktstr_work_function {
	uint32_t size;
	uint32_t line;
	const char *file;
	const char *name; /* letters, digits, "_" */
	void (*pass)(struct ktstr_worker *w);
};

struct ktstr_program {
	uint32_t size;
	uint32_t abi; /* KTSTR_ABI */
	const struct ktstr_test *const *tests, *const *tests_end;
	const struct ktstr_work_function *const *works, *const *works_end;
};

/* Does what the arguments say, and is what main() is to end with: 0 all passed, 1 one failed, 2 nothing can be said or the arguments are
 * wrong, 5 or 6 no run came about; docs/exit-codes.md has the others. "--help" prints the arguments. */
int ktstr_main(const struct ktstr_program *p, int argc, char **argv);

/* In a body. The first fault, and whatever a failed ktstr_require() says, make all calls after it do nothing; the test is refused with file
 * and line when it is listed. Text that is returned lives until the body ends.
 *
 * Adds a line of a scenario, printf-like (so "%" is "%%"), and returns its second word: the cgroup that it is about. */
const char *ktstr_add(struct ktstr_body *k, const char *file, uint32_t line, const char *fmt, ...)
	__attribute__((__format__(__printf__, 4, 5)));
const char *ktstr_str(struct ktstr_body *k, const char *fmt, ...) __attribute__((__format__(__printf__, 2, 3)));
bool ktstr_require_at(struct ktstr_body *k, const char *file, uint32_t line, bool ok, const char *fmt, ...)
	__attribute__((__format__(__printf__, 5, 6)));
uint32_t ktstr_cpus(struct ktstr_body *k); /* of the topology */
uint32_t ktstr_llcs(struct ktstr_body *k);
uint32_t ktstr_nodes(struct ktstr_body *k);
uint32_t ktstr_cpus_of(struct ktstr_body *k, const char *set); /* how many CPUs a set has: "llc:0" */
bool ktstr_flag(struct ktstr_body *k, const char *name);       /* whether the profile has it; the scheduler must */
uint64_t ktstr_seed(struct ktstr_body *k);                     /* the test's first one */

#define ktstr_line(k, ...) ktstr_add(k, __FILE__, __LINE__, __VA_ARGS__)
#define ktstr_require(k, ok, ...) ktstr_require_at(k, __FILE__, __LINE__, ok, __VA_ARGS__)
/* What may stand behind the cgroup's name is a printf-like literal: ktstr_cgroup(k, "a", "cpuset=cpu:%u", i). */
#define ktstr_cgroup(k, name, ...) ktstr_line(k, "cgroup %s%s", name, ktstr_str(k, " " __VA_ARGS__))
#define ktstr_work(k, name, ...) ktstr_line(k, "work %s%s", name, ktstr_str(k, " " __VA_ARGS__))
#define ktstr_set(k, name, ...) ktstr_line(k, "set %s%s", name, ktstr_str(k, " " __VA_ARGS__))
#define ktstr_move(k, from, to) ktstr_line(k, "move %s %s", from, to)
#define ktstr_swap(k, a, b) ktstr_line(k, "swap %s %s", a, b)
#define ktstr_stop(k, name) ktstr_line(k, "stop %s", name)
#define ktstr_remove(k, name) ktstr_line(k, "remove %s", name)
#define ktstr_freeze(k, name) ktstr_line(k, "freeze %s", name)
#define ktstr_thaw(k, name) ktstr_line(k, "thaw %s", name)
#define ktstr_mark(k, name) ktstr_line(k, "mark %s", name)
#define ktstr_hold(k, ...) ktstr_line(k, "hold%s", ktstr_str(k, " " __VA_ARGS__))
/* The lines between happen every so often, for so long: ktstr_every(k, "100ms"); …; ktstr_until(k, "50%%"). */
#define ktstr_every(k, ...) ktstr_line(k, "every%s {", ktstr_str(k, " " __VA_ARGS__))
#define ktstr_until(k, ...) ktstr_line(k, "} for%s", ktstr_str(k, " " __VA_ARGS__))

/* On the host. A check that fails makes the test fail; what is skipped, before any check failed, is skipped. */
void ktstr_check_at(struct ktstr_verdict *v, const char *file, uint32_t line, bool ok, const char *fmt, ...)
	__attribute__((__format__(__printf__, 5, 6)));
void ktstr_skip(struct ktstr_verdict *v, const char *fmt, ...) __attribute__((__format__(__printf__, 2, 3)));
/* Of the run that a judge function is called for: a metric as in an expectation, in its own unit: "gap.max{left}@2" is in ms. Without a
 * cgroup it is that of all workers together. Without a value it is def. A metric that does not exist, or has no number, fails the test. */
double ktstr_figure(struct ktstr_verdict *v, const char *metric, double def);
uint64_t ktstr_run_seed(const struct ktstr_verdict *v);
const char *ktstr_run_json(const struct ktstr_verdict *v); /* all of it: docs/formats.md. NULL: a test of the host */

#define ktstr_check(v, ok, ...) ktstr_check_at(v, __FILE__, __LINE__, ok, __VA_ARGS__)

/* In the guest. Whose turn it is among the workers of its line, and how many they are: */
uint32_t ktstr_worker_index(const struct ktstr_worker *w);
uint32_t ktstr_worker_count(const struct ktstr_worker *w);
/* The next number of its generator, which the seed decides. */
uint64_t ktstr_worker_random(struct ktstr_worker *w);
/* Units of work, in place of the one that a pass counts as; and a look around in the midst of a long pass. */
void ktstr_worker_did(struct ktstr_worker *w, uint64_t work);
/* Computes for so long, as "run" does; sleeps for so long, which is no gap, and how late it wakes up is "slack". */
void ktstr_worker_run(struct ktstr_worker *w, uint64_t us);
void ktstr_worker_sleep(struct ktstr_worker *w, uint64_t us);
/* Memory of this worker, 0 at first, and the same again for each pass; at most 1 MiB, else NULL. */
void *ktstr_worker_state(struct ktstr_worker *w, size_t size);
/* It cannot go on: the test fails with these words, of which 511 bytes are told, on one line, and all are in the log. */
void ktstr_worker_fail(struct ktstr_worker *w, const char *fmt, ...)
	__attribute__((__format__(__printf__, 2, 3), __noreturn__));

#pragma GCC visibility pop
#ifdef __cplusplus
}
/* Literals of arrays are temporary in C++. */
#define KTSTR_ARRAY_(type, ...) \
	([]() -> const type * { \
		static const type list_[] = { __VA_ARGS__ }; \
		return list_; \
	}())
#define KTSTR_CONST_ static
#else
#define KTSTR_ARRAY_(type, ...) ((const type[]){ __VA_ARGS__ })
#define KTSTR_CONST_ static const
#endif

typedef const char *ktstr_text_; /* so that C++ can name the type of a list's members */
#define KTSTR_LIST(...) KTSTR_ARRAY_(ktstr_text_, __VA_ARGS__, NULL)
#define KTSTR_FLAGS(...) KTSTR_ARRAY_(struct ktstr_flag, __VA_ARGS__, { NULL, NULL, NULL })
#define KTSTR_MAP_WRITES(...) KTSTR_ARRAY_(struct ktstr_map_write, __VA_ARGS__, { NULL, 0, 0 })

/* Kept by compilers, by link time optimisation and by --gc-sections. */
#if defined(__has_attribute) && __has_attribute(retain)
#define KTSTR_KEPT_(name) __attribute__((used, retain, section(name)))
#else
#define KTSTR_KEPT_(name) __attribute__((used, section(name)))
#endif
#define KTSTR_QUIET_ _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#define KTSTR_LOUD_ _Pragma("GCC diagnostic pop")

/* clang-format off */
#define KTSTR_SCHEDULER(id_, ...) \
	KTSTR_QUIET_ KTSTR_CONST_ struct ktstr_scheduler id_ = { \
		.size = sizeof(struct ktstr_scheduler), .flag_size = sizeof(struct ktstr_flag), .id = #id_, __VA_ARGS__ }; \
	KTSTR_LOUD_ struct ktstr_semicolon_
#define KTSTR_REGISTER_(id_, build_, host_, ...) \
	KTSTR_QUIET_ KTSTR_CONST_ struct ktstr_test ktstr_test_##id_ = { \
		.size = sizeof(struct ktstr_test), .line = __LINE__, .file = __FILE__, .id = #id_, \
		.map_write_size = sizeof(struct ktstr_map_write), .build = build_, .host = host_, __VA_ARGS__ }; \
	KTSTR_LOUD_ static const struct ktstr_test *const ktstr_registered_##id_ \
		KTSTR_KEPT_("ktstr_tests") = &ktstr_test_##id_
/* clang-format on */

/* A test whose scenario is a text. */
#define KTSTR_SCENARIO(id_, ...) KTSTR_REGISTER_(id_, NULL, NULL, __VA_ARGS__)
/* A test whose scenario the body makes that follows. */
#define KTSTR_TEST(id_, ...) \
	static void ktstr_build_##id_(struct ktstr_body *k); \
	KTSTR_REGISTER_(id_, ktstr_build_##id_, NULL, __VA_ARGS__); \
	static void ktstr_build_##id_(struct ktstr_body *k)
/* A test that is the body that follows, on the host. */
#define KTSTR_HOST_TEST(id_, ...) \
	static void ktstr_host_##id_(struct ktstr_verdict *v); \
	KTSTR_REGISTER_(id_, NULL, ktstr_host_##id_, __VA_ARGS__); \
	static void ktstr_host_##id_(struct ktstr_verdict *v)
/* A work function. */
#define KTSTR_WORK(name_) \
	static void ktstr_pass_##name_(struct ktstr_worker *w); \
	static const struct ktstr_work_function ktstr_work_##name_ = { sizeof(struct ktstr_work_function), __LINE__, \
								       __FILE__, #name_, ktstr_pass_##name_ }; \
	static const struct ktstr_work_function *const ktstr_registered_work_##name_ KTSTR_KEPT_("ktstr_works") = \
		&ktstr_work_##name_; \
	static void ktstr_pass_##name_(struct ktstr_worker *w)

/* The program, for a main() of your own: return ktstr_main(KTSTR_PROGRAM, argc, argv). Of one source of a program. */
#define KTSTR_PROGRAM (&ktstr_program_)
#define KTSTR_DEFINE_PROGRAM \
	KTSTR_SECTION_(struct ktstr_test, ktstr_tests); \
	KTSTR_SECTION_(struct ktstr_work_function, ktstr_works); \
	static const struct ktstr_program ktstr_program_ = { sizeof(struct ktstr_program), KTSTR_ABI, \
							     __start_ktstr_tests,          __stop_ktstr_tests, \
							     __start_ktstr_works,          __stop_ktstr_works }
#ifdef __cplusplus
#define KTSTR_C_ extern "C"
#else
#define KTSTR_C_ extern
#endif
#define KTSTR_SECTION_(type, name) \
	KTSTR_C_ const type *const __start_##name[] __attribute__((weak, visibility("hidden"))); \
	KTSTR_C_ const type *const __stop_##name[] __attribute__((weak, visibility("hidden")))
#define KTSTR_MAIN \
	KTSTR_DEFINE_PROGRAM; \
	int main(int argc, char **argv) \
	{ \
		return ktstr_main(KTSTR_PROGRAM, argc, argv); \
	}

#endif
