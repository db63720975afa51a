/* bundle.h: all that a run is made of, as one file: cpio, compressed with zstd (libarchive).
 *
 *   bundle           JSON: format, test, seed, kernel (its key), scheduler (its name or null), options (of ktstr run), bytes (of all others)
 *   test.ktstr       the scenario, whole; the scheduler in it is ./bin/NAME
 *   run.json         what came of it
 *   scheduler        the program; there is none where the kernel's own ran
 *   payload.pack     the same with its shared libraries, as the guest gets it (guest/pack.h); beside a scheduler
 *   kernel/…         the entry of the kernel cache: metadata.json, bzImage or Image, vmlinux, .config
 *
 * What comes back is hostile: only these names are taken, "bundle" first, each once, regular files, each no larger than a bound and all together no larger than
 * whoever reads it allows. No name in it ever reaches the file system. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

enum bundle_part {
	BUNDLE_HEAD,
	BUNDLE_TEST,
	BUNDLE_RUN,
	BUNDLE_SCHEDULER,
	BUNDLE_PAYLOAD,
	BUNDLE_META,
	BUNDLE_BZIMAGE,
	BUNDLE_IMAGE,
	BUNDLE_VMLINUX,
	BUNDLE_CONFIG,
	BUNDLE_PARTS,
};
extern const char *const bundle_names[BUNDLE_PARTS];

/* One of a bundle: a file, or text. */
struct bundle_file {
	enum bundle_part part;
	const char *path; /* NULL: text */
	const char *text;
	size_t n;
};

/* How many bytes those are, unpacked. X_NO_INPUT: a file of it cannot be read. */
int bundle_bytes(const struct bundle_file *v, size_t n, uint64_t *bytes, struct err *e);
/* The first is BUNDLE_HEAD. Whole or not at all. X_NO_INPUT: a file of it cannot be read. */
int bundle_write(const char *path, const struct bundle_file *v, size_t n, struct err *e);
/* The text of BUNDLE_HEAD, for the caller to free. Nothing else is unpacked. Fails as bundle_read(). */
int bundle_head(const char *path, char **text, size_t *n, struct err *e);
/* dir: an empty folder, open; each part becomes the file of its name there, without the folder "kernel/" in front of it. most: bytes of all
 * parts but BUNDLE_HEAD. there: which there are. X_NO_INPUT: there is no such file; X_BAD_ARCHIVE: it is no bundle, damaged, or larger, and what
 * was unpacked by then stays. */
int bundle_read(const char *path, int dir, uint64_t most, bool there[BUNDLE_PARTS], struct err *e);
