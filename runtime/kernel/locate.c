#include "kernel/locate.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernel/entry.h"
#include "kernel/id.h"
#include "kernel/image.h"
#include <errno.h>
#include <sys/stat.h>

enum { HEAD = 64 << 10, RELEASE_MAX = 128 };

/* Where build trees of the architectures keep their boot image. */
static const char *const tree_images[] = { "arch/x86/boot/bzImage", "arch/arm64/boot/Image" };
static const char *const flat_images[] = { "bzImage", "Image" };

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
	};
}

/* dir is a build tree when the image lies where make puts it, or its vmlinux beside a configuration. */
static bool from_tree(struct kernel *k, const char *dir)
{
	auto_free char *image = NULL;
	char *vmlinux = in_folder(dir, "vmlinux");
	char *release;

	for (size_t i = 0; i < countof(tree_images) && !image; i++)
		image = in_folder(dir, tree_images[i]);
	for (size_t i = 0; i < countof(flat_images) && !image; i++)
		image = in_folder(dir, flat_images[i]);
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
	return true;
}

static int from_folder(struct kernel *k, const char *dir, struct err *e)
{
	auto_free char *meta = in_folder(dir, "metadata.json");
	auto_free char *source = in_folder(dir, "Kbuild");
	struct kernel_entry entry;
	int r = 0;

	if (meta) {
		kernel_entry_read(&entry, dir, NULL);
		if (entry.corrupt)
			r = err_set(e, X_NO_KERNEL, "kernel entry %s is damaged: %s", dir, entry.corrupt);
		else
			kernel_from_entry(k, &entry);
		kernel_entry_free(&entry);
		return r;
	}
	if (from_tree(k, dir))
		return 0;
	if (source)
		return err_set(e, X_NO_KERNEL,
			       "%s is a kernel source tree that was not built there; build it: cargo ktstr "
			       "kernel build --source %s",
			       dir, dir);
	return err_set(e, X_NO_KERNEL, "no kernel in the folder %s: neither arch/x86/boot/bzImage, bzImage nor vmlinux",
		       dir);
}

/* Magic numbers only: the boot will tell the rest. */
static int check_image(const char *file, bool *elf, char *release, struct err *e)
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
	if (*elf || (n > 64 && !memcmp(head + 56, "ARM\x64", 4)))
		return 0;
	if (n < 0x250 || memcmp(head + 0x202, "HdrS", 4) != 0)
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

	for (size_t i = 0; i < countof(tree_images); i++) {
		size_t len = strlen(tree_images[i]);

		if (n > len + 1 && !strcmp(file + n - len, tree_images[i]) && file[n - len - 1] == '/')
			return xstrndup(file, n - len - 1);
	}
	return NULL;
}

/* What distributions install beside /boot/vmlinuz-{release}, and as debug symbols. */
static void find_beside(struct kernel *k, const char *dir, const char *release)
{
	static const char *const debug[] = { "/usr/lib/debug/boot/vmlinux-%s",
					     "/usr/lib/debug/lib/modules/%s/vmlinux" };

	k->vmlinux = if_there(xasprintf("%s/vmlinux-%s", dir, release));
	for (size_t i = 0; i < countof(debug) && !k->vmlinux; i++)
		k->vmlinux = if_there(xasprintf(debug[i], release));
	k->config = if_there(xasprintf("%s/config-%s", dir, release));
}

static int from_file(struct kernel *k, const char *file, struct err *e)
{
	auto_free char *tree = tree_of(file);
	auto_free char *dir = folder(file);
	const char *name = base(file);
	char release[RELEASE_MAX];
	bool elf;

	if (check_image(file, &elf, release, e) < 0)
		return -1;
	if (tree && from_tree(k, tree)) {
		free(k->image);
		k->image = xstrdup(file);
		return 0;
	}
	*k = (struct kernel){ .image = xstrdup(file) };
	if (!strncmp(name, "vmlinuz-", 8)) {
		find_beside(k, dir, name + 8);
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

int kernel_locate(struct kernel *k, const char *path, struct err *e)
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
		return from_folder(k, real, e);
	if (S_ISREG(st.st_mode))
		return from_file(k, real, e);
	return err_set(e, X_NO_INPUT, "kernel %s is neither a file nor a folder", path);
}
