#include "judge/expect/expectation.h"
#include "base/err.h"
#include "base/mem.h"
#include "judge/expect/expect_line.h"
#include "text/distance.h"
#include "text/text.h"

const char *const expect_op_names[] = {
	[OP_HOLDS] = "", [OP_LE] = "<=",   [OP_GE] = ">=",       [OP_LT] = "<",    [OP_GT] = ">",
	[OP_EQ] = "==",  [OP_HAS] = "has", [OP_LACKS] = "lacks", [OP_OFF] = "off",
};

static void expectation_free(struct expectation *x)
{
	free(x->left.name);
	free(x->left.group);
	free(x->right.name);
	free(x->right.group);
	free(x->other);
	free(x->text);
}

void expectations_free(struct expectations *x)
{
	for (size_t i = 0; i < x->n; i++)
		expectation_free(&x->v[i]);
	free(x->v);
	*x = (struct expectations){ 0 };
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool upper(enum expect_op op)
{
	return op == OP_LE || op == OP_LT;
}

static bool lower(enum expect_op op)
{
	return op == OP_GE || op == OP_GT;
}

/* Whether the new line takes the place of the old one. */
static bool replaces(const struct expectation *now, const struct expectation *old)
{
	const struct expect_side *a = &now->left, *b = &old->left;
	bool off = now->op == OP_OFF;

	if (a->metric != b->metric || !same(a->name, b->name) || !same(now->text, old->text))
		return false;
	/* What is off is so in all groups and phases that are meant. */
	if (!same(a->group, b->group) && !(off && !a->group))
		return false;
	if (a->phase != b->phase && !(off && a->phase == PHASE_ALL))
		return false;
	if (off || old->op == OP_OFF || now->layer > old->layer)
		return true;
	return same(now->other, old->other) && !(upper(now->op) && lower(old->op)) &&
	       !(lower(now->op) && upper(old->op));
}

enum { ROOM = 8 /* more of them at a time */ };

/* It becomes x's. */
static void put(struct expectations *x, struct expectation *now)
{
	bool wide = now->op == OP_OFF && !now->left.group && now->left.phase == PHASE_ALL;
	size_t kept = 0, at = SIZE_MAX;

	for (size_t i = 0; i < x->n; i++) {
		if (replaces(now, &x->v[i])) {
			expectation_free(&x->v[i]);
			at = at == SIZE_MAX ? kept : at;
		} else {
			x->v[kept++] = x->v[i];
		}
	}
	x->n = kept;
	if (wide) {
		expectation_free(now);
		return;
	}
	at = at == SIZE_MAX ? kept : at;
	if (x->n % ROOM == 0)
		x->v = xreallocarray(x->v, x->n + ROOM, sizeof(*x->v));
	memmove(&x->v[at + 1], &x->v[at], (x->n - at) * sizeof(*x->v));
	x->v[at] = *now;
	x->n++;
}

static const char monitor_lines[][24] = { "imbalance <= 4", "dsq.depth <= 50", "wait.age <= 2000ms", "rq.stuck" };
static const char *const monitor_metrics[] = { "imbalance", "dsq.depth", "wait.age", "rq.stuck" };

/* The line as it stands, or the lines that one word is short for. */
static int read_line(struct expectations *out, const char *line, size_t n, enum expect_layer layer,
		     const struct expect_place *at, struct err *e)
{
	struct expectation now = { .layer = layer, .line = at ? at->line : 0, .column = at ? at->column : 0 };
	int off = expect_line_monitor(line, n);

	if (off >= 0) {
		for (size_t i = 0; i < countof(monitor_lines); i++) {
			auto_free char *text =
				off ? xasprintf("%s off", monitor_metrics[i]) : xstrdup(monitor_lines[i]);

			if (read_line(out, text, strlen(text), layer, at, e) < 0)
				return -1;
		}
		return 0;
	}
	if (expect_line_read(&now, line, n, at, e) < 0) {
		expectation_free(&now);
		return -1;
	}
	out->v = xreallocarray(out->v, out->n + 1, sizeof(*out->v));
	out->v[out->n++] = now;
	return 0;
}

static int read_lines(struct expectations *out, enum expect_layer layer, const char *text, size_t n,
		      const struct expect_place *at, struct err *e)
{
	struct expect_place place = at ? *at : (struct expect_place){ 0 };

	for (const char *p = text, *end = text + n; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);

		if (!expect_line_blank(p, len) && read_line(out, p, len, layer, at ? &place : NULL, e) < 0)
			return -1;
		if (out->n > EXPECT_MAX)
			return err_set(e, X_USAGE, "more than %d expectations", EXPECT_MAX);
		p += len + (nl != NULL);
		place.line++;
		place.column = 1;
	}
	return 0;
}

int expectations_add(struct expectations *x, enum expect_layer layer, const char *text, size_t n,
		     const struct expect_place *at, struct err *e)
{
	auto_expectations struct expectations lines = { 0 };

	if (n > EXPECT_TEXT)
		return err_set(e, X_USAGE, "expectations of more than %d KiB", EXPECT_TEXT >> 10);
	if (read_lines(&lines, layer, text, n, at, e) < 0)
		return -1;
	if (x->n + lines.n > EXPECT_MAX)
		return err_set(e, X_USAGE, "more than %d expectations", EXPECT_MAX);
	for (size_t i = 0; i < lines.n; i++)
		put(x, &lines.v[i]);
	lines.n = 0;
	return 0;
}

void expectations_default(struct expectations *x, bool scheduler)
{
	static const struct {
		enum metric_id id;
		enum expect_op op;
		double ns;
	} all[] = { { METRIC_ATTACHED, OP_HOLDS, 0 },
		    { METRIC_CLEAN, OP_HOLDS, 0 },
		    { METRIC_PROGRESS, OP_HOLDS, 0 },
		    { METRIC_GAP_MAX, OP_LE, 2e9 },
		    { METRIC_REAPED, OP_LE, 2e9 } };

	for (size_t i = scheduler ? 0 : 1; i < countof(all); i++) {
		struct expectation now = { .left = { .metric = metric_get(all[i].id), .phase = PHASE_ALL },
					   .op = all[i].op,
					   .value = all[i].ns,
					   .layer = LAYER_DEFAULT };

		put(x, &now);
	}
}

static int no_such_group(const struct expectation *x, const char *group, const char *const *groups, size_t n,
			 const char *file, struct err *e)
{
	struct expect_place at = { file, x->line, x->column };
	const char *best = NULL;
	unsigned least = 1 + (unsigned)strlen(group) / 3;
	char shown[64];

	for (size_t i = 0; i < n; i++) {
		unsigned d = edit_distance(group, groups[i]);

		if (d < least + !best) {
			least = d;
			best = groups[i];
		}
	}
	err_set(e, X_USAGE, "no cgroup \"%s\" in this test%s%s%s", text_short(shown, sizeof(shown), group),
		best ? "; did you mean \"" : "", best ? best : "", best ? "\"?" : "");
	return expect_place_in(&at, e);
}

static int check_side(const struct expectation *x, const struct expect_side *s, const char *const *groups, size_t n,
		      unsigned last_phase, const char *file, struct err *e)
{
	struct expect_place at = { file, x->line, x->column };
	bool found = !s->group;

	for (size_t i = 0; i < n && !found; i++)
		found = !strcmp(groups[i], s->group);
	if (!found)
		return no_such_group(x, s->group, groups, n, file, e);
	if (s->phase <= (int)last_phase)
		return 0;
	err_set(e, X_USAGE, "@%d, and this test has %u phases: each \"hold\" ends one", s->phase, last_phase);
	return expect_place_in(&at, e);
}

int expectations_check(const struct expectations *x, const char *const *groups, size_t n, unsigned last_phase,
		       const char *file, struct err *e)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct expectation *p = &x->v[i];

		if (check_side(p, &p->left, groups, n, last_phase, file, e) < 0 ||
		    (p->right.metric && check_side(p, &p->right, groups, n, last_phase, file, e) < 0))
			return -1;
	}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool expectations_sampled(const struct expectations *x)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct expectation *y = &x->v[i];

		if (y->op != OP_OFF &&
		    (metric_sampled(y->left.metric) || (y->right.metric && metric_sampled(y->right.metric))))
			return true;
	}
	return false;
}

const char **expectations_others(const struct expectations *x)
{
	const char **v = xcalloc(x->n + 1, sizeof(*v));
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < x->n; i++) {
		if (x->v[i].other)
			v[n++] = x->v[i].other;
	}
	qsort(v, n, sizeof(*v), by_text);
	for (size_t i = 0; i < n; i++) {
		if (!kept || strcmp(v[kept - 1], v[i]) != 0)
			v[kept++] = v[i];
	}
	v[kept] = NULL;
	return v;
}
