/* cleanup: control groups that a run on this machine left behind. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/verb/verbs.h"
#include "host/cgroup.h"
#include "host/cgroup_tree.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OURS "ktstr"

static struct {
	const char *parent;
} o;

static const struct opt opts[] = {
	{ .name = "parent-cgroup",
	  .type = OPT_STR,
	  .out = &o.parent,
	  .arg = "DIR",
	  .help = "empty this control group, which itself stays, instead of what runs have left behind" },
	{ 0 },
};

/* "123", or of some versions "ktstr-123" beside the others: a process that is no more. */
static bool is_leftover(const char *digits)
{
	char *end;

	if (!isdigit((unsigned char)*digits))
		return false;
	long pid = strtol(digits, &end, 10);

	return !*end && pid > 0 && pid <= INT32_MAX && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/* Groups in dir that are called start and the number of a process that has ended. */
static int remove_leftovers(const char *mount, const char *dir, const char *start, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = strlen(start);
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", dir);
	while (r == 0 && (entry = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", dir, entry->d_name);

		if (entry->d_type != DT_DIR || strncmp(entry->d_name, start, n) != 0 || !is_leftover(entry->d_name + n))
			continue;
		r = cgroup_tree_remove(mount, path, e);
		if (r == 0)
			printf("cleaned up %s\n", path);
	}
	closedir(d);
	return r;
}

static int clear(const char *mount, const char *path, struct err *e)
{
	if (cgroup_tree_clear(mount, path, e) < 0)
		return -1;
	printf("cleaned up %s\n", path);
	return 0;
}

static int cleanup_run(int n, const char *const *args, struct err *e)
{
	auto_free char *mount = cgroup_v2_mount();

	(void)n, (void)args;
	if (!mount)
		return err_set(e, X_FAIL,
			       "control groups of version 2 are not mounted here, so no run has left any behind"),
		       X_FAIL;
	if (o.parent)
		return clear(mount, o.parent, e) < 0 ? e->code : X_SUCCESS;
	auto_free char *usual = xasprintf("%s/" OURS, mount);

	if (remove_leftovers(mount, usual, "", e) < 0 || remove_leftovers(mount, mount, OURS "-", e) < 0)
		return e->code;
	/* Others may be at work in it. */
	if (rmdir(usual) == 0 || errno == ENOENT)
		printf("cleaned up %s\n", usual);
	return X_SUCCESS;
}

const struct verb verb_cleanup = {
	.name = "cleanup",
	.args = "",
	.summary = "remove control groups that a run on this machine left behind",
	.about =
		"A run on this machine (`ktstr run --host`) removes its control groups when it ends. One that was killed in the\n"
		"hardest way cannot. This moves the processes in such groups to the root group, where they go on, and removes\n"
		"the groups: `ktstr/PID`, and `ktstr-PID` of version 0.3.2, whose process has ended.",
	.examples = "  sudo ktstr cleanup\n  sudo ktstr cleanup --parent-cgroup /sys/fs/cgroup/ktstr-tests\n",
	.opts = opts,
	.run = cleanup_run,
};
