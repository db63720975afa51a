#include "kernel/makelog.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include <stdbool.h>

/* Linux 6.12 with ktstr.kconfig and nothing built yet; later builds in a folder know their own number. */
enum { FIRST_ESTIMATE = 2400 };

int makelog_open(struct makelog *l, const char *dir, void (*progress)(unsigned long, unsigned long, const char *),
		 struct err *e)
{
	auto_free char *count = NULL;
	struct err ignored;

	l->path = xasprintf("%s/ktstr-make.log", dir);
	l->count = xasprintf("%s/ktstr-make.count", dir);
	l->progress = progress;
	l->total = FIRST_ESTIMATE;
	if (file_read(AT_FDCWD, l->count, 32, &count, NULL, &ignored) >= 0 && strtoul(count, NULL, 10) > 0)
		l->total = strtoul(count, NULL, 10);
	l->f = fopen(l->path, "we");
	return l->f ? 0 : err_sys(e, "create %s", l->path);
}

/* "  CC      kernel/fork.o": how make shows a command, whatever the architecture. */
static bool is_step(const char *line)
{
	return line[0] == ' ' && line[1] == ' ' && line[2] >= 'A' && line[2] <= 'Z';
}

static bool is_error(const char *line)
{
	static const char *const signs[] = { " error: ", " Error ",      "*** ", ": not found", "undefined reference",
					     "FAILED",   "No space left" };

	for (size_t i = 0; i < countof(signs); i++)
		if (strstr(line, signs[i]))
			return true;
	return false;
}

static void end_line(struct makelog *l)
{
	size_t room = sizeof(l->errors) - l->errors_n;

	l->line[l->n] = '\0';
	if (is_step(l->line)) {
		l->done++;
		/* An estimate that was too low must not say 100% before the end. */
		if (l->done >= l->total)
			l->total = l->done + 1;
		if (l->progress)
			l->progress(l->done, l->total, l->line + 2);
	} else if (is_error(l->line) && l->n + 4 < room) {
		l->errors_n += (size_t)snprintf(l->errors + l->errors_n, room, "  %s\n", l->line);
	}
	l->n = 0;
}

int makelog_add(struct makelog *l, const char *text, size_t n, struct err *e)
{
	if (fwrite(text, 1, n, l->f) != n)
		return err_sys(e, "write %s", l->path);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			end_line(l);
		else if (l->n + 1 < sizeof(l->line) && text[i])
			l->line[l->n++] = text[i];
	}
	return 0;
}

const char *makelog_errors(struct makelog *l)
{
	end_line(l);
	(void)fflush(l->f); /* the log is an extra; the build's failure is what is told */
	return l->errors;
}

int makelog_finish(struct makelog *l, struct err *e)
{
	auto_free char *count = xasprintf("%lu\n", l->done);
	unsigned long before = 0;
	auto_free char *text = NULL;
	struct err ignored;

	if (fflush(l->f) != 0)
		return err_sys(e, "write %s", l->path);
	if (file_read(AT_FDCWD, l->count, 32, &text, NULL, &ignored) >= 0)
		before = strtoul(text, NULL, 10);
	/* An incremental build is short; what the next whole one takes is the larger number. */
	if (l->done <= before)
		return 0;
	return file_write(AT_FDCWD, l->count, count, strlen(count), e) < 0 ? -1 : 0;
}

void makelog_drop(struct makelog *l)
{
	if (l->f)
		fclose(l->f);
	free(l->path);
	free(l->count);
	*l = (struct makelog){ 0 };
}
