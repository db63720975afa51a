/* Processors, memory and the accelerator. */
#include "host/cpus.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "host/needs.h"
#include "base/syscalls.h"
#include "gen/doctor/doctor.h"
#include "gen/base/home.h"
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

enum {
	PROBE_MS = 10000,
	OUTPUT_MAX = 64 << 10,
	MEMINFO_MAX = 64 << 10,
	GUEST_MB = 1024, /* of a guest unless --memory-mb says otherwise */
	GUEST_MIN_MB = 128,
	QEMU_MB = 256, /* as plan_begin() reckons */
};

/* What is refused here is done in another way, which costs little; that guests' memory cannot be read has none. */
static void look_at_syscalls(struct findings *f)
{
	auto_free char *refused = NULL;
	size_t n;
	FILE *m = xmemstream(&refused, &n);
	bool readable = process_readable();
	struct need need;
	struct finding *x;

	for (const struct syscall_test *t = syscalls_tested; t->name; t++)
		if (!t->works())
			fprintf(m, "%s%s (Linux %s): %s", ftell(m) ? "; " : "", t->name, t->since, t->instead);
	fclose(m);
	bool graph = needs_lack(NEEDS_GRAPH, &need);

	if (graph || needs_lack(NEEDS_GUEST, &need)) {
		x = found(f, "system calls", LEVEL_FAIL, "%s", need.what);
		x->code = graph ? X_FAIL : X_NO_QEMU;
		x->fix = xstrdup(need.fix);
	} else if (!readable) {
		x = found(f, "system calls", LEVEL_FAIL,
			  "the memory of another process cannot be read, and guests' must be");
		x->code = X_VM;
		x->fix = xstrdup(process_refusal());
	} else if (n) {
		found(f, "system calls", LEVEL_OK, "some are refused here, and done in another way: %s", refused);
	} else {
		found(f, "system calls", LEVEL_OK, "all that are used work here");
	}
}

static uint64_t meminfo_mb(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) >> 10 : 0;
}

void judge_memory(struct findings *f, uint64_t total, uint64_t available)
{
	struct finding *x;

	if (available < GUEST_MIN_MB + QEMU_MB) {
		x = found(f, "memory", LEVEL_FAIL,
			  "%llu MB of %llu are free; the smallest guest takes %d with its QEMU",
			  (unsigned long long)available, (unsigned long long)total, GUEST_MIN_MB + QEMU_MB);
		x->code = X_VM;
		x->fix = xstrdup("end other programs, or take a larger machine");
	} else if (available < GUEST_MB + QEMU_MB) {
		x = found(f, "memory", LEVEL_WARN,
			  "%llu MB of %llu are free; a guest takes %d with its QEMU, unless --memory-mb says otherwise",
			  (unsigned long long)available, (unsigned long long)total, GUEST_MB + QEMU_MB);
		x->fix = xasprintf("give --memory-mb %llu, or end other programs",
				   (unsigned long long)(available - QEMU_MB) / 64 * 64);
	} else {
		found(f, "memory", LEVEL_OK, "%llu MB of %llu are free: room for %llu guests of %d MB at once",
		      (unsigned long long)available, (unsigned long long)total,
		      (unsigned long long)available / (GUEST_MB + QEMU_MB), GUEST_MB);
	}
}

/* A control group may leave us less than the host has. */
static uint64_t within_limit(uint64_t mb)
{
	uint64_t usable = memory_usable() >> 20;

	return mb < usable ? mb : usable;
}

static void look_at_memory(struct findings *f)
{
	auto_free char *text = NULL;
	struct err e;

	if (file_read(AT_FDCWD, "/proc/meminfo", MEMINFO_MAX, &text, NULL, &e) < 0)
		found(f, "memory", LEVEL_WARN, "%s", e.msg);
	else
		judge_memory(f, within_limit(meminfo_mb(text, "MemTotal:")),
			     within_limit(meminfo_mb(text, "MemAvailable:")));
}

/* Of Intel's and AMD's processors; a guest of a hypervisor may have neither. */
static const char *kvm_module(void)
{
	auto_free char *text = NULL;
	struct err ignored;

	if (file_read(AT_FDCWD, "/proc/cpuinfo", 64 << 20, &text, NULL, &ignored) < 0)
		return NULL;
	return strstr(text, " vmx") ? "kvm_intel" : strstr(text, " svm") ? "kvm_amd" : NULL;
}

static const char *user(void)
{
	const struct passwd *p = getpwuid(geteuid());

	return p ? p->pw_name : "USER";
}

static void mend_missing(struct finding *x)
{
	const char *module = kvm_module();

	x->fix = module ? xasprintf("modprobe %s, as root", module)
			: xstrdup("take a machine with virtualization, or turn it on: in the firmware, or as nested "
				  "virtualization where this machine is a guest itself");
}

static void mend_forbidden(struct finding *x, const char *group, bool member)
{
	if (!group)
		x->fix = xasprintf("setfacl -m u:%s:rw /dev/kvm, as root", user());
	else if (member)
		x->fix = xasprintf("log in again, or: newgrp %s", group);
	else
		x->fix = xasprintf("usermod -aG %s %s, as root; then log in again", group, user());
}

void judge_kvm(struct findings *f, const char *kvm, const char *why, const char *group, bool member)
{
	struct finding *x;

	if (!strcmp(kvm, "works")) {
		found(f, "accelerator", LEVEL_OK, "KVM: ordinary code was run in a virtual machine");
		return;
	}
	x = found(f, "accelerator", LEVEL_WARN, "no KVM: %s. Guests are emulated, some ten times slower", why);
	if (!strcmp(kvm, "missing"))
		mend_missing(x);
	else if (!strcmp(kvm, "forbidden"))
		mend_forbidden(x, group, member);
	else
		x->fix = xstrdup(
			"none from within: this host, a guest itself perhaps, says it has KVM and cannot run it");
}

/* Whether the user database has us in the group; this session may be older than that. */
static bool is_member(const struct group *g)
{
	const char *me = user();

	for (char **m = g->gr_mem; *m; m++)
		if (!strcmp(*m, me))
			return true;
	return false;
}

static void judge_device(struct findings *f, const char *kvm, const char *why)
{
	struct stat st;
	const struct group *g = NULL;

	if (stat("/dev/kvm", &st) == 0 && st.st_gid && (st.st_mode & 060) == 060)
		g = getgrgid(st.st_gid);
	judge_kvm(f, kvm, why, g ? g->gr_name : NULL, g && is_member(g));
}

/* The step is told another store when there is none yet, because asking makes one. */
static int run_probe(const struct home *home, const char *tmp, struct err *e)
{
	auto_free char *store = cache_path("KTSTR_STORE", "store", e);
	auto_free char *out = xasprintf("%s/out", tmp), *other = xasprintf("%s/store", tmp);
	bool usable = store && access(store, W_OK | X_OK) == 0;
	const char *const argv[] = { home->step, "probe", "--again", "--store", usable ? store : other,
				     "--out",    out,     NULL };
	const char *const env[] = { "KTSTR_EVENTS", NULL };
	struct spawn s = { .argv = argv, .env = env, .in = SPAWN_NULL, .family = true };
	auto_free char *text = NULL;
	int status;
	size_t n;

	if (spawn_capture(&s, true, OUTPUT_MAX, PROBE_MS, &text, &n, &status, e) < 0)
		return -1;
	return status ? err_set(e, X_FAIL, "the probe fails: %.500s", text) : 0;
}

static void look_at_kvm(struct findings *f, const struct home *home)
{
	struct err e = { 0 }, ignored;
	auto_free char *tmp = tmpdir_make("ktstr-doctor", &e);
	auto_free char *out = tmp ? xasprintf("%s/out", tmp) : NULL;
	auto_free char *kvm = NULL, *why = NULL;

	if (!tmp || run_probe(home, tmp, &e) < 0 || facts_file(out, "probe", "kvm", &kvm, &e) < 0 ||
	    facts_file(out, "probe", "why", &why, &e) < 0)
		found(f, "accelerator", LEVEL_WARN, "nobody knows whether KVM works: %s", e.msg);
	else
		judge_device(f, kvm, why);
	if (tmp)
		rmtree(AT_FDCWD, tmp, &ignored);
}

void doctor_host(struct findings *f, const struct home *home)
{
	unsigned cpus = cpus_usable();

	found(f, "processors", LEVEL_OK, "%u usable", cpus);
	look_at_syscalls(f);
	look_at_memory(f);
	look_at_kvm(f, home);
}
