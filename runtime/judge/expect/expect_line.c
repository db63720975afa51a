#include "judge/expect/expect_line.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/value.h"
#include "text/text.h"
#include <math.h>

#define BLANKS " \t"
#define LIMIT_MAX 1e18 /* in the unit it is written in */

struct line {
	char *s;
	size_t at;
	const struct expect_place *place;
	struct err *e;
};

int expect_place_in(const struct expect_place *at, struct err *e)
{
	if (at && at->line)
		return err_in(e, "%s%s%u:%u", at->file ? at->file : "", at->file ? ":" : "line ", at->line, at->column);
	return at && at->file ? err_in(e, "%s", at->file) : -1;
}

/* Something is wrong with what begins at that byte. */
static int wrong(struct line *l, size_t at, const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));

static int wrong(struct line *l, size_t at, const char *fmt, ...)
{
	struct expect_place place = l->place ? *l->place : (struct expect_place){ 0 };
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < at; i++)
		place.column += ((unsigned char)l->s[i] & 0xc0) != 0x80;
	err_set(l->e, X_USAGE, "%s", what);
	return expect_place_in(&place, l->e);
}

static void skip_blanks(struct line *l)
{
	l->at += strspn(l->s + l->at, BLANKS);
}

/* Up to one of these characters; the caller frees. */
static char *word(struct line *l, const char *end)
{
	size_t n = strcspn(l->s + l->at, end);
	char *w = xstrndup(l->s + l->at, n);

	l->at += n;
	return w;
}

static int no_metric(struct line *l, size_t at, const char *w)
{
	const char *near = metric_near(w);
	char shown[80];

	text_short(shown, sizeof(shown), w);
	if (!*w)
		return wrong(l, at, "a metric is missing here, as in \"gap.max <= 200ms\"");
	if (near)
		return wrong(l, at, "no metric \"%s\"; did you mean %s?", shown, near);
	return wrong(l, at, "no metric \"%s\"; \"Expectations\" in docs/scenarios.md lists them", shown);
}

static int read_group(struct line *l, struct expect_side *s)
{
	size_t from = l->at;

	if (l->s[l->at] != '{')
		return 0;
	if (s->metric->scope == SCOPE_RUN)
		return wrong(l, from, "%s%s is about the whole run and has no group", s->metric->name,
			     s->metric->named ? s->name : "");
	l->at++;
	s->group = word(l, "}");
	if (l->s[l->at] != '}')
		return wrong(l, from, "the } of this { is missing");
	l->at++;
	return *s->group ? 0 : wrong(l, from, "the name of a cgroup is missing between { and }");
}

static int read_phase(struct line *l, struct expect_side *s)
{
	size_t from = l->at;
	unsigned n = 0;

	s->phase = PHASE_ALL;
	if (l->s[l->at] != '@')
		return 0;
	if (!s->metric->phases)
		return wrong(l, from, "%s is about the whole run and has no phases", s->metric->name);
	l->at++;
	auto_free char *w = word(l, BLANKS "<>=");

	if (!strcmp(w, "settle") || !strcmp(w, "each")) {
		s->phase = *w == 's' ? 0 : PHASE_EACH;
		return 0;
	}
	for (const char *c = w; *c >= '0' && *c <= '9' && n < 10000; c++)
		n = n * 10 + (unsigned)(*c - '0');
	if (!n || n >= 10000 || strspn(w, "0123456789") != strlen(w))
		return wrong(l, from, "a phase is @1 and up, @settle or @each");
	s->phase = (int)n;
	return 0;
}

static int read_side(struct line *l, struct expect_side *s)
{
	size_t from = l->at;
	auto_free char *w = word(l, BLANKS "{@<>=");

	s->metric = metric_find(w, &s->name);
	if (!s->metric)
		return no_metric(l, from, w);
	return read_group(l, s) < 0 || read_phase(l, s) < 0 ? -1 : 0;
}

/* A number that begins here; 0: none does. */
static int read_number(struct line *l, double *v)
{
	const char *from = l->s + l->at, *at = from + (*from == '-');
	struct err why;

	if (*at < '0' || *at > '9')
		return 0;
	at += strspn(at, "0123456789");
	if (*at == '.' && at[1] >= '0' && at[1] <= '9')
		at += 1 + strspn(at + 1, "0123456789");
	if (json_text_double((struct json_text){ from, (size_t)(at - from), false }, v, &why) < 0 ||
	    fabs(*v) > LIMIT_MAX)
		return wrong(l, l->at, "a number of at most 1e18 is expected");
	l->at += (size_t)(at - from);
	return 1;
}

static int read_other(struct line *l, struct expectation *x)
{
	size_t from = l->at;

	if (read_side(l, &x->right) < 0)
		return -1;
	if (x->right.metric->finding)
		return wrong(l, from, "%s has no figure to compare with", x->right.metric->name);
	if (x->right.metric->unit != x->left.metric->unit)
		return wrong(l, from, "%s and %s are in different units", x->left.metric->name, x->right.metric->name);
	if (x->right.phase == PHASE_EACH && x->left.phase != PHASE_EACH)
		return wrong(l, from, "@each here needs @each on the left");
	skip_blanks(l);
	if (strncmp(l->s + l->at, "of", 2) != 0 || !strchr(BLANKS, l->s[l->at + 2]) || !l->s[l->at + 2])
		return wrong(l, l->at, "\"of eevdf\", \"of base\" or \"of\" a profile is missing here");
	l->at += 2;
	skip_blanks(l);
	x->other = word(l, BLANKS);
	return *x->other ? 0 : wrong(l, l->at, "\"of\" what? eevdf, base, or a profile");
}

static int no_unit(struct line *l, const struct metric *m)
{
	const char *unit = metric_unit_text(m);

	return wrong(l, l->at, "not a unit of %s%s, which %s%s", m->name, m->tail ? m->tail : "",
		     *unit ? "is in " : "has none", unit + (*unit == ' '));
}

/* Behind the operator: a number with its unit, or a factor and the other's figure. */
static int read_limit(struct line *l, struct expectation *x)
{
	size_t from, n;
	double base;
	int got;

	skip_blanks(l);
	from = l->at;
	got = read_number(l, &x->value);
	if (got < 0)
		return -1;
	if (!got) {
		if (!l->s[l->at])
			return wrong(l, from, "a limit is missing here");
		x->value = 1;
		return read_other(l, x);
	}
	n = strspn(l->s + l->at, BLANKS);
	if (l->s[l->at + n] == '*') {
		l->at += n + 1;
		skip_blanks(l);
		return read_other(l, x);
	}
	l->at += n;
	base = metric_unit(x->left.metric, l->s + l->at, &n);
	if (base == 0)
		return no_unit(l, x->left.metric);
	l->at += n;
	x->value *= base;
	return 0;
}

static int read_op(struct line *l, struct expectation *x)
{
	static const enum expect_op ops[] = { OP_LE, OP_GE, OP_EQ, OP_LT, OP_GT };
	const struct metric *m = x->left.metric;
	size_t from = l->at;

	if (!strncmp(l->s + l->at, "off", 3)) {
		l->at += 3;
		x->op = OP_OFF;
		return 0;
	}
	if (m->finding) {
		x->op = OP_HOLDS;
		return l->s[l->at] ? wrong(l, from, "%s holds or does not: it has no limit", m->name) : 0;
	}
	for (size_t i = 0; i < countof(ops); i++) {
		size_t n = strlen(expect_op_names[ops[i]]);

		if (strncmp(l->s + l->at, expect_op_names[ops[i]], n) != 0)
			continue;
		l->at += n;
		x->op = ops[i];
		return read_limit(l, x);
	}
	return wrong(l, from, "%s needs a limit: one of <= >= < > == and a value, or \"off\"", m->name);
}

/* "…" with \" and \\ in it. */
static int read_quoted(struct line *l, char **out)
{
	size_t from = l->at, n = 0;

	if (l->s[l->at] != '"')
		return wrong(l, from, "a text in \"\" is expected here");
	*out = xmalloc(strlen(l->s + from) + 1);
	for (l->at++; l->s[l->at] && l->s[l->at] != '"'; l->at++) {
		if (l->s[l->at] == '\\' && l->s[l->at + 1])
			l->at++;
		(*out)[n++] = l->s[l->at];
	}
	(*out)[n] = '\0';
	if (l->s[l->at] != '"')
		return wrong(l, from, "the \" that ends this text is missing");
	l->at++;
	return n ? 0 : wrong(l, from, "an empty text is in every log");
}

static int read_log(struct line *l, struct expectation *x)
{
	auto_free char *w = NULL;
	size_t from;

	x->left = (struct expect_side){ .metric = metric_get(METRIC_LOG), .phase = PHASE_ALL };
	skip_blanks(l);
	from = l->at;
	w = word(l, BLANKS "\"");
	if (strcmp(w, "has") != 0 && strcmp(w, "lacks") != 0)
		return wrong(l, from, "log has \"TEXT\" or log lacks \"TEXT\" is expected");
	x->op = *w == 'h' ? OP_HAS : OP_LACKS;
	skip_blanks(l);
	if (read_quoted(l, &x->text) < 0)
		return -1;
	skip_blanks(l);
	if (!strncmp(l->s + l->at, "off", 3)) {
		l->at += 3;
		x->op = OP_OFF;
	}
	return 0;
}

static int read_all(struct line *l, struct expectation *x)
{
	skip_blanks(l);
	if (!strncmp(l->s + l->at, "log", 3) && l->s[l->at + 3] && strchr(BLANKS, l->s[l->at + 3])) {
		l->at += 3;
		if (read_log(l, x) < 0)
			return -1;
	} else {
		if (read_side(l, &x->left) < 0)
			return -1;
		skip_blanks(l);
		if (read_op(l, x) < 0)
			return -1;
	}
	skip_blanks(l);
	return l->s[l->at] ? wrong(l, l->at, "this is too much behind an expectation") : 0;
}

/* Bytes before a comment, without blanks at the end. */
static size_t until_comment(const char *line, size_t n)
{
	bool quoted = false;
	size_t end = 0;

	for (size_t i = 0; i < n; i++) {
		if (quoted && line[i] == '\\' && i + 1 < n)
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
		else if (line[i] == '#' && !quoted)
			break;
		if (line[i] != ' ' && line[i] != '\t')
			end = i + 1;
	}
	return end;
}

bool expect_line_blank(const char *line, size_t n)
{
	return !until_comment(line, n);
}

int expect_line_monitor(const char *line, size_t n)
{
	auto_free char *text = xstrndup(line, until_comment(line, n));
	char *at = text + strspn(text, BLANKS);

	if (strncmp(at, "monitor", 7) != 0)
		return -1;
	at += 7;
	if (!*at)
		return 0;
	return strchr(BLANKS, *at) && !strcmp(at + strspn(at, BLANKS), "off") ? 1 : -1;
}

int expect_line_read(struct expectation *x, const char *line, size_t n, const struct expect_place *at, struct err *e)
{
	auto_free char *text = xstrndup(line, until_comment(line, n));
	struct line l = { .s = text, .place = at, .e = e };

	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)line[i] < ' ' && line[i] != '\t')
			return wrong(&l, 0, "a control character is in this line");
	}
	return read_all(&l, x);
}
