#include "scenario/text/boot.h"
#include "scenario/fault.h"
#include "scenario/scenario.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
#define OURS "ktstr sets that itself"
#define MACHINE "\"topology\" and \"memory\" say which CPUs and how much memory a guest has"
#define TIME "\"clock\" says what a guest's time is made of"
#define CHANNEL "ktstr would not hear of the guest any more"

/* Kernels take "-" for "_" in names. */
static const struct {
	const char *name, *why;
} refused[] = {
	{ "console", CHANNEL },
	{ "earlycon", CHANNEL },
	{ "earlyprintk", CHANNEL },
	{ "quiet", CHANNEL },
	{ "debug", OURS },
	{ "loglevel", OURS },
	{ "ignore_loglevel", OURS },
	{ "panic", CHANNEL },
	{ "reboot", CHANNEL },
	{ "init", CHANNEL },
	{ "rdinit", CHANNEL },
	{ "initrd", CHANNEL },
	{ "noinitrd", CHANNEL },
	{ "root", CHANNEL },
	{ "S", CHANNEL },
	{ "single", CHANNEL },
	{ "nokaslr", OURS },
	{ "mitigations", OURS },
	{ "random.trust_cpu", OURS },
	{ "cryptomgr.notests", OURS },
	{ "no_timer_check", OURS },
	{ "damon_stat.enabled", OURS },
	{ "intel_iommu", OURS },
	{ "acpi", CHANNEL },
	{ "pci", CHANNEL },
	{ "noapic", CHANNEL },
	{ "nolapic", CHANNEL },
	{ "nox2apic", CHANNEL },
	{ "lockdown", CHANNEL },
	{ "nr_cpus", MACHINE },
	{ "maxcpus", MACHINE },
	{ "possible_cpus", MACHINE },
	{ "nosmp", MACHINE },
	{ "nosmt", MACHINE },
	{ "numa", MACHINE },
	{ "mem", MACHINE },
	{ "memmap", MACHINE },
	{ "clocksource", TIME },
	{ "clock", TIME },
	{ "tsc", TIME },
	{ "tsc_early_khz", TIME },
	{ "notsc", TIME },
	{ "hpet", TIME },
	{ "lapic_timer_c2_ok", TIME },
	{ "lpj", TIME },
	{ "idle", TIME },
};

static bool name_is(const char *text, size_t n, const char *name)
{
	if (strlen(name) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((text[i] == '-' ? '_' : text[i]) != name[i])
			return false;
	return true;
}

static bool karg_name(const char *text, size_t n, struct scenario_error *e)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (!name_is(text, n, refused[i].name))
			continue;
		fault_bad(e, 1, "the parameter \"%s\" of a guest's kernel is not a test's to say", refused[i].name);
		return fault_tip(e, "%s", refused[i].why);
	}
	if (!strncmp(text, "sysctl.", 7))
		return fault_bad(e, 1, "a sysctl among parameters of the kernel") ||
		       fault_tip(e, "write sysctls %s, which tells when the kernel lacks or refuses it", text + 7);
	return strncmp(text, "ktstr", 5) && strncmp(text, "KTSTR", 5)
		       ? true
		       : fault_bad(e, 1, "parameters that begin with \"ktstr\" are ktstr's own");
}

bool boot_karg(const char *text, struct scenario_error *e)
{
	size_t n = strcspn(text, "="), name = strspn(text, LETTERS ".");

	if (!n || name < n || !strchr(LETTERS, *text) || *text == '-')
		return fault_bad(e, (name < n ? name : 0) + 1,
				 "a parameter's name has letters, digits, \"_\", \"-\" and \".\" alone") ||
		       fault_tip(e, "write NAME or NAME=VALUE, for example isolcpus=1");
	for (const char *at = text + n; *at; at++)
		if (*at <= ' ' || *at > '~' || strchr("\"'\\", *at))
			return fault_bad(
				e, (size_t)(at - text) + 1,
				"a parameter's value has neither blanks, quotes nor backslashes, and ASCII alone");
	return karg_name(text, n, e);
}

static bool sysctl_name(const char *text, size_t n, struct scenario_error *e)
{
	for (size_t i = 0; i < n; i++) {
		bool separates = text[i] == '.' || text[i] == '/';

		if (separates ? !i || i + 1 == n || text[i - 1] == '.' || text[i - 1] == '/'
			      : !strchr(LETTERS, text[i]))
			return fault_bad(e, i + 1,
					 "a sysctl's name has letters, digits, \"_\" and \"-\", and between them "
					 "\".\" or \"/\"") ||
			       fault_tip(e, "write NAME=VALUE, for example vm.swappiness=10");
	}
	return true;
}

bool boot_sysctl(const char *text, struct scenario_error *e)
{
	size_t n = strcspn(text, "=");

	if (!n || !text[n] || !text[n + 1])
		return fault_bad(e, 1, "\"%s\" is no sysctl with its value", text) ||
		       fault_tip(e, "write NAME=VALUE, for example vm.swappiness=10");
	if (!sysctl_name(text, n, e))
		return false;
	for (const char *at = text + n + 1; *at; at++)
		if (*at < ' ' || *at > '~' || strchr("\"'\\;", *at))
			return fault_bad(e, (size_t)(at - text) + 1,
					 "a sysctl's value has neither quotes, backslashes nor \";\", and ASCII alone");
	if (n == 12 && !strncmp(text, "kernel", 6) && !strncmp(text + 7, "panic", 5))
		return fault_bad(e, 1, "the sysctl kernel.panic is not a test's to set") || fault_tip(e, CHANNEL);
	return true;
}

/* What the kernel has in a cgroup's folder begins so. */
static bool is_kernels(const char *name)
{
	static const char *const all[] = { "cgroup.", "cpu.",  "cpuset.", "memory.", "io.",
					   "pids.",   "rdma.", "hugetlb", "misc.",   "dmem." };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!strncmp(name, all[i], strlen(all[i])))
			return true;
	return false;
}

bool boot_parent(const char *text, struct scenario_error *e)
{
	size_t n = strlen(text), good = strspn(text, LETTERS "./");

	if (*text != '/' || n < 2 || n > BOOT_PARENT_MAX || text[n - 1] == '/')
		return fault_bad(e, 1, "a cgroup's path begins with \"/\", ends with a name, and has at most %d bytes",
				 BOOT_PARENT_MAX) ||
		       fault_tip(e, "for example cgroup_parent /workload/cells");
	if (good < n)
		return fault_bad(e, good + 1,
				 "a cgroup's path has letters, digits, \"_\", \"-\", \".\" and \"/\" alone");
	for (const char *at = text; at; at = strchr(at + 1, '/'))
		if (at[1] == '.' || at[1] == '/' || is_kernels(at + 1))
			return fault_bad(
				e, (size_t)(at - text) + 2,
				"in a cgroup's path no name is empty, begins with \".\", or is like one of the "
				"kernel's files (\"cpu.max\")");
	return true;
}

static size_t bytes_of(const struct scenario_list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += strlen(l->at[i].text) + 1;
	return n;
}

bool boot_fits(const struct scenario *s, struct scenario_error *e)
{
	if (s->kargs.n > BOOT_KARGS_MAX)
		return fault_bad(e, 0, "more than %d words of \"kargs\" in all", BOOT_KARGS_MAX);
	if (bytes_of(&s->sysctls) + bytes_of(&s->kargs) > BOOT_BYTES_MAX)
		return fault_bad(e, 0, "more than %d bytes of \"sysctls\" and \"kargs\" in all", BOOT_BYTES_MAX);
	return true;
}
