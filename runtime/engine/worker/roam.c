#include "engine/worker/roam.h"
#include "engine/worker/burn.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, TEXT_SIZE = 1024, DEEP_MAX = 8 };
#define INSIDE_NS 50000u /* what is computed in a cgroup that goes at once */

/* No file of the kernel's and no group of a plan is called so. */
static void name(char to[PATH_SIZE], const char *groups, unsigned id, unsigned number)
{
	snprintf(to, PATH_SIZE, "%s/worker.%u.%u", groups, id, number);
}

static bool put(const char *folder, const char *file, const char *text)
{
	char path[PATH_SIZE + 32];
	size_t n = strlen(text);
	int fd;
	bool ok;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, n) == (ssize_t)n;
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool get(const char *folder, const char *file, char text[TEXT_SIZE])
{
	char path[PATH_SIZE + 32];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, TEXT_SIZE - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The folder of the cgroup it is in. False: it cannot be found. */
static bool here(const struct actor *a, char to[PATH_SIZE])
{
	char text[TEXT_SIZE];
	const char *path;

	if (!*a->mount || !get("", "/proc/self/cgroup", text) || !(path = strstr(text, "0::/")))
		return false;
	path += strlen("0::");
	snprintf(to, PATH_SIZE, "%s%.*s", a->mount, (int)strcspn(path, "\n"), path);
	return true;
}

static void copy_bounds(const char *from, const char *to)
{
	static const char *const sets[] = { "cpuset.cpus", "cpuset.mems" };
	char file[64], text[TEXT_SIZE];

	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		snprintf(file, sizeof file, "%s.effective", sets[i]);
		if (get(from, file, text))
			(void)put(to, sets[i], text);
	}
}

/* False: there is no room for it. */
static bool make(struct actor *a, const char *path)
{
	char from[PATH_SIZE];

	if (mkdir(path, 0755) < 0) {
		if (errno != EAGAIN && errno != EEXIST && errno != ENOMEM && errno != ENOENT)
			actor_fail(a, "making a cgroup");
		return errno == EEXIST;
	}
	if (here(a, from))
		copy_bounds(from, path);
	return true;
}

void roam_migrate(struct actor *a, const struct act *act)
{
	char path[PATH_SIZE];
	bool moved;

	name(path, a->groups, a->id, a->moves++ % (unsigned)act->a);
	moved = make(a, path) && put(path, "cgroup.procs", "0");
	actor_look(a, moved);
}

/* The folders of a churn, from the outermost on: "worker.5.8/8/8". */
static void below(char path[PATH_SIZE])
{
	size_t n = strlen(path);

	snprintf(path + n, PATH_SIZE - n, "/%d", DEEP_MAX);
}

void roam_churn(struct actor *a, const struct act *act)
{
	unsigned deep = act->a < DEEP_MAX ? (unsigned)act->a : DEEP_MAX, made = 0;
	char own[PATH_SIZE], path[PATH_SIZE];
	bool back;

	if (!here(a, own))
		actor_fail(a, "finding its cgroup");
	name(path, a->groups, a->id, DEEP_MAX);
	while (made < deep && make(a, path)) {
		if (++made == deep)
			break;
		(void)put(path, "cgroup.subtree_control", "+cpu");
		below(path);
	}
	if (made == deep && put(path, "cgroup.procs", "0"))
		burn(a->speed, INSIDE_NS);
	back = put(own, "cgroup.procs", "0");
	for (; made; made--) {
		(void)rmdir(path);
		*strrchr(path, '/') = '\0';
	}
	actor_look(a, back);
}

void roam_clear(const char *groups, const struct program *p, unsigned id)
{
	char path[PATH_SIZE];
	unsigned most = 0, deep = 0;

	for (unsigned i = 0; i < p->n; i++) {
		if (p->acts[i].kind == ACT_MIGRATE && p->acts[i].a > most)
			most = (unsigned)p->acts[i].a;
		if (p->acts[i].kind == ACT_CHURN && p->acts[i].a > deep)
			deep = (unsigned)p->acts[i].a;
	}
	for (unsigned i = 0; i < most; i++) {
		name(path, groups, id, i);
		(void)rmdir(path);
	}
	name(path, groups, id, DEEP_MAX);
	for (unsigned i = 1; i < deep; i++)
		below(path);
	for (; deep; deep--) {
		(void)rmdir(path);
		*strrchr(path, '/') = '\0';
	}
}
