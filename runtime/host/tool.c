#include "host/tool.h"

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
