#include "engine/machine.h"
#include "engine/cgroup.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/suspend_ioctls.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define CPUS "/sys/devices/system/cpu"
#define SNAPSHOT "/dev/snapshot"
#define POWER "/sys/power"

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), kept;
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	kept = errno;
	if (fd >= 0)
		close(fd);
	errno = kept;
	return n < 0 ? -1 : 0;
}

int machine_cpus(const struct cpus *cpus, bool online, int *refused, struct trouble *t)
{
	char path[64];

	*refused = 0;
	for (int cpu = cpus_next(cpus, -1); cpu >= 0; cpu = cpus_next(cpus, cpu)) {
		snprintf(path, sizeof path, CPUS "/cpu%d/online", cpu);
		if (put(path, online ? "1" : "0") == 0)
			continue;
		/* The first one of a machine has no such file, and cannot go. */
		if (errno == ENOENT && cpu == 0 && online)
			continue;
		if (errno == ENOENT)
			return trouble(t, ENDS_SKIP, "this kernel takes no CPUs offline (CONFIG_HOTPLUG_CPU): no %s",
				       path);
		*refused = errno;
	}
	return 0;
}

static void nap(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* The kernel's own test of it, whose time is in whole seconds. */
static int freeze_by_test(uint64_t ns, int *refused, struct trouble *t)
{
	char seconds[24];

	snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)(ns + 999999999) / 1000000000);
	if (put(POWER "/pm_test", "freezer") < 0)
		return trouble(
			t, ENDS_SKIP,
			"this kernel freezes no tasks on request (CONFIG_HIBERNATION_SNAPSHOT_DEV or CONFIG_PM_DEBUG)");
	(void)put("/sys/module/suspend/parameters/pm_test_delay", seconds);
	if (put(POWER "/state", "freeze") < 0 && put(POWER "/state", "mem") < 0)
		*refused = errno;
	return 0;
}

int machine_freeze(uint64_t ns, int *refused, struct trouble *t)
{
	int fd = open(SNAPSHOT, O_RDONLY | O_CLOEXEC);

	*refused = 0;
	if (fd < 0)
		return freeze_by_test(ns, refused, t);
	if (ioctl(fd, SNAPSHOT_FREEZE) < 0) {
		*refused = errno;
	} else {
		nap(ns);
		(void)ioctl(fd, SNAPSHOT_UNFREEZE);
	}
	close(fd);
	return 0;
}

int machine_psi(const struct cgroups *c, const char *group, struct trouble *t)
{
	/* A tenth of a second of a second in which somebody waits: µs. */
	static const char trigger[] = "some 100000 1000000";
	int folder = group ? cgroup_folder(c, group) : -1, kept;
	int fd = group ? openat(folder, "cpu.pressure", O_RDWR | O_NONBLOCK | O_CLOEXEC)
		       : open("/proc/pressure/cpu", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	kept = errno;
	if (folder >= 0)
		close(folder);
	if (fd >= 0 && write(fd, trigger, sizeof trigger) > 0)
		return fd;
	kept = fd >= 0 ? errno : kept;
	if (fd >= 0)
		close(fd);
	if (kept == ENOENT || kept == EOPNOTSUPP)
		return trouble(t, ENDS_SKIP,
			       "this kernel tells no pressure (CONFIG_PSI, or psi=1 on its command line)");
	return trouble(t, ENDS_ENV, "a trigger of the CPU pressure of %s: %s", group ? group : "the machine",
		       strerror(kept));
}
