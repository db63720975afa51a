/* mounts.c: the file systems and settings a scheduler expects of a running system. */
#include "guest/init/base/mounts.h"
#include "guest/init/base/crash.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

struct mount_point {
	const char *type, *dir, *options;
	bool needed; /* without it nothing works; the others depend on the kernel's configuration */
};

static const struct mount_point first[] = {
	{ "proc", "/proc", NULL, true },
	{ "sysfs", "/sys", NULL, true },
	{ "devtmpfs", "/dev", "mode=0755", true },
};

static const struct mount_point rest[] = {
	{ "tmpfs", "/tmp", "mode=1777", true },          { "tmpfs", "/run", "mode=0755", true },
	{ "tmpfs", "/dev/shm", "mode=1777", false },     { "devpts", "/dev/pts", "mode=0620,ptmxmode=0666", false },
	{ "cgroup2", "/sys/fs/cgroup", NULL, false },    { "bpf", "/sys/fs/bpf", NULL, false },
	{ "debugfs", "/sys/kernel/debug", NULL, false }, { "tracefs", "/sys/kernel/tracing", NULL, false },
};

static void mount_one(const struct mount_point *m)
{
	if (mkdir(m->dir, 0755) < 0 && errno != EEXIST && !m->needed)
		return; /* sysfs has the folder only when the kernel has the file system */
	if (mount(m->type, m->dir, m->type, MS_NOSUID, m->options) == 0 || errno == EBUSY)
		return;
	if (m->needed)
		die("mount %s on %s: %s", m->type, m->dir, strerror(errno));
}

int slurp(const char *path, char *buf, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -1;
	got = read(fd, buf, n - 1);
	close(fd);
	if (got < 0)
		return -1;
	if (got && buf[got - 1] == '\n')
		got--;
	buf[got] = '\0';
	return 0;
}

int spit(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(text);
	bool ok;

	if (fd < 0)
		return -1;
	ok = write(fd, text, n) == (ssize_t)n;
	close(fd);
	return ok ? 0 : -1;
}

void mounts_first(void)
{
	int fd;

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		mount_one(&first[i]);
	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	for (int std = 0; std <= 2; std++)
		if (fd != std)
			dup2(fd, std);
	if (fd > 2)
		close(fd);
}

/* libbpf asks for the configuration by this name, for the __kconfig variables of a scheduler. */
static void name_config(void)
{
	char name[sizeof("/boot/config-") + sizeof(((struct utsname *)0)->release)];
	struct utsname u;

	uname(&u);
	snprintf(name, sizeof name, "/boot/config-%s", u.release);
	(void)!rename("/boot/config", name); /* there is none when the kernel has /proc/config.gz */
}

/* One controller a write: an absent one must not take the others with it. */
static void cgroup_controllers(void)
{
	static const char *const names[] = { "+cpuset", "+cpu", "+memory", "+io", "+pids" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)spit("/sys/fs/cgroup/cgroup.subtree_control", names[i]);
}

void mounts_rest(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
		{ "/run", "/var/run" }, /* scx_stats puts its socket there */
		{ "/tmp", "/var/tmp" },
	};
	struct rlimit files = { 65536, 65536 }; /* a scheduler may hold a descriptor per CPU and map */

	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		mount_one(&rest[i]);
	mkdir("/var", 0755);
	mkdir("/ktstr", 0755); /* for what we are given to run: a first folder takes a restored guest long */
	mkdir("/root", 0700);
	mkdir("/etc", 0755);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		(void)!symlink(links[i][0], links[i][1]); /* there already is as good */
	cgroup_controllers();
	name_config();
	/* The payload lives on the root, a tmpfs of half the RAM; the guest has nothing else to keep. */
	(void)mount(NULL, "/", NULL, MS_REMOUNT, "size=90%");
	(void)spit("/proc/sys/kernel/kptr_restrict", "0");
	(void)spit("/proc/sys/kernel/panic", "-1");
	(void)spit("/proc/sys/kernel/bpf_stats_enabled", "1"); /* how often programs run, and for how long */
	setrlimit(RLIMIT_NOFILE, &files);
}
