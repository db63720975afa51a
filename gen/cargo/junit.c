#include "gen/cargo/junit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/cargo/target.h"
#include "progress/log.h"

enum { DEEP = 6, FILE_MAX = 256 << 20 };

/* The folder of the manifest, and from there up to that of the workspace. Caller frees; NULL: there is none. */
static char *workspace(const char *manifest)
{
	auto_free char *real = realpath(manifest ? manifest : ".", NULL), *nearest = NULL;
	char *slash = real && manifest ? strrchr(real, '/') : NULL;

	if (slash)
		*slash = '\0';
	while (real && *real) {
		auto_free char *file = xasprintf("%s/Cargo.toml", real);

		if (cargo_workspace_root(real))
			return TAKE(real);
		if (!nearest && file_exists(file))
			nearest = xstrdup(real);
		*strrchr(real, '/') = '\0';
	}
	return TAKE(nearest);
}

static const char *manifest_of(const char *const *args)
{
	static const char option[] = "--manifest-path";

	for (; args && *args && strcmp(*args, "--") != 0; args++) {
		if (!strncmp(*args, option, strlen(option)) && (*args)[strlen(option)] == '=')
			return *args + sizeof(option);
		if (!strcmp(*args, option))
			return args[1];
	}
	return NULL;
}

void junit_open(struct junit *j, const char *const *args)
{
	auto_free char *root = workspace(manifest_of(args));

	*j = (struct junit){ .folder = root ? xasprintf("%s/target/nextest", root) : NULL };
	junit_begin(j);
}

void junit_close(struct junit *j)
{
	for (size_t i = 0; i < j->n; i++) {
		free(j->v[i].path);
		free(j->v[i].suites);
	}
	free(j->v);
	free(j->folder);
	*j = (struct junit){ 0 };
}

/* The clock of files, which is behind others by up to a tick. */
void junit_begin(struct junit *j)
{
	clock_gettime(CLOCK_REALTIME_COARSE, &j->since);
}

static struct junit_file *file_of(struct junit *j, const char *path)
{
	for (size_t i = 0; i < j->n; i++)
		if (!strcmp(j->v[i].path, path))
			return &j->v[i];
	j->v = xreallocarray(j->v, j->n + 1, sizeof(*j->v));
	j->v[j->n] = (struct junit_file){ .path = xstrdup(path) };
	return &j->v[j->n++];
}

/* The value of an attribute of the tag of n bytes, or its end. */
static const char *attribute(const char *tag, size_t n, const char *name)
{
	auto_free char *with = xasprintf(" %s=\"", name);
	const char *at = memmem(tag, n, with, strlen(with));

	return at ? at + strlen(with) : tag + n;
}

static void put_escaped(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			fputs("&amp;", f);
		else if (*s == '<')
			fputs("&lt;", f);
		else if (*s == '"')
			fputs("&quot;", f);
		else if ((unsigned char)*s >= ' ')
			fputc(*s, f);
	}
}

/* A tag up to its end, with the kernel behind this attribute's value. */
static void put_tag(FILE *f, const char *tag, size_t n, const char *name, const char *kernel)
{
	const char *from = attribute(tag, n, name), *quote = memchr(from, '"', n - (size_t)(from - tag));
	size_t head = quote ? (size_t)(quote - tag) : n;

	fwrite(tag, 1, head, f);
	if (quote) {
		fputs(" on ", f);
		put_escaped(f, kernel);
	}
	fwrite(tag + head, 1, n - head, f);
}

/* What stands between tags is escaped, so that what looks like one is one. */
static void put_suites(FILE *f, const char *from, const char *end, const char *kernel)
{
	static const struct {
		const char *tag, *name;
	} told[] = { { "<testsuite ", "name" }, { "<testcase ", "classname" } };

	while (from < end) {
		const char *tag = memchr(from, '<', (size_t)(end - from));
		const char *close = tag ? memchr(tag, '>', (size_t)(end - tag)) : NULL;
		const char *next = close ? close + 1 : end;
		size_t i = 0;

		while (tag && i < countof(told) &&
		       ((size_t)(end - tag) < strlen(told[i].tag) ||
			memcmp(tag, told[i].tag, strlen(told[i].tag)) != 0))
			i++;
		fwrite(from, 1, tag ? (size_t)(tag - from) : (size_t)(end - from), f);
		if (tag && i < countof(told))
			put_tag(f, tag, (size_t)(next - tag), told[i].name, kernel);
		else if (tag)
			fwrite(tag, 1, (size_t)(next - tag), f);
		from = next;
	}
}

static void add(struct junit *j, const char *path, const char *text, size_t n, const char *kernel)
{
	static const char open[] = "<testsuites", close[] = "</testsuites>";
	const char *tag = memmem(text, n, open, strlen(open)), *end = NULL;
	const char *body = tag ? memchr(tag, '>', n - (size_t)(tag - text)) : NULL;
	auto_free char *more = NULL;
	size_t size;

	for (const char *at = body; at; at = memmem(at, (size_t)(text + n - at), close, strlen(close)))
		end = at++;
	if (!body || end == body) {
		log_note("%s is no report of nextest's, and left as it is", path);
		return;
	}
	struct junit_file *file = file_of(j, path);
	size_t head = (size_t)(body - tag);
	FILE *f = xmemstream(&more, &size);

	if (file->n)
		fwrite(file->suites, 1, file->n, f);
	put_suites(f, body + 1, end, kernel);
	fclose(f);
	free(file->suites);
	file->suites = TAKE(more);
	file->n = size;
	file->tests += strtoull(attribute(tag, head, "tests"), NULL, 10);
	file->failures += strtoull(attribute(tag, head, "failures"), NULL, 10);
	file->errors += strtoull(attribute(tag, head, "errors"), NULL, 10);
	file->seconds += strtod(attribute(tag, head, "time"), NULL);
}

static bool newer(const struct stat *st, const struct timespec *since)
{
	return st->st_mtim.tv_sec != since->tv_sec ? st->st_mtim.tv_sec > since->tv_sec
						   : st->st_mtim.tv_nsec >= since->tv_nsec;
}

/* nextest leaves out most of what a test prints that no XML can have, but not U+FFFE and U+FFFF. The rest's length. */
static size_t drop_no_characters(char *text, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (n - i >= 3 && (!memcmp(text + i, "\xef\xbf\xbe", 3) || !memcmp(text + i, "\xef\xbf\xbf", 3)))
			i += 2;
		else
			text[left++] = text[i];
	}
	return left;
}

static void look_into(struct junit *j, const char *folder, const char *kernel, int depth)
{
	DIR *d = depth < DEEP ? opendir(folder) : NULL;
	const struct dirent *f;

	while (d && (f = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", folder, f->d_name), *text = NULL;
		const char *dot = strrchr(f->d_name, '.');
		struct err ignored;
		struct stat st;
		size_t n;

		if (*f->d_name == '.' || lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			look_into(j, path, kernel, depth + 1);
		else if (S_ISREG(st.st_mode) && dot && !strcmp(dot, ".xml") && newer(&st, &j->since) &&
			 file_read(AT_FDCWD, path, FILE_MAX, &text, &n, &ignored) == 0)
			add(j, path, text, drop_no_characters(text, n), kernel);
	}
	if (d)
		closedir(d);
}

void junit_take(struct junit *j, const char *kernel)
{
	if (j->folder)
		look_into(j, j->folder, kernel, 0);
}

int junit_write(const struct junit *j, struct err *e)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct junit_file *file = &j->v[i];
		auto_free char *text = NULL;
		size_t n;
		FILE *f = xmemstream(&text, &n);

		fprintf(f,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			"<testsuites name=\"nextest-run\" tests=\"%llu\" failures=\"%llu\" errors=\"%llu\" time=\"%.3f\">",
			file->tests, file->failures, file->errors, file->seconds);
		fwrite(file->suites, 1, file->n, f);
		fputs("</testsuites>\n", f);
		fclose(f);
		if (file_write(AT_FDCWD, file->path, text, n, e) < 0)
			return -1;
	}
	return 0;
}
