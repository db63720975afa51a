#include "host/cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

enum { CPUS_MAX = 1 << 16, TEXT_MAX = 1 << 20, LEVELS_MAX = 64 };

/* Without a limit, v1 says as many pages as fit into a long. */
#define V1_NO_LIMIT ((uint64_t)1 << 62)

static char *read_in(const char *dir, const char *file)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);
	char *text = NULL;
	struct err ignored;

	/* The root has no such file, nor has a group without the controller. */
	return file_read(AT_FDCWD, path, 1 << 16, &text, NULL, &ignored) < 0 ? NULL : text;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static uint64_t as_cpus(unsigned long quota, unsigned long period)
{
	if (!period || quota > ULONG_MAX - period)
		return 0;
	quota = (quota + period - 1) / period;
	return quota > CPUS_MAX ? 0 : quota ? quota : 1;
}

/* "200000 100000" is two CPUs, "max 100000" all; 0: no limit, or nothing we understand. */
static uint64_t cpus_v2(const char *dir)
{
	auto_free char *text = read_in(dir, "cpu.max");
	unsigned long quota, period;

	return text && sscanf(text, "%lu %lu", &quota, &period) == 2 ? as_cpus(quota, period) : 0;
}

static uint64_t cpus_v1(const char *dir)
{
	auto_free char *quota = read_in(dir, "cpu.cfs_quota_us"), *period = read_in(dir, "cpu.cfs_period_us");
	long n = quota ? strtol(quota, NULL, 10) : -1;

	return n >= 0 && period ? as_cpus((unsigned long)n, strtoul(period, NULL, 10)) : 0;
}

/* "max" or bytes */
static uint64_t bytes_in(const char *dir, const char *file)
{
	auto_free char *text = read_in(dir, file);
	unsigned long long bytes;

	return text && sscanf(text, "%llu", &bytes) == 1 ? bytes : 0;
}

/* Beyond memory.high nobody is killed, but all stand still. */
static uint64_t memory_v2(const char *dir)
{
	return lesser(bytes_in(dir, "memory.max"), bytes_in(dir, "memory.high"));
}

static uint64_t memory_v1(const char *dir)
{
	uint64_t bytes = bytes_in(dir, "memory.limit_in_bytes");

	return bytes < V1_NO_LIMIT ? bytes : 0;
}

static bool in_list(const char *list, size_t n, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list, *end = list + n; p < end;) {
		size_t part = strcspn(p, ",\n");

		if (part > (size_t)(end - p))
			part = (size_t)(end - p);
		if (part == len && !memcmp(p, word, len))
			return true;
		p += part + 1;
	}
	return false;
}

/* Where the line after this one begins; NULL: this is the last. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : NULL;
}

/* "12:cpu,cpuacct:/a/b", "0::/a/b": our group in the hierarchy of the controller; NULL: of v2. */
static char *group_of(const char *groups, const char *controller)
{
	for (const char *line = groups; line && *line; line = next_line(line)) {
		const char *list = strchr(line, ':'), *end = list ? strchr(list + 1, ':') : NULL;
		size_t n = strcspn(line, "\n");

		if (!end || end > line + n)
			continue;
		if (controller ? in_list(list + 1, (size_t)(end - list - 1), controller)
			       : end == list + 1 && !strncmp(line, "0:", 2))
			return xstrndup(end + 1, n - (size_t)(end + 1 - line));
	}
	return NULL;
}

/* Blanks and the like are written as "\040". */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* Where the controller's hierarchy (NULL: v2) is mounted: mount point, and which of its groups that is. */
static bool mount_of(const char *mounts, const char *controller, char **point, char **top)
{
	for (const char *line = mounts; line && *line; line = next_line(line)) {
		static const char mark[] = " - cgroup";
		size_t length = strcspn(line, "\n"), n = 0;

		if (!memmem(line, length, mark, sizeof(mark) - 1))
			continue;
		auto_free char *text = xstrndup(line, length);
		char *tail = strstr(text, " - "), *words[5], *save;
		char type[32], options[1024];

		if (!tail || sscanf(tail, " - %31s %*s %1023s", type, options) != 2)
			continue;
		if (strcmp(type, controller ? "cgroup" : "cgroup2") != 0 ||
		    (controller && !in_list(options, strlen(options), controller)))
			continue;
		*tail = '\0';
		for (char *w = strtok_r(text, " ", &save); w && n < countof(words); w = strtok_r(NULL, " ", &save))
			words[n++] = w;
		if (n < countof(words))
			continue;
		unescape(words[3]);
		unescape(words[4]);
		*top = xstrdup(words[3]);
		*point = xstrdup(words[4]);
		return true;
	}
	return false;
}

/* The folder of our group; *top, the length of that part which is the mount point. */
static char *folder_of(const struct cgroup_view *v, const char *controller, size_t *top_n)
{
	auto_free char *group = group_of(v->groups, controller), *point = NULL, *top = NULL;
	size_t n;

	if (!group || !mount_of(v->mounts, controller, &point, &top))
		return NULL;
	/* A container may see its own group as the mount's root, under the name it has outside. */
	n = strcmp(top, "/") ? strlen(top) : 0;
	const char *below = !strncmp(group, top, n) && (group[n] == '/' || !group[n]) ? group + n : "";

	*top_n = strlen(v->root) + strlen(point);
	return xasprintf("%s%s%s", v->root, point, strcmp(below, "/") ? below : "");
}

typedef uint64_t look(const char *dir);

/* f of our group and of all above it. */
static uint64_t least_of(const struct cgroup_view *v, const char *controller, look *f)
{
	size_t top;
	auto_free char *dir = folder_of(v, controller, &top);
	uint64_t least = 0;

	for (int level = 0; dir && level < LEVELS_MAX; level++) {
		uint64_t n = f(dir);
		char *slash = strrchr(dir, '/');

		if (n && (!least || n < least))
			least = n;
		if (!slash || strlen(dir) <= top)
			break;
		*slash = '\0';
	}
	return least;
}

unsigned cgroup_cpus(const struct cgroup_view *v)
{
	return (unsigned)lesser(least_of(v, NULL, cpus_v2), least_of(v, "cpu", cpus_v1));
}

uint64_t cgroup_memory(const struct cgroup_view *v)
{
	return lesser(least_of(v, NULL, memory_v2), least_of(v, "memory", memory_v1));
}

bool cgroup_frozen(const struct cgroup_view *v)
{
	size_t top;
	auto_free char *v2 = folder_of(v, NULL, &top), *v1 = folder_of(v, "freezer", &top);
	auto_free char *events = v2 ? read_in(v2, "cgroup.events") : NULL,
		       *state = v1 ? read_in(v1, "freezer.state") : NULL;

	return (events && strstr(events, "frozen 1")) || (state && !strncmp(state, "FROZEN", 6));
}

/* ---- of this process */

/* Read once: nobody moves a program of ours to another group while it works. The limits there are read anew. NULL without /proc. */
static const struct cgroup_view *own(void)
{
	static char *groups, *mounts;
	static struct cgroup_view v;
	struct err ignored;

	if (v.root)
		return &v;
	if ((!groups && file_read(AT_FDCWD, "/proc/self/cgroup", TEXT_MAX, &groups, NULL, &ignored) < 0) ||
	    file_read(AT_FDCWD, "/proc/self/mountinfo", TEXT_MAX, &mounts, NULL, &ignored) < 0)
		return NULL;
	v = (struct cgroup_view){ groups, mounts, "" };
	return &v;
}

unsigned cgroup_own_cpus(void)
{
	return own() ? cgroup_cpus(own()) : 0;
}

uint64_t cgroup_own_memory(void)
{
	return own() ? cgroup_memory(own()) : 0;
}

char *cgroup_v2_mount(void)
{
	auto_free char *top = NULL;
	char *point;

	return own() && mount_of(own()->mounts, NULL, &point, &top) ? point : NULL;
}

static uint64_t kills_in(const char *dir, const char *file)
{
	static const char word[] = "oom_kill ";
	auto_free char *text = read_in(dir, file);
	const char *at = text ? strstr(text, word) : NULL;

	return at && (at == text || at[-1] == '\n') ? strtoull(at + strlen(word), NULL, 10) : 0;
}

bool cgroup_process_frozen(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/cgroup", (int)pid), *groups = NULL;
	struct err ignored;

	if (!own() || file_read(AT_FDCWD, path, TEXT_MAX, &groups, NULL, &ignored) < 0)
		return false;
	return cgroup_frozen(&(struct cgroup_view){ groups, own()->mounts, "" });
}

uint64_t cgroup_oom_kills(void)
{
	uint64_t kills = kills_in("/proc", "vmstat");

	if (!own())
		return kills;

	size_t top;
	auto_free char *v2 = folder_of(own(), NULL, &top), *v1 = folder_of(own(), "memory", &top);

	if (v2)
		kills += kills_in(v2, "memory.events");
	if (v1)
		kills += kills_in(v1, "memory.oom_control");
	return kills;
}
