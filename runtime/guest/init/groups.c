#include "guest/init/groups.h"
#include "guest/init/base/mounts.h"
#include "guest/init/base/port.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ROOT "/sys/fs/cgroup"
enum { PATH_MAX_BYTES = 512 };

/* Without it the folders below have no files to bound them by. One controller a write: an absent one must not take the others with it. */
static void open_folder(const char *path)
{
	static const char *const names[] = { "+cpuset", "+cpu", "+memory", "+io", "+pids" };
	char file[PATH_MAX_BYTES + 32];

	snprintf(file, sizeof file, "%s/cgroup.subtree_control", path);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)spit(file, names[i]);
}

static bool make(const char *path)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return true;
	port_failed("make cgroup %s: %s", path, strerror(errno));
	return false;
}

void groups_make(const void *data, size_t n)
{
	char path[PATH_MAX_BYTES] = ROOT;

	if (!n || n > sizeof path - sizeof ROOT || *(const char *)data != '/' || memchr(data, '\0', n)) {
		port_failed("GROUPS is no path");
		return;
	}
	memcpy(path + strlen(ROOT), data, n);
	if (strstr(path, "/..")) {
		port_failed("GROUPS is no path");
		return;
	}
	for (char *at = path + strlen(ROOT); (at = strchr(at + 1, '/'));) {
		*at = '\0';
		if (!make(path))
			return;
		open_folder(path);
		*at = '/';
	}
	(void)make(path);
}
