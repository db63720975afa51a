/* proto.h: what host and ktstr-init say to each other, over the virtio-serial port "ktstr" or a board (guest/board.h).
 *
 * Both ends are little endian and the same build. A frame is a header and a payload; both sides bound every length and
 * check the CRC before they believe a byte. The guest may lie: the host treats every frame as hostile. Either side may
 * send at any time; replies carry no ids because there is at most one question open.
 *
 *   guest                          host
 *   HELLO text            ->            facts: "key value\n" lines, see below; PID 1 is ready
 *                         <-  NOW       what the time is, when it has just booted or was continued
 *                         <-  FILES     manifest; guest makes the files below "/". Content of small ones is in the tray
 *   PAGES runs            ->            where pages of the others are; host writes the content straight into guest RAM
 *                         <-  PUSHED    content is in place; guest lets go of the pages
 *   FILES_OK              ->            without PAGES and PUSHED when there were no others
 *                         <-  GROUPS    a cgroup that must be there first
 *                         <-  WATCHDOG  how long it may let tasks wait
 *                         <-  START     argv, environment
 *   STATE, LOG …          ->            scheduler state changes, its output
 *   EXIT_INFO                ->            before the STATE or EXITED it belongs to: what the kernel said about its end
 *   CALLS                 ->            before EXITED: what the kernel answered to the scheduler's bpf(2)
 *                         <-  PROGS     ask for the guest's own view (cross-check)
 *   PROGS_ARE text        ->
 *                         <-  WORK      tasks for the attached scheduler to run
 *   WORKED                ->
 *                         <-  STOP      terminate the scheduler, then EXITED
 *   EXITED                ->
 *                         <-  POWEROFF
 *
 * A session (a shell, or one command) beside or without a scheduler:
 *                         <-  RUN       argv, environment, terminal or not
 *                         <-  IN        its input, at most PROTO_WINDOW bytes ahead of TAKEN
 *   OUT, ERR, TAKEN …     ->
 *                         <-  WINDOW    the terminal has another size
 *                         <-  DEAF      nobody reads one of its outputs any more
 *   ENDED                 ->            behind all of its output
 *
 * The same frames go through a board (guest/board.h) where there is one; in real time until
 *                         <-  PORT      from now on through the virtio port
 * In virtual time there is no such port, and deadlines are the guest's own:
 *                         <-  DEADLINE  milliseconds
 *   LATE                  ->            they have passed
 *                         <-  PARK      behind HELLO, or when a scheduler has attached: be saved, and continued
 *
 * At any time, behind everything that was asked before: PING, answered by PONG.
 *
 * STATE follows /sys/kernel/sched_ext/state, starting from "disabled": only changes are sent, and an attach too short
 * to be seen in the file is still told. EXITED comes behind the scheduler's whole output. A STOP that crosses an EXITED
 * on the way is quietly ignored. After POWEROFF the guest resets the machine: QEMU needs -no-reboot.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PROTO_MAGIC 0x5254534bu /* "KSTR" */
#define PROTO_VERSION 1u
#define PROTO_PORT "ktstr"
#define PROTO_MAX (4u << 20) /* largest payload */
/* On the kernel's command line, and so PID 1's environment: "NAME=VALUE;NAME=VALUE", set before HELLO. */
#define PROTO_SYSCTLS "KTSTR_SYSCTLS"
#define PROTO_PATH_MAX 4000u /* bytes of a path or link target in FILES */

enum proto_type {
	/* guest to host */
	MSG_HELLO = 1,      /* "key value\n" lines, see below */
	MSG_PAGES = 2,      /* struct proto_run[]: the content of the manifest's files, in order, page by page */
	MSG_FILES_OK = 3,   /* empty */
	MSG_STATE = 4,      /* struct proto_state + ops name */
	MSG_LOG = 5,        /* bytes of the scheduler's stdout and stderr, as they came */
	MSG_EXITED = 6,     /* struct proto_exited: the scheduler process ended */
	MSG_PROGS_ARE = 7,  /* lines "id type verified_insns jited_len xlated_len run_cnt run_time_ns name" */
	MSG_FAILED = 8,     /* text: the last request could not be done, and why */
	MSG_OUT = 10,       /* bytes of the session's stdout, or of its terminal */
	MSG_ERR = 11,       /* bytes of its stderr */
	MSG_TAKEN = 12,     /* u32: bytes of IN the program has taken since the last TAKEN */
	MSG_ENDED = 13,     /* struct proto_exited: the session's program ended */
	MSG_PONG = 14,      /* empty */
	MSG_EXIT_INFO = 15, /* struct proto_exit_info, then the kernel's log, then sched_ext's dump */
	MSG_WORKED = 16,    /* struct proto_worked, then a struct proto_task for every task */
	MSG_CALLS = 17,     /* struct proto_calls, then a struct proto_call for each, the newest at most */
	MSG_LATE = 18,      /* empty: the time of DEADLINE is over */
	/* host to guest */
	MSG_FILES = 32,  /* proto_file[] records, see below */
	MSG_PUSHED = 33, /* empty */
	MSG_START = 34,  /* struct proto_start, then argc + n_env NUL-ended strings */
	MSG_STOP = 35,   /* u32 milliseconds between SIGTERM and SIGKILL */
	MSG_PROGS = 36,
	MSG_POWEROFF = 38,
	MSG_RUN = 39,     /* struct proto_session, then argc + n_env NUL-ended strings */
	MSG_IN = 40,      /* bytes for the session's stdin; none: there is no more */
	MSG_WINDOW = 41,  /* struct proto_window */
	MSG_CONSOLE = 42, /* u32: kernel messages below this level go to the console */
	MSG_DEAF = 43,    /* u32: 1 stdout, 2 stderr of the session */
	MSG_PING = 44,    /* empty */
	MSG_WORK = 45,    /* struct proto_work */
	MSG_NOW = 46,     /* struct proto_now */
	MSG_DEADLINE =
		47, /* u32 milliseconds of the guest's own time until LATE; 0: never. Takes the place of the last one */
	MSG_PARK = 48,     /* empty: be saved (guest/board.h) */
	MSG_PORT = 49,     /* empty: the last frame through a board */
	MSG_GROUPS = 50,   /* a path below the root of cgroups, "/a/b", not ended: it is made */
	MSG_WATCHDOG = 51, /* struct proto_watchdog: of schedulers that are started from here on */
};

/* MSG_HELLO, in this order, numbers decimal unless said otherwise:
 *   version 1           PROTO_VERSION
 *   release, machine    as uname gives them
 *   nr_cpus             possible CPUs; online_cpus: those that run
 *   mem_kb              MemTotal
 *   text_pa, text_va    hex: where the kernel image begins: "Kernel code" of /proc/iomem, and _text. On aarch64
 *                       the former is _stext in some versions
 *   scx                 "yes" when the kernel has sched_ext, else "no"
 *   btf                 bytes of /sys/kernel/btf/vmlinux, 0 when there is none
 *   cpus {list}         those that run: "0-3,8"
 *   packages, dies, llcs, cores
 *                       the CPUs of each, a list per group with a blank between two. llcs: the last level of cache.
 *                       Left out is what the kernel does not say
 *   node {number} {list} {kb} {distance} …
 *                       a line per NUMA node: its CPUs ("-": none), MemTotal, and how far it is to each node
 *   sysctl_lacks {name}, sysctl_refused {why}
 *                       of PROTO_SYSCTLS, any number: there is no such file; the kernel does not take the value
 *   unknown {word}      any number: a parameter on the command line that this kernel does not know
 *   sym {name} {hex}    any number; symbols this kernel does not have are left out. As /proc/kallsyms has
 *                       them: a per-CPU one ("runqueues") of x86_64 is an offset in 6.12, an address in 7.3 */
struct proto_head {
	uint32_t magic;
	uint32_t type;
	uint32_t len; /* of the payload */
	uint32_t crc; /* CRC-32 (zlib's) of the payload */
};

/* MSG_FILES: n records back to back, each this head, then path (path_len bytes, absolute, no NUL, no ".."), then, for a
 * link, its target (size bytes). */
struct proto_file {
	uint32_t mode; /* permission bits, or PROTO_LINK */
	uint32_t path_len;
	uint64_t size;
	int64_t mtime_s;   /* of its last change, since 1970 */
	uint32_t mtime_ns; /* below 1e9; or PROTO_UNDATED: as new as it is there */
	uint32_t reserved;
};
#define PROTO_UNDATED UINT32_MAX
#define PROTO_LINK 0x80000000u

/* MSG_PAGES: consecutive guest-physical memory, of the files that board_tray_takes() refuses, all without a board. Files start on a page boundary; the tail of a last page is zero. Always
 * one frame: PROTO_MAX holds a gigabyte in single pages, and a payload of more runs than that is FAILED. */
struct proto_run {
	uint64_t gpa;
	uint64_t len; /* multiple of 4096 */
};

/* Operations of a scheduler that say a longer timeout_ms, or none, say this one. */
struct proto_watchdog {
	uint32_t ms;         /* 0: they say what they like */
	uint32_t value_size; /* of a struct_ops map with operations of a scheduler, in this kernel */
	uint32_t timeout_at; /* where in it timeout_ms is */
};

struct proto_start {
	uint32_t argc;  /* at least 1; argv[0] is the program's path in the guest */
	uint32_t n_env; /* "NAME=value"; PATH, HOME and RUST_LOG have defaults */
};

#define PROTO_WINDOW (256u << 10)

struct proto_window {
	uint16_t columns, rows; /* 0: unknown */
};

struct proto_session {
	uint32_t argc; /* argv[0] is the program's path in the guest */
	uint32_t n_env;
	uint32_t terminal; /* 1: stdin, stdout and stderr are a terminal of this size; 0: three pipes */
	uint32_t above;    /* 1: it begins above all schedulers under test, and is to see to what it starts itself */
	struct proto_window window;
};

enum proto_scx { SCX_DISABLED = 0, SCX_ENABLING = 1, SCX_ENABLED = 2, SCX_DISABLING = 3, SCX_BYPASSING = 4 };
struct proto_state {
	uint32_t state; /* enum proto_scx, from /sys/kernel/sched_ext/state */
	uint32_t ms;    /* since START */
};

struct proto_exited {
	int32_t status; /* as waitpid gives it */
	uint32_t ms;    /* since START */
};

struct proto_exit_info {
	uint32_t log_len; /* bytes of text that are lines of the kernel's log; the rest is the dump */
};

/* Calls of bpf(2) since START that make, load or attach something, by whichever process, in order. */
struct proto_calls {
	uint32_t traced; /* 1: the kernel let PID 1 watch; 0: nothing is known, and there are none */
	uint32_t total;  /* how many there were; the newest PROTO_CALLS follow */
};
#define PROTO_CALLS 256u

/* Numbers of include/uapi/linux/bpf.h; what a struct_ops map says to its value counts as a call of its own. */
#define CALL_STRUCT_OPS_VALUE 0x80000000u
struct proto_call {
	uint32_t
		cmd; /* BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_PROG_ATTACH, BPF_RAW_TRACEPOINT_OPEN, BPF_LINK_CREATE, or above */
	int32_t error; /* errno; 0: it worked */
	uint32_t type; /* of the map or program; of a link the kind of attachment */
	char name[16]; /* of the map or program, as it asked to be called; zeros: none */
};

struct proto_work {
	uint32_t ms;          /* how long, when every spinning task has had a turn by then */
	uint32_t patience_ms; /* how much longer it may take until they had one */
};

#define PROTO_SEED 64u
struct proto_now {
	int64_t s;                /* of CLOCK_REALTIME, since 1970 */
	uint32_t ns;              /* below 1e9 */
	uint32_t delay_ns;        /* below 1e9: for how long nothing else is done; 0 in real time */
	uint8_t seed[PROTO_SEED]; /* random, for this guest only */
};

struct proto_worked {
	uint32_t ms;       /* how long it was */
	uint32_t attached; /* 0: the kernel let go of the scheduler meanwhile, and that ended it */
};

/* Spinning tasks have a CPU each, the other kinds have none of their own. Times are those of the task's own clock, which a
 * task without a turn never read. */
enum proto_kind { TASK_SPINS = 0, TASK_SLEEPS = 1, TASK_YIELDS = 2, TASK_KINDS };
struct proto_task {
	uint32_t kind; /* enum proto_kind */
	uint32_t cpu;  /* the one it ran on last, and before its first turn the one it is for */
	uint64_t turns;
	uint64_t wall_ns, cpu_ns; /* since its first turn: passed, and spent on a CPU */
	uint64_t gap_ns;          /* the longest time between two turns */
	uint32_t gap_cpu;         /* where it went on after that */
	uint32_t migrations;
};

uint32_t proto_crc(const void *data, size_t n);

/* Where a frame stands in a byte stream. */
enum { PROTO_MORE = 0, PROTO_FRAME = 1 };
/* Looks at n bytes: PROTO_FRAME fills *h (payload follows the head at data + sizeof *h), PROTO_MORE needs more bytes,
 * negative: the stream is broken (bad magic, length over PROTO_MAX, bad CRC). */
int proto_peek(const void *data, size_t n, struct proto_head *h);
void proto_seal(struct proto_head *h, uint32_t type, const void *payload, size_t len);

/* Next record of a manifest at *at (0 first): PROTO_FRAME fills all, *path (f->path_len bytes) and, for a link, *target
 * (f->size bytes; NULL for a file) point into data; PROTO_MORE at the end; negative: no manifest. */
int proto_file_next(const void *data, size_t n, size_t *at, struct proto_file *f, const char **path,
		    const char **target);
/* Negative when it is no time. */
int proto_now_parse(struct proto_now *now, const void *data, size_t n);
/* Splits exactly count NUL-ended strings that cover data; v points into it. Negative when it is anything else. */
int proto_strings(const void *data, size_t n, const char **v, size_t count);
