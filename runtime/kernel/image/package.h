/* package.h: the members of a .deb, an .rpm or a tar (Arch's packages, what `make tarzst-pkg` makes) that make a kernel. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

enum part_kind { PART_IMAGE, PART_CONFIG, PART_VMLINUX, PART_COUNT };

struct part {
	char *path;    /* the file; NULL: nobody gave one */
	char *release; /* as far as its name tells, or NULL */
	char *from;    /* the file on the command line */
	bool ours;     /* unpacked by us, may be moved */
};

struct parts {
	struct part v[PART_COUNT];
};

/* Adds a part, taking path and release. A second of the same kind and release is dropped; two releases in one import
 * are X_BAD_KERNEL, naming both. */
int parts_add(struct parts *p, enum part_kind kind, const struct part *new, struct err *e);
void parts_free(struct parts *p);
#define auto_parts __attribute__((unused, cleanup(parts_free)))

enum package_kind { PACKAGE_NONE, PACKAGE_DEB, PACKAGE_RPM, PACKAGE_TAR };
enum package_kind package_kind(const void *head, size_t n);
/* Unpacks the members we want into folder dir (scratch) and adds them. X_BAD_KERNEL "FILE is damaged: …". */
int package_read(const char *file, enum package_kind kind, const char *dir, struct parts *p, struct err *e);
/* The same of PACKAGE_TAR. PACKAGE_SINGLE when it is one compressed file and no tar: that is unpacked to out. */
enum { PACKAGE_SINGLE = 1 };
int package_tar(const char *file, const char *dir, struct parts *p, const char *out, struct err *e);
