/* fuzz_unpack.c: any bytes as a source archive; whatever they are, nothing appears outside the folder. */
#include "fuzz.h"

#include "base/file.h"
#include "fetch/tarball/unpack.h"
#include "tests/unit/make_tar.h"
#include <dirent.h>
#include <sys/stat.h>

static char *place;

static const struct tar_member links[] = {
	{ .path = "l/a", .data = "one" },
	{ .path = "l/b/c", .hard = true, .data = "l/a" },
	{ .path = "l/b/d", .mode = S_IFLNK | 0777, .data = "../a" },
	{ .path = "l/b/d/e", .data = "two" },
	{ 0 },
};

static void leave(void)
{
	struct err e;

	(void)rmtree(AT_FDCWD, place, &e);
}

static void seed(const char *name, int (*filter)(struct archive *), const struct tar_member *m)
{
	size_t n;
	auto_free void *tar = make_tar(filter, m, &n);

	fuzz_seed(name, tar, n);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e;

	(void)argc, (void)argv;
	/* In memory when there is such a place: each input makes files. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	place = tmpdir_make("fuzz-unpack", &e);
	MUST(place);
	atexit(leave);
	seed("tar", archive_write_add_filter_none, small_kernel);
	seed("links", archive_write_add_filter_none, links);
	seed("xz", archive_write_add_filter_xz, small_kernel);
	seed("gzip", archive_write_add_filter_gzip, links);
	seed("zstd", archive_write_add_filter_zstd, links);
	seed("bzip2", archive_write_add_filter_bzip2, links);
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

static unsigned entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	MUST(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Every link below dir leads to a place below root, or nowhere. */
static void check_links(const char *root, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *ent;

	MUST(d);
	while ((ent = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", dir, ent->d_name);
		auto_free char *real = NULL;
		struct stat st;

		if (!strcmp(ent->d_name, ".") || !strcmp(ent->d_name, ".."))
			continue;
		MUST(lstat(path, &st) == 0);
		MUST(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode));
		MUST(!(st.st_mode & (S_ISUID | S_ISGID)));
		if (S_ISDIR(st.st_mode))
			check_links(root, path);
		if (S_ISLNK(st.st_mode) && (real = realpath(path, NULL)))
			MUST(!strncmp(real, root, strlen(root)));
	}
	closedir(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *tree = xasprintf("%s/tree", place);
	struct bytes b = { data, n };
	struct unpack u = { .max_bytes = 1 << 20, .max_members = 100, .read = all, .arg = &b };
	struct err e = { 0 };
	int dir;

	MUST(mkdir(tree, 0755) == 0);
	dir = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(dir >= 0);
	if (unpack_tree(&u, dir, &e) < 0)
		must_say_why(&e);
	close(dir);
	MUST(u.members <= 100);
	check_links(tree, tree);
	MUST(rmtree(AT_FDCWD, tree, &e) == 0);
	MUST(entries(place) == 2);
	return 0;
}
