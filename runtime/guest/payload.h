/* payload.h: a scheduler and everything it needs to start in a guest that has nothing.
 *
 * For an ELF program: PT_INTERP, DT_NEEDED breadth-first, searched as ld.so does (DT_RPATH, library_path, DT_RUNPATH,
 * with $ORIGIN, $LIB, $PLATFORM; /etc/ld.so.cache; the default folders of the distribution). Where the
 * interpreter is only among the libraries of a cross compiler (/usr/aarch64-linux-gnu), libraries are looked for there too.
 * Scripts ("#!") and programs of another architecture are refused with X_BAD_SCHED, and so is a library that cannot be
 * found, by name. All parsing is bounded: the file may be anything. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

struct payload_file {
	char *guest;  /* absolute path in the guest */
	char *host;   /* file to read; NULL for a link */
	char *target; /* link target; NULL for a file */
	uint32_t mode;
	uint64_t size;   /* of the content */
	uint64_t offset; /* where the content starts in host: 0, or a place inside a pack (pack.h) */
};

struct payload {
	struct payload_file *v; /* sorted by guest path */
	size_t n;
	const char *library_path; /* LD_LIBRARY_PATH of whoever asks, absolute folders; NULL: none. Not owned */
};

/* program ends up at guest_path ("/scheduler"). machine: EM_X86_64 … of the guest. */
int payload_closure(struct payload *p, const char *program, const char *guest_path, uint16_t machine, struct err *e);
int payload_add_file(struct payload *p, const char *host, const char *guest, uint32_t mode, struct err *e);
/* Any file the user wants to have in the guest; programs and libraries bring the libraries they need. Its permissions stay. */
int payload_include(struct payload *p, const char *host, const char *guest, uint16_t machine, struct err *e);
/* target as a link has it. The same link twice is no error. */
int payload_add_link(struct payload *p, const char *guest, const char *target, struct err *e);
void payload_free(struct payload *p);
#define auto_payload __attribute__((unused, cleanup(payload_free)))

/* What of an ELF file matters here; from memory, hostile. */
struct elf_needs {
	uint16_t machine;
	bool dynamic, is_program;
	char *interp;
	char **needed;
	size_t n_needed;
	char *rpath, *runpath;
};
int elf_needs_parse(struct elf_needs *n, const void *data, size_t len, struct err *e);
void elf_needs_free(struct elf_needs *n);
/* First entry for soname in an ld.so.cache image ("glibc-ld.so.cache1.1"), for 64-bit x86_64 or aarch64 libc6.
 * Returns 0 with *path pointing into data, 1 when absent, negative when damaged. */
int ldcache_find(const void *data, size_t len, const char *soname, uint16_t machine, const char **path);
