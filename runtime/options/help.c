/* help.c: usage lines and help texts from the tables of opt.h. */
#include "options/help.h"

#include <string.h>

#include "progress/log.h"
#include "base/mem.h"
#include "options/global.h"

enum {
	INDENT = 2,
	LEFT_MAX = 28, /* a longer left column gets a line of its own */
	WIDTH_MIN = 40,
	WIDTH_MAX = 100,
};

const char *opt_spec(const struct opt *o, char *buf, size_t n)
{
	snprintf(buf, n, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	return buf;
}

static size_t columns(const char *s, size_t n)
{
	size_t c = 0;

	for (size_t i = 0; i < n; i++)
		c += ((unsigned char)s[i] & 0xc0) != 0x80;
	return c;
}

static size_t help_width(FILE *f)
{
	int w = log_width(f);

	if (w <= 0)
		return 80;
	return w < WIDTH_MIN ? WIDTH_MIN : w > WIDTH_MAX ? WIDTH_MAX : (size_t)w;
}

/* Words of s from column `indent` on; the cursor stands there already. Ends the line. */
static void put_wrapped(FILE *f, const char *s, size_t n, size_t indent, size_t width)
{
	size_t at = indent;

	for (const char *end = s + n; s < end;) {
		size_t gap = strspn(s, " \n");
		if (gap >= (size_t)(end - s))
			break;
		s += gap;
		size_t len = strcspn(s, " \n");
		if (len > (size_t)(end - s))
			len = (size_t)(end - s);
		size_t wide = columns(s, len);

		if (at > indent && at + 1 + wide >= width) {
			fprintf(f, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', f);
			at++;
		}
		fwrite(s, 1, len, f);
		at += wide;
		s += len;
	}
	fputc('\n', f);
}

/* Paragraphs stand apart by an empty line; an indented one is shown as it is. */
static void put_paragraphs(FILE *f, const char *s, size_t width)
{
	while (*s) {
		const char *end = strstr(s, "\n\n");
		size_t n = end ? (size_t)(end - s) : strlen(s);

		if (*s == ' ')
			fprintf(f, "%.*s\n", (int)n, s);
		else
			put_wrapped(f, s, n, 0, width);
		s += n;
		s += strspn(s, "\n");
		if (*s)
			fputc('\n', f);
	}
}

static void put_row(FILE *f, const char *left, const char *right, size_t column, size_t width)
{
	size_t used = INDENT + columns(left, strlen(left));

	fprintf(f, "%*s%s", INDENT, "", left);
	if (used + 2 > column) {
		fputc('\n', f);
		used = 0;
	}
	fprintf(f, "%*s", (int)(column - used), "");
	put_wrapped(f, right, strlen(right), column, width);
}

static char *opt_left(const struct opt *o)
{
	char spec[128];

	opt_spec(o, spec, sizeof(spec));
	return o->letter ? xasprintf("-%c, %s", o->letter, spec) : xasprintf("    %s", spec);
}

/* "a b" as ", "-joined words with something in front of each. */
static void put_list(FILE *f, const char *list, const char *front)
{
	for (const char *s = list + strspn(list, " "); *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		fprintf(f, "%s%s%.*s", s == list ? "" : ", ", front, (int)n, s);
		s += n;
	}
}

static char *opt_right(const struct opt *o, bool full)
{
	char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fputs(o->help ? o->help : "", f);
	if (o->choices) {
		fputs(" [", f);
		put_list(f, o->choices, "");
		fputc(']', f);
	}
	if (full && o->type == OPT_LIST)
		fputs(" (may be repeated)", f);
	if (full && o->needs)
		fprintf(f, " (with --%s)", o->needs);
	if (full && o->conflicts) {
		fputs(" (not with ", f);
		put_list(f, o->conflicts, "--");
		fputc(')', f);
	}
	fclose(f);
	return text;
}

static size_t widest(size_t have, const char *left)
{
	size_t n = columns(left, strlen(left));

	return n > have && n <= LEFT_MAX ? n : have;
}

static size_t opts_column(const struct opt *opts, size_t have)
{
	for (const struct opt *o = opts; o && o->name; o++) {
		auto_free char *left = opt_left(o);

		if (!o->hidden)
			have = widest(have, left);
	}
	return have;
}

static void put_opts(FILE *f, const char *heading, const struct opt *opts, size_t column, size_t width, bool full)
{
	bool any = false;

	for (const struct opt *o = opts; o && o->name; o++) {
		if (o->hidden)
			continue;
		auto_free char *left = opt_left(o);
		auto_free char *right = opt_right(o, full);

		if (!any)
			fprintf(f, "\n%s:\n", heading);
		any = true;
		put_row(f, left, right, column, width);
	}
}

static void put_verbs(FILE *f, const struct verb *v, size_t width)
{
	size_t left = widest(0, "help");

	if (!v->sub)
		return;
	for (size_t i = 0; v->sub[i]; i++)
		if (!v->sub[i]->hidden)
			left = widest(left, v->sub[i]->name);
	fputs("\nCommands:\n", f);
	for (size_t i = 0; v->sub[i]; i++)
		if (!v->sub[i]->hidden)
			put_row(f, v->sub[i]->name, v->sub[i]->summary, INDENT + left + 2, width);
	put_row(f, "help", "show the help of a command", INDENT + left + 2, width);
}

void opt_usage(FILE *f, const struct verb *const *path, size_t depth, const char *prog)
{
	const struct verb *v = path[depth - 1];

	fputs(prog, f);
	for (size_t i = 1; i < depth; i++)
		fprintf(f, " %s", path[i]->name);
	fputs(v->sub ? " [OPTIONS] COMMAND" : " [OPTIONS]", f);
	if (!v->sub && v->args && *v->args)
		fprintf(f, " %s", v->args);
}

void opt_help(FILE *f, const struct verb *const *path, size_t depth, const char *prog, bool full)
{
	const struct verb *v = path[depth - 1];
	const size_t width = help_width(f);
	size_t left = opts_column(opt_global, 0);

	for (size_t i = 0; i < depth; i++)
		left = opts_column(path[i]->opts, left);
	if (full && v->about)
		put_paragraphs(f, v->about, width);
	else
		put_wrapped(f, v->summary, strlen(v->summary), 0, width);
	fputs("\nUsage: ", f);
	opt_usage(f, path, depth, prog);
	fputc('\n', f);
	put_verbs(f, v, width);
	for (size_t i = depth; i-- > 0;)
		put_opts(f, i == depth - 1 ? "Options" : "More options", path[i]->opts, INDENT + left + 2, width, full);
	put_opts(f, v->trailing ? "Options of every command, before the verb" : "Options of every command", opt_global,
		 INDENT + left + 2, width, full);
	if (full && v->examples)
		fprintf(f, "\nExamples:\n%s%s", v->examples, v->examples[strlen(v->examples) - 1] == '\n' ? "" : "\n");
}
