/* payload.h: a scheduler and everything it needs to start in a guest that has nothing.
 *
 * For an ELF program: PT_INTERP, and DT_NEEDED breadth-first, searched as its dynamic linker does (linker.h). Where the
 * interpreter is only among the libraries of a cross compiler (/usr/aarch64-linux-gnu), libraries are looked for there too.
 * LD_PRELOAD is not followed: what it names is for this machine's programs.
 * Scripts ("#!") and programs of another architecture are refused with X_BAD_SCHED, and so is a library that cannot be
 * found, by name. All parsing is bounded: the file may be anything. */
#pragma once
#include "text/argv.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
struct err;

struct payload_file {
	char *guest;  /* absolute path in the guest */
	char *host;   /* file to read; NULL for a link */
	char *target; /* link target; NULL for a file */
	uint32_t mode;
	uint64_t size;   /* of the content */
	uint64_t offset; /* where the content starts in host: 0, or a place inside a pack (pack.h) */
	bool dated;      /* it has this time in the guest; else that of its arrival */
	struct timespec mtime;
};

struct payload {
	struct payload_file *v; /* sorted by guest path */
	size_t n;
	const char *library_path; /* LD_LIBRARY_PATH of whoever asks; NULL: none. Not owned */
	const char *start;        /* absolute: the folder relative ones count from; NULL: the current one. Not owned */
};

/* program ends up at guest_path ("/scheduler"). machine: EM_X86_64 … of the guest. */
int payload_closure(struct payload *p, const char *program, const char *guest_path, uint16_t machine, struct err *e);
int payload_add_file(struct payload *p, const char *host, const char *guest, uint32_t mode, struct err *e);
/* Any file the user wants to have in the guest; programs and libraries bring the libraries they need. Its
 * permissions and the time of its last change stay. */
int payload_include(struct payload *p, const char *host, const char *guest, uint16_t machine, struct err *e);
/* target as a link has it. The same link twice is no error. */
int payload_add_link(struct payload *p, const char *guest, const char *target, struct err *e);
void payload_free(struct payload *p);
#define auto_payload __attribute__((unused, cleanup(payload_free)))
