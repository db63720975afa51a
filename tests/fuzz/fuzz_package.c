/* fuzz_package.c: any bytes as a .deb, an .rpm or a tar of a kernel; what comes of it lies in the folder, and is a file. */
#include "fuzz.h"

#include "base/file.h"
#include "kernel/image/package.h"
#include "tests/unit/make_tar.h"
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static char *place;

static void leave(void)
{
	struct err e;

	(void)rmtree(AT_FDCWD, place, &e);
}

/* ar's header of a member. */
static void member(FILE *f, const char *name, const void *data, size_t n)
{
	fprintf(f, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 0, 0, 0, 0100644, n);
	fwrite(data, 1, n, f);
	if (n % 2)
		fputc('\n', f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct tar_member kernel[] = { { .path = "./boot/vmlinuz-6.12.1", .data = "image" },
						    { .path = "./boot/config-6.12.1", .data = "CONFIG_X=y\n" },
						    { .path = "./usr/lib/debug/../../../vmlinux-6.12.1", .data = "x" },
						    { 0 } };
	auto_free char *deb = NULL;
	struct err e;
	size_t n, deb_n;

	(void)argc, (void)argv;
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	place = tmpdir_make("fuzz-package", &e);
	MUST(place);
	atexit(leave);
	auto_free void *tar = make_tar(archive_write_add_filter_none, kernel, &n);
	FILE *f = xmemstream(&deb, &deb_n);

	fputs("!<arch>\n", f);
	member(f, "debian-binary", "2.0\n", 4);
	member(f, "control.tar", tar, n);
	member(f, "data.tar", tar, n);
	fclose(f);
	fuzz_seed("tar", tar, n);
	fuzz_seed("deb", deb, deb_n);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *file = xasprintf("%s/file", place), *dir = xasprintf("%s/dir", place);
	auto_free char *out = xasprintf("%s/out", dir);
	struct err e = { 0 };
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0 && write(fd, data, n) == (ssize_t)n && close(fd) == 0);
	for (enum package_kind kind = PACKAGE_DEB; kind <= PACKAGE_TAR; kind++) {
		auto_parts struct parts p = { 0 };

		MUST(mkdir(dir, 0700) == 0);
		int r = kind == PACKAGE_TAR ? package_tar(file, dir, &p, out, &e)
					    : package_read(file, kind, dir, &p, &e);

		if (r < 0)
			must_say_why(&e);
		for (size_t i = 0; r == 0 && i < PART_COUNT; i++) {
			struct stat st;

			if (p.v[i].path)
				MUST(lstat(p.v[i].path, &st) == 0 && S_ISREG(st.st_mode) &&
				     !strncmp(p.v[i].path, dir, strlen(dir)));
		}
		MUST(rmtree(AT_FDCWD, dir, &e) == 0 && entries(place) == 3);
	}
	return 0;
}
