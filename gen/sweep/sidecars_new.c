/* sidecars_new.c: a folder for the sidecar files of one request, so that those of earlier ones stay. */
#include "gen/sweep/sidecars.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/cargo/target.h"
#include "gen/graph/plan.h"
#include "process/spawn.h"
#include "text/text.h"

enum { GIT_MS = 10000, GIT_MAX = 64 << 10, COMMIT_LEN = 7, NUMBERS = 1000 };

/* Its output without the last line's end; NULL: it failed, or there is no git. *text is there in any case when it ran. */
static char *git(const char *const *argv, int *status)
{
	const struct spawn s = { .argv = argv, .in = SPAWN_NULL, .err = SPAWN_NULL, .family = true };
	char *text = NULL;
	struct err ignored;
	size_t n;

	if (spawn_capture(&s, false, GIT_MAX, GIT_MS, &text, &n, status, &ignored) < 0)
		return NULL;
	while (n && text[n - 1] == '\n')
		text[--n] = '\0';
	return text;
}

/* The root of the work tree, and in *commit the beginning of its commit ("unknown" before there is one). NULL: there is none. */
static char *work_tree(char commit[COMMIT_LEN + 1])
{
	static const char *const argv[] = { "git", "rev-parse", "--show-toplevel", "HEAD", NULL };
	int status = 0;
	char *text = git(argv, &status), *line = text ? strchr(text, '\n') : NULL;

	snprintf(commit, COMMIT_LEN + 1, "%s", "unknown");
	if (line)
		*line++ = '\0';
	if (line && !status && strspn(line, "0123456789abcdef") >= COMMIT_LEN)
		snprintf(commit, COMMIT_LEN + 1, "%s", line);
	if (text && *text == '/')
		return text;
	free(text);
	return NULL;
}

static char *branch(void)
{
	static const char *const argv[] = { "git", "symbolic-ref", "--short", "-q", "HEAD", NULL };
	int status = 0;
	auto_free char *text = git(argv, &status);

	return plan_slug(text && !status && *text ? text : "detached");
}

static bool has_manifest(const char *dir)
{
	auto_free char *path = xasprintf("%s/Cargo.toml", dir);

	return file_exists(path);
}

/* The folder with the nearest Cargo.toml, but of a workspace its root; top when there is none. */
static char *project(const char *top)
{
	auto_free char *dir = getcwd(NULL, 0), *nearest = NULL;

	while (dir && !strncmp(dir, top, strlen(top))) {
		if (has_manifest(dir) && (!nearest || cargo_workspace_root(dir))) {
			free(nearest);
			nearest = xstrdup(dir);
		}
		char *slash = strrchr(dir, '/');

		if (!strcmp(dir, top) || !slash || cargo_workspace_root(dir))
			break;
		*slash = '\0';
	}
	return nearest ? TAKE(nearest) : xstrdup(top);
}

static char *target_dir(const char *top)
{
	char *named = cargo_target_named(), *dir = named ? named : cargo_target_configured();

	if (dir)
		return dir;
	auto_free char *root = project(top);

	return xasprintf("%s/target", root);
}

char *sidecars_new(char **why)
{
	char commit[COMMIT_LEN + 1], day[32];
	auto_free char *top = work_tree(commit);
	time_t now = time(NULL);
	struct stat st;
	struct tm t;

	*why = NULL;
	if (!top || stat(top, &st) < 0) {
		*why = xstrdup("this is no work tree of git, or another user's");
		return NULL;
	}
	if (st.st_uid != geteuid()) {
		*why = xasprintf("%s is another user's", top);
		return NULL;
	}
	auto_free char *on = branch(), *target = target_dir(top);

	gmtime_r(&now, &t);
	strftime(day, sizeof(day), "%Y%m%dT%H%M%SZ", &t);
	return xasprintf("%s/ktstr/%s-%s/%s", target, on, commit, day);
}

/* What lies there is nothing to commit, and an untracked file would make another tree of it. */
static int tell_git(const char *dir, struct err *e)
{
	static const char text[] = "*\n";
	/* target/ktstr of target/ktstr/B-C/T */
	auto_free char *root = xasprintf("%s/../..", dir);
	auto_close int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", root);
	if (faccessat(fd, ".gitignore", F_OK, 0) == 0)
		return 0;
	return file_write(fd, ".gitignore", text, sizeof(text) - 1, e) < 0 ? -1 : 0;
}

int sidecars_begin(const char *dir, char **made, struct err *e)
{
	const char *slash = strrchr(dir, '/');
	char *path = xasprintf("%.*s/.%s-%d", (int)(slash - dir), dir, slash + 1, (int)getpid());
	int fd = -1;

	*made = path;
	if (mkdir_p(AT_FDCWD, path, 0777, e) < 0 || tell_git(path, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

int sidecars_keep(const char *made, const char *dir, char **kept, struct err *e)
{
	/* Another request of the same second; an empty folder would be replaced. */
	int failed = EEXIST;

	for (int i = 1; i < NUMBERS && (failed == EEXIST || failed == ENOTEMPTY); i++) {
		auto_free char *name = i == 1 ? xstrdup(dir) : xasprintf("%s-%d", dir, i);

		if (file_exists(name))
			continue;
		failed = rename(made, name) < 0 ? errno : 0;
		if (!failed) {
			*kept = TAKE(name);
			return 0;
		}
	}
	errno = failed;
	return err_sys(e, "rename %s to %s", made, dir);
}

void sidecars_drop(const char *made)
{
	struct err ignored;

	(void)rmtree(AT_FDCWD, made, &ignored);
}
