/* accel.c: the probe in its child, its memory in the store, and the choice that follows from it. */
#include "host/accel.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "base/err.h"
#include "system/kill.h"
#include "base/file.h"
#include "base/mem.h"
#include "host/tool.h"
#include "base/stop.h"
#include "host/accel_kvm.h"
#include "host/boot_id.h"

enum { PROBE_MS = 2000, PROBE_EMULATED_MS = 10000 };
static const char too_slow[] = "ordinary instructions take too long";
#define TOPO_LEAF 0x8000001e /* the last of AMD's leaves on caches and cores */

static const char *const kvm_names[] = {
	[KVM_WORKS] = "works", [KVM_MISSING] = "missing", [KVM_FORBIDDEN] = "forbidden", [KVM_BROKEN] = "broken"
};

struct verdict {
	bool works;
	char why[200];
};

static _Noreturn void probe_child(int kvm, int out, pid_t parent)
{
	struct verdict v = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	v.works = accel_kvm_runs(kvm, v.why, sizeof(v.why));
	_exit(write(out, &v, sizeof(v)) == (ssize_t)sizeof(v) ? 0 : 1);
}

/* A verdict is smaller than a pipe's atomic unit: it is there whole or not at all. */
static int await_verdict(int from, struct verdict *v, struct err *e)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	int r = stop_poll(&p, 1, now_ms() + (accel_host_emulated() ? PROBE_EMULATED_MS : PROBE_MS), e);

	*v = (struct verdict){ 0 };
	if (r < 0)
		return -1;
	if (r == 0)
		strcpy(v->why, too_slow);
	else if (read(from, v, sizeof(*v)) != (ssize_t)sizeof(*v))
		strcpy(v->why, "the program that tries it dies");
	v->why[sizeof(v->why) - 1] = 0;
	return 0;
}

static int run_probe(int kvm, struct verdict *v, struct err *e)
{
	auto_close int from = -1, to = -1;
	int fds[2];
	pid_t parent = getpid();

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	from = fds[0];
	to = fds[1];
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(e, "fork");
	if (pid == 0)
		probe_child(kvm, to, parent);
	close(TAKE_FD(to));
	int r = await_verdict(from, v, e);
	if (kill_process(pid, SIGKILL) == 0)
		reap_child(pid, NULL, 0);
	return r;
}

/* Hypervisors tell it in leaf 0x40000010, Intel processors in 0x15; bogomips is twice the frequency in MHz where the
 * kernel knew the TSC's frequency, which it did wherever the TSC is worth using. */
static unsigned long tsc_of_bogomips(void)
{
	auto_file FILE *f = fopen("/proc/cpuinfo", "re");
	auto_free char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		const char *colon = strchr(line, ':');
		double v = 0;

		if (!strncmp(line, "bogomips", 8) && colon)
			v = strtod(colon + 1, NULL);
		if (v > 0 && v < 1e6)
			return (unsigned long)(v * 500);
	}
	return 0;
}

bool accel_host_emulated(void)
{
	static const char tcg[] = "TCGTCGTCGTCG";
	unsigned a, b, c, d;
	char name[12];

	__cpuid(1, a, b, c, d);
	if (!(c & 1u << 31))
		return false;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	return !memcmp(name, tcg, sizeof(name));
}

char *accel_host_cpu(void)
{
	unsigned a, b, c, d, family, model;
	char vendor[12];

	__cpuid(0, a, b, c, d);
	memcpy(vendor, &b, 4);
	memcpy(vendor + 4, &d, 4);
	memcpy(vendor + 8, &c, 4);
	for (size_t i = 0; i < sizeof(vendor); i++)
		if (vendor[i] <= ' ' || vendor[i] > '~')
			vendor[i] = '_';
	__cpuid(1, a, b, c, d);
	family = (a >> 8 & 15) + ((a >> 8 & 15) == 15 ? a >> 20 & 255 : 0);
	model = (a >> 4 & 15) + ((a >> 16 & 15) << 4);
	bool topoext =
		!memcmp(vendor, "AuthenticAMD", sizeof(vendor)) && __get_cpuid_max(0x80000000, NULL) >= TOPO_LEAF;

	return xasprintf("%.12s-%u-%u-%u%s", vendor, family, model, a & 15, topoext ? "-topoext" : "");
}

static unsigned long host_tsc_khz(void)
{
	unsigned a, b, c, d;

	__cpuid(1, a, b, c, d);
	if (c & 1u << 31) {
		__cpuid(0x40000000, a, b, c, d);
		if (a >= 0x40000010 && a < 0x40010000) {
			__cpuid(0x40000010, a, b, c, d);
			if (a)
				return a;
		}
	}
	if (__get_cpuid_max(0, NULL) >= 0x15) {
		__cpuid(0x15, a, b, c, d);
		if (a && b && c)
			return (unsigned long)((uint64_t)c * b / a / 1000);
	}
	return tsc_of_bogomips();
}

static void unusable(struct accel_probe *p, int no)
{
	p->kvm = no == EACCES || no == EPERM ? KVM_FORBIDDEN : KVM_MISSING;
	if (p->kvm == KVM_FORBIDDEN)
		snprintf(p->why, sizeof(p->why), "/dev/kvm may not be opened by this user (%s)", strerror(no));
	else if (no == ENOENT)
		snprintf(p->why, sizeof(p->why), "there is no /dev/kvm");
	else
		snprintf(p->why, sizeof(p->why), "/dev/kvm cannot be opened (%s)", strerror(no));
}

int accel_probe(struct accel_probe *p, struct err *e)
{
	struct accel_probe found = { .kvm = KVM_WORKS, .tsc_khz = host_tsc_khz() };
	auto_close int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct verdict v;

	if (kvm < 0) {
		unusable(&found, errno);
		*p = found;
		return 0;
	}
	if (run_probe(kvm, &v, e) < 0)
		return -1;
	if (!v.works) {
		found.kvm = KVM_BROKEN;
		snprintf(found.why, sizeof(found.why), "%s", v.why);
	}
	*p = found;
	return 0;
}

/* "kvm broken", "tsc_khz 2445426", "why …" and the device (tool_facts) it was found on. false: not such a text, or another
 * device, so probe again. */
static bool remembered(struct accel_probe *p, const char *text)
{
	auto_free char *device = tool_facts("/dev/kvm");
	struct accel_probe found = { 0 };
	char kvm[16];
	int at = 0;

	if (sscanf(text, "kvm %15s tsc_khz %lu why %n", kvm, &found.tsc_khz, &at) != 2 || !at)
		return false;
	const char *end = text + at + strcspn(text + at, "\n");

	if (!*end || strcmp(end + 1, device) != 0)
		return false;
	snprintf(found.why, sizeof(found.why), "%.*s", (int)(end - text) - at, text + at);
	for (size_t i = 0; i < countof(kvm_names); i++) {
		if (strcmp(kvm, kvm_names[i]))
			continue;
		found.kvm = (enum accel_kvm)i;
		*p = found;
		return true;
	}
	return false;
}

static int remember(const char *dir, const char *id, const struct accel_probe *p, struct err *e)
{
	auto_free char *device = tool_facts("/dev/kvm");
	auto_free char *text =
		xasprintf("kvm %s\ntsc_khz %lu\nwhy %s\n%s", kvm_names[p->kvm], p->tsc_khz, p->why, device);
	auto_free char *path = xasprintf("%s/%s", dir, id);

	if (mkdir_p(AT_FDCWD, dir, 0777, e) < 0)
		return -1;
	return file_write(AT_FDCWD, path, text, strlen(text), e) < 0 ? -1 : 0;
}

/* Only what the probe found out by running something is worth remembering; whether the device is there and ours can
 * change at any time and is cheap to see. */
int accel_cached(struct accel_probe *p, const char *store, struct err *e)
{
	auto_free char *id = NULL, *text = NULL, *dir = xasprintf("%s/host", store);
	struct err ignored;

	if (access("/dev/kvm", R_OK | W_OK) < 0)
		return accel_probe(p, e);
	if (boot_id(&id, e) < 0)
		return -1;
	auto_free char *path = xasprintf("%s/%s", dir, id);
	if (file_read(AT_FDCWD, path, 4096, &text, NULL, &ignored) == 0 && remembered(p, text))
		return 0;
	return accel_renewed(p, store, e);
}

int accel_renewed(struct accel_probe *p, const char *store, struct err *e)
{
	auto_free char *id = NULL, *dir = xasprintf("%s/host", store);

	if (accel_probe(p, e) < 0)
		return -1;
	/* That may have been the host's load, and not the last word until it boots again. */
	if (p->kvm == KVM_BROKEN && !strcmp(p->why, too_slow))
		return 0;
	if (access("/dev/kvm", R_OK | W_OK) < 0)
		return 0;
	return boot_id(&id, e) < 0 ? -1 : remember(dir, id, p, e);
}

static int refuse(const struct accel_probe *p, struct err *e)
{
	switch (p->kvm) {
	case KVM_MISSING:
		return err_set(e, X_NO_KVM, "KVM was asked for, but %s; load kvm_intel or kvm_amd, or use --accel auto",
			       p->why);
	case KVM_FORBIDDEN:
		return err_set(e, X_NO_KVM,
			       "KVM was asked for, but %s; join the group that owns it (kvm), or use --accel auto",
			       p->why);
	default:
		return err_set(e, X_KVM_UNUSABLE,
			       "KVM was asked for, but it cannot run a kernel here: %s; use --accel auto or tcg",
			       p->why);
	}
}

int accel_choose(enum accel *a, const struct arch *guest, const char *want, const struct accel_probe *p, struct err *e)
{
	bool foreign = guest != arch_host();

	if (!strcmp(want, "tcg")) {
		*a = ACCEL_TCG;
		return 0;
	}
	if (!strcmp(want, "auto")) {
		*a = p->kvm == KVM_WORKS && !foreign ? ACCEL_KVM : ACCEL_TCG;
		return 0;
	}
	if (strcmp(want, "kvm"))
		return err_set(e, X_USAGE, "invalid accelerator '%s': expected auto, kvm or tcg", want);
	if (foreign)
		return err_set(
			e, X_KVM_UNUSABLE,
			"KVM was asked for, but %s guests are emulated on a machine of %s; use --accel auto or tcg",
			guest->name, arch_host()->name);
	if (p->kvm != KVM_WORKS)
		return refuse(p, e);
	*a = ACCEL_KVM;
	return 0;
}

const char *accel_name(enum accel a)
{
	return a == ACCEL_KVM ? "kvm" : "tcg";
}
