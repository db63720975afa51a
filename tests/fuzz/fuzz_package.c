/* fuzz_package.c: any bytes as a .deb, an .rpm or a tar of a kernel; what comes of it lies in the folder, and is a file. */
#include "place.h"

#include "kernel/image/package.h"
#include "tests/unit/make_tar.h"

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
	size_t n, deb_n;

	(void)argc, (void)argv;
	place_make("fuzz-package");
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *file = place_path("file"), *dir = place_path("dir"), *out = place_path("dir/out");
	struct err e = { 0 };

	place_put("file", data, n);
	for (enum package_kind kind = PACKAGE_DEB; kind <= PACKAGE_TAR; kind++) {
		auto_parts struct parts p = { 0 };

		close(place_folder("dir"));
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
		place_clear("dir", 1);
	}
	return 0;
}
