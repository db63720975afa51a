/* Packages and images of all kinds, whole, cut and of the wrong kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <zlib.h>

#include "arch/arch.h"
#include "fake_kernel.h"
#include "kernel/image/filters.h"
#include "kernel/image/import.h"
#include "kernel/image/member.h"
#include "kernel/image/package.h"
#include "scratch.h"

#define REL "6.99.1-test"
#define CONFIG_ALL "#\n# Linux\n#\nCONFIG_SCHED_CLASS_EXT=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_BPF_SYSCALL=y\n"
#define CONFIG_MMIO CONFIG_ALL "CONFIG_VIRTIO_MMIO=y\nCONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\n"
#define CONFIG_NO_SCX "#\n# Linux\n#\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_BPF_SYSCALL=y\n"

static void member_paths(void **state)
{
	static const struct {
		const char *path;
		int kind; /* -1: not wanted */
		const char *release;
	} cases[] = {
		{ "./boot/vmlinuz-6.12.95+deb12-amd64", PART_IMAGE, "6.12.95+deb12-amd64" },
		{ "boot/config-6.12.95", PART_CONFIG, "6.12.95" },
		{ "./usr/lib/modules/7.3.4/vmlinuz", PART_IMAGE, "7.3.4" },
		{ "lib/modules/7.3.4/config", PART_CONFIG, "7.3.4" },
		{ "./lib/modules/6.17.1-300.fc43.x86_64/vmlinuz", PART_IMAGE, "6.17.1-300.fc43.x86_64" },
		{ "./usr/lib/debug/boot/vmlinux-6.12.95", PART_VMLINUX, "6.12.95" },
		{ "usr/lib/debug/lib/modules/6.17.1/vmlinux", PART_VMLINUX, "6.17.1" },
		{ "/boot/vmlinuz-7", PART_IMAGE, "7" },
		{ "boot/vmlinuz-", -1, NULL },
		{ "boot/vmlinuz-6.12.95.gz", PART_IMAGE, "6.12.95" },
		{ "boot/vmlinuz-6.12.95-generic.efi.signed", PART_IMAGE, "6.12.95-generic" },
		{ "boot/config-6.12.95.xz", PART_CONFIG, "6.12.95" },
		{ "lib/modules/6.12.95/config.gz", PART_CONFIG, "6.12.95" },
		{ "boot/bzImage-6.12.95", PART_IMAGE, "6.12.95" },
		{ "boot/kernel-6.12.95-gentoo", PART_IMAGE, "6.12.95-gentoo" },
		{ "boot/vmlinuz", PART_IMAGE, "" },
		{ "boot/config", PART_CONFIG, "" },
		{ "boot/vmlinuz-lts", PART_IMAGE, "" },
		{ "boot/config-lts", PART_CONFIG, "" },
		{ "boot/kernel", -1, NULL },
		{ "boot/kernel-install", -1, NULL },
		{ "boot/vmlinux", -1, NULL },
		{ "boot/vmlinuz-6.12.95.sig", -1, NULL },
		{ "boot/vmlinuz-6.12.95.old", -1, NULL },
		{ "boot/vmlinuz-6.12.95.gz.sha256", -1, NULL },
		{ "boot/config-6.12.95.dpkg-new", -1, NULL },
		{ "boot/vmlinuz-6.12.95~", -1, NULL },
		{ "boot/vmlinuz-0-rescue-0123456789abcdef", -1, NULL },
		{ "boot/vmlinux-6.4.0.gz", -1, NULL },
		{ "boot/vmlinux-6.4.0.xz", -1, NULL },
		{ "boot/vmlinux-6.4.0.zst", -1, NULL },
		{ "boot/vmlinux-6.4.0.bz2", -1, NULL },
		{ "boot/vmlinux-6.4.0.lzma", -1, NULL },
		{ "usr/lib/modules/6.17.1-arch1-1/vmlinuz", PART_IMAGE, "6.17.1-arch1-1" },
		{ "boot/vmlinuz-0/x", -1, NULL },
		{ "boot/vmlinuz-rescue", -1, NULL },
		{ "vmlinuz-6.1", -1, NULL },
		{ "lib/modules/7.3.4/kernel/fs/config", -1, NULL },
		{ "lib/modules/7.3.4/System.map", -1, NULL },
		{ "usr/share/vmlinuz", -1, NULL },
		{ "vmlinuz", -1, NULL },
		{ "", -1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct kernel_member m;
		bool wanted = member_parse(&m, cases[i].path);

		if (wanted != (cases[i].kind >= 0))
			fail_msg("%s", cases[i].path);
		if (!wanted)
			continue;
		assert_int_equal(m.kind, cases[i].kind);
		assert_string_equal(m.release, cases[i].release);
	}
}

static struct bytes text(const char *s)
{
	return (struct bytes){ (char *)s, strlen(s) };
}

/* Files that the cases below choose from, made once per test. */
static void put(const char *dir, const char *name, struct bytes b)
{
	scratch_file(dir, name, b.p, b.n);
	free(b.p);
}

static void put_gzip(const char *dir, const char *name, const char *content)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	gzFile z = gzopen(path, "wb");

	assert_true(z && gzputs(z, content) > 0 && gzclose(z) == Z_OK);
}

/* One compressed stream, by libarchive's writer. */
static void put_packed(const char *dir, const char *name, int (*filter)(struct archive *), struct bytes b)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "data");
	assert_int_equal(filter(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, b.p, b.n), b.n);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	archive_entry_free(entry);
}

/* An EFI program of two sections, the second of which is the kernel. */
static struct bytes fake_uki(const void *kernel, size_t n)
{
	enum { PE = 0x80, OPTIONAL = 240, SECTIONS = PE + 24 + OPTIONAL, DATA = 1024 };
	char *d = xcalloc(1, DATA + n + 512);
	uint32_t pe = PE, size = (uint32_t)n, raw = (size + 511) & ~511u, at = DATA;

	memcpy(d, "MZ", 2);
	memcpy(d + 0x3c, &pe, 4);
	memcpy(d + PE, "PE\0\0\x64\x86\2", 7);
	d[PE + 20] = (char)OPTIONAL;
	memcpy(d + SECTIONS, ".text", 5);
	memcpy(d + SECTIONS + 40, ".linux", 6);
	memcpy(d + SECTIONS + 48, &size, 4);
	memcpy(d + SECTIONS + 56, &raw, 4);
	memcpy(d + SECTIONS + 60, &at, 4);
	memcpy(d + DATA, kernel, n);
	return (struct bytes){ d, DATA + raw };
}

static void make_packed(const char *dir, struct bytes elf, struct bytes image)
{
	static const struct {
		const char *name;
		int (*add)(struct archive *);
	} filters[] = { { "gz", archive_write_add_filter_gzip },
			{ "xz", archive_write_add_filter_xz },
			{ "lzma", archive_write_add_filter_lzma },
			{ "zst", archive_write_add_filter_zstd },
			{ "bz2", archive_write_add_filter_bzip2 } };
	const struct member arch[] = { { ".PKGINFO", text("pkgname = linux\n") },
				       { "usr/lib/modules/" REL "/pkgbase", text("linux\n") },
				       { "usr/lib/modules/" REL "/vmlinuz", image },
				       { 0 } };
	const struct member all[] = { { "./boot/vmlinuz-" REL, image },
				      { "./boot/config-" REL, text(CONFIG_MMIO) },
				      { "./boot/vmlinux-" REL ".xz", text("packed") },
				      { 0 } };
	struct bytes uki = fake_uki(image.p, image.n), package = fake_tar(arch), made = fake_tar(all);
	const struct member in_boot[] = { { "boot/vmlinuz-" REL, uki }, { 0 } };

	for (size_t i = 0; i < countof(filters); i++) {
		auto_free char *p = xasprintf("linux.pkg.tar.%s", filters[i].name);
		auto_free char *t = xasprintf("linux.tar.%s", filters[i].name);
		auto_free char *c = xasprintf("config.%s", filters[i].name);
		auto_free char *v = xasprintf("vmlinux.%s", filters[i].name);

		put_packed(dir, p, filters[i].add, package);
		put_packed(dir, t, filters[i].add, made);
		put_packed(dir, c, filters[i].add, text(CONFIG_ALL));
		put_packed(dir, v, filters[i].add, elf);
	}
	put_packed(dir, "uki.efi.xz", archive_write_add_filter_xz, uki);
	put(dir, "linux.tar", made);
	free(package.p);
	put(dir, "uki.deb", fake_deb(in_boot));
	put(dir, "packed.rpm", fake_rpm(all));
	scratch_file(dir, "uki.efi", uki.p, uki.n);
	scratch_file(dir, "cut.efi", uki.p, uki.n / 2);
	free(uki.p);
}

static struct bytes content_of(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	struct bytes b;
	struct err e;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 26, &b.p, &b.n, &e), 0);
	return b;
}

/* Members that are compressed, have others of their name beside them, or have none of ours. */
static void make_named(const char *dir, struct bytes image)
{
	put_packed(dir, "image.gz", archive_write_add_filter_gzip, image);

	struct bytes gz = content_of(dir, "image.gz"), xz = content_of(dir, "config.xz");
	const struct member packed[] = { { "./boot/vmlinuz-" REL ".gz", gz },
					 { "./boot/config-" REL ".xz", xz },
					 { 0 } };
	const struct member beside[] = { { "./boot/vmlinuz-" REL ".old", text("x") },
					 { "./boot/vmlinuz-" REL ".sig", text("x") },
					 { "./boot/vmlinuz-" REL, image },
					 { "./boot/vmlinuz-" REL ".efi.signed", image },
					 { "./boot/config-" REL ".dpkg-new", text("x") },
					 { "./boot/config-" REL, text(CONFIG_ALL) },
					 { 0 } };
	const struct member nameless[] = { { "./boot/vmlinuz-lts", image },
					   { "./boot/config-lts", text(CONFIG_ALL) },
					   { 0 } };

	put(dir, "packed.tar", fake_tar(packed));
	put(dir, "beside.tar", fake_tar(beside));
	put(dir, "nameless.tar", fake_tar(nameless));
	free(gz.p);
	free(xz.p);
}

static void make_files(const char *dir)
{
	struct bytes elf = fake_elf(REL, "sched_ext_ops", EM_X86_64);
	struct bytes plain_elf = fake_elf(REL, "sched_entity", EM_X86_64);
	struct bytes image = fake_bzimage(REL, elf), plain = fake_bzimage(REL, plain_elf);
	struct bytes other_elf = fake_elf("7.0.1", "sched_ext_ops", EM_X86_64);
	struct bytes other = fake_bzimage("7.0.1", other_elf);
	const struct member both[] = { { "./boot/config-" REL, text(CONFIG_MMIO) },
				       { "./boot/vmlinuz-" REL, image },
				       { 0 } };
	const struct member binary[] = { { "./usr/lib/modules/" REL "/vmlinuz", image }, { 0 } };
	const struct member base[] = { { "./usr/lib/modules/" REL "/config", text(CONFIG_ALL) },
				       { "./usr/lib/modules/" REL "/System.map", text("x") },
				       { 0 } };
	const struct member no_scx[] = { { "./boot/config-" REL, text(CONFIG_NO_SCX) },
					 { "./boot/vmlinuz-" REL, plain },
					 { 0 } };
	const struct member next[] = { { "./usr/lib/modules/7.0.1/vmlinuz", other }, { 0 } };
	const struct member docs[] = { { "./usr/share/doc/copyright", text("x") }, { 0 } };
	const struct member two[] = { { "./boot/vmlinuz-" REL, image }, { "./boot/vmlinuz-7.0.1", other }, { 0 } };

	put(dir, "both.deb", fake_deb(both));
	put(dir, "binary.deb", fake_deb(binary));
	put(dir, "base.deb", fake_deb(base));
	put(dir, "no_scx.deb", fake_deb(no_scx));
	put(dir, "next.deb", fake_deb(next));
	put(dir, "docs.deb", fake_deb(docs));
	put(dir, "two.deb", fake_deb(two));
	put(dir, "core.rpm", fake_rpm(both));
	put(dir, "docs.rpm", fake_rpm(docs));
	make_packed(dir, elf, image);
	make_named(dir, image);
	scratch_file(dir, "bzImage", image.p, image.n);
	scratch_file(dir, "plain", plain.p, plain.n);
	scratch_file(dir, "other.elf", other_elf.p, other_elf.n);
	scratch_file(dir, "vmlinux", elf.p, elf.n);
	scratch_file(dir, "cut", image.p, image.n / 2);
	scratch_text(dir, "config", CONFIG_ALL);
	scratch_text(dir, "config.mmio", CONFIG_MMIO);
	scratch_text(dir, "text", "hello\n");
	scratch_text(dir, "void", "");
	put_gzip(dir, "config.gz", CONFIG_MMIO);
	put_gzip(dir, "text.gz", "hello\n");
	free(elf.p);
	free(plain_elf.p);
	free(image.p);
	free(plain.p);
	free(other_elf.p);
	free(other.p);
}

static unsigned entries(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	unsigned n = 0;

	for (const struct dirent *ent; (ent = readdir(d));)
		n += strcmp(ent->d_name, ".") && strcmp(ent->d_name, "..");
	closedir(d);
	return n;
}

/* Imports {dir}/{name} for the space-separated names into {dir}/out, which is fresh. */
static int import(const char *dir, const char *names, struct import_facts *f, unsigned *left, struct err *e)
{
	auto_free char *out = xasprintf("%s/out", dir);
	auto_free char *words = xstrdup(names);
	char *files[4] = { 0 }, *save;
	size_t n = 0;
	int r;

	assert_int_equal(rmtree(AT_FDCWD, out, e), 0);
	assert_int_equal(mkdir_p(AT_FDCWD, out, 0755, e), 0);
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		files[n++] = xasprintf("%s/%s", dir, w);

	auto_close int fd = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*e = (struct err){ 0 };
	r = import_unpack((const char *const *)files, n, fd, out, f, e);
	*left = entries(fd);
	for (size_t i = 0; i < n; i++)
		free(files[i]);
	return r;
}

static void accepts(void **state)
{
	static const struct {
		const char *files;
		bool config, mmio;
	} cases[] = {
		{ "both.deb", true, true },
		{ "binary.deb base.deb", true, false },
		{ "base.deb binary.deb", true, false },
		{ "binary.deb", false, false },
		{ "core.rpm", true, true },
		{ "bzImage", false, false },
		{ "bzImage config", true, false },
		{ "config.gz bzImage", true, true },
		{ "bzImage docs.deb", false, false },
		{ "binary.deb both.deb", true, true },
		{ "docs.rpm core.rpm", true, true },
		{ "vmlinux", false, false },
		{ "vmlinux config.mmio", true, true },
		{ "bzImage vmlinux", false, false },
		{ "linux.pkg.tar.gz", false, false },
		{ "linux.pkg.tar.xz", false, false },
		{ "linux.pkg.tar.lzma", false, false },
		{ "linux.pkg.tar.zst", false, false },
		{ "linux.pkg.tar.bz2", false, false },
		{ "linux.tar.zst", true, true },
		{ "linux.tar.xz", true, true },
		{ "linux.tar", true, true },
		{ "packed.rpm", true, true },
		{ "packed.tar", true, false },
		{ "beside.tar", true, false },
		{ "nameless.tar", true, false },
		{ "config.xz bzImage", true, false },
		{ "config.zst linux.pkg.tar.zst", true, false },
		{ "bzImage config.bz2", true, false },
		{ "bzImage config.lzma vmlinux.xz", true, false },
		{ "vmlinux.zst", false, false },
		{ "vmlinux.gz config.gz", true, true },
		{ "uki.efi", false, false },
		{ "uki.efi.xz config", true, false },
		{ "uki.deb", false, false },
	};
	const char *dir = *state;

	make_files(dir);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *image = xasprintf("%s/out/bzImage", dir);
		auto_free char *vmlinux = xasprintf("%s/out/vmlinux", dir);
		struct import_facts f;
		struct err e;
		unsigned left;

		assert_int_equal(import(dir, cases[i].files, &f, &left, &e), 0);
		assert_string_equal(f.release, REL);
		assert_string_equal(f.version, "6.99.1");
		assert_ptr_equal(f.arch, &arch_x86_64);
		assert_int_equal(f.has_config, cases[i].config);
		assert_int_equal(f.virtio_mmio, cases[i].mmio);
		assert_int_equal(left, cases[i].config ? 3 : 2);
		assert_true(file_exists(image) && file_exists(vmlinux));
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *files;
		int code;
		const char *word;
	} cases[] = {
		{ "", X_USAGE, "no file" },
		{ "no_scx.deb", X_NO_SCX, "CONFIG_SCHED_CLASS_EXT" },
		{ "plain", X_NO_SCX, "sched_ext_ops" },
		{ "plain config", X_NO_SCX, "promises" },
		{ "binary.deb next.deb", X_BAD_KERNEL, "7.0.1" },
		{ "base.deb next.deb", X_BAD_KERNEL, REL },
		{ "bzImage other.elf", X_BAD_KERNEL, "different" },
		{ "two.deb", X_BAD_KERNEL, "two.deb holds different kernels: " REL " and 7.0.1" },
		{ "cut.efi", X_BAD_KERNEL, "damaged" },
		{ "docs.deb", X_BAD_KERNEL, "no kernel image" },
		{ "docs.rpm", X_BAD_KERNEL, "no kernel image" },
		{ "config", X_BAD_KERNEL, "no kernel image" },
		{ "text", X_BAD_KERNEL, "neither" },
		{ "void", X_BAD_KERNEL, "neither" },
		{ "text.gz", X_BAD_KERNEL, "what is in it is neither" },
		{ "cut", X_BAD_KERNEL, "damaged" },
		{ "missing.deb", X_NO_INPUT, "missing.deb" },
	};
	const char *dir = *state;

	make_files(dir);
	for (size_t i = 0; i < countof(cases); i++) {
		struct import_facts f;
		struct err e;
		unsigned left;

		assert_true(import(dir, cases[i].files, &f, &left, &e) < 0);
		assert_int_equal(e.code, cases[i].code);
		assert_non_null(strstr(e.msg, cases[i].word));
	}
}

/* Wherever a package ends too early, it is noticed. The last bytes of an rpm are padding that nobody needs. */
static void cut_packages(void **state)
{
	static const struct {
		const char *file;
		size_t padding;
	} cases[] = { { "both.deb", 0 }, { "core.rpm", 4 }, { "linux.pkg.tar.xz", 0 } };
	const char *dir = *state;

	make_files(dir);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, cases[i].file);
		auto_free char *whole = NULL;
		struct import_facts f;
		struct err e;
		unsigned left;
		size_t n;

		assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &whole, &n, &e), 0);
		for (size_t cut = 100; cut < n - cases[i].padding; cut += cut < 1000 ? 37 : 509) {
			scratch_file(dir, "cut.pkg", whole, cut);
			assert_true(import(dir, "cut.pkg", &f, &left, &e) < 0);
			assert_int_equal(e.code, X_BAD_KERNEL);
			assert_non_null(strstr(e.msg, "is damaged"));
		}
	}
}

/* A wrong byte anywhere ends in a verdict, never in a crash. */
static void bent_packages(void **state)
{
	static const char *const names[] = { "both.deb", "core.rpm", "bzImage", "linux.pkg.tar.xz", "uki.efi" };
	const char *dir = *state;

	make_files(dir);
	for (size_t i = 0; i < countof(names); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names[i]);
		auto_free char *whole = NULL;
		struct import_facts f;
		struct err e;
		unsigned left;
		size_t n;

		assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &whole, &n, &e), 0);
		for (size_t at = 0; at < n; at += at < 700 ? 7 : 1013) {
			int r;

			whole[at] ^= 0x55;
			scratch_file(dir, "bent.pkg", whole, n);
			whole[at] ^= 0x55;
			r = import(dir, "bent.pkg", &f, &left, &e);
			assert_true(r == 0 || e.code == X_BAD_KERNEL || e.code == X_NO_SCX);
		}
	}
}

/* libarchive could unpack these by programs of PATH, which whoever made the package would choose. */
static void starts_no_program(void **state)
{
	static const struct {
		const char *program, *magic;
		size_t n;
	} cases[] = {
		{ "lrzip", "LRZI\0\6\0\0", 8 },
		{ "lzop", "\x89LZO\0\r\n\x1a\n\x10\x30\x20\x60", 13 },
		{ "grzip", "GRZipII\0\2\4:)", 12 },
	};
	const char *dir = *state;
	auto_free char *path = xstrdup(getenv("PATH")), *bin = xasprintf("%s/bin:%s", dir, path);
	auto_free char *programs = xasprintf("%s/bin", dir);
	auto_free char *mark = xasprintf("%s/ran", dir), *script = xasprintf("#!/bin/sh\ntouch %s\n", mark);
	struct import_facts f;
	struct err e;
	unsigned left;

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *program = xasprintf("%s/bin/%s", dir, cases[i].program);
		char data[4096] = { 0 };
		struct bytes deb = { 0 };

		scratch_text(programs, cases[i].program, script);
		assert_int_equal(chmod(program, 0755), 0);
		memcpy(data, cases[i].magic, cases[i].n);
		FILE *m = xmemstream(&deb.p, &deb.n);
		fputs("!<arch>\n", m);
		ar_member(m, "debian-binary", (struct bytes){ (char *)"2.0\n", 4 });
		ar_member(m, "data.tar.x", (struct bytes){ data, sizeof(data) });
		fclose(m);
		scratch_file(dir, "bare", data, sizeof(data));
		put(dir, "x.deb", deb);
		setenv("PATH", bin, 1);
		assert_true(import(dir, "x.deb", &f, &left, &e) < 0);
		assert_int_equal(e.code, X_BAD_KERNEL);
		assert_true(import(dir, "bare", &f, &left, &e) < 0);
		assert_int_equal(e.code, X_BAD_KERNEL);
		setenv("PATH", path, 1);
		assert_false(file_exists(mark));
	}
}

/* Zeros that cost nothing to send and hours to unpack. */
static void bomb(void **state)
{
	enum { SIZE = 300 << 20 };
	const char *dir = *state;
	struct bytes zeros = { calloc(1, SIZE), SIZE };
	const struct member m[] = { { "usr/share/zeros", zeros }, { 0 } };
	struct bytes tar = fake_tar(m);
	struct import_facts f;
	struct err e;
	unsigned left;

	put_packed(dir, "bomb.tar.zst", archive_write_add_filter_zstd, tar);
	free(zeros.p);
	free(tar.p);
	assert_true(import(dir, "bomb.tar.zst", &f, &left, &e) < 0);
	assert_int_equal(e.code, X_BAD_KERNEL);
	assert_non_null(strstr(e.msg, "times its size"));
}

/* What a place without memory or a bad disk says nothing about: the package. */
static void not_the_archives_fault(void **state)
{
	static const struct {
		int error;
		const char *said;
		bool ours;
	} cases[] = {
		{ ENOMEM, "Lzma library error: Out of memory", true },
		{ -1, "Zstd decompression failed: Allocation error : not enough memory", true },
		{ EIO, "Error reading 'x.deb'", true },
		{ -1, "Zstd decompression failed: Corrupted block detected", false },
		{ EIO, "truncated gzip input", false },
	};

	(void)state;
	assert_null(filters_ours(NULL));
	for (size_t i = 0; i < countof(cases); i++) {
		struct archive *a = archive_read_new();

		assert_null(filters_ours(a));
		archive_set_error(a, cases[i].error, "%s", cases[i].said);
		if ((filters_ours(a) != NULL) != cases[i].ours)
			fail_msg("%s", cases[i].said);
		archive_read_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_the_archives_fault),
		cmocka_unit_test(member_paths),
		in_scratch(accepts),
		in_scratch(refuses),
		in_scratch(cut_packages),
		in_scratch(bent_packages),
		in_scratch(starts_no_program),
		in_scratch(bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
