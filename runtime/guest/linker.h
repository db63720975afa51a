/* linker.h: the dynamic linker's search for a library, done again: where it lies here, and where a guest's linker looks.
 *
 * glibc (elf/dl-load.c): DT_RPATH of the object and of those that led to it, unless it has a DT_RUNPATH; LD_LIBRARY_PATH;
 * DT_RUNPATH; ld.so.cache; the linker's folders. In each folder, subfolders of glibc-hwcaps come first as far as the CPU
 * goes. musl (ldso/dynlink.c): LD_LIBRARY_PATH; DT_RUNPATH, else DT_RPATH, of the object and of those that led to it;
 * /etc/ld-musl-{arch}.path, else /lib, /usr/local/lib and /usr/lib.
 *
 * A guest has no such variable, cache or list, and another CPU: what they led to gets a place in a folder that its linker
 * always searches, and all subfolders of glibc-hwcaps and all meanings of $PLATFORM come along. A relative folder counts from
 * where the tool was started here, and from / and /root (where commands of a shell start) there. */
#pragma once
#include "guest/elfneeds.h"
#include "text/argv.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

struct linker {
	uint16_t machine; /* EM_X86_64 …, of the guest */
	bool musl;
	bool relative;            /* set when a folder was looked into that counts from start */
	const char *library_path; /* LD_LIBRARY_PATH of whoever asks; NULL: none */
	const char *start;        /* absolute: the folder relative ones count from */
	char *dir;                /* the interpreter's folder, canonical; below sysroot as the guest has it */
	char *sysroot; /* where the distribution keeps libraries of another architecture to link with; NULL: not needed */
	char *folders; /* of musl's linker */
	char *cache;   /* ld.so.cache; NULL: none */
	size_t cache_n;
	bool own_cache; /* libc in it lies beside the linker */
};

/* Something loaded: what it asks for is looked for. */
struct linker_object {
	char *host_dir;         /* what $ORIGIN means for it here */
	struct argv guest_dirs; /* and what it may mean there */
	size_t parent;          /* index of who asked for it; its own for the program */
	struct elf_needs needs;
};

struct linker_hit {
	char *host;         /* as the linker here opens it */
	struct argv guests; /* paths where it must be in the guest, normal (linker_normal) */
	char *near;         /* and one where it should be, unless something else is there; NULL: none */
	struct elf_needs needs;
};

struct linker_hits {
	struct linker_hit *v;
	size_t n;
};

/* interp: PT_INTERP, or NULL for a static program. *real: the interpreter's file here (caller frees; NULL without one), *guest: its
 * place in the guest. X_BAD_SCHED: it is missing, or no program of that machine. linker_close frees all but the two. */
int linker_open(struct linker *l, const char *interp, char **real, char **guest, struct err *e);
void linker_close(struct linker *l);
/* Whether the linker brings it itself: musl's is its own libc, libm, libpthread … */
bool linker_is(const struct linker *l, const char *soname);
/* For what v[asking] names soname. false: it is not there. Several hits are the same library for different CPUs. */
bool linker_find(struct linker *l, const struct linker_object *v, size_t asking, const char *soname,
		 struct linker_hits *h);
void linker_hits_free(struct linker_hits *h);
#define auto_hits __attribute__((unused, cleanup(linker_hits_free)))
void linker_object_free(struct linker_object *o);
/* path without ".", ".." and doubled slashes, by text alone; dir_of is its folder. Callers free. */
char *linker_normal(const char *path);
char *linker_dir_of(const char *path);
