#include "fetch/tarball/drafts.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/lock.h"
#include "store/store.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { PART_SECONDS = 30 * 24 * 60 * 60 };

/* What lies between the two in a name: the key of whoever works on it. NULL for other names. */
static char *key_in(const char *name, const char *begin, const char *end)
{
	size_t n = strlen(name), head = strlen(begin), tail = strlen(end);

	if (n <= head + tail || strncmp(name, begin, head) != 0 || strcmp(name + n - tail, end) != 0)
		return NULL;
	return xstrndup(name + head, n - head - tail);
}

/* Asked under its lock: whoever goes on with it has made it young. */
static bool forgotten(const struct store *st, const char *path)
{
	struct stat file;

	return fstatat(st->dir, path, &file, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - file.st_mtime > PART_SECONDS;
}

static void collect(struct store *st, const char *folder, const char *begin, const char *end, bool old_only)
{
	int fd = openat(st->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	while (list && (d = readdir(list))) {
		auto_free char *path = xasprintf("%s/%s", folder, d->d_name);
		auto_free char *key = key_in(d->d_name, begin, end);
		struct err ignored;
		int lock = -1;

		if (!key || (old_only && !forgotten(st, path)) || lock_try(st, key, &lock, &ignored) != LOCK_TAKEN)
			continue;
		if (!old_only || forgotten(st, path))
			(void)rmtree(st->dir, path, &ignored);
		lock_drop(st, key, &lock);
	}
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
}

void drafts_collect(struct store *st)
{
	collect(st, "sources", ".", ".draft", false);
	collect(st, "tarballs", "", ".part", true);
}
