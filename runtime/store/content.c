/* content.c: a draft's files are sealed and listed; a list is read back. */
#include "store/content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/digest.h"
#include "store/recipe.h"

enum { TEXT_MAX = 64 << 20, MAX_DEPTH = 32 };

static void append(struct content *c, const char *name, const char *hex, uint64_t size)
{
	struct content_file *f;

	c->v = xreallocarray(c->v, c->n + 1, sizeof(*c->v));
	f = &c->v[c->n++];
	*f = (struct content_file){ .name = xstrdup(name), .size = size };
	memcpy(f->hex, hex, KEY_LEN);
}

void content_free(struct content *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].name);
	free(c->v);
	*c = (struct content){ 0 };
}

static bool printable(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

/* A step may have linked in a file that somebody else goes on editing. */
static int cut_links(int dir, const char *name, const char *full, struct err *e)
{
	auto_free char *copy = xasprintf(".%.200s.own", name);

	if (file_copy(dir, name, dir, copy, 0600, e) < 0)
		return -1;
	if (renameat(dir, copy, dir, name) < 0)
		return err_sys(e, "replace %s", full);
	return 0;
}

static int seal_file(struct content *c, int dir, const char *name, const char *full, const struct stat *st,
		     struct err *e)
{
	char hex[KEY_LEN + 1];
	uint64_t size;

	if (st->st_nlink > 1 && cut_links(dir, name, full, e) < 0)
		return -1;
	if (fchmodat(dir, name, st->st_mode & 0111 ? 0555 : 0444, 0) < 0)
		return err_sys(e, "make %s read-only", full);
	auto_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "open %s", full);
	if (digest_fd(fd, full, hex, &size, e) < 0)
		return -1;
	if (fsync(fd) < 0)
		return err_sys(e, "write %s", full);
	append(c, full, hex, size);
	return 0;
}

static int seal_dir(struct content *c, int dir, const char *prefix, unsigned depth, struct err *e);

static int seal_entry(struct content *c, int dir, const char *prefix, const char *name, unsigned depth, struct err *e)
{
	auto_free char *full = xasprintf("%s%s", prefix, name);
	struct stat st;

	if (!printable(name))
		return err_set(e, X_FAIL, "a result's file has control characters in its name");
	if (!*prefix && (strcmp(name, "recipe") == 0 || strcmp(name, "content") == 0 ||
			 strcmp(name, "content.sum") == 0 || strcmp(name, "origin") == 0))
		return err_set(e, X_FAIL, "a result's file cannot be called %s", name);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", full);
	if (S_ISREG(st.st_mode))
		return seal_file(c, dir, name, full, &st, e);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, X_FAIL, "%s is neither a file nor a folder and cannot be stored", full);
	if (depth == MAX_DEPTH)
		return err_set(e, X_FAIL, "%s lies too deep to be stored", full);

	auto_free char *below = xasprintf("%s/", full);
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", full);
	return seal_dir(c, fd, below, depth + 1, e);
}

/* Owns dir. */
static int seal_dir(struct content *c, int dir, const char *prefix, unsigned depth, struct err *e)
{
	DIR *list = fdopendir(dir);
	struct dirent *d;
	int rc = 0;

	if (!list) {
		err_sys(e, "list the result's files");
		close(dir);
		return -1;
	}
	while (rc == 0 && (d = readdir(list)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc = seal_entry(c, dir, prefix, d->d_name, depth, e);
	if (rc == 0 && fsync(dir) < 0)
		rc = err_sys(e, "write the result's folder");
	closedir(list);
	return rc < 0 ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct content_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int content_seal(struct content *c, int dir, struct err *e)
{
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (own < 0)
		return err_sys(e, "open the result's folder");
	*c = (struct content){ 0 };
	if (seal_dir(c, own, "", 0, e) < 0) {
		content_free(c);
		return -1;
	}
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_name);
	return 0;
}

char *content_text(const struct content *c)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < c->n; i++)
		fprintf(f, "%s %llu %s\n", c->v[i].hex, (unsigned long long)c->v[i].size, c->v[i].name);
	fclose(f);
	return text;
}

/* A name that stays below the folder it is opened from. */
static bool inside(const char *name)
{
	if (!*name || !printable(name))
		return false;
	for (;;) {
		size_t n = strcspn(name, "/");

		if (n == 0 || (n == 1 && name[0] == '.') || (n == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		if (!name[n])
			return true;
		name += n + 1;
	}
}

static bool parse_line(struct content *c, const char *line)
{
	const char *size = line + KEY_LEN + 1;
	unsigned long long bytes;
	char *end;

	if (strspn(line, "0123456789abcdef") != KEY_LEN || line[KEY_LEN] != ' ' || *size < '0' || *size > '9')
		return false;
	errno = 0;
	bytes = strtoull(size, &end, 10);
	if (errno || *end != ' ' || !inside(end + 1))
		return false;
	append(c, end + 1, line, bytes);
	return true;
}

static bool parse_lines(struct content *c, char *text)
{
	while (*text) {
		char *end = strchr(text, '\n');

		if (!end)
			return false;
		*end = '\0';
		if (!parse_line(c, text))
			return false;
		text = end + 1;
	}
	return true;
}

int content_parse(struct content *c, const char *text, struct err *e)
{
	auto_free char *own = xstrdup(text);

	*c = (struct content){ 0 };
	if (parse_lines(c, own))
		return 0;
	content_free(c);
	return err_set(e, X_STORE, "a result's list of contents is damaged");
}

/* What is read in no time. */
static bool has_content(const struct content_file *f, int dir)
{
	auto_close int fd = openat(dir, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char hex[KEY_LEN + 1];
	struct err ignored;

	return fd >= 0 && digest_fd(fd, f->name, hex, NULL, &ignored) == 0 && strcmp(hex, f->hex) == 0;
}

bool content_present(const struct content *c, int dir)
{
	for (size_t i = 0; i < c->n; i++) {
		struct stat st;

		if (fstatat(dir, c->v[i].name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
		    (uint64_t)st.st_size != c->v[i].size)
			return false;
		if (c->v[i].size < CONTENT_READ_BELOW && !has_content(&c->v[i], dir))
			return false;
	}
	return true;
}

int content_read(struct content *c, int dir, struct err *e)
{
	auto_free char *text = NULL;

	auto_free char *sum = NULL;
	char hex[KEY_LEN + 1];
	size_t n;

	if (file_read(dir, "content", TEXT_MAX, &text, &n, e) < 0 ||
	    file_read(dir, "content.sum", KEY_LEN + 1, &sum, NULL, e) < 0)
		return -1;
	hash_hex(text, n, hex);
	if (strncmp(sum, hex, KEY_LEN) != 0)
		return err_set(e, X_STORE, "a result's list of contents is damaged");
	return content_parse(c, text, e);
}
