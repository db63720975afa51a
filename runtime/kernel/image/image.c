/* image.c: a kernel's boot image on x86 is a setup stub with a compressed ELF inside; the stub's header says where.
 * The compressed bytes end with the unpacked size (32 bits, little endian): gzip's own trailer, appended for the rest. */
#include "kernel/image/image.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/arch.h"
#include "arch/elf.h"
#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "kernel/image/armimage.h"
#include "kernel/image/decompress.h"

enum {
	SECTOR = 512,
	AT_SETUP_SECTS = 0x1f1,
	AT_BOOT_FLAG = 0x1fe,
	AT_MAGIC = 0x202,
	AT_VERSION = 0x206,
	AT_KERNEL_VERSION = 0x20e,
	AT_PAYLOAD = 0x248,
	HEADER_END = 0x250,
	PAYLOAD_SINCE = 0x208, /* protocol 2.08 */
	PVH_NOTE = 18,
	STRIP_MS = 5 * 60 * 1000,
};
#define UNPACKED_MAX ((size_t)1 << 30)

static uint16_t le16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static bool is_bzimage(const uint8_t *d, size_t n)
{
	return n >= HEADER_END && le16(d + AT_BOOT_FLAG) == 0xaa55 && !memcmp(d + AT_MAGIC, "HdrS", 4);
}

static size_t setup_bytes(const uint8_t *d)
{
	/* The header's convention for images of the 1990s. */
	return ((d[AT_SETUP_SECTS] ? d[AT_SETUP_SECTS] : 4u) + 1u) * SECTOR;
}

static int payload_find(const uint8_t *d, size_t n, const uint8_t **p, size_t *len, struct err *e)
{
	uint64_t off, size;

	if (!is_bzimage(d, n))
		return err_set(e, X_BAD_KERNEL, "neither a bzImage, an arm64 Image nor an ELF kernel");
	if (le16(d + AT_VERSION) < PAYLOAD_SINCE)
		return err_set(e, X_BAD_KERNEL, "boot protocol %u.%02u is too old, 2.08 is needed", d[AT_VERSION + 1],
			       d[AT_VERSION]);
	off = setup_bytes(d) + (uint64_t)le32(d + AT_PAYLOAD);
	size = le32(d + AT_PAYLOAD + 4);
	if (size < 8 || off > n || size > n - off)
		return err_set(e, X_BAD_KERNEL,
			       "the header promises %ju bytes of kernel at %ju, the image ends at %zu (truncated?)",
			       (uintmax_t)size, (uintmax_t)off, n);
	*p = d + off;
	*len = size;
	return 0;
}

static int take_plain(const void *p, size_t n, void **out, size_t *out_n, struct err *e)
{
	if (n > UNPACKED_MAX)
		return err_set(e, X_BAD_KERNEL, "a kernel of %zu bytes is more than 1 GiB", n);
	*out = xmemdup(p, n);
	*out_n = n;
	return 0;
}

static bool is_gzip(const void *data, size_t n)
{
	const char *format = decompress_format(data, n);

	return format && !strcmp(format, "gzip");
}

/* An EFI program may have a gzipped image in it, and some have. */
static int unpack_arm(const void *data, size_t n, bool zboot, void **out, size_t *out_n, struct err *e)
{
	const void *p = data;
	size_t want = 0;
	void *image;

	if (zboot && armimage_payload(data, n, &p, &n, &want, e) < 0)
		return -1;
	if (!zboot)
		want = n >= 8 ? le32((const uint8_t *)data + n - 4) : 0;
	if (want > UNPACKED_MAX)
		return err_set(e, X_BAD_KERNEL, "the %s data claims to unpack to %zu bytes, more than 1 GiB",
			       decompress_format(p, n), want);
	if (decompress(p, n, want, &image, e) < 0)
		return -1;
	if (!armimage_is(image, want)) {
		free(image);
		return err_set(e, X_BAD_KERNEL, "the %s data is not an arm64 Image", decompress_format(p, n));
	}
	*out = image;
	*out_n = want;
	return 0;
}

int image_unpack(const void *data, size_t n, void **out, size_t *out_n, struct err *e)
{
	const uint8_t *p = data;
	const char *format;
	void *elf;
	size_t want;

	if (armimage_is(data, n))
		return take_plain(data, n, out, out_n, e);
	if (armimage_is_zboot(data, n) || is_gzip(data, n))
		return unpack_arm(data, n, !is_gzip(data, n), out, out_n, e);
	if (!elf_is(data, n) && payload_find(data, n, &p, &n, e) < 0)
		return -1;
	if (elf_is(p, n))
		return take_plain(p, n, out, out_n, e);
	format = decompress_format(p, n);
	if (!format)
		return err_set(e, X_BAD_KERNEL, "the kernel in the image is compressed in an unknown way");
	want = le32(p + n - 4);
	if (want > UNPACKED_MAX)
		return err_set(e, X_BAD_KERNEL, "the %s data claims to unpack to %zu bytes, more than 1 GiB", format,
			       want);
	if (decompress(p, strcmp(format, "gzip") ? n - 4 : n, want, &elf, e) < 0)
		return -1;
	if (!elf_is(elf, want)) {
		free(elf);
		return err_set(e, X_BAD_KERNEL, "the %s data in the image is not an ELF kernel", format);
	}
	*out = elf;
	*out_n = want;
	return 0;
}

static int open_kernel(struct elf *f, const void *data, size_t n, struct err *e)
{
	switch (elf_open(f, data, n)) {
	case ELF_FINE:
		return 0;
	case ELF_CLASS:
		return err_set(e, X_BAD_KERNEL, "not a 64-bit little-endian ELF file");
	case ELF_DAMAGED:
	case ELF_OUTSIDE:
		return err_set(e, X_BAD_KERNEL, "the program headers lie outside the ELF file (truncated?)");
	case ELF_NONE:
	case ELF_CUT:
		break;
	}
	return err_set(e, X_BAD_KERNEL, "not an ELF file");
}

static bool note_is_pvh(const uint8_t *d, uint64_t n, uint64_t align)
{
	uint64_t at = 0, name, desc;

	while (n - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr h;

		memcpy(&h, d + at, sizeof(h));
		at += sizeof(h);
		name = (h.n_namesz + align - 1) & ~(align - 1);
		desc = (h.n_descsz + align - 1) & ~(align - 1);
		if (name > n - at)
			return false;
		if (h.n_type == PVH_NOTE && h.n_namesz == 4 && !memcmp(d + at, "Xen", 4))
			return h.n_descsz >= 4 && h.n_descsz <= n - at - name;
		at += name;
		if (desc > n - at)
			return false;
		at += desc;
	}
	return false;
}

static bool elf_pvh(const struct elf *f)
{
	for (unsigned i = 0; i < f->h.e_phnum; i++) {
		Elf64_Phdr p = elf_phdr(f, i);

		if (p.p_type == PT_NOTE && elf_inside(f, p.p_offset, p.p_filesz) &&
		    note_is_pvh((const uint8_t *)f->p + p.p_offset, p.p_filesz, p.p_align == 8 ? 8 : 4))
			return true;
	}
	return false;
}

/* objcopy --only-keep-debug leaves the program headers but takes the code: p_filesz 0, or .text without bytes. */
static bool elf_loadable(const struct elf *f)
{
	Elf64_Shdr text;
	bool code = false;

	for (unsigned i = 0; i < f->h.e_phnum; i++) {
		Elf64_Phdr p = elf_phdr(f, i);

		if (p.p_type != PT_LOAD)
			continue;
		if (!elf_inside(f, p.p_offset, p.p_filesz) || p.p_filesz > p.p_memsz)
			return false;
		code |= (p.p_flags & PF_X) && p.p_filesz;
	}
	return code && !(elf_section(f, ".text", &text) && text.sh_type == SHT_NOBITS);
}

/* A release as uname prints it, up to the first space; false when these bytes are not one. */
static bool release_take(const char *s, size_t n, char *out, size_t max)
{
	size_t len = 0;

	while (len < n && s[len] > ' ' && s[len] < 0x7f && s[len] != '/')
		len++;
	if (!len || len == n || len >= max || s[0] < '0' || s[0] > '9' || (s[len] != ' ' && s[len] != '\0'))
		return false;
	memcpy(out, s, len);
	out[len] = '\0';
	return true;
}

static void banner_find(const char *d, size_t n, char *out, size_t max)
{
	static const char words[] = "Linux version ";
	const char *end = d + n;

	out[0] = '\0';
	while ((d = memmem(d, (size_t)(end - d), words, sizeof(words) - 1))) {
		d += sizeof(words) - 1;
		if (release_take(d, (size_t)(end - d), out, max))
			return;
	}
}

const struct arch *image_arch(const void *head, size_t n)
{
	uint8_t start[64];
	Elf64_Ehdr h;

	if (is_gzip(head, n))
		return armimage_is(start, decompress_head(head, n, start, sizeof(start))) ? &arch_aarch64 : NULL;
	if (elf_is(head, n) && n >= sizeof(h)) {
		memcpy(&h, head, sizeof(h));
		return arch_by_elf(h.e_machine);
	}
	if (armimage_is(head, n) || armimage_is_zboot(head, n))
		return &arch_aarch64;
	return is_bzimage(head, n) ? &arch_x86_64 : NULL;
}

int image_inspect(struct image_info *i, const void *data, size_t n, struct err *e)
{
	struct elf f;
	Elf64_Shdr btf;

	if (armimage_is(data, n)) {
		*i = (struct image_info){ .machine = EM_AARCH64, .loadable = true };
		i->btf = armimage_btf(data, n, &i->btf_n);
		banner_find(data, n, i->release, sizeof(i->release));
		return 0;
	}
	if (open_kernel(&f, data, n, e) < 0)
		return -1;
	*i = (struct image_info){ .machine = f.h.e_machine, .pvh = elf_pvh(&f), .loadable = elf_loadable(&f) };
	if (elf_section(&f, ".BTF", &btf) && btf.sh_type != SHT_NOBITS && btf.sh_size &&
	    elf_inside(&f, btf.sh_offset, btf.sh_size)) {
		i->btf = (const uint8_t *)f.p + btf.sh_offset;
		i->btf_n = btf.sh_size;
	}
	banner_find(data, n, i->release, sizeof(i->release));
	return 0;
}

int image_release(const void *data, size_t n, char *out, size_t max)
{
	const uint8_t *d = data;
	size_t off, end;

	if (!is_bzimage(d, n) || !le16(d + AT_KERNEL_VERSION))
		return 1;
	off = (size_t)le16(d + AT_KERNEL_VERSION) + 0x200;
	end = setup_bytes(d) < n ? setup_bytes(d) : n;
	if (off >= end || !release_take((const char *)d + off, end - off, out, max))
		return 1;
	return 0;
}

bool config_has(const char *text, size_t n, const char *line)
{
	size_t len = strlen(line);

	while (n) {
		const char *nl = memchr(text, '\n', n);
		size_t here = nl ? (size_t)(nl - text) : n;

		if (here == len && !memcmp(text, line, len))
			return true;
		if (!nl)
			break;
		text += here + 1;
		n -= here + 1;
	}
	return false;
}

/* What strip wrote is looked at before anybody boots it. */
static int stripped_check(const char *path, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image_info info;
	struct stat st;
	void *map;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "map %s", path);
	r = image_inspect(&info, map, (size_t)st.st_size, e);
	munmap(map, (size_t)st.st_size);
	if (r < 0)
		return err_in(e, "strip made %s", path);
	if (!info.loadable)
		return err_set(e, X_BAD_KERNEL,
			       "without its debug data nothing bootable is left (a debug-symbol file?)");
	return 0;
}

int image_strip(const char *vmlinux, const char *out, struct err *e)
{
	return image_strip_by("strip", vmlinux, out, e);
}

int image_strip_by(const char *strip, const char *vmlinux, const char *out, struct err *e)
{
	const char *argv[] = { strip, "--strip-debug", "-o", out, "--", vmlinux, NULL };
	const char *env[] = { "LC_ALL=C", NULL };
	struct spawn s = { .argv = argv, .env = env, .in = SPAWN_NULL };
	auto_free char *text = NULL;
	size_t n;
	int status;

	if (spawn_capture(&s, true, 64 << 10, STRIP_MS, &text, &n, &status, e) < 0)
		return -1;
	if (status) {
		(void)unlink(out); /* there may be none */
		return err_set(e, err_full(text) ? X_DISK_FULL : X_BAD_KERNEL, "%s %s: %.500s", strip, vmlinux, text);
	}
	if (stripped_check(out, e) < 0) {
		(void)unlink(out); /* the error is told already */
		return err_in(e, "%s", vmlinux);
	}
	return 0;
}
