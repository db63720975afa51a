/* cgroup_base.c: our own cgroup: found a place, bounded, emptied, removed. */
#include "engine/cgroup.h"
#include "engine/worker/look.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

enum { TASKS = 16384, DESCENDANTS = 4096, DEPTH = 64, OPEN_FOLDERS = 32 };
#define EMPTIES_NS 5000000000u
#define NAP_NS 1000000u
/* Where a cgroup2 of our own is mounted; the mount is seen by this process and its children alone. */
#define PLACE "/sys/fs/cgroup"

static int put(const char *folder, const char *file, const char *text)
{
	char path[1024];
	bool ok;
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok ? 0 : -1;
}

static bool find_mount(char *to, size_t n)
{
	FILE *f = fopen("/proc/self/mounts", "re");
	char line[4096], place[256], type[64];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f)) {
		/* What has a blank in its path is written with a backslash, and is passed over. */
		if (sscanf(line, "%*s %255s %63s", place, type) == 2 && !strcmp(type, "cgroup2") &&
		    !strchr(place, '\\')) {
			snprintf(to, n, "%s", place);
			found = true;
		}
	}
	if (f)
		fclose(f);
	return found;
}

static int mount_own(char *to, size_t n, struct trouble *t)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("cgroup2", PLACE, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return trouble(t, errno == ENODEV ? ENDS_SKIP : ENDS_ENV,
			       "no cgroup2 is mounted, and it cannot be at %s: %s", PLACE, strerror(errno));
	snprintf(to, n, "%s", PLACE);
	return 0;
}

static bool listed(const char *controllers, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = controllers; (at = strstr(at, name)); at += n)
		if ((at == controllers || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\n' || !at[n]))
			return true;
	return false;
}

/* Whether the kernel has it at all, for version 1 or 2. */
static bool kernel_has(const char *name)
{
	FILE *f = fopen("/proc/cgroups", "re");
	char line[256], word[64];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f))
		found = sscanf(line, "%63s", word) == 1 && !strcmp(word, name);
	if (f)
		fclose(f);
	return found;
}

static int need(const char *mount, const char *have, const char *name, struct trouble *t)
{
	if (listed(have, name))
		return 0;
	if (kernel_has(name))
		return trouble(t, ENDS_ENV,
			       "the cgroup controller '%s' is not to be had from the cgroup2 at %s: version 1 has it; "
			       "boot with cgroup_no_v1=all, or run in a guest",
			       name, mount);
	return trouble(t, ENDS_SKIP, "this kernel has no cgroup controller '%s'", name);
}

static int check_controllers(const char *mount, unsigned knobs, struct trouble *t)
{
	struct cgroups at = { 0 };
	char have[256];

	snprintf(at.base, sizeof at.base, "%s", mount);
	if (cgroup_read(&at, "", "cgroup.controllers", have, sizeof have) < 0)
		return trouble(t, ENDS_ENV, "read %s/cgroup.controllers: %s", mount, strerror(errno));
	if (knobs & (KNOB_CPUSET | KNOB_MEMS) && need(mount, have, "cpuset", t) < 0)
		return -1;
	if (knobs & (KNOB_WEIGHT | KNOB_MAX | KNOB_IDLE) && need(mount, have, "cpu", t) < 0)
		return -1;
	return knobs & KNOB_PIDS ? need(mount, have, "pids", t) : 0;
}

/* What has no such file has no such controller, and no such bound. */
static void bound(const struct cgroups *c)
{
	struct sysinfo si;
	char text[32];

	snprintf(text, sizeof text, "%d", TASKS);
	(void)put(c->base, "pids.max", text);
	if (sysinfo(&si) == 0) {
		snprintf(text, sizeof text, "%llu", (unsigned long long)si.totalram * si.mem_unit / 2);
		(void)put(c->base, "memory.max", text);
	}
	snprintf(text, sizeof text, "%d", DESCENDANTS);
	(void)put(c->base, "cgroup.max.descendants", text);
	snprintf(text, sizeof text, "%d", DEPTH);
	(void)put(c->base, "cgroup.max.depth", text);
}

static int make_folder(const char *path, bool fresh, struct trouble *t)
{
	if (mkdir(path, 0755) == 0 || (errno == EEXIST && !fresh))
		return 0;
	return trouble(t, ENDS_ENV, "mkdir %s: %s%s", path, strerror(errno),
		       errno == EEXIST ? " (something is left of an earlier run: ktstr cleanup)"
		       : errno == EACCES || errno == EPERM || errno == EROFS
			       ? " (scenarios need root, and a cgroup2 to write to)"
			       : "");
}

/* The version 2 line of the file is "0::/path". */
static void find_home(struct cgroups *c, const char *mount)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[sizeof c->home];
	int n = 0;

	snprintf(c->home, sizeof c->home, "%s", mount);
	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		n = snprintf(c->home, sizeof c->home, "%s%s", mount, line + 3);
	}
	if (f)
		fclose(f);
	if (n >= (int)sizeof c->home)
		snprintf(c->home, sizeof c->home, "%s", mount);
}

/* Hands controllers on to what is below. */
static void open_folder(const char *path)
{
	static const char *const inner[] = { "+cpuset", "+cpu", "+pids", "+memory" };

	for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
		(void)put(path, "cgroup.subtree_control", inner[i]);
}

/* c->base, and what is above it, below the mount. */
static int make_parents(struct cgroups *c, const char *parent, struct trouble *t)
{
	size_t mount = strlen(c->mount);

	if (snprintf(c->base, sizeof c->base, "%s%s", c->mount, parent) >= (int)sizeof c->base / 2)
		return trouble(t, ENDS_TEXT, "the path of a cgroup is too long: %.100s", parent);
	open_folder(c->mount);
	for (char *at = c->base + mount; (at = strchr(at + 1, '/'));) {
		*at = '\0';
		if (make_folder(c->base, false, t) < 0)
			return -1;
		open_folder(c->base);
		*at = '/';
	}
	return make_folder(c->base, false, t);
}

int cgroups_open(struct cgroups *c, bool host, const char *parent, unsigned knobs, struct trouble *t)
{
	c->host = host;
	if (!find_mount(c->mount, sizeof c->mount) && mount_own(c->mount, sizeof c->mount, t) < 0)
		return -1;
	if (check_controllers(c->mount, knobs, t) < 0)
		return -1;
	find_home(c, c->mount);
	if (make_parents(c, host ? "/ktstr" : parent, t) < 0)
		return -1;
	if (host) {
		open_folder(c->base);
		size_t n = strlen(c->base);

		snprintf(c->base + n, sizeof c->base - n, "/%d", (int)getpid());
		if (make_folder(c->base, true, t) < 0)
			return -1;
	}
	bound(c);
	cgroup_open_below(c, "");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (kind == FTW_DP)
		(void)rmdir(path);
	return 0;
}

bool cgroups_close(struct cgroups *c)
{
	struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t until = clock_now() + EMPTIES_NS;
	char parent[sizeof c->base];

	if (!*c->base)
		return true;
	do {
		(void)cgroup_kill(c, "");
		nftw(c->base, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		if (access(c->base, F_OK) < 0)
			break;
		nanosleep(&nap, NULL);
	} while (clock_now() < until);
	if (c->host) {
		snprintf(parent, sizeof parent, "%s", c->base);
		*strrchr(parent, '/') = '\0';
		(void)rmdir(parent); /* other runs may be in it */
	}
	return access(c->base, F_OK) < 0;
}
