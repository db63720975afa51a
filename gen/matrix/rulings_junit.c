/* rulings_junit.c: what came of a request as JUnit's XML, which CI systems read: a case per test on a kernel and topology with a profile;
 * "broken" is an error there, "inconclusive" and an expected failure are skipped. */
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/matrix/rulings.h"
#include "text/text.h"

#include <fcntl.h>

/* Filtered text has no characters that XML lacks but these two. */
static bool is_no_character(const char *s)
{
	return !memcmp(s, "\xef\xbf\xbe", 3) || !memcmp(s, "\xef\xbf\xbf", 3);
}

static void escaped(FILE *f, const char *text, enum text_form form)
{
	auto_free char *plain = text_plain(text, strlen(text), form);

	for (const char *c = plain; *c; c++) {
		if (*c == '&')
			fputs("&amp;", f);
		else if (*c == '<')
			fputs("&lt;", f);
		else if (*c == '>')
			fputs("&gt;", f);
		else if (*c == '"')
			fputs("&quot;", f);
		else if (strlen(c) >= 3 && is_no_character(c))
			c += 2;
		else
			fputc(*c, f);
	}
}

static void attribute(FILE *f, const char *name, const char *value)
{
	fprintf(f, " %s=\"", name);
	escaped(f, value, TEXT_LINE);
	fputc('"', f);
}

enum kind { PASSED, FAILED, ERROR, SKIPPED, KINDS };
static const char *const elements[KINDS] = { [FAILED] = "failure", [ERROR] = "error", [SKIPPED] = "skipped" };

static enum kind kind_of(const struct cell_verdict *x)
{
	if (x->v.verdict == JUDGED_SKIP || x->v.verdict == JUDGED_INCONCLUSIVE || x->known == KNOWN_FAILURE)
		return SKIPPED;
	if (x->v.verdict == JUDGED_BROKEN)
		return ERROR;
	return x->v.verdict == JUDGED_PASS && x->known != KNOWN_TO_FAIL ? PASSED : FAILED;
}

static void put_case(FILE *f, const struct cell_verdict *x)
{
	const struct ruling *v = &x->v;
	const struct verdict_check *first = verdict_first(v);
	const struct verdict_seed *seed = verdict_worst_seed(v);
	auto_free char *class = xasprintf("%s.%s.%s.%s", v->scheduler ? v->scheduler : EEVDF,
					  v->profile ? v->profile : "default", v->kernel ? v->kernel : "",
					  v->preset     ? v->preset
					  : v->topology ? v->topology
							: "");
	const char *words = x->known == KNOWN_TO_FAIL ? "it passed, and --expect says that it fails"
			    : first                   ? first->words
			    : seed && seed->words     ? seed->words
						      : judgement_names[v->verdict];
	enum kind kind = kind_of(x);

	fputs("  <testcase", f);
	attribute(f, "name", v->test ? v->test : "test");
	attribute(f, "classname", class);
	if (kind == PASSED) {
		fputs("/>\n", f);
		return;
	}
	fprintf(f, ">\n    <%s", elements[kind]);
	attribute(f, "message", words);
	if (v->again && kind != SKIPPED) {
		fputs(">again: ", f);
		escaped(f, v->again, TEXT_LINES);
		fprintf(f, "</%s>\n", elements[kind]);
	} else {
		fputs("/>\n", f);
	}
	fputs("  </testcase>\n", f);
}

void rulings_junit(FILE *f, const struct rulings *all)
{
	size_t n[KINDS] = { 0 };

	for (size_t i = 0; i < all->n; i++)
		n[kind_of(&all->v[i])]++;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", f);
	fprintf(f, "<testsuite name=\"ktstr\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", all->n,
		n[FAILED], n[ERROR], n[SKIPPED]);
	for (size_t i = 0; i < all->n; i++)
		put_case(f, &all->v[i]);
	fputs("</testsuite>\n", f);
}

int rulings_junit_file(const char *path, const struct rulings *all, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	rulings_junit(f, all);
	fclose(f);
	return file_write(AT_FDCWD, path, text, n, e) < 0 ? err_in(e, "--junit") : 0;
}
