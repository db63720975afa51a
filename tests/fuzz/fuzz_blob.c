/* fuzz_blob.c: any bytes as a packed kernel; whatever they are, only our three files appear, and what is taken for good is. */
#include "fuzz.h"

#include <dirent.h>

#include "base/file.h"
#include "kernel/cache/blob.h"
#include "tests/unit/make_tar.h"

#define META \
	"{\"source\": \"git\", \"arch\": \"aarch64\", \"image_name\": \"Image\", \"built_at\": \"2026-01-02T03:04:05Z\", " \
	"\"vmlinux_name\": \"vmlinux\"}"

static const struct tar_member whole[] = {
	{ .path = "metadata.json", .data = META },
	{ .path = "Image", .data = "image" },
	{ .path = "vmlinux", .data = "elf" },
	{ .path = ".config", .data = "CONFIG_X=y\n" },
	{ 0 },
};

static char *place;

static void leave(void)
{
	struct err e;

	(void)rmtree(AT_FDCWD, place, &e);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e;
	size_t n, z;

	(void)argc, (void)argv;
	/* In memory when there is such a place: each input makes files. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	place = tmpdir_make("fuzz-blob", &e);
	MUST(place);
	atexit(leave);
	auto_free void *tar = make_tar(archive_write_add_filter_none, whole, &n);
	auto_free void *packed = make_tar(archive_write_add_filter_zstd, whole, &z);

	fuzz_seed("tar", tar, n);
	fuzz_seed("zstd", packed, z);
	return 0;
}

struct bytes {
	const uint8_t *p;
	size_t n;
};

static int all(void *arg, const void **data, size_t *n, struct err *e)
{
	struct bytes *b = arg;

	(void)e;
	*data = b->p;
	*n = b->n;
	b->n = 0;
	return 0;
}

static void check_files(int dir)
{
	DIR *d = fdopendir(dup(dir));
	const struct dirent *ent;

	MUST(d);
	rewinddir(d);
	while ((ent = readdir(d))) {
		const char *name = ent->d_name;
		struct stat st;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		MUST(!strcmp(name, BLOB_IMAGE) || !strcmp(name, BLOB_VMLINUX) || !strcmp(name, BLOB_CONFIG));
		MUST(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode));
		MUST(st.st_size <= 1 << 20);
	}
	closedir(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *path = xasprintf("%s/out", place);
	struct bytes b = { data, n };
	struct blob blob = { .max = 1 << 20, .read = all, .arg = &b };
	struct err e = { 0 };
	int dir;

	MUST(mkdir(path, 0755) == 0);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(dir >= 0);
	if (blob_unpack(&blob, dir, &e) < 0) {
		must_say_why(&e);
		MUST(!blob.meta.source);
	} else {
		MUST(blob.meta.source && blob.meta.built_at && faccessat(dir, BLOB_IMAGE, R_OK, 0) == 0);
		MUST(!blob.vmlinux == (faccessat(dir, BLOB_VMLINUX, R_OK, 0) != 0));
	}
	check_files(dir);
	close(dir);
	kernel_meta_free(&blob.meta);
	MUST(rmtree(AT_FDCWD, path, &e) == 0);
	return 0;
}
