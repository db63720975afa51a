/* kernel.h: one kernel, wherever it was found. */
#pragma once
struct arch;

/* A kernel that can be booted. Paths absolute. */
struct kernel {
	char *name;    /* for people and folder names: key, or the file's name; [A-Za-z0-9._+-] only; may repeat */
	char *label;   /* column header: version or release, else name */
	char *image;   /* bzImage, Image, vmlinuz or vmlinux */
	char *vmlinux; /* uncompressed kernel with BTF, or NULL */
	char *config;  /* or NULL */
	char *key;     /* of its entry in the kernel cache; NULL: found elsewhere */
	const struct arch *arch; /* this machine's for a file that does not tell */
};

void kernel_free(struct kernel *k);
#define auto_kernel __attribute__((unused, cleanup(kernel_free)))
