/* bootable: a kernel as QEMU enters it fastest, where its structures' members are, what it offers to BPF programs, and its
 * configuration as its guests find it. */
#include "arch/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "guest/initramfs.h"
#include "inspect/layout.h"
#include "inspect/ops.h"
#include "inspect/queues.h"
#include "inspect/symbols.h"
#include "kernel/image/armimage.h"
#include "kernel/image/image.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"

#define IMAGE_MAX (1u << 30)

static struct {
	const char *image, *vmlinux, *config, *arch;
} o;

static const struct opt opts[] = {
	{ .name = "image", .type = OPT_STR, .out = &o.image, .arg = "FILE", .help = "boot image" },
	{ .name = "vmlinux",
	  .type = OPT_STR,
	  .out = &o.vmlinux,
	  .arg = "FILE",
	  .help = "uncompressed kernel beside it" },
	{ .name = "config", .type = OPT_STR, .out = &o.config, .arg = "FILE", .help = "its configuration" },
	{ .name = "arch",
	  .type = OPT_STR,
	  .out = &o.arch,
	  .arg = "NAME",
	  .choices = "x86_64 aarch64",
	  .help = "what it is to be for; this machine's unless given" },
	{ 0 },
};

/* An uncompressed kernel under consideration. */
struct candidate {
	void *data;
	size_t n;
	struct image_info info;
};

static const struct arch *wanted(void)
{
	return o.arch ? arch_by_name(o.arch) : arch_host();
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	recipe_str(r, "arch", wanted()->name);
	if (recipe_file(r, "image", o.image, h, e) < 0)
		return -1;
	if (o.vmlinux && recipe_file(r, "vmlinux", o.vmlinux, h, e) < 0)
		return -1;
	return o.config ? recipe_file(r, "config", o.config, h, e) : 0;
}

static int load(struct candidate *c, const char *file, struct err *e)
{
	auto_free char *raw = NULL;
	size_t n;

	if (file_read(AT_FDCWD, file, IMAGE_MAX, &raw, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "kernel");
	if (image_unpack(raw, n, &c->data, &c->n, e) < 0 || image_inspect(&c->info, c->data, c->n, e) < 0)
		return err_in(e, "%s", file);
	const struct arch *is = arch_by_elf(c->info.machine);

	if (is != wanted())
		return err_set(e, X_BAD_KERNEL, "%s is for another machine (%s) than was expected (%s)", file,
			       is ? is->name : "one we do not know", wanted()->name);
	return 0;
}

static int write_symbols(int dir, const struct image_info *i, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	int r = symbols_write(f, i->btf, i->btf_n, e);

	fclose(f);
	return r < 0 || file_write(dir, "symbols", text, n, e) < 0 ? -1 : 0;
}

/* Of where run queues are, every part may be missing. */
static int write_queues(int dir, const struct image_info *i, struct err *e)
{
	auto_free char *text = NULL;
	struct queues q;
	size_t n;

	if (queues_from_btf(&q, i->btf, i->btf_n, e) < 0)
		return -1;
	FILE *f = xmemstream(&text, &n);
	int r = queues_write(f, &q);

	fclose(f);
	if (r < 0)
		return err_set(e, X_FAIL, "cannot write queues");
	return file_write(dir, "queues", text, n, e) < 0 ? -1 : 0;
}

static int write_layout(int dir, const struct image_info *i, struct err *e)
{
	auto_free char *text = NULL;
	struct layout l;
	size_t n;

	if (!i->btf)
		return err_set(
			e, X_NO_SCX,
			"the kernel carries no BTF: it needs CONFIG_DEBUG_INFO_BTF=y and CONFIG_SCHED_CLASS_EXT=y");
	if (layout_from_btf(&l, i->btf, i->btf_n, e) < 0)
		return -1;
	if (!l.has_scx)
		return err_set(e, X_NO_SCX, "the kernel has no sched_ext: it needs CONFIG_SCHED_CLASS_EXT=y");
	FILE *f = xmemstream(&text, &n);
	int r = layout_write(f, &l);

	fclose(f);
	if (r < 0)
		return err_set(e, X_FAIL, "cannot write layout");
	if (file_write(dir, "layout", text, n, e) < 0 || write_queues(dir, i, e) < 0)
		return -1;
	return write_symbols(dir, i, e);
}

/* What virtio over MMIO takes beside the driver: a PC has it find its devices by ACPI only with the second. */
static bool mmio_built_in(const char *config, size_t n)
{
	return config_has(config, n, "CONFIG_VIRTIO_MMIO=y") &&
	       (wanted() != &arch_x86_64 || config_has(config, n, "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y"));
}

/* Empty for a kernel that tells its configuration itself (not by a module), or whose configuration we do not know. */
static int write_config(int dir, const char *config, size_t n, struct err *e)
{
	bool tells = n && config_has(config, n, "CONFIG_IKCONFIG=y") && config_has(config, n, "CONFIG_IKCONFIG_PROC=y");

	if (!n || tells)
		return file_write(dir, "config.cpio", "", 0, e) < 0 ? -1 : 0;
	return initramfs_write_config(dir, "config.cpio", config, n, e);
}

static int write_facts(int dir, const struct image_info *i, const struct image_info *types, bool pvh, struct err *e)
{
	struct ops_value ops = { 0 };
	auto_free char *config = NULL;
	const char *mmio = "unknown";
	size_t n = 0;

	if (o.config) {
		if (file_read(AT_FDCWD, o.config, 4 << 20, &config, &n, e) < 0)
			return -1;
		mmio = mmio_built_in(config, n) ? "yes" : "no";
	}
	if (types->btf && ops_value_from_btf(&ops, types->btf, types->btf_n, e) < 0)
		return -1;
	auto_free char *text =
		xasprintf("arch %s\nrelease %s\npvh %s\nvirtio_mmio %s\nops_value %u %u\n", wanted()->name, i->release,
			  pvh ? "yes" : "no", mmio, ops.size, ops.timeout_at);

	return file_write(dir, "facts", text, strlen(text), e) < 0 || write_config(dir, config, n, e) < 0 ? -1 : 0;
}

/* The kernel itself: an ELF that QEMU can enter, without its debug information; else the image as it is, but for an arm64
 * one, which not every QEMU can unpack. */
static int write_kernel(int dir, const char *path, const struct candidate *c, const struct candidate *image,
			struct err *e)
{
	auto_free char *out = xasprintf("%s/kernel", path);
	auto_free char *raw = xasprintf("%s/kernel.raw", path);

	if (!c && wanted() == &arch_aarch64 && !armimage_is(image->data, image->n))
		return err_set(e, X_BAD_KERNEL,
			       "%s is the vmlinux of an arm64 kernel, which nothing can boot; take its Image", o.image);
	if (!c && wanted() == &arch_aarch64)
		return file_write(dir, "kernel", image->data, image->n, e) < 0 ? -1 : 0;
	if (!c)
		return file_copy(AT_FDCWD, o.image, dir, "kernel", 0644, e);
	if (file_write(dir, "kernel.raw", c->data, c->n, e) < 0 || image_strip(raw, out, e) < 0)
		return -1;
	return unlinkat(dir, "kernel.raw", 0) < 0 ? err_sys(e, "remove %s", raw) : 0;
}

static bool enterable(const struct candidate *c)
{
	return c->data && c->info.pvh && c->info.loadable;
}

static int run(int dir, const char *path, struct err *e)
{
	struct candidate vmlinux = { 0 }, image = { 0 };
	const struct candidate *boot = NULL;
	int r = -1;

	if (o.vmlinux && load(&vmlinux, o.vmlinux, e) < 0)
		goto out;
	if (!enterable(&vmlinux) && load(&image, o.image, e) < 0)
		goto out;
	boot = enterable(&vmlinux) ? &vmlinux : enterable(&image) ? &image : NULL;
	const struct candidate *first = boot ? boot : &image;
	const struct image_info *types = first->info.btf ? &first->info : &vmlinux.info;

	if (write_layout(dir, types, e) == 0 && write_facts(dir, &first->info, types, boot != NULL, e) == 0)
		r = write_kernel(dir, path, boot, &image, e);
out:
	free(vmlinux.data);
	free(image.data);
	return r;
}

const struct step step_bootable = {
	.name = "bootable",
	.format = 7,
	.summary = "unpack a boot image and resolve its layouts",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.run = run,
};
