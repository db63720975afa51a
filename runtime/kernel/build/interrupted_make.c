#include "kernel/build/interrupted_make.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include <ftw.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDERS_OPEN = 32 };

static char *marker(const char *out)
{
	return xasprintf("%s/ktstr-making", out);
}

static bool younger(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
						      : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

static bool is_object(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && (!strcmp(name + n - 2, ".o") || !strcmp(name + n - 2, ".a"));
}

static int look(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	const char *name = path + at->base;
	auto_free char *record = xasprintf("%.*s.%s.cmd", at->base, path, name);
	struct stat there;

	if (kind != FTW_F || *name == '.')
		return 0;
	if (stat(record, &there) < 0 ? is_object(name) : younger(st, &there))
		(void)unlink(path);
	return 0;
}

int interrupted_make_begin(const char *out, struct err *e)
{
	auto_free char *path = marker(out);

	if (file_exists(path) && nftw(out, look, FOLDERS_OPEN, FTW_PHYS | FTW_MOUNT) < 0)
		return err_sys(e, "look through %s", out);
	return file_write(AT_FDCWD, path, "", 0, e) < 0 ? -1 : 0;
}

void interrupted_make_end(const char *out)
{
	auto_free char *path = marker(out);

	(void)unlink(path); /* one that stays costs the next build some time */
}
