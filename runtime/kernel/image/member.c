#include "kernel/image/member.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char *boot, *modules; /* names in a folder "boot", and in one below "modules" */
	enum part_kind kind;
} wanted[] = {
	{ "vmlinuz", "vmlinuz", PART_IMAGE }, { "bzImage", NULL, PART_IMAGE },
	{ "kernel", NULL, PART_IMAGE }, /* Gentoo's */
	{ "config", "config", PART_CONFIG },  { "vmlinux", "vmlinux", PART_VMLINUX },
};

static const char *const packed[] = { ".gz", ".xz", ".zst", ".zstd", ".bz2", ".lzma", ".lz4", ".lzo" };
/* Ubuntu's and others' images with a signature are images. */
static const char *const as_good[] = { ".efi.signed", ".signed", ".efi" };
static const char *const beside[] = { ".sig",     ".sign",  ".asc", ".p7s", ".sha1", ".sha256", ".sha512",
				      ".md5",     ".hmac",  ".old", ".bak", ".orig", ".rpmnew", ".rpmsave",
				      ".rpmorig", ".debug", ".map", ".btf", "~" };

static bool ends(const char *p, size_t n, const char *end)
{
	size_t len = strlen(end);

	return n > len && !memcmp(p + n - len, end, len);
}

/* Cuts one of ends off; false: it has none of them. */
static bool cut(const char *p, size_t *n, const char *const *list, size_t list_n)
{
	for (size_t i = 0; i < list_n; i++) {
		if (ends(p, *n, list[i])) {
			*n -= strlen(list[i]);
			return true;
		}
	}
	return false;
}

/* The path's component before end, which points at a slash or behind the path. */
static const char *component(const char *path, const char *end, size_t *n)
{
	const char *p = end;

	while (p > path && p[-1] != '/')
		p--;
	*n = (size_t)(end - p);
	return p;
}

static bool is(const char *p, size_t n, const char *name)
{
	return n == strlen(name) && !memcmp(p, name, n);
}

static bool take_release(struct kernel_member *m, const char *p, size_t n)
{
	if (n >= sizeof(m->release))
		return false;
	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] >= 0x7f)
			return false;
	memcpy(m->release, p, n);
	m->release[n] = '\0';
	return !strstr(m->release, "rescue") && !strstr(m->release, ".dpkg-");
}

/* "vmlinuz-6.12", "vmlinuz", "vmlinuz-lts"; of the last two, nothing but the kernel itself knows the release. */
static bool take_boot(struct kernel_member *m, const char *name, size_t n, const char *kind)
{
	size_t len = strlen(kind);

	if (n < len || memcmp(name, kind, len) != 0)
		return false;
	if (n == len)
		return m->kind != PART_VMLINUX && strcmp(kind, "kernel") != 0;
	if (name[len] != '-' || n == len + 1 || !take_release(m, name + len + 1, n - len - 1))
		return false;
	if (m->release[0] >= '0' && m->release[0] <= '9')
		return true;
	m->release[0] = '\0';
	return !strcmp(kind, "vmlinuz") || !strcmp(kind, "config");
}

bool member_parse(struct kernel_member *m, const char *path)
{
	size_t n, parent_n, above_n = 0;
	const char *end = path + strlen(path);
	const char *name = component(path, end, &n), *parent, *above;

	if (name == path || cut(name, &n, beside, countof(beside)))
		return false;
	parent = component(path, name - 1, &parent_n);
	above = parent > path ? component(path, parent - 1, &above_n) : NULL;
	*m = (struct kernel_member){ .packed = cut(name, &n, packed, countof(packed)) };
	(void)cut(name, &n, as_good, countof(as_good));
	for (size_t i = 0; i < countof(wanted); i++) {
		m->kind = wanted[i].kind;
		if (m->packed && m->kind == PART_VMLINUX)
			continue;
		if (is(parent, parent_n, "boot") && take_boot(m, name, n, wanted[i].boot))
			return true;
		if (above && wanted[i].modules && is(above, above_n, "modules") && is(name, n, wanted[i].modules))
			return parent_n && parent[0] >= '0' && parent[0] <= '9' && take_release(m, parent, parent_n);
	}
	return false;
}
