/* From somebody else's files to the three of ours: sort what was given, judge it, then unpack. */
#include "kernel/image/import.h"

#include "arch/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernel/image/image.h"
#include "text/kver.h"
#include "kernel/image/package.h"
#include "kernel/image/uki.h"
#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define SCRATCH ".parts"

enum { HEAD = 64 << 10, CONFIG_MAX = 8 << 20, READ_MAX = 256 << 20 };

/* A file's bytes. Somebody else's are read: of a mapped file that becomes shorter, as when make writes it anew, a look at what is gone
 * kills. Pages are for what we unpacked, and for a debug vmlinux, which may have a gigabyte. */
struct map {
	const void *p;
	size_t n;
	char *read; /* NULL: they are pages */
};

static int in_part(const struct part *part, struct err *e)
{
	return err_in(e, e->code == X_BAD_KERNEL ? "%s is damaged" : "%s", part->from);
}

static void map_drop(struct map *m)
{
	if (m->p && !m->read)
		munmap((void *)m->p, m->n);
	free(m->read);
}
#define auto_map __attribute__((unused, cleanup(map_drop)))

static int map_file(struct map *m, const struct part *part, struct err *e)
{
	auto_close int fd = open(part->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", part->path);
	if (!st.st_size)
		return err_set(e, X_BAD_KERNEL, "%s is damaged: the kernel in it is empty", part->from);
	if (!part->ours && st.st_size <= READ_MAX) {
		if (file_read(AT_FDCWD, part->path, READ_MAX, &m->read, &m->n, e) < 0)
			return -1;
		m->p = m->read;
		return 0;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, "map %s", part->path);
	*m = (struct map){ .p = p, .n = (size_t)st.st_size };
	return 0;
}

static ssize_t read_head(const char *file, char *head, struct err *e)
{
	auto_close int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		err_sys(e, "open %s", file);
		e->code = X_NO_INPUT;
		return -1;
	}
	n = read_full(fd, head, HEAD);
	if (n < 0) {
		err_sys(e, "read %s", file);
		e->code = X_NO_INPUT;
	}
	return n;
}

static bool is_config(const char *head, size_t n)
{
	return !memchr(head, '\0', n) && memmem(head, n, "\nCONFIG_", 8);
}

static int no_kernel(const char *file, bool packed, struct err *e)
{
	return err_set(
		e, X_BAD_KERNEL,
		"%s is not a kernel: %sneither a .deb, an .rpm, a tar, a bzImage, an arm64 Image, a unified kernel image nor "
		"an ELF file",
		file, packed ? "it is compressed, and what is in it is " : "");
}

/* One that is there as it is: an image, an ELF kernel, a configuration. path is file, or what was unpacked from it. */
static int take_plain(const char *file, const char *path, const char *head, size_t n, struct parts *p, struct err *e)
{
	struct part new = { .path = (char *)path, .from = (char *)file, .ours = path != file };
	const void *kernel;
	char release[128];
	struct err ignored;
	size_t len;

	if (n >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG))
		return parts_add(p, PART_VMLINUX, &new, e);
	if (image_arch(head, n)) {
		if (image_release(head, n, release, sizeof(release)) == 0)
			new.release = release;
		return parts_add(p, PART_IMAGE, &new, e);
	}
	/* Of a unified image only the head is here: its kernel lies outside of that. */
	if (uki_kernel(head, n, &kernel, &len, &ignored) <= 0)
		return parts_add(p, PART_IMAGE, &new, e);
	if (is_config(head, n))
		return parts_add(p, PART_CONFIG, &new, e);
	return no_kernel(file, path != file, e);
}

static int take_packed(const char *file, const char *scratch, size_t i, struct parts *p, struct err *e)
{
	auto_free char *path = xasprintf("%s/unpacked.%zu", scratch, i);
	auto_free char *head = xmalloc(HEAD);
	int r = package_tar(file, scratch, p, path, e);
	ssize_t n;

	if (r != PACKAGE_SINGLE)
		return r;
	if ((n = read_head(path, head, e)) < 0)
		return -1;
	return take_plain(file, path, head, (size_t)n, p, e);
}

static int take_file(const char *file, const char *scratch, size_t i, struct parts *p, struct err *e)
{
	auto_free char *head = xmalloc(HEAD);
	ssize_t n = read_head(file, head, e);
	enum package_kind kind;

	if (n < 0)
		return -1;
	kind = package_kind(head, (size_t)n);
	if (kind == PACKAGE_TAR)
		return take_packed(file, scratch, i, p, e);
	if (kind != PACKAGE_NONE)
		return package_read(file, kind, scratch, p, e);
	return take_plain(file, file, head, (size_t)n, p, e);
}

/* The kernel of a unified image takes the place of its image. */
static int open_unified(struct parts *p, const char *scratch, struct err *e)
{
	struct part *part = &p->v[PART_IMAGE];
	auto_map struct map m = { 0 };
	const void *kernel;
	size_t n;

	if (!part->path)
		return 0;
	if (map_file(&m, part, e) < 0)
		return -1;
	int r = uki_kernel(m.p, m.n, &kernel, &n, e);

	if (r < 0)
		return in_part(part, e);
	if (r)
		return 0;

	auto_free char *path = xasprintf("%s/linux", scratch);

	if (file_write(AT_FDCWD, path, kernel, n, e) < 0)
		return -1;
	free(part->path);
	part->path = TAKE(path);
	part->ours = true;
	return 0;
}

/* sched_ext by configuration: what a kernel must have been built with. */
static int judge_config(const struct part *part, const char *text, size_t n, struct err *e)
{
	static const char *const lines[] = { "CONFIG_SCHED_CLASS_EXT=y", "CONFIG_DEBUG_INFO_BTF=y",
					     "CONFIG_BPF_SYSCALL=y" };
	auto_free char *missing = NULL;
	size_t size;
	FILE *f = xmemstream(&missing, &size);

	for (size_t i = 0; i < countof(lines); i++)
		if (!config_has(text, n, lines[i]))
			fprintf(f, "%s%s", ftell(f) ? ", " : "", lines[i]);
	fclose(f);
	if (!size)
		return 0;
	return err_set(
		e, X_NO_SCX,
		"%s%s%s cannot run sched_ext schedulers: its configuration lacks %s; take a kernel that has it, or "
		"build one: cargo ktstr kernel build --source DIR",
		part->from, part->release ? ": kernel " : "", part->release ? part->release : "", missing);
}

/* The configuration knows about modules; without one, only what is in the image is known. */
static int look_at_config(const struct parts *p, int dir, struct import_facts *f, struct err *e)
{
	const struct part *part = &p->v[PART_CONFIG];
	auto_free char *text = NULL;
	size_t n;

	if (!part->path)
		return 0;
	if (file_read(AT_FDCWD, part->path, CONFIG_MAX, &text, &n, e) < 0 || judge_config(part, text, n, e) < 0)
		return -1;
	f->has_config = true;
	f->virtio_mmio = config_has(text, n, "CONFIG_VIRTIO_MMIO=y") &&
			 config_has(text, n, "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y");
	return file_write(dir, "config", text, n, e) < 0 ? -1 : 0;
}

static bool contains(const void *data, size_t n, const char *words, size_t len)
{
	return data && memmem(data, n, words, len);
}

static int look_at_elf(const struct part *part, const void *elf, size_t n, struct image_info *info,
		       struct import_facts *f, struct err *e)
{
	static const char ops[] = "\0sched_ext_ops";        /* a whole word among BTF's strings */
	static const char device[] = "virtio-mmio-cmdline"; /* the driver's parent device */

	if (image_inspect(info, elf, n, e) < 0)
		return in_part(part, e);
	if (!info->btf)
		return err_set(e, X_NO_SCX,
			       "%s: the kernel has no BTF (CONFIG_DEBUG_INFO_BTF), so no sched_ext scheduler "
			       "can be loaded",
			       part->from);
	if (!contains(info->btf, info->btf_n, ops, sizeof(ops)))
		return err_set(e, X_NO_SCX, "%s: the kernel has no sched_ext: its BTF knows no struct sched_ext_ops%s",
			       part->from,
			       f->has_config ? ", although the configuration given with it promises it" : "");
	if (!f->has_config)
		f->virtio_mmio = contains(elf, n, device, sizeof(device));
	f->arch = arch_by_elf(info->machine);
	if (!f->arch)
		return err_set(e, X_BAD_KERNEL, "%s is for an unknown machine (ELF %u)", part->from, info->machine);
	return 0;
}

static int name_release(struct import_facts *f, const struct part *part, const char *release, struct err *e)
{
	if (!*release)
		release = part->release ? part->release : "";
	if (!*release)
		return err_set(e, X_BAD_KERNEL, "%s does not say which Linux release it is", part->from);
	snprintf(f->release, sizeof(f->release), "%s", release);
	kver_prefix(f->release, f->version, sizeof(f->version));
	return 0;
}

/* The debug vmlinux is worth more than the one in the image, when it can be booted: it has symbols. */
static int debug_usable(const struct parts *p, const struct import_facts *f, bool *usable, struct err *e)
{
	const struct part *part = &p->v[PART_VMLINUX];
	auto_map struct map m = { 0 };
	struct image_info info;

	*usable = false;
	if (!part->path)
		return 0;
	if (map_file(&m, part, e) < 0)
		return -1;
	if (image_inspect(&info, m.p, m.n, e) < 0)
		return in_part(part, e);
	if (*info.release && strcmp(info.release, f->release) != 0)
		return err_set(e, X_BAD_KERNEL, "these are different kernels: %s is %s, %s is %s",
			       p->v[PART_IMAGE].from, f->release, part->from, info.release);
	*usable = info.loadable && info.btf;
	return 0;
}

static int place_image(const struct part *part, int dir, struct err *e)
{
	if (!part->ours)
		return file_copy(AT_FDCWD, part->path, dir, "bzImage", 0644, e);
	return renameat(AT_FDCWD, part->path, dir, "bzImage") < 0 ? err_sys(e, "move the image") : 0;
}

/* That of binutils knows one architecture only. */
static int strip_debug(const struct arch *a, const char *vmlinux, const char *out, struct err *e)
{
	auto_free char *cross = xasprintf("%s-strip", a->triplet);

	return a == arch_host() ? image_strip(vmlinux, out, e) : image_strip_by(cross, vmlinux, out, e);
}

static int unpack_image(const struct parts *p, int dir, const char *path, struct import_facts *f, struct err *e)
{
	const struct part *part = &p->v[PART_IMAGE];
	auto_free char *out = xasprintf("%s/vmlinux", path);
	auto_free void *elf = NULL;
	auto_map struct map m = { 0 };
	struct image_info info;
	bool debug;
	size_t n;

	if (map_file(&m, part, e) < 0)
		return -1;
	if (image_unpack(m.p, m.n, &elf, &n, e) < 0)
		return in_part(part, e);
	if (look_at_elf(part, elf, n, &info, f, e) < 0 || name_release(f, part, info.release, e) < 0 ||
	    debug_usable(p, f, &debug, e) < 0)
		return -1;
	/* An arm64 Image is all there is in it, and has the BTF. */
	if (debug && strip_debug(f->arch, p->v[PART_VMLINUX].path, out, e) < 0)
		return -1;
	if (!debug && f->arch == &arch_x86_64 && file_write(dir, "vmlinux", elf, n, e) < 0)
		return -1;
	return place_image(part, dir, e);
}

static int unpack_elf(const struct parts *p, int dir, const char *path, struct import_facts *f, struct err *e)
{
	const struct part *part = &p->v[PART_VMLINUX];
	auto_free char *out = xasprintf("%s/vmlinux", path);
	auto_map struct map m = { 0 };
	struct image_info info;

	if (map_file(&m, part, e) < 0)
		return -1;
	if (image_inspect(&info, m.p, m.n, e) < 0)
		return in_part(part, e);
	if (!info.loadable)
		return err_set(e, X_BAD_KERNEL,
			       "%s has only the symbols of a kernel: give the package with its image, too", part->from);
	if (look_at_elf(part, m.p, m.n, &info, f, e) < 0)
		return -1;
	if (f->arch == &arch_aarch64)
		return err_set(e, X_BAD_KERNEL, "%s is the vmlinux of an arm64 kernel: give its Image, too",
			       part->from);
	if (name_release(f, part, info.release, e) < 0 || image_strip(part->path, out, e) < 0)
		return -1;
	return file_copy(dir, "vmlinux", dir, "bzImage", 0644, e);
}

static int no_image(const char *const *files, size_t n, struct err *e)
{
	return err_set(
		e, X_BAD_KERNEL,
		"no kernel image in %s%s; the package we need has boot/vmlinuz-… or "
		"lib/modules/…/vmlinuz (Debian: linux-image-… or linux-binary-…; Fedora: kernel-core; Arch: linux)",
		files[0], n > 1 ? " and the other files" : "");
}

static int unpack(const char *const *files, size_t n, int dir, const char *path, struct import_facts *f, struct err *e)
{
	auto_free char *scratch = xasprintf("%s/" SCRATCH, path);
	auto_parts struct parts p = { 0 };

	for (size_t i = 0; i < n; i++)
		if (take_file(files[i], scratch, i, &p, e) < 0)
			return -1;
	if (!p.v[PART_IMAGE].path && !p.v[PART_VMLINUX].path)
		return no_image(files, n, e);
	if (look_at_config(&p, dir, f, e) < 0 || open_unified(&p, scratch, e) < 0)
		return -1;
	return p.v[PART_IMAGE].path ? unpack_image(&p, dir, path, f, e) : unpack_elf(&p, dir, path, f, e);
}

int import_unpack(const char *const *files, size_t n, int dir, const char *path, struct import_facts *f, struct err *e)
{
	struct import_facts facts = { 0 };
	struct err second;
	int r;

	if (!n)
		return err_set(e, X_USAGE, "no file to import");
	if (mkdirat(dir, SCRATCH, 0700) < 0)
		return err_sys(e, "create %s/" SCRATCH, path);
	r = unpack(files, n, dir, path, &facts, e);
	if (rmtree(dir, SCRATCH, r < 0 ? &second : e) < 0)
		r = -1;
	if (r == 0)
		*f = facts;
	return r < 0 ? -1 : 0;
}

/* First of the places that has it. */
static const char *const running_places[PART_COUNT][4] = {
	[PART_IMAGE] = { "/boot/vmlinuz-%s", "/lib/modules/%s/vmlinuz", "/usr/lib/modules/%s/vmlinuz" },
	[PART_CONFIG] = { "/boot/config-%s", "/lib/modules/%s/config", "/proc/config.gz" },
	[PART_VMLINUX] = { "/usr/lib/debug/boot/vmlinux-%s", "/usr/lib/debug/lib/modules/%s/vmlinux",
			   "/boot/vmlinux-%s", "/lib/modules/%s/build/vmlinux" },
};

static char *running_file(enum part_kind kind, const char *release)
{
	for (size_t i = 0; i < countof(running_places[kind]) && running_places[kind][i]; i++) {
		char *path = xasprintf(running_places[kind][i], release);

		if (file_exists(path))
			return path;
		free(path);
	}
	return NULL;
}

int import_running(char ***files, struct err *e)
{
	char **list = xcalloc(PART_COUNT + 1, sizeof(*list));
	struct utsname u;
	size_t n = 0;

	uname(&u);
	for (enum part_kind kind = 0; kind < PART_COUNT; kind++) {
		char *path = running_file(kind, u.release);

		if (path)
			list[n++] = path;
		if (path || kind != PART_IMAGE)
			continue;
		import_files_free(list);
		return err_set(e, X_NO_INPUT,
			       "the image of the running kernel %s is neither /boot/vmlinuz-%s nor "
			       "/lib/modules/%s/vmlinuz; import its package instead",
			       u.release, u.release, u.release);
	}
	*files = list;
	return 0;
}

void import_files_free(char **files)
{
	for (size_t i = 0; files && files[i]; i++)
		free(files[i]);
	free(files);
}
