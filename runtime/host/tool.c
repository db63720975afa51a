#include "host/tool.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/syscalls.h"

enum { OUTPUT_MAX = 1 << 20, ANSWER_MS = 30 * 1000, TOLD_MAX = 300 };

/* "make --version" */
static char *join(const char *const *argv)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; argv[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", argv[i]);
	fclose(f);
	return text;
}

/* The last line of what it complained of, behind ": ", or nothing. */
static char *complaint(int fd)
{
	char text[4096];
	struct stat st;
	off_t from =
		fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(text) ? st.st_size - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = pread(fd, text, sizeof(text) - 1, from);

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	text[n > 0 ? n : 0] = '\0';

	const char *line = strrchr(text, '\n');

	line = line ? line + 1 : text;
	return *line ? xasprintf(": %.*s", TOLD_MAX, line) : xstrdup("");
}

char *tool_line(const char *const *argv, struct err *e)
{
	static const char *const env[] = { "LC_ALL=C", "LANGUAGE", NULL };
	auto_close int said = memory_file("what a program says", 0, 1 << 16, e);
	struct spawn s = { .argv = argv, .env = env, .in = SPAWN_NULL, .err = said, .family = true };
	auto_free char *text = NULL, *what = join(argv);
	char how[64];
	size_t n;
	int status;

	if (said < 0 || spawn_capture(&s, false, OUTPUT_MAX, ANSWER_MS, &text, &n, &status, e) < 0)
		return NULL;
	if (status) {
		auto_free char *why = complaint(said);

		err_set(e, X_NO_TOOL, "%s: %s%s", what, spawn_status(status, how, sizeof(how)), why);
		return NULL;
	}
	text[strcspn(text, "\n")] = '\0';
	if (!*text) {
		err_set(e, X_NO_TOOL, "%s printed nothing", what);
		return NULL;
	}
	return TAKE(text);
}

char *file_facts(const char *path, int mode)
{
	auto_free char *real = realpath(path, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0 || !S_ISREG(st.st_mode) || access(real, mode) < 0)
		return xstrdup("");
	return xasprintf("%s %jd %jd%09ld %ju %ju\n", real, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
			 st.st_mtim.tv_nsec, (uintmax_t)st.st_ino, (uintmax_t)st.st_dev);
}

static void put_program(FILE *f, const char *path)
{
	auto_free char *line = file_facts(path, X_OK);

	fputs(line, f);
}

/* Its times tell of its use. */
static void put_device(FILE *f, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		fprintf(f, "%s none\n", path);
	else
		fprintf(f, "%s %o %u %u %ju %ju %s\n", path, st.st_mode, st.st_uid, st.st_gid, (uintmax_t)st.st_rdev,
			(uintmax_t)st.st_ino, access(path, R_OK | W_OK) == 0 ? "ours" : "not ours");
}

/* A script starts another program, whose file nobody sees: what that says of itself is all there is to know. */
static void put_answer(FILE *f, const char *name)
{
	const char *const argv[] = { name, "--version", NULL };
	auto_free char *path = spawn_find(name);
	auto_close int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	struct err ignored;
	char magic[2];

	if (fd < 0 || pread(fd, magic, sizeof(magic), 0) != sizeof(magic) || memcmp(magic, "#!", sizeof(magic)) != 0)
		return;
	auto_free char *line = tool_line(argv, &ignored);

	fprintf(f, "says %s\n", line ? line : "-");
}

char *tool_facts(const char *name)
{
	const char *dirs = getenv("PATH");
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	if (strncmp(name, "/dev/", 5) == 0) {
		put_device(f, name);
	} else if (strchr(name, '/')) {
		put_program(f, name);
	} else {
		if (!dirs)
			dirs = "/usr/local/bin:/usr/bin:/bin"; /* as spawn_find() */
		for (const char *next = dirs; next; dirs = next) {
			size_t len = strcspn(dirs, ":");
			auto_free char *path = xasprintf("%.*s/%s", len ? (int)len : 1, len ? dirs : ".", name);

			put_program(f, path);
			next = dirs[len] ? dirs + len + 1 : NULL;
		}
		put_answer(f, name);
	}
	fclose(f);
	return text;
}
