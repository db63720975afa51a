#include "verifier/expect.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "text/kver.h"
#include <ctype.h>
#include <fcntl.h>

#define TEXT_MAX ((size_t)1 << 20)
#define ENTRIES_MAX 10000

enum { TEST, SCHEDULER, PROFILE, KERNELS, UNTIL, FIELDS };
static const char *const fields[FIELDS] = { "a test", "a scheduler", "a profile", "kernels", "a last day" };

/* "*" is any text, all else is itself. Without recursion: a pattern with many of them costs no more. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool end_of_range(const char *text, size_t n, struct kver *v)
{
	auto_free char *one = xstrndup(text, n);

	return !n || kver_parse(v, one);
}

/* Whether v is within what kernels says; v NULL is within "*" only. Negative: kernels cannot be read. */
static int kernels_have(const char *kernels, const struct kver *v)
{
	const char *dots = strstr(kernels, "..");
	struct kver from = { 0 }, to = { 0 };

	if (!strcmp(kernels, "*"))
		return true;
	if (!dots) {
		if (!kver_parse(&from, kernels))
			return -1;
		return v && (from.parts == 2 && !from.rc ? kver_same_series(&from, v) : !kver_cmp(&from, v));
	}
	size_t n_from = (size_t)(dots - kernels), n_to = strlen(dots + 2);

	if ((!n_from && !n_to) || !end_of_range(kernels, n_from, &from) || !end_of_range(dots + 2, n_to, &to))
		return -1;
	if (!v || (n_from && kver_cmp(v, &from) < 0))
		return false;
	return !n_to || kver_cmp(v, &to) <= 0 || (to.parts == 2 && kver_same_series(&to, v));
}

static bool is_day(const char *s)
{
	static const char form[] = "dddd-dd-dd";
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (strlen(s) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != '-')
			return false;
	}
	int month = (s[5] - '0') * 10 + s[6] - '0', day = (s[8] - '0') * 10 + s[9] - '0';

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

static void entry_free(struct expect *x)
{
	free(x->test);
	free(x->scheduler);
	free(x->profile);
	free(x->kernels);
	free(x->reason);
}

/* line is NUL-ended and has no line break. */
static int parse_line(struct expect *x, enum expects_of of, char *line, struct err *e)
{
	char *field[FIELDS] = { 0 };
	char *p = line;

	for (int i = of == EXPECTS_OF_TESTS ? TEST : SCHEDULER; i < FIELDS; i++) {
		p += strspn(p, " \t");
		if (!*p)
			return err_set(e, X_USAGE, "%s is missing", fields[i]);
		field[i] = p;
		p += strcspn(p, " \t");
		if (*p)
			*p++ = 0;
	}
	p += strspn(p, " \t");
	if (kernels_have(field[KERNELS], NULL) < 0)
		return err_set(e, X_USAGE, "\"%s\" does not name kernels: give a version, a series, a range, or *",
			       field[KERNELS]);
	bool always = !strcmp(field[UNTIL], "-");

	if (!always && !is_day(field[UNTIL]))
		return err_set(e, X_USAGE, "\"%s\" is neither a day like 2027-03-31 nor \"-\"", field[UNTIL]);
	*x = (struct expect){
		.test = field[TEST] ? xstrdup(field[TEST]) : NULL,
		.scheduler = xstrdup(field[SCHEDULER]),
		.profile = xstrdup(field[PROFILE]),
		.kernels = xstrdup(field[KERNELS]),
		.reason = xstrdup(p),
	};
	if (!always)
		memcpy(x->until, field[UNTIL], sizeof(x->until));
	return 0;
}

static char *clean_line(const char *text, size_t n)
{
	char *line = xstrndup(text, n);

	for (size_t end = strlen(line); end && isspace((unsigned char)line[end - 1]); end--)
		line[end - 1] = 0;
	return line;
}

int expects_parse(struct expects *x, enum expects_of of, const char *text, size_t n, struct err *e)
{
	struct expects out = { 0 };
	unsigned at = 0;

	if (n > TEXT_MAX || memchr(text, 0, n))
		return err_set(e, X_USAGE, "a list of expected failures must be text of at most 1 MiB");
	for (const char *p = text, *end = text + n; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);
		auto_free char *line = clean_line(p, len);
		const char *first = line + strspn(line, " \t");

		at++;
		p += len + (nl != NULL);
		if (!*first || *first == '#')
			continue;
		out.v = xreallocarray(out.v, out.n + 1, sizeof(*out.v));
		if (out.n == ENTRIES_MAX || parse_line(&out.v[out.n], of, line, e) < 0) {
			int full = out.n == ENTRIES_MAX;

			expects_free(&out);
			return full ? err_set(e, X_USAGE, "more than %d entries", ENTRIES_MAX)
				    : err_in(e, "line %u", at);
		}
		out.v[out.n++].line = at;
	}
	*x = out;
	return 0;
}

int expects_load(struct expects *x, enum expects_of of, const char *path, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "--expect");
	return expects_parse(x, of, text, n, e) < 0 ? err_in(e, "--expect %s", path) : 0;
}

bool expect_is_over(const struct expect *x, const char *today)
{
	return *x->until && strcmp(x->until, today) < 0;
}

const struct expect *expects_find(const struct expects *x, const struct expect_cell *c, const char *reason,
				  const char *today)
{
	const struct expect *over = NULL;
	char version[64]; /* longer than any version number */
	struct kver v;

	kver_prefix(c->kernel, version, sizeof(version));
	bool known = kver_parse(&v, version);

	for (size_t i = 0; i < x->n; i++) {
		const struct expect *entry = &x->v[i];

		if ((entry->test && (!c->test || !matches(entry->test, c->test))) ||
		    !matches(entry->scheduler, c->scheduler) ||
		    !matches(entry->profile, c->profile ? c->profile : "default") ||
		    kernels_have(entry->kernels, known ? &v : NULL) <= 0 || (reason && !strstr(reason, entry->reason)))
			continue;
		if (!expect_is_over(entry, today))
			return entry;
		if (!over)
			over = entry;
	}
	return over;
}

void expects_free(struct expects *x)
{
	for (size_t i = 0; i < x->n; i++)
		entry_free(&x->v[i]);
	free(x->v);
	*x = (struct expects){ 0 };
}
