/* image.h: boot images. Everything is parsed from memory, bounded, and may be hostile.
 *
 * An x86_64 one is a bzImage with an ELF kernel inside; one of arm64 is an Image, perhaps packed (armimage.h). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct arch;
struct err;

/* The architecture of a boot image or an ELF kernel by its first bytes; NULL: none of ours. Of a gzipped one the first few
 * kilobytes are unpacked. */
const struct arch *image_arch(const void *head, size_t n);

/* The ELF kernel inside a bzImage (Documentation/arch/x86/boot.rst: payload_offset, payload_length), or the ELF itself; the
 * plain Image of arm64. gzip, bzip2, lzma, xz, lzo, lz4, zstd. out is malloc'd; at most 1 GiB. X_BAD_KERNEL. */
int image_unpack(const void *data, size_t n, void **out, size_t *out_n, struct err *e);

struct image_info {
	uint16_t machine; /* EM_X86_64 … */
	bool pvh;         /* has XEN_ELFNOTE_PHYS32_ENTRY (18): QEMU can enter it directly */
	bool loadable;    /* its PT_LOAD segments have their bytes (not a symbols-only vmlinux) */
	const void *btf;  /* .BTF inside data, or NULL */
	size_t btf_n;
	char release[128]; /* from "Linux version …", "" unknown */
};
/* Looks at an uncompressed kernel: ELF, or an arm64 Image, which is loadable and has no PVH note. */
int image_inspect(struct image_info *i, const void *data, size_t n, struct err *e);
/* Release string of a bzImage from its header (kernel_version field); 1 when it has none. */
int image_release(const void *data, size_t n, char *out, size_t max);

/* "CONFIG_X=y" questions on a .config text. */
bool config_has(const char *text, size_t n, const char *line);
/* ELF with symbols and BTF but without DWARF, still bootable: program headers and their bytes stay. Runs strip(1).
 * X_BAD_KERNEL, and no file, when nothing bootable would be left (a debug-symbol file). */
int image_strip(const char *vmlinux, const char *out, struct err *e);
/* The same by another strip(1): that of binutils knows one architecture only. */
int image_strip_by(const char *strip, const char *vmlinux, const char *out, struct err *e);
