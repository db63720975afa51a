#include "kernel/build/makelog.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include <stdbool.h>

/* Linux 6.12 with ktstr.kconfig and nothing built yet; later builds of a configuration know their own number. */
enum { FIRST_ESTIMATE = 2400 };

int makelog_open(struct makelog *l, const char *dir, const char *name, const char *count,
		 void (*progress)(unsigned long, unsigned long, const char *), struct err *e)
{
	auto_free char *before = NULL;
	struct err ignored;

	l->path = xasprintf("%s/ktstr-%s.log", dir, name);
	l->count = count ? xstrdup(count) : NULL;
	l->progress = progress;
	l->total = FIRST_ESTIMATE;
	if (count && file_read(AT_FDCWD, count, 32, &before, NULL, &ignored) >= 0 && strtoul(before, NULL, 10) > 0)
		l->total = strtoul(before, NULL, 10);
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
	static const char *const signs[] = { " error: ", " Error ", "*** ", ": not found", "undefined reference",
					     "FAILED" };

	for (size_t i = 0; i < countof(signs); i++)
		if (strstr(line, signs[i]))
			return true;
	return err_full(line);
}

/* "kernel/fork.c: In function 'copy_process':", "In file included from kernel/fork.c:14:" */
static bool is_where(const char *line)
{
	return strstr(line, ": In function ") || !strncmp(line, "In file included from ", 22);
}

/* "   12 |         return x;" and the line with the caret: what compilers print under an error. */
static bool is_excerpt(const char *line)
{
	const char *p = line + strspn(line, " 0123456789");

	return line[0] == ' ' && p[0] == '|' && p > line;
}

static void keep(struct makelog *l, const char *line)
{
	size_t room = sizeof(l->errors) - l->errors_n;

	if (strlen(line) + 4 < room)
		l->errors_n += (size_t)snprintf(l->errors + l->errors_n, room, "  %s\n", line);
}

static void look(struct makelog *l)
{
	if (is_error(l->line)) {
		if (l->where[0])
			keep(l, l->where);
		l->where[0] = '\0';
		keep(l, l->line);
		l->full |= err_full(l->line);
		l->context = true;
	} else if (l->context && is_excerpt(l->line)) {
		keep(l, l->line);
	} else if (is_where(l->line)) {
		snprintf(l->where, sizeof(l->where), "%s", l->line);
		l->context = false;
	} else {
		/* A warning's place is not that of the next error. */
		if (strstr(l->line, " warning: "))
			l->where[0] = '\0';
		l->context = false;
	}
}

static void end_line(struct makelog *l)
{
	l->line[l->n] = '\0';
	l->n = 0;
	if (!is_step(l->line)) {
		look(l);
		return;
	}
	l->context = false;
	l->where[0] = '\0';
	l->done++;
	/* An estimate that was too low must not say 100% before the end. */
	if (l->done >= l->total)
		l->total = l->done + 1;
	if (l->progress)
		l->progress(l->done, l->total, l->line + 2);
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
	/* Somebody may follow it with tail -f. */
	return fflush(l->f) != 0 ? err_sys(e, "write %s", l->path) : 0;
}

const char *makelog_errors(struct makelog *l)
{
	if (l->n)
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
	if (!l->count)
		return 0;
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
