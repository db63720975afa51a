/* cgroup.c: groups of a plan: made, set, frozen, entered, killed, removed. */
#include "engine/cgroup.h"
#include "engine/worker/look.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 1024 };
#define SETTLES_NS 2000000000u /* a freezer's wait */
#define EMPTIES_NS 5000000000u
#define NAP_NS 1000000u

static void path_of(const struct cgroups *c, const char *name, const char *file, char to[PATH_SIZE])
{
	snprintf(to, PATH_SIZE, "%s%s%s%s%s", c->base, *name ? "/" : "", name, *file ? "/" : "", file);
}

static int put(const struct cgroups *c, const char *name, const char *file, const char *text)
{
	char path[PATH_SIZE];
	size_t n = strlen(text);
	ssize_t done;
	int fd, kept;

	path_of(c, name, file, path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	done = write(fd, text, n);
	kept = errno;
	close(fd);
	errno = kept;
	return done == (ssize_t)n ? 0 : -1;
}

ssize_t cgroup_read(const struct cgroups *c, const char *name, const char *file, char *buf, size_t n)
{
	char path[PATH_SIZE];
	size_t have = 0;
	ssize_t got = 0;
	int fd;

	path_of(c, name, file, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	buf[0] = '\0';
	if (fd < 0)
		return -1;
	while (have < n - 1 && (got = read(fd, buf + have, n - 1 - have)) > 0)
		have += (size_t)got;
	close(fd);
	buf[have] = '\0';
	return got < 0 ? -1 : (ssize_t)have;
}

int cgroup_folder(const struct cgroups *c, const char *name)
{
	char path[PATH_SIZE];

	path_of(c, name, "", path);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int cgroup_make(const struct cgroups *c, const char *name, struct trouble *t)
{
	char path[PATH_SIZE];

	path_of(c, name, "", path);
	if (mkdir(path, 0755) == 0)
		return 0;
	return trouble(t, ENDS_ENV, "mkdir %s: %s", path, strerror(errno));
}

void cgroup_open_below(const struct cgroups *c, const char *name)
{
	/* One by one: an absent one must not take the others with it. These are the ones that threaded groups may have too. */
	static const char *const controllers[] = { "+cpuset", "+cpu", "+pids" };

	for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++)
		(void)put(c, name, "cgroup.subtree_control", controllers[i]);
}

static int set_one(const struct cgroups *c, const char *name, const char *file, const char *text, struct trouble *t)
{
	if (put(c, name, file, text) == 0)
		return 0;
	if (errno == ENOENT)
		return trouble(t, ENDS_SKIP, "cgroup %s has no %s: %s", name, file,
			       strcmp(file, "cpu.max")
				       ? "its parent has processes, or the kernel lacks it"
				       : "the kernel lacks it (CONFIG_CFS_BANDWIDTH), or its parent has processes");
	return trouble(t, ENDS_ENV, "write '%s' to %s of cgroup %s: %s", text, file, name, strerror(errno));
}

static int set_list(const struct cgroups *c, const char *name, const char *file, const struct cpus *s,
		    struct trouble *t)
{
	char list[4 * CPUS_MAX + 1];

	cpus_text(s, list, sizeof list);
	return set_one(c, name, file, *list ? list : "\n", t);
}

static int set_quota(const struct cgroups *c, const char *name, const struct plan_knobs *k, struct trouble *t)
{
	unsigned long long period = k->period_ns ? k->period_ns / 1000 : 100000;
	char text[64];

	if (k->quota_ns)
		snprintf(text, sizeof text, "%llu %llu", (unsigned long long)k->quota_ns / 1000, period);
	else
		snprintf(text, sizeof text, "max %llu", period);
	return set_one(c, name, "cpu.max", text, t);
}

int cgroup_set(const struct cgroups *c, const char *name, const struct plan_knobs *k, struct trouble *t)
{
	char text[32];

	if (k->given & KNOB_THREADED && k->threaded && set_one(c, name, "cgroup.type", "threaded", t) < 0)
		return -1;
	if (k->given & KNOB_CPUSET && set_list(c, name, "cpuset.cpus", &k->cpus, t) < 0)
		return -1;
	if (k->given & KNOB_MEMS && set_list(c, name, "cpuset.mems", &k->mems, t) < 0)
		return -1;
	snprintf(text, sizeof text, "%u", k->weight);
	if (k->given & KNOB_WEIGHT && set_one(c, name, "cpu.weight", text, t) < 0)
		return -1;
	if (k->given & KNOB_MAX && set_quota(c, name, k, t) < 0)
		return -1;
	if (k->given & KNOB_IDLE && set_one(c, name, "cpu.idle", k->idle ? "1" : "0", t) < 0)
		return -1;
	snprintf(text, sizeof text, "%u", k->pids);
	return k->given & KNOB_PIDS ? set_one(c, name, "pids.max", k->pids ? text : "max", t) : 0;
}

static int put_task(const struct cgroups *c, const char *name, const char *file, pid_t task)
{
	char text[24];

	snprintf(text, sizeof text, "%d", (int)task);
	return put(c, name, file, text);
}

int cgroup_enter(const struct cgroups *c, const char *name, pid_t pid)
{
	struct cgroups home = { 0 };

	if (name)
		return put_task(c, name, "cgroup.procs", pid);
	memcpy(home.base, c->home, sizeof home.base);
	return put_task(&home, "", "cgroup.procs", pid);
}

int cgroup_enter_thread(const struct cgroups *c, const char *name, pid_t tid)
{
	return put_task(c, name, "cgroup.threads", tid);
}

/* Until cgroup.events has that line. */
static int wait_for(const struct cgroups *c, const char *name, const char *line, uint64_t ns)
{
	struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t until = clock_now() + ns;
	char events[256];

	for (;;) {
		if (cgroup_read(c, name, "cgroup.events", events, sizeof events) < 0)
			return -1;
		if (strstr(events, line))
			return 0;
		if (clock_now() >= until) {
			errno = ETIMEDOUT;
			return -1;
		}
		nanosleep(&nap, NULL);
	}
}

int cgroup_freeze(const struct cgroups *c, const char *name, bool freeze)
{
	if (put(c, name, "cgroup.freeze", freeze ? "1" : "0") < 0)
		return -1;
	return wait_for(c, name, freeze ? "frozen 1" : "frozen 0", SETTLES_NS);
}

int cgroup_kill(const struct cgroups *c, const char *name)
{
	return put(c, name, "cgroup.kill", "1");
}

int cgroup_remove(const struct cgroups *c, const char *name)
{
	struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t until = clock_now() + EMPTIES_NS;
	char path[PATH_SIZE];

	path_of(c, name, "", path);
	while (rmdir(path) < 0) {
		if (errno != EBUSY || clock_now() >= until)
			return -1;
		nanosleep(&nap, NULL);
	}
	return 0;
}
