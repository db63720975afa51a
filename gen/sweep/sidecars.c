/* sidecars.c: 0.3.2 writes to target/ktstr/{branch}-{hash} below the folder a test runs in, and a branch may have slashes. */
#include "gen/sweep/sidecars.h"
#include "gen/cargo/target.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "stats/collect.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

enum { DEPTH_MAX = 5 };

struct search {
	char *best;
	struct timespec newest;
	size_t found;
};

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Takes path for the best when it has the newest sidecar so far; of equal ones the first by name stays. */
static void judge(struct search *s, const char *path, const struct timespec *newest)
{
	s->found++;
	if (s->best && !later(newest, &s->newest) && (later(&s->newest, newest) || strcmp(path, s->best) >= 0))
		return;
	free(s->best);
	s->best = xstrdup(path);
	s->newest = *newest;
}

static void look(struct search *s, const char *path, int depth)
{
	struct timespec newest = { 0 };
	DIR *d = opendir(path);
	const struct dirent *entry;
	bool any = false;
	struct stat st;

	while (d && !stop_pending() && (entry = readdir(d))) {
		if (collect_name(entry->d_name)) {
			any = true;
			if (fstatat(dirfd(d), entry->d_name, &st, 0) == 0 && later(&st.st_mtim, &newest))
				newest = st.st_mtim;
		} else if (entry->d_name[0] != '.' && depth < DEPTH_MAX &&
			   fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
			auto_free char *below = xasprintf("%s/%s", path, entry->d_name);

			look(s, below, depth + 1);
		}
	}
	if (d)
		closedir(d);
	if (any)
		judge(s, path, &newest);
}

/* The nearest target with a ktstr in it from the current folder upward; not beyond a workspace's root. */
static char *nearest_target(void)
{
	auto_free char *dir = getcwd(NULL, 0);

	while (dir && *dir) {
		auto_free char *target = xasprintf("%s/target", dir), *path = xasprintf("%s/ktstr", target);
		struct stat st;
		char *slash;

		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return TAKE(target);
		if (cargo_workspace_root(dir))
			break;
		slash = strrchr(dir, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return NULL;
}

static void look_below(struct search *s, const char *target)
{
	auto_free char *path = xasprintf("%s/ktstr", target);

	look(s, path, 0);
}

/* Tests write to "target" of the folder they run in, whatever a configuration of cargo's says. */
static void look_in_targets(struct search *s)
{
	auto_free char *named = cargo_target_named(), *configured = named ? NULL : cargo_target_configured();
	auto_free char *nearest = named ? NULL : nearest_target();

	if (named || configured)
		look_below(s, named ? named : configured);
	if (nearest && (!configured || strcmp(nearest, configured) != 0))
		look_below(s, nearest);
}

char *sidecars_dir(const char *given)
{
	const char *env = getenv("KTSTR_SIDECAR_DIR");
	struct search s = { 0 };

	if (given || (env && *env))
		return xstrdup(given ? given : env);
	look_in_targets(&s);
	if (s.best && s.found > 1)
		log_note("sidecars of %s, the newest of %zu folders; --dir names another one", s.best, s.found);
	else if (s.best)
		log_note("sidecars of %s", s.best);
	return s.best;
}
