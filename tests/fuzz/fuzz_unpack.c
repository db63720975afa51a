/* fuzz_unpack.c: any bytes as a source archive; whatever they are, nothing appears outside the folder. */
#include "place.h"

#include "fetch/tarball/unpack.h"
#include "tests/unit/make_tar.h"

static const struct tar_member links[] = {
	{ .path = "l/a", .data = "one" },
	{ .path = "l/b/c", .hard = true, .data = "l/a" },
	{ .path = "l/b/d", .mode = S_IFLNK | 0777, .data = "../a" },
	{ .path = "l/b/d/e", .data = "two" },
	{ 0 },
};

static void seed(const char *name, int (*filter)(struct archive *), const struct tar_member *m)
{
	size_t n;
	auto_free void *tar = make_tar(filter, m, &n);

	fuzz_seed(name, tar, n);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	place_make("fuzz-unpack");
	seed("tar", archive_write_add_filter_none, small_kernel);
	seed("links", archive_write_add_filter_none, links);
	seed("xz", archive_write_add_filter_xz, small_kernel);
	seed("gzip", archive_write_add_filter_gzip, links);
	seed("zstd", archive_write_add_filter_zstd, links);
	seed("bzip2", archive_write_add_filter_bzip2, links);
	return 0;
}

/* Links lead to a place below the tree, or nowhere. */
static void check(const char *path, const struct stat *st)
{
	auto_free char *tree = place_path("tree"), *real = S_ISLNK(st->st_mode) ? realpath(path, NULL) : NULL;

	MUST(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode));
	MUST(!(st->st_mode & (S_ISUID | S_ISGID)));
	MUST(!real || !strncmp(real, tree, strlen(tree)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *tree = place_path("tree");
	struct place_bytes b = { data, n };
	struct unpack u = { .max_bytes = 1 << 20, .max_members = 100, .read = place_read, .arg = &b };
	struct err e = { 0 };
	int dir = place_folder("tree");

	if (unpack_tree(&u, dir, &e) < 0)
		must_say_why(&e);
	close(dir);
	MUST(u.members <= 100);
	place_walk(tree, check);
	place_clear("tree", 0);
	return 0;
}
