/* uki.h: unified kernel images: EFI programs (PE) with a kernel as a section, as systemd's and Ubuntu's stubs have it. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

/* The section ".linux" of one, a piece of data: a bzImage, or an Image of arm64 in any of its forms. 1 when data is no such
 * program; X_BAD_KERNEL when its section lies outside of data. */
int uki_kernel(const void *data, size_t n, const void **kernel, size_t *len, struct err *e);
