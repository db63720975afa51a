#include "kernel/name/locate.h"

#include "arch/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernel/cache/entry.h"
#include "kernel/image/image.h"
#include "kernel/name/kernel.h"
#include <errno.h>
#include <sys/stat.h>
#include <sys/utsname.h>

enum { HEAD = 64 << 10, RELEASE_MAX = 128 };

void kernel_host_here(struct kernel_host *h)
{
	struct utsname u;

	uname(&u);
	*h = (struct kernel_host){ .root = "" };
	snprintf(h->release, sizeof(h->release), "%s", u.release);
	snprintf(h->machine, sizeof(h->machine), "%s", u.machine);
}

static char *slug(const char *name)
{
	char *s = xstrdup(name);

	for (char *p = s; *p; p++)
		if (!strchr("._+-", *p) && !(*p >= '0' && *p <= '9') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= 'a' && *p <= 'z'))
			*p = '-';
	return s;
}

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static char *folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? xstrndup(path, (size_t)(slash - path)) : xstrdup("/");
}

static char *if_there(char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return path;
	free(path);
	return NULL;
}

static char *in_folder(const char *dir, const char *name)
{
	return if_there(xasprintf("%s/%s", dir, name));
}

static bool generic(const char *name)
{
	return !strcmp(name, "bzImage") || !strcmp(name, "Image") || !strcmp(name, "vmlinuz") ||
	       !strcmp(name, "vmlinux");
}

/* uname -r of a build tree, which the image itself may hide behind compression. */
static char *tree_release(const char *tree)
{
	auto_free char *path = xasprintf("%s/include/config/kernel.release", tree);
	char *text;
	size_t n;
	struct err ignored;

	if (file_read(AT_FDCWD, path, RELEASE_MAX, &text, &n, &ignored) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* By its first bytes, or else this machine's. */
static const struct arch *arch_of(const char *file)
{
	auto_close int fd = open(file, O_RDONLY | O_CLOEXEC);
	auto_free char *head = xmalloc(HEAD);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, HEAD, 0);
	const struct arch *a = n > 0 ? image_arch(head, (size_t)n) : NULL;

	return a ? a : arch_host();
}

void kernel_from_entry(struct kernel *k, const struct kernel_entry *entry)
{
	const struct kernel_meta *m = &entry->meta;
	const char *label = m->version ? m->version : m->release ? m->release : entry->key;

	*k = (struct kernel){
		.name = slug(entry->key),
		.label = xstrdup(label),
		.image = xasprintf("%s/%s", entry->dir, m->image_name),
		.vmlinux = m->vmlinux_name ? in_folder(entry->dir, m->vmlinux_name) : NULL,
		.config = in_folder(entry->dir, ".config"),
		.arch = arch_by_name(m->arch),
	};
	if (!k->arch)
		k->arch = arch_host();
}

/* This machine's image before that of another one, which the boot will refuse by name. */
static char *image_in(const char *dir, const char *machine, bool *foreign)
{
	const struct arch *a;
	char *image = NULL;

	for (size_t pass = 0; pass < 2 && !image; pass++) {
		for (unsigned i = 0; !image && (a = arch_at(i)); i++) {
			if (!strcmp(a->name, machine) == (pass == 1))
				continue;
			if (!(image = in_folder(dir, a->tree_path)))
				image = in_folder(dir, a->image);
			*foreign = image && pass == 1;
		}
	}
	return image;
}

/* dir is a build tree when the image lies where make puts it, or its vmlinux beside a configuration. */
static bool from_tree(struct kernel *k, const char *dir, const char *machine, bool *foreign)
{
	auto_free char *image = image_in(dir, machine, foreign);
	char *vmlinux = in_folder(dir, "vmlinux");
	char *release;

	if (!image && !vmlinux)
		return false;
	release = tree_release(dir);
	*k = (struct kernel){
		.name = slug(base(dir)),
		.label = release ? release : slug(base(dir)),
		.image = image ? TAKE(image) : xstrdup(vmlinux),
		.vmlinux = vmlinux,
		.config = in_folder(dir, ".config"),
	};
	if (!k->config)
		k->config = in_folder(dir, "config");
	k->arch = arch_of(k->image);
	return true;
}

static bool is_source(const char *dir)
{
	auto_free char *makefile = in_folder(dir, "Makefile");
	auto_free char *kconfig = in_folder(dir, "Kconfig");

	return makefile && kconfig;
}

static int from_folder(struct kernel *k, const char *dir, const struct kernel_host *h, struct err *e)
{
	auto_free char *meta = NULL;
	struct kernel_entry entry;
	bool foreign = false;
	int r = 0;

	if (access(dir, R_OK | X_OK) < 0 && errno == EACCES)
		return err_set(e, X_NO_INPUT, "the folder %s may not be read by this user", dir);
	meta = in_folder(dir, "metadata.json");
	if (meta) {
		kernel_entry_read(&entry, dir, NULL);
		if (entry.corrupt)
			r = err_set(e, X_NO_KERNEL, "kernel entry %s %s: %s", dir,
				    entry.foreign ? "is of another program, whose metadata we cannot read"
						  : "is damaged",
				    entry.corrupt);
		else
			kernel_from_entry(k, &entry);
		kernel_entry_free(&entry);
		return r;
	}
	if (from_tree(k, dir, h->machine, &foreign))
		return 0;
	if (is_source(dir))
		return err_set(e, X_NO_KERNEL,
			       "%s is a kernel source tree that was not built there; build it: cargo ktstr "
			       "kernel build --source %s",
			       dir, dir);
	return err_set(e, X_NO_KERNEL, "no kernel in the folder %s: neither arch/x86/boot/bzImage, bzImage nor vmlinux",
		       dir);
}

/* Magic numbers only: the boot will tell the rest. */
static int check_image(const char *file, bool *elf, char *release, const struct arch **arch, struct err *e)
{
	auto_close int fd = open(file, O_RDONLY | O_CLOEXEC);
	auto_free char *head = xmalloc(HEAD);
	ssize_t n;

	if (fd < 0 || (n = pread(fd, head, HEAD, 0)) < 0) {
		err_sys(e, "open %s", file);
		e->code = X_NO_INPUT;
		return -1;
	}
	*elf = n > 4 && !memcmp(head, "\177ELF", 4);
	*release = '\0';
	*arch = image_arch(head, (size_t)n);
	if (!*arch && *elf)
		*arch = arch_host();
	if (!*arch)
		return err_set(e, X_BAD_KERNEL, "%s is not a kernel: neither a bzImage, an arm64 Image nor an ELF file",
			       file);
	if (image_release(head, (size_t)n, release, RELEASE_MAX) != 0)
		*release = '\0';
	return 0;
}

/* The build tree of {tree}/arch/ARCH/boot/IMAGE, or NULL. */
static char *tree_of(const char *file)
{
	size_t n = strlen(file);
	const struct arch *a;

	for (unsigned i = 0; (a = arch_at(i)); i++) {
		size_t len = strlen(a->tree_path);

		if (n > len + 1 && !strcmp(file + n - len, a->tree_path) && file[n - len - 1] == '/')
			return xstrndup(file, n - len - 1);
	}
	return NULL;
}

/* The first of these formats, each with a folder or root and the release, that is a file. */
struct place {
	const char *format, *dir;
};

static char *first_file(const struct place *p, size_t n, const char *release)
{
	char *file = NULL;

	for (size_t i = 0; i < n && !file; i++)
		file = if_there(xasprintf(p[i].format, p[i].dir, release));
	return file;
}

/* What distributions install with a kernel. Only what has the release in its name: a vmlinux that merely lies in the same
 * folder may be another kernel's, and would be booted instead of the image. */
static void find_installed(struct kernel *k, const char *dir, const char *release, const struct kernel_host *h)
{
	const struct place vmlinux[] = {
		{ "%s/vmlinux-%s", dir },
		{ "%s/usr/lib/debug/boot/vmlinux-%s", h->root },
		{ "%s/usr/lib/debug/lib/modules/%s/vmlinux", h->root },
		{ "%s/boot/vmlinux-%s", h->root },
		/* An arm64 image has no ELF kernel inside; what it was built from is the only other place with BTF. */
		{ "%s/lib/modules/%s/build/vmlinux", h->root },
	};
	const struct place config[] = {
		{ "%s/config-%s", dir },
		{ "%s/boot/config-%s", h->root },
		{ "%s/lib/modules/%s/config", h->root },
	};
	size_t n = countof(vmlinux) - (strcmp(h->machine, "aarch64") != 0);

	k->vmlinux = first_file(vmlinux, n, release);
	k->config = first_file(config, countof(config), release);
}

/* Which installed kernel this is: …/vmlinuz-RELEASE or …/modules/RELEASE/vmlinuz. NULL: neither. */
static const char *installed_release(const char *name, const char *dir)
{
	auto_free char *parent = folder(dir);

	if (!strncmp(name, "vmlinuz-", 8) && name[8])
		return name + 8;
	return !strcmp(name, "vmlinuz") && !strcmp(base(parent), "modules") ? base(dir) : NULL;
}

static int from_file(struct kernel *k, const char *file, const struct kernel_host *h, struct err *e)
{
	auto_free char *tree = tree_of(file);
	auto_free char *dir = folder(file);
	const char *name = base(file), *installed = installed_release(name, dir);
	char release[RELEASE_MAX];
	const struct arch *arch;
	bool elf, foreign;

	if (check_image(file, &elf, release, &arch, e) < 0)
		return -1;
	if (tree && from_tree(k, tree, h->machine, &foreign)) {
		free(k->image);
		k->image = xstrdup(file);
		k->arch = arch;
		return 0;
	}
	*k = (struct kernel){ .image = xstrdup(file), .arch = arch };
	if (installed) {
		find_installed(k, dir, installed, h);
	} else if (generic(name)) {
		k->vmlinux = in_folder(dir, "vmlinux");
		k->config = in_folder(dir, ".config");
		if (!k->config)
			k->config = in_folder(dir, "config");
	}
	if (elf) {
		free(k->vmlinux);
		k->vmlinux = xstrdup(file);
	}
	auto_free char *full = generic(name) ? xasprintf("%s-%s", base(dir), name) : xstrdup(name);
	k->name = slug(full);
	k->label = xstrdup(*release ? release : k->name);
	return 0;
}

static char *expand_home(const char *path, struct err *e)
{
	const char *home = getenv("HOME");

	if (path[0] != '~' || (path[1] && path[1] != '/'))
		return xstrdup(path);
	if (!home || !*home) {
		err_set(e, X_NO_INPUT, "%s: HOME is not set", path);
		return NULL;
	}
	return xasprintf("%s%s", home, path + 1);
}

int kernel_locate(struct kernel *k, const char *path, const struct kernel_host *h, struct err *e)
{
	auto_free char *full = expand_home(path, e);
	auto_free char *real = NULL;
	struct stat st;

	if (!full)
		return -1;
	if (!(real = realpath(full, NULL)) || stat(real, &st) < 0) {
		err_sys(e, "kernel %s", path);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return from_folder(k, real, h, e);
	if (S_ISREG(st.st_mode))
		return from_file(k, real, h, e);
	return err_set(e, X_NO_INPUT, "kernel %s is neither a file nor a folder", path);
}

bool kernel_built_tree(struct kernel *k, const char *path, const struct kernel_host *h)
{
	auto_free char *real = realpath(path, NULL);
	struct kernel new = { 0 };
	bool foreign = false;

	if (!real || !from_tree(&new, real, h->machine, &foreign))
		return false;
	if (foreign)
		kernel_free(&new);
	else
		*k = new;
	return !foreign;
}

char *kernel_sources(const char *path)
{
	struct err ignored;
	auto_free char *full = expand_home(path, &ignored);
	auto_free char *real = full ? realpath(full, NULL) : NULL;

	return real && is_source(real) ? TAKE(real) : NULL;
}

char *kernel_source_tree(const char *path)
{
	struct kernel_host here;
	auto_free char *real = kernel_sources(path);
	struct kernel k = { 0 };
	bool foreign;

	if (!real)
		return NULL;
	kernel_host_here(&here);
	if (!from_tree(&k, real, here.machine, &foreign))
		return TAKE(real);
	kernel_free(&k);
	return NULL;
}

/* /boot/vmlinuz is whatever was installed last. */
static bool runs_here(const char *file, const char *release)
{
	char found[RELEASE_MAX];
	struct err ignored;
	const struct arch *arch;
	bool elf;

	return check_image(file, &elf, found, &arch, &ignored) == 0 && !strcmp(found, release);
}

static int no_image(const struct kernel_host *h, const char *unreadable, struct err *e)
{
	if (unreadable)
		return err_set(
			e, X_NO_INPUT,
			"the image of the running kernel, %s, cannot be read: Permission denied. Make it readable "
			"(chmod a+r), or import it as root (cargo ktstr kernel import --running)",
			unreadable);
	return err_set(
		e, X_NO_INPUT,
		"the image of the running kernel %s is neither /lib/modules/%s/vmlinuz nor /boot/vmlinuz-%s; import "
		"its package instead (cargo ktstr kernel import FILE…)",
		h->release, h->release, h->release);
}

int kernel_running(struct kernel *k, const struct kernel_host *h, struct err *e)
{
	const struct place places[] = {
		{ "%s/lib/modules/%s/vmlinuz", h->root },
		{ "%s/boot/vmlinuz-%s", h->root },
		{ "%s/usr/lib/modules/%s/vmlinuz", h->root },
		{ "%s/boot/vmlinuz", h->root },
	};
	auto_free char *scx = xasprintf("%s/sys/kernel/sched_ext", h->root);
	auto_free char *unreadable = NULL;

	if (!file_exists(scx))
		return err_set(e, X_NO_SCX,
			       "the running kernel %s has no sched_ext: there is no /sys/kernel/sched_ext. It needs "
			       "CONFIG_SCHED_CLASS_EXT=y",
			       h->release);
	for (size_t i = 0; i < countof(places); i++) {
		auto_free char *file = xasprintf(places[i].format, places[i].dir, h->release);

		if (access(file, R_OK) < 0) {
			if (errno == EACCES && !unreadable)
				unreadable = TAKE(file);
			continue;
		}
		if (i + 1 == countof(places) && !runs_here(file, h->release))
			continue;
		if (kernel_locate(k, file, h, e) < 0)
			return -1;
		free(k->name);
		free(k->label);
		auto_free char *name = xasprintf("running-%s", h->release);

		k->name = slug(name);
		k->label = xstrdup(h->release);
		return 0;
	}
	return no_image(h, unreadable, e);
}
