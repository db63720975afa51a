#include "store/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/gc.h"
#include "text/name.h"
#include "store/store.h"

#define PLACE "private"
#define UP "../" /* as a link in there has it */

int private_note(const struct store *st, const char *path, struct err *e)
{
	size_t n = strlen(st->path);
	char hex[NAME_LEN + 1];

	if (strncmp(path, st->path, n) != 0 || strncmp(path + n, "/graphs/", strlen("/graphs/")) != 0)
		return 0;
	path += n + 1;
	name_hex(path, strlen(path), hex);
	auto_free char *link = xasprintf(PLACE "/%s", hex), *to = xasprintf(UP "%s", path);

	if (mkdir_p(st->dir, PLACE, 0777, e) < 0)
		return -1;
	return symlinkat(to, st->dir, link) < 0 && errno != EEXIST ? err_sys(e, "create %s", link) : 0;
}

/* "graphs/{name}" of "graphs/{name}/{folder}"; NULL: the link is none of ours. */
static char *build_folder(const char *path)
{
	const size_t above = strlen("graphs/");
	const char *end = strncmp(path, "graphs/", above) != 0 ? NULL : strchr(path + above, '/');

	return !end || strstr(path, "..") ? NULL : xstrndup(path, (size_t)(end - path));
}

/* The folder that path lies in, below dir, open; *name: the rest. Negative: there is none, or its way goes through a link, which
 * somebody else who uses the store may have put there: what it leads to is not ours to remove. */
static int parent_of(int dir, const char *path, const char **name)
{
	auto_free char *way = xstrdup(path);
	char *part = way, *slash;
	int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);

	*name = strrchr(path, '/') + 1; /* behind "graphs" at least */
	for (; at >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
		int above = at;

		*slash = '\0';
		at = openat(above, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(above);
	}
	return at;
}

/* Whether it is away. */
static bool take_away(struct store *st, const char *path)
{
	auto_free char *graph = build_folder(path);
	const char *name;
	auto_close int parent = graph ? parent_of(st->dir, path, &name) : -1;
	int locks[2] = { -1, -1 };
	struct err ignored;
	bool done;

	if (parent < 0)
		return true;
	done = gc_lock_graph(st, graph, 0, locks, &ignored) == 0 && rmtree(parent, name, &ignored) == 0;
	drop_close_(&locks[0]);
	drop_close_(&locks[1]);
	return done;
}

static void collect(struct store *st, const char *name)
{
	auto_free char *link = xasprintf(PLACE "/%s", name);
	char to[PATH_MAX];
	ssize_t n = readlinkat(st->dir, link, to, sizeof(to) - 1);

	if (n < 0)
		return;
	to[n] = '\0';
	if (strncmp(to, UP, strlen(UP)) != 0 || take_away(st, to + strlen(UP)))
		(void)unlinkat(st->dir, link, 0);
}

void private_collect(struct store *st)
{
	int fd = openat(st->dir, PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(list)))
		collect(st, d->d_name);
	closedir(list);
}
