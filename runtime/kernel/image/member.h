/* member.h: what the name of a file in a package says of it. */
#pragma once
#include <stdbool.h>
#include "kernel/image/package.h"

struct kernel_member {
	enum part_kind kind;
	char release[128]; /* "": its name has none (boot/vmlinuz, Alpine's boot/vmlinuz-lts) */
	bool packed;       /* its name ends as that of a compressed file */
};

/* Whether path is a kernel's image, configuration or ELF file. Not wanted: what lies beside them (signatures, sums, older ones, rescue
 * images), and a packed vmlinux: the kernel in the image is the same one. */
bool member_parse(struct kernel_member *m, const char *path);
