#include "gen/complete/man.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/version.h"
#include "options/opt.h"
#include <stdbool.h>
#include <string.h>

enum { DEPTH = 8 };

/* Text as it is: no escape, no dash that breaks what somebody pastes, no request at the beginning of a line. */
static void put_text(FILE *f, const char *s, size_t n)
{
	bool begin = true;

	for (; n; s++, n--) {
		if (begin && (*s == '.' || *s == '\''))
			fputs("\\&", f);
		begin = *s == '\n';
		if (*s == '\\')
			fputs("\\e", f);
		else if (*s == '-')
			fputs("\\-", f);
		else
			fputc(*s, f);
	}
}

static void put(FILE *f, const char *s)
{
	put_text(f, s, strlen(s));
}

/* Paragraphs stand apart by an empty line; an indented one is shown as it is. */
static void put_paragraphs(FILE *f, const char *s)
{
	while (*s) {
		const char *end = strstr(s, "\n\n");
		size_t n = end ? (size_t)(end - s) : strlen(s);
		bool as_is = *s == ' ';

		fputs(as_is ? ".PP\n.nf\n" : ".PP\n", f);
		put_text(f, s, n);
		fputs(as_is ? "\n.fi\n" : "\n", f);
		s += n;
		s += strspn(s, "\n");
	}
}

static void put_option(FILE *f, const struct opt *o)
{
	fputs(".TP\n", f);
	if (o->letter)
		fprintf(f, "\\fB\\-%c\\fR, ", o->letter);
	fputs("\\fB\\-\\-", f);
	put(f, o->name);
	fputs("\\fR", f);
	if (o->arg) {
		fputs(" \\fI", f);
		put(f, o->arg);
		fputs("\\fR", f);
	}
	fputc('\n', f);
	put(f, o->help ? o->help : "");
	if (o->choices) {
		fputs(" (one of: ", f);
		put(f, o->choices);
		fputc(')', f);
	}
	if (o->type == OPT_LIST)
		fputs(" (may be repeated)", f);
	fputs(".\n", f);
}

static void put_options(FILE *f, const char *heading, const struct opt *opts)
{
	bool any = false;

	for (const struct opt *o = opts; o && o->name; o++) {
		if (o->hidden)
			continue;
		if (!any)
			fprintf(f, ".SH %s\n", heading);
		any = true;
		put_option(f, o);
	}
}

static void put_name(FILE *f, const struct verb *const *path, size_t depth, const char *between)
{
	for (size_t i = 0; i < depth; i++) {
		fputs(i ? between : "", f);
		put(f, path[i]->name);
	}
}

static void put_commands(FILE *f, const struct verb *const *path, size_t depth)
{
	const struct verb *v = path[depth - 1];

	if (!v->sub)
		return;
	fputs(".SH COMMANDS\n", f);
	for (size_t i = 0; v->sub[i]; i++) {
		if (v->sub[i]->hidden)
			continue;
		fputs(".TP\n\\fB", f);
		put_name(f, path, depth, "\\-");
		fputs("\\-", f);
		put(f, v->sub[i]->name);
		fputs("\\fR(1)\n", f);
		put(f, v->sub[i]->summary);
		fputs(".\n", f);
	}
}

static void put_head(FILE *f, const struct verb *const *path, size_t depth)
{
	const struct verb *v = path[depth - 1];

	fputs(".\\\" Written by `ktstr man` from its tables of options.\n.TH \"", f);
	put_name(f, path, depth, "\\-");
	fprintf(f, "\" 1 \"\" \"ktstr %s\"\n.SH NAME\n", ktstr_version);
	put_name(f, path, depth, "\\-");
	fputs(" \\- ", f);
	put(f, v->summary);
	fputs("\n.SH SYNOPSIS\n\\fB", f);
	put_name(f, path, depth, " ");
	fputs("\\fR [\\fIOPTIONS\\fR]", f);
	if (v->sub)
		fputs(" \\fICOMMAND\\fR", f);
	if (v->args && *v->args) {
		fputc(' ', f);
		put(f, v->args);
	}
	fputs("\n.br\n\\fBcargo ", f);
	put_name(f, path, depth, " ");
	fputs("\\fR \\&...\n", f);
}

void man_page(FILE *f, const struct verb *const *path, size_t depth)
{
	const struct verb *v = path[depth - 1];

	put_head(f, path, depth);
	fputs(".SH DESCRIPTION\n", f);
	put_paragraphs(f, v->about ? v->about : v->summary);
	put_commands(f, path, depth);
	put_options(f, "OPTIONS", v->opts);
	if (depth == 1)
		put_options(f, "OPTIONS OF EVERY COMMAND", opt_global);
	if (v->examples) {
		fputs(".SH EXAMPLES\n.nf\n", f);
		put(f, v->examples);
		fputs("\n.fi\n", f);
	}
	fputs(".SH EXIT STATUS\n0 when it is done, 2 when the command line is wrong. All others have a meaning of their own, too: "
	      "see exit\\-codes.md.\n.SH SEE ALSO\n",
	      f);
	if (depth > 1)
		fputs("\\fBktstr\\fR(1), ", f);
	fputs("and the guides below share/doc/ktstr: cli.md, kernels.md, verifier.md, vm.md, troubleshooting.md\n", f);
}

char *man_name(const struct verb *const *path, size_t depth)
{
	char *name = NULL;
	size_t n;
	FILE *f = xmemstream(&name, &n);

	for (size_t i = 0; i < depth; i++)
		fprintf(f, "%s%s", i ? "-" : "", path[i]->name);
	fclose(f);
	return name;
}

static int write_page(const char *dir, const char *name, const char *text, size_t n, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s.1", dir, name);

	return file_write(AT_FDCWD, path, text, n, e) < 0 ? -1 : 0;
}

static int write_tree(const char *dir, const struct verb **path, size_t depth, struct err *e)
{
	const struct verb *v = path[depth - 1];
	auto_free char *name = man_name(path, depth);
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	man_page(f, path, depth);
	fclose(f);
	if (write_page(dir, name, text, n, e) < 0)
		return -1;
	for (size_t i = 0; v->sub && v->sub[i] && depth < DEPTH; i++) {
		path[depth] = v->sub[i];
		if (!v->sub[i]->hidden && write_tree(dir, path, depth + 1, e) < 0)
			return -1;
	}
	return 0;
}

int man_write(const struct verb *root, const char *dir, struct err *e)
{
	static const char other[] = ".so man1/ktstr.1\n";
	const struct verb *path[DEPTH] = { root };

	if (mkdir_p(AT_FDCWD, dir, 0777, e) < 0)
		return err_in(e, "%s", dir);
	if (write_tree(dir, path, 1, e) < 0)
		return -1;
	return write_page(dir, "cargo-ktstr", other, strlen(other), e); /* where `cargo help ktstr` looks */
}
