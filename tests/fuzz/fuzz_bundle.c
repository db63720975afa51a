/* fuzz_bundle.c: any bytes as a bundle (not compressed, as libarchive takes it too): nothing but its parts comes of it, no larger than is allowed. */
#include "place.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>

#include "bundle/bundle.h"

enum { MOST = 4096, SEED_MAX = 16 << 10 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char text[SEED_MAX];
	struct archive *a = archive_write_new();
	size_t n = 0;

	(void)argc, (void)argv;
	place_make("fuzz-bundle");
	archive_write_set_format_cpio_newc(a);
	MUST(archive_write_open_memory(a, text, sizeof(text), &n) == ARCHIVE_OK);
	for (int part = 0; part < BUNDLE_PARTS; part++) {
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, bundle_names[part]);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_size(entry, 2);
		archive_write_header(a, entry);
		archive_write_data(a, "{}", 2);
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
	fuzz_seed("bundle", text, n);
	return 0;
}

static bool is_part(const char *name)
{
	for (int i = 0; i < BUNDLE_PARTS; i++) {
		const char *base = strrchr(bundle_names[i], '/');

		if (!strcmp(base ? base + 1 : bundle_names[i], name))
			return true;
	}
	return false;
}

static void look_at(int fd)
{
	DIR *dir = fdopendir(dup(fd));
	uint64_t all = 0;

	MUST(dir);
	rewinddir(dir);
	for (struct dirent *d; (d = readdir(dir));) {
		struct stat st;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		MUST(fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0);
		MUST(S_ISREG(st.st_mode) && is_part(d->d_name));
		if (strcmp(d->d_name, bundle_names[BUNDLE_HEAD]) != 0)
			all += (uint64_t)st.st_size;
	}
	MUST(all <= MOST);
	closedir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *path = place_path("b"), *to = place_path("to"), *head = NULL;
	bool there[BUNDLE_PARTS];
	struct err e = { 0 };
	size_t head_n;

	place_put("b", data, n);
	MUST(mkdir(to, 0700) == 0);
	auto_close int fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(fd >= 0);
	int of_itself = bundle_head(path, &head, &head_n, &e);

	if (of_itself < 0)
		must_say_why(&e);
	else
		MUST(strlen(head) <= head_n);
	e = (struct err){ 0 };
	if (bundle_read(path, fd, MOST, there, &e) < 0)
		must_say_why(&e);
	else
		MUST(of_itself == 0);
	look_at(fd);
	MUST(rmtree(AT_FDCWD, to, &e) == 0);
	return 0;
}
