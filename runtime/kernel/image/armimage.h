/* armimage.h: boot images of arm64, from memory, hostile.
 *
 * "Image" is the kernel as it lies in memory behind a header of 64 bytes (Documentation/arch/arm64/booting.rst); it is no
 * ELF file, so its BTF is found by its own header. Distributions ship that, or gzipped, or as an EFI program that unpacks
 * it ("zboot", drivers/firmware/efi/libstub/zboot-header.S). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

/* By the first bytes, 64 are enough. */
bool armimage_is(const void *head, size_t n);
bool armimage_is_zboot(const void *head, size_t n);
/* The compressed stream in a zboot image, and what it unpacks to. X_BAD_KERNEL: for another machine, or outside of data. */
int armimage_payload(const void *data, size_t n, const void **p, size_t *len, size_t *unpacked, struct err *e);
/* The largest thing in data that can be BTF; NULL when there is none. */
const void *armimage_btf(const void *data, size_t n, size_t *len);
