#include "store/format.h"

#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT "ktstr store 2\n"
#define BELOW "v2"

enum { FORMAT_MAX = 4096 };
enum state { EMPTY, OURS, OTHER };

/* A file that lost its bytes is no other format. */
static int read_format(int dir, const char *name, bool *there, struct err *e)
{
	auto_free char *text = NULL;
	struct err ignored;
	struct stat st;
	unsigned format;

	*there = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*there || file_read(dir, name, FORMAT_MAX, &text, NULL, &ignored) < 0 ||
	    sscanf(text, "ktstr store %u", &format) != 1 || format == 2)
		return 0;
	return err_set(e, X_STORE, "it has format %u, and this version of ktstr knows format 2", format);
}

/* Looked at in the order in which it is not made: whoever makes a store now is never taken for another program. */
static int find_state(int root, enum state *state, struct err *e)
{
	struct stat objects;
	bool there, results;

	*state = OURS;
	if (read_format(root, "format", &there, e) < 0)
		return -1;
	if (there)
		return 0;
	*state = OTHER;
	if (read_format(root, BELOW "/format", &there, e) < 0)
		return -1;
	if (there)
		return 0;
	results = fstatat(root, "objects", &objects, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(objects.st_mode);
	*state = results ? OTHER : EMPTY;
	if (!results || read_format(root, "format", &there, e) < 0)
		return results ? -1 : 0;
	if (there)
		*state = OURS;
	return 0;
}

char *store_folder(const char *root, struct err *e)
{
	auto_close int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum state state;

	if (dir < 0)
		return xstrdup(root);
	if (find_state(dir, &state, e) < 0)
		return NULL;
	return state == OTHER ? xasprintf("%s/" BELOW, root) : xstrdup(root);
}

/* On the disk before anything it is true of. */
static int say_format(int dir, struct err *e)
{
	auto_draft struct draft d = { 0 };
	auto_free char *text = NULL;
	struct err ignored;

	if (file_read(dir, "format", FORMAT_MAX, &text, NULL, &ignored) == 0 && !strcmp(text, FORMAT))
		return 0;
	if (draft_open(&d, dir, "format", e) < 0)
		return -1;
	fputs(FORMAT, d.f);
	(void)fchmod(fileno(d.f), 0444);
	if (draft_publish(&d, "format", true, e) < 0)
		return -1;
	return fsync(dir) < 0 ? err_sys(e, "write the store's folder") : 0;
}

static void say_left_alone(const char *root)
{
	auto_free char *word = shell_quote(root);

	log_info(
		"the results in %s are of an earlier version of ktstr: they stay as they are and are not used; new ones go to "
		"%s/" BELOW ". To be rid of the old ones: (cd %s && rm -rf objects graphs trees)",
		root, root, word);
}

static int enter_below(char **path, int *dir, struct err *e)
{
	auto_free char *root = *path;
	auto_close int outer = *dir;
	bool made = mkdirat(outer, BELOW, 0777) == 0;

	*path = xasprintf("%s/" BELOW, root);
	*dir = openat(outer, BELOW, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		return err_sys(e, "open %s", *path);
	if (made)
		say_left_alone(root);
	return 0;
}

int store_format(char **path, int *dir, int (*try)(int dir, struct err *e), struct err *e)
{
	enum state state;

	if (find_state(*dir, &state, e) < 0 || (state == EMPTY && try(*dir, e) < 0) ||
	    (state == OTHER && enter_below(path, dir, e) < 0))
		return -1;
	return say_format(*dir, e);
}
