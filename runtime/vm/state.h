/* state.h: what we hold of one running guest. */
#pragma once
#include "process/spawn.h"
#include "vm/board.h"
#include "vm/chan.h"
#include "vm/machine.h"
#include "host/perf.h"
#include "qmp/qmp.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct vm {
	bool open; /* {0} is a closed guest */
	struct machine m;
	struct child qemu;
	struct qmp qmp;
	struct chan chan;
	struct board board;  /* closed where there is none */
	int bell;            /* real time: the board's ring, kept for looks when the board is not used any more; -1 */
	int port;            /* the virtio port's socket, as long as chan is the board's; -1 */
	int console;         /* socket; -1 closed */
	int console_file;    /* in its place in virtual time; -1: none */
	uint64_t console_at; /* bytes of that we have */
	char *log;           /* console so far, at most VM_LOG_MAX, then the oldest half is dropped */
	size_t log_n, log_cap;
	bool echo;         /* the console's lines are told as they come */
	char unsaid[1024]; /* of its last line, unsaid_n bytes that were not told yet */
	size_t unsaid_n;
	bool panicked;      /* the console said so */
	uint64_t oom_kills; /* cgroup_oom_kills() when QEMU was started */
	int says;           /* QEMU's stderr; -1 closed */
	char said[4096];    /* the beginning of it */
	size_t said_n;
	char *hello;                       /* text of HELLO, or as stored with the snapshot */
	uint64_t ram_host[TOPO_MAX_NODES]; /* address of each node's RAM in QEMU's address space; 0 not looked up yet */
	int ram[TOPO_MAX_NODES];           /* the files behind it */
	struct perf perf;                  /* what performance mode came to, where the machine has it */
};
#define VM_LOG_MAX (4u << 20)

/* Seconds, before scaling by vm_scale() (end.h). */
enum {
	VM_BOOT_S = 30,
	VM_RESTORE_S = 10,
	VM_PUSH_S = 30,
	VM_LOAD_S = 60,
	VM_READ_S = 10,
	VM_WORK_S = 5,
	VM_STOP_S = 10,
	VM_SILENT_S = 30
};
