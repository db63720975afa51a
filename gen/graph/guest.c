#include "gen/graph/guest.h"

#include "arch/arch.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "host/boot_id.h"
#include "kernel/name/id.h"
#include "clock/clock.h"
#include "progress/log.h"
#include "vm/qemu.h"
#include <string.h>

int guest_plan_init(struct guest_plan *g, struct err *e)
{
	auto_free char *id = NULL;

	if (boot_id(&id, e) < 0)
		return -1;
	g->host = xasprintf("host/%.8s", id);
	return 0;
}

void guest_plan_free(struct guest_plan *g)
{
	free(g->host);
	g->host = NULL;
}

int guest_plan_allows(const struct guest_plan *g, const struct kernel *k, struct err *e)
{
	const struct arch *host = arch_host();

	if (g->virtual && k->arch != &arch_x86_64)
		return err_set(e, X_USAGE,
			       "kernel %s is for %s: only guests of x86_64 have virtual time; use --clock real",
			       k->name, k->arch->name);
	if (k->arch == host)
		return 0;
	auto_free char *init = home_init(g->home, k->arch);

	if (!strcmp(g->accel, "kvm"))
		return err_set(
			e, X_KVM_UNUSABLE,
			"kernel %s is for %s: KVM was asked for, but such guests are emulated on a machine of %s; "
			"use --accel auto or tcg",
			k->name, k->arch->name, host->name);
	if (file_exists(init))
		return 0;
	return err_set(e, X_NO_TOOL,
		       "kernel %s is for %s, and %s, the init of its guests, is missing: build it with make where "
		       "there is %s-gcc, or install again",
		       k->name, k->arch->name, init, k->arch->triplet);
}

/* The initramfs for guests of an architecture. */
static char *initramfs(const struct kernel *k)
{
	return xasprintf("guest%s/initramfs.cpio", arch_suffix(k->arch));
}

static void plan_foreign_init(struct plan *p, const struct guest_plan *gp, const struct kernel *k)
{
	auto_free char *init = home_init(gp->home, k->arch), *out = initramfs(k);
	struct edge *g = plan_edge(p, "initramfs", "guest init for %s", k->arch->name);

	if (!g)
		return;
	edge_heading(g, "guest for %s", k->arch->name);
	edge_in(g, "%s", init);
	edge_needs(g, "%s", gp->home->step);
	edge_out(g, "%s", out);
	edge_word(g, "outdir", "guest%s", arch_suffix(k->arch));
}

void plan_guest_base(struct plan *p, const struct guest_plan *gp)
{
	struct edge *g = plan_edge(p, "probe", "host accelerator");

	edge_heading(g, "host and guest");
	edge_needs(g, "%s", gp->home->step);
	edge_tool(p, g, "/dev/kvm");
	edge_out(g, "%s/probe", gp->host);
	edge_word(g, "outdir", "%s", gp->host);

	g = plan_edge(p, "initramfs", "guest init");
	edge_in(g, "%s", gp->home->init);
	edge_needs(g, "%s", gp->home->step);
	edge_out(g, "guest/initramfs.cpio");
	edge_word(g, "outdir", "guest");
}

const struct edge *plan_guest_kernel(struct plan *p, const struct guest_plan *gp, const struct kernel *k)
{
	auto_argv struct argv more = { 0 };

	if (k->arch != arch_host()) {
		plan_foreign_init(p, gp, k);
		argv_opt(&more, "--arch", "%s", k->arch->name);
	}
	struct edge *g = plan_edge(p, "bootable", "kernel %s", k->name);

	edge_heading(g, "kernel %s", k->name);
	edge_in(g, "%s", k->image);
	if (k->vmlinux) {
		argv_opt(&more, "--vmlinux", "%s", k->vmlinux);
		edge_needs(g, "%s", k->vmlinux);
	}
	if (k->config) {
		argv_opt(&more, "--config", "%s", k->config);
		edge_needs(g, "%s", k->config);
	}

	edge_needs(g, "%s", gp->home->step);
	edge_out(g, "kernels/%s/kernel", k->name);
	edge_out(g, "kernels/%s/layout", k->name);
	edge_out(g, "kernels/%s/queues", k->name);
	edge_out(g, "kernels/%s/facts", k->name);
	edge_word(g, "outdir", "kernels/%s", k->name);
	edge_words(g, "args", &more);
	return g;
}

/* In the graph, so that another value is another graph. */
void guest_library_path(struct argv *a)
{
	const char *list = getenv("LD_LIBRARY_PATH"), *preload = getenv("LD_PRELOAD");

	if (preload && *preload)
		log_note("LD_PRELOAD is for programs of this machine, and not for those in guests (docs/vm.md)");
	if (list && *list)
		argv_opt(a, "--library-path", "%s", list);
}

/* Guests that want host CPUs to themselves would only refuse each other. */
static void one_at_a_time(struct edge *g, const struct guest_plan *gp)
{
	if (gp->perf_mode)
		edge_text(g, "pool", "pinned");
}

static void clock_vars(struct edge *g, const struct guest_plan *gp)
{
	auto_argv struct argv a = { 0 };

	if (!gp->virtual)
		return;
	edge_needs(g, "%s", gp->home->idle);
	argv_opt(&a, "--clock", "virtual");
	if (gp->shift != CLOCK_UNSAID)
		argv_opt(&a, "--shift", "%llu", (unsigned long long)gp->shift);
	edge_words(g, "clock", &a);
}

void guest_seed(struct argv *a, const struct guest_plan *gp)
{
	if (gp->virtual && gp->seed)
		argv_opt(a, "--seed", "%llu", (unsigned long long)gp->seed);
}

static void guest_vars(struct edge *g, const struct guest_plan *gp, const struct kernel *k)
{
	auto_free char *initrd = initramfs(k);

	edge_word(g, "boot", "kernels/%s", k->name);
	edge_word(g, "initrd", "%s", initrd);
	edge_word(g, "accel", "%s", gp->accel);
	edge_word(g, "topology", "%s", gp->topology);
	edge_word(g, "memory", "%llu", (unsigned long long)gp->memory_mb);
	clock_vars(g, gp);
	if (gp->perf_mode)
		edge_word(g, "perf", "--perf-mode");
	one_at_a_time(g, gp);
}

static void boot_vars(struct edge *g, const struct guest_plan *gp)
{
	auto_argv struct argv a = { 0 };

	for (const char *const *word = gp->sysctls; word && *word; word++)
		argv_fmt(&a, "--sysctl=%s", *word);
	for (const char *const *word = gp->kargs; word && *word; word++)
		argv_fmt(&a, "--karg=%s", *word);
	if (a.n)
		edge_words(g, "words", &a);
}

char *guest_snapshot_dir(const struct guest_plan *gp, const struct kernel *k)
{
	return xasprintf("snapshots/%s%s%s", k->name, gp->name ? "/" : "", gp->name ? gp->name : "");
}

void plan_guest_snapshot(struct plan *p, const struct guest_plan *gp, const struct kernel *k)
{
	auto_free char *dir = guest_snapshot_dir(gp, k), *initrd = initramfs(k);
	struct edge *g =
		plan_edge(p, "snapshot", "boot %s%s%s", k->name, gp->name ? " " : "", gp->name ? gp->name : "");

	if (!g)
		return;
	edge_in(g, "kernels/%s/kernel", k->name);
	edge_in(g, "%s", initrd);
	edge_needs(g, "%s/probe", gp->host);
	edge_needs(g, "kernels/%s/facts", k->name);
	edge_needs(g, "%s", gp->home->step);
	edge_tool(p, g, qemu_program(k->arch));
	edge_out(g, "%s/state", dir);
	edge_out(g, "%s/recipe", dir);
	edge_word(g, "outdir", "%s", dir);
	guest_vars(g, gp, k);
	boot_vars(g, gp);
}

void edge_guest(struct plan *p, struct edge *g, const struct guest_plan *gp, const struct kernel *k)
{
	auto_free char *initrd = initramfs(k);

	edge_needs(g, "kernels/%s/kernel", k->name);
	edge_needs(g, "%s", initrd);
	edge_needs(g, "%s/probe", gp->host);
	edge_tool(p, g, qemu_program(k->arch));
	guest_vars(g, gp, k);
}

void edge_restore(struct edge *g, const struct guest_plan *gp, const struct kernel *k)
{
	auto_free char *dir = guest_snapshot_dir(gp, k), *initrd = initramfs(k);

	edge_needs(g, "%s/state", dir);
	edge_word(g, "snapshot", "%s", dir);
	one_at_a_time(g, gp);
	edge_needs(g, "%s", initrd);
	edge_word(g, "boot", "kernels/%s", k->name);
	edge_word(g, "initrd", "%s", initrd);
}
