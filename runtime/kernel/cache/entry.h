/* entry.h: the kernel cache folder and its metadata.json, as upstream 0.3.2 lays them out (docs/formats.md).
 *
 *   {root}/{key}/bzImage|Image  vmlinux  .config  metadata.json
 *
 * Root: $KTSTR_CACHE_DIR, else $XDG_CACHE_HOME/ktstr/kernels, else $HOME/.cache/ktstr/kernels. Readers never create it.
 * Members of ours beyond upstream's twelve come last, from "release" on; upstream ignores them.
 *
 * Other programs keep kernels in the same folder. What is written like upstream 0.50 is read as well; metadata that is
 * well-formed and of no writer we know is listed. Both are foreign: nothing removes them but their name. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct jsonw;

struct kernel_meta {
	char *version;     /* "6.12.117"; NULL for git and local */
	char *source;      /* "tarball" "git" "local" "import"; foreign ones also have other words */
	char *arch;        /* "x86_64" "aarch64" */
	char *image_name;  /* "bzImage" "Image" */
	char *config_hash; /* CRC-32 of .config, %08x */
	char *built_at;    /* "2026-04-15T12:34:56Z" */
	char *ktstr_kconfig_hash;
	char *git_hash, *git_ref, *source_tree_path;
	char *vmlinux_name;   /* "vmlinux" or NULL */
	char *ktstr_git_hash; /* always NULL from us: our keys carry a format number instead */
	/* Ours: */
	char *release;            /* uname -r, "7.3.4+deb13-cloud-amd64" */
	char *identity;           /* of the source: "sha256:…" "git:…" "tree:…"; NULL for imports */
	char *extra_kconfig_hash; /* CRC-32 of the user's own fragment (--kconfig FILE), or NULL */
	/* In the file only. The library of 0.3.2 skips entries with another ktstr_kconfig_hash than its own and cannot read
	 * "source": "import"; so what it may take has our hash here, and the source of an import. NULL in memory. */
	char *kconfig_hash, *origin;
	char *toolchain; /* what built it (kbuild_identity()); NULL for imports, and in entries of before it was told */
	bool foreign;    /* of another program */
};

struct kernel_entry {
	char *key;
	char *dir;      /* absolute */
	uint64_t inode; /* of dir: another one is another entry of that key */
	char *corrupt;  /* why it cannot be used; NULL: meta is good */
	bool foreign;   /* of another program; when corrupt says something, that is why we cannot read it */
	struct kernel_meta meta;
	bool stale_kconfig; /* built with another ktstr.kconfig */
	bool stale_ktstr;   /* built by a tool that takes every commit of its own for a change: upstream */
};

struct kernel_list {
	struct kernel_entry *v; /* newest first by built_at, corrupt ones last by key */
	size_t n;
	char *root;
};

/* kconfig_hash: of the current fragment, for staleness (tarball, git and local only). A missing root is an empty list. */
int kernel_list(struct kernel_list *l, const char *kconfig_hash, struct err *e);
void kernel_list_free(struct kernel_list *l);
#define auto_kernel_list __attribute__((unused, cleanup(kernel_list_free)))

/* One folder, wherever it is; its last component is the key. corrupt says why it cannot be used. */
void kernel_entry_read(struct kernel_entry *k, const char *dir, const char *kconfig_hash);
void kernel_entry_free(struct kernel_entry *k);

/* Absolute also when the variable is not. Caller frees. */
char *kernel_root(struct err *e);
int kernel_key_check(const char *key, struct err *e);
/* On failure nothing of m is set but foreign: well-formed, and none of ours. */
int kernel_meta_parse(struct kernel_meta *m, const char *text, size_t n, struct err *e);
void kernel_meta_write(struct jsonw *w, const struct kernel_meta *m);
void kernel_meta_free(struct kernel_meta *m);

/* Files to publish under key; NULL where there is none. Copies, writes metadata.json, fsyncs, and exchanges the folder
 * in one rename (an older entry of that key is replaced and removed). Per-key lock "{root}/.lock-{key}".
 * config_hash and vmlinux_name are ours to fill, built_at too when it is NULL. X_STORE when the cache cannot be used. */
struct kernel_files {
	const char *image, *vmlinux, *config;
};
int kernel_store(const char *key, const struct kernel_meta *m, const struct kernel_files *f, struct err *e);
/* Whether kernel_store can add something: asked before a kernel is fetched and built for it. The same codes. */
int kernel_store_try(struct err *e);

/* Removes an entry, whatever state it is in; one that is not there is no error. KERNEL_IN_WORK: somebody writes that key
 * now, or has done so since it was listed; it stays. */
enum { KERNEL_REMOVED, KERNEL_IN_WORK };
int kernel_remove(const struct kernel_entry *k, struct err *e);
/* Removes what writers that are gone left behind; nothing of a key that somebody has locked. */
void kernel_collect(void);

/* CRC-32 (zlib's) as upstream's hashes, "%08x" into hex[9]. */
void crc_hex(const void *data, size_t n, char hex[9]);
