/* fuzz_blob.c: any bytes as a packed kernel; whatever they are, only our three files appear, and what is taken for good is. */
#include "place.h"

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

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t n, z;

	(void)argc, (void)argv;
	place_make("fuzz-blob");
	auto_free void *tar = make_tar(archive_write_add_filter_none, whole, &n);
	auto_free void *packed = make_tar(archive_write_add_filter_zstd, whole, &z);

	fuzz_seed("tar", tar, n);
	fuzz_seed("zstd", packed, z);
	return 0;
}

static void check(const char *path, const struct stat *st)
{
	const char *name = strrchr(path, '/') + 1;

	MUST(!strcmp(name, BLOB_IMAGE) || !strcmp(name, BLOB_VMLINUX) || !strcmp(name, BLOB_CONFIG));
	MUST(S_ISREG(st->st_mode) && st->st_size <= 1 << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *path = place_path("out");
	struct place_bytes b = { data, n };
	struct blob blob = { .max = 1 << 20, .read = place_read, .arg = &b };
	struct err e = { 0 };
	int dir = place_folder("out");

	if (blob_unpack(&blob, dir, &e) < 0) {
		must_say_why(&e);
		MUST(!blob.meta.source);
	} else {
		MUST(blob.meta.source && blob.meta.built_at && faccessat(dir, BLOB_IMAGE, R_OK, 0) == 0);
		MUST(!blob.vmlinux == (faccessat(dir, BLOB_VMLINUX, R_OK, 0) != 0));
	}
	place_walk(path, check);
	close(dir);
	kernel_meta_free(&blob.meta);
	place_clear("out", 0);
	return 0;
}
