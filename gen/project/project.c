#include "gen/project/project.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"

#define PREFIX "scx_"

enum { NAME_MAX_OURS = 40, UNIQUE = 6 /* characters that mkdtemp(3) fills in */, DRAFT_TRIES = 10 };

/* The last part of dir, which may end in slashes. */
static const char *base_of(const char *dir, size_t *n)
{
	size_t end = strlen(dir), start;

	while (end > 1 && dir[end - 1] == '/')
		end--;
	for (start = end; start && dir[start - 1] != '/';)
		start--;
	*n = end - start;
	return dir + start;
}

char *project_name(const char *dir, struct err *e)
{
	size_t n;
	const char *base = base_of(dir, &n);
	bool good = n && n <= NAME_MAX_OURS && isalpha((unsigned char)*base);

	for (size_t i = 0; good && i < n; i++)
		good = isalnum((unsigned char)base[i]) || base[i] == '_' || base[i] == '-';
	if (!good) {
		err_set(e, X_USAGE,
			"no project can be called \"%.*s\": a letter, then letters, digits, \"_\" and \"-\", at most %d in all",
			(int)n, base, NAME_MAX_OURS);
		return NULL;
	}
	char *name = xasprintf("%s%.*s", strncmp(base, PREFIX, strlen(PREFIX)) ? PREFIX : "", (int)n, base);

	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

/* text with name for each TEMPLATE_NAME. Caller frees. */
static char *named(const char *text, size_t n, const char *name, size_t *length)
{
	static const char mark[] = TEMPLATE_NAME;
	char *out = NULL;
	FILE *f = xmemstream(&out, length);
	const char *end = text + n, *at;

	for (; (at = memmem(text, (size_t)(end - text), mark, strlen(mark))); text = at + strlen(mark)) {
		fwrite(text, 1, (size_t)(at - text), f);
		fputs(name, f);
	}
	fwrite(text, 1, (size_t)(end - text), f);
	fclose(f);
	return out;
}

static int write_file(int dir, const struct template_file *file, const char *name, struct err *e)
{
	size_t path_length, length;
	auto_free char *path = named(file->path, strlen(file->path), name, &path_length);
	auto_free char *text = named(file->text, file->n, name, &length);
	char *slash = strrchr(path, '/');

	if (slash) {
		*slash = '\0';
		if (mkdir_p(dir, path, 0777, e) < 0)
			return -1;
		*slash = '/';
	}
	return file_write(dir, path, text, length, e) < 0 ? -1 : 0;
}

static int write_all_of(const char *folder, const char *name, const struct template_set *t, struct err *e)
{
	if (mkdir(folder, 0777) < 0)
		return err_sys(e, "create %s", folder);
	auto_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(e, "open %s", folder);
	for (size_t i = 0; i < t->n; i++)
		if ((stop_pending() && stop_err(e)) || write_file(dir, &t->files[i], name, e) < 0)
			return -1;
	return 0;
}

/* Held until the project is in its place, so that nobody takes it for one that was left. -1: somebody did, or there is no such thing. */
static int hold(const char *draft)
{
	int fd = open(draft, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	/* Where nothing can be locked nothing is swept either. */
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		close(TAKE_FD(fd));
	if (fd >= 0 && (fstat(fd, &st) < 0 || !st.st_nlink || access(draft, F_OK) < 0))
		close(TAKE_FD(fd));
	return fd;
}

/* Drafts of one that was killed: nobody holds them. stem: their path without the six characters that make each another. */
static void sweep(const char *stem)
{
	const char *slash = strrchr(stem, '/'), *start = slash ? slash + 1 : stem;
	auto_free char *folder = xasprintf("%.*s", slash ? (int)(slash - stem) + 1 : 1, slash ? stem : ".");
	size_t n = strlen(start);
	DIR *d = opendir(folder);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		struct err ignored = { 0 };

		if (strncmp(entry->d_name, start, n) != 0 || strlen(entry->d_name) != n + UNIQUE)
			continue;
		auto_close int fd = openat(dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)rmtree(dirfd(d), entry->d_name, &ignored);
	}
	if (d)
		closedir(d);
}

/* Beside its place, so that it can be renamed; in a folder of its own, so that its mode is what umask says. Its descriptor holds it; the
 * caller frees *draft. */
static int begin_draft(const char *stem, char **draft)
{
	for (int i = 0; i < DRAFT_TRIES; i++) {
		int fd;

		*draft = xasprintf("%sXXXXXX", stem);
		if (!mkdtemp(*draft))
			return -1;
		fd = hold(*draft);
		if (fd >= 0)
			return fd;
		free(TAKE(*draft));
	}
	errno = EBUSY;
	return -1;
}

/* rename(2) takes the place of an empty folder and of nothing else. */
static int put_in_place(const char *from, const char *dir, struct err *e)
{
	if (rename(from, dir) == 0)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
		return err_set(e, X_FAIL,
			       "%s is there already and was not changed: name a folder that is not, or an empty one",
			       dir);
	return err_sys(e, "create %s", dir);
}

int project_make(const char *dir, const char *name, const struct template_set *t, struct err *e)
{
	size_t n;
	const char *base = base_of(dir, &n);
	auto_free char *clean = xasprintf("%.*s%.*s", (int)(base - dir), dir, (int)n, base);
	/* So long that nobody's own folder is called so. */
	auto_free char *stem = xasprintf("%.*s.%.*s.ktstr-new.", (int)(base - dir), dir, (int)n, base), *draft = NULL;
	int r;

	sweep(stem);
	auto_close int held = begin_draft(stem, &draft);

	if (held < 0)
		return err_sys(e, "create %s", clean);
	auto_free char *inner = xasprintf("%s/%s", draft, name);

	r = write_all_of(inner, name, t, e);
	if (r == 0)
		r = put_in_place(inner, clean, e);
	struct err ignored = { 0 };

	(void)rmtree(AT_FDCWD, draft, r < 0 ? &ignored : e);
	return r < 0 ? -1 : 0;
}
