/* err.h: what went wrong, told once, outermost context first.
 *
 * The caller owns the struct; nothing is allocated. A function that can fail takes it last and returns
 *   negative  it failed and *e is filled: forward it, with err_in() where a name helps;
 *   0         fine;
 *   positive  an outcome its header names.
 * Library code neither prints nor exits. main prints "error: {msg}" and exits with e.code. */
#pragma once
#include <stdbool.h>

/* Exit codes of every program of ours; docs/exit-codes.md is the user's copy of this list. */
enum exit_code {
	X_SUCCESS = 0,     /* (X_OK is taken: unistd.h defines it as 1, for access()) */
	X_FAIL = 1,        /* anything without a code of its own */
	X_USAGE = 2,       /* the command line is wrong */
	X_REJECTED = 3,    /* the kernel refused the scheduler (verifier, BTF, attach) */
	X_DIED = 4,        /* the scheduler attached and then went away, or ended before it attached */
	X_TIMEOUT = 5,     /* a deadline passed */
	X_VM = 6,          /* the virtual machine failed: boot, panic, QEMU died, channel broken */
	X_NO_INPUT = 10,   /* a file that was named is not there or cannot be read */
	X_BAD_SCHED = 11,  /* not a program this guest can run, or a library of it is missing */
	X_NO_SCX = 12,     /* a kernel without sched_ext or without BTF */
	X_BAD_KERNEL = 13, /* a kernel image or package that is damaged or not one */
	X_STORE = 14,      /* the store or cache folder cannot be used */
	X_DISK_FULL = 15,
	X_NO_KVM = 16,       /* KVM was asked for; /dev/kvm is missing or forbidden */
	X_KVM_UNUSABLE = 17, /* KVM was asked for; it cannot run a kernel here */
	X_NO_NINJA = 18,
	X_NO_QEMU = 19,
	X_NO_KERNEL = 20,    /* no kernel matches the id, or none is there at all */
	X_KCONFIG = 21,      /* an option the kernel must have did not survive configuration */
	X_BUILD = 22,        /* make, cc or cargo failed */
	X_NO_TOOL = 23,      /* another program we need is missing or too old */
	X_NETWORK = 24,      /* a server cannot be reached, or does not give us what we asked for */
	X_CHECKSUM = 25,     /* what came is not what was published: checksum or signature */
	X_BAD_ARCHIVE = 26,  /* a source archive that is damaged or hostile */
	X_OVER = 27,         /* a program is over the budget that was given for it */
	X_PASSED = 28,       /* what is expected to fail did not */
	X_HOST = 29,         /* the host has too few CPUs for what was asked for */
	X_AUDIT = 30,        /* --audit: what is kept is not what this machine makes */
	X_DIFFERS = 32,      /* run --audit: a run came out otherwise when it was made once more */
	X_UNKNOWN = 33,      /* KTSTR_ASK: a step's result is not known, and was not made */
	X_LAUNCHER = 34,     /* what was to run a step elsewhere failed, or lost it */
	X_INTERRUPTED = 130, /* SIGINT, SIGTERM, SIGHUP, or the process that asked for the work is gone */
};

struct err {
	int code; /* an enum exit_code; 0 while nothing failed */
	char msg[2048];
};

/* Fills *e and returns -1. A message that does not fit is cut at a character boundary. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));

/* As err_set with ": {strerror(errno)}" added. Code X_DISK_FULL for ENOSPC and EDQUOT, else X_FAIL.
 * Returns -errno, so that a caller may still tell ENOENT from the rest. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* Whether another program, which speaks English, says that the disk or the user's share of it is full. said may be NULL. */
bool err_full(const char *said);

/* Puts "{context}: " in front of an error already there; keeps the code. Returns -1. */
int err_in(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* As err_in, and replaces the code: the caller knows better what this failure means to the user. */
int err_as(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));
