#include "stats/shape.h"
#include "base/mem.h"
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

static const struct {
	const char *name;
	int kind;
} types[] = {
	[SHAPE_U32] = { "a whole number", JSON_NUMBER }, [SHAPE_U64] = { "a whole number", JSON_NUMBER },
	[SHAPE_I64] = { "a whole number", JSON_NUMBER }, [SHAPE_F64] = { "a number", JSON_NUMBER },
	[SHAPE_BOOL] = { "true or false", JSON_BOOL },   [SHAPE_TEXT] = { "a string", JSON_STRING },
	[SHAPE_OBJECT] = { "an object", JSON_OBJECT },   [SHAPE_LIST] = { "a list", JSON_ARRAY },
};

void shape_broken(struct reading *r, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	if (r->why.code)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_set(&r->why, X_FAIL, "%s", what);
	for (unsigned i = r->depth; i-- > 0;) {
		if (r->path[i].name)
			err_in(&r->why, "%.*s", (int)(r->path[i].n < 60 ? r->path[i].n : 60), r->path[i].name);
		else
			err_in(&r->why, "%zu", r->path[i].n);
	}
}

/* Texts mostly have their members in our order: hint is where to look first. -1: none of ours. */
static int find(const struct shape *shape, struct json_text key, unsigned *hint)
{
	auto_free char *plain = key.escaped ? xmalloc(key.n) : NULL;

	if (plain)
		key = (struct json_text){ plain, json_text_decode(key, plain), false };
	for (unsigned i = 0, at = *hint; i < shape->n; i++, at++) {
		at = at < shape->n ? at : 0;
		const struct shape_member *m = &shape->v[at];

		if (m->n == key.n && !memcmp(m->name, key.s, key.n)) {
			*hint = at + 1;
			return (int)at;
		}
	}
	return -1;
}

/* A number without an exponent that is not very long is finite. */
static bool plainly_finite(struct json_text t)
{
	return t.n < 300 && !memchr(t.s, 'e', t.n) && !memchr(t.s, 'E', t.n);
}

static int number(enum shape_type type, bool unread, struct json_text t, union shape_value *v, struct err *e)
{
	switch (type) {
	case SHAPE_I64:
		return json_text_i64(t, &v->i, e);
	case SHAPE_F64:
		return unread && plainly_finite(t) ? 0 : json_text_double(t, &v->d, e);
	default:
		break;
	}
	if (json_text_u64(t, &v->u, e) < 0)
		return -1;
	return type != SHAPE_U32 || v->u <= UINT32_MAX ? 0 : err_set(e, X_FAIL, "%" PRIu64 " is out of range", v->u);
}

static void text(struct reading *r, struct json_text t, union shape_value *v)
{
	if (!t.escaped) {
		v->text = names_keepn(r->names, t.s, t.n);
		return;
	}
	auto_free char *plain = xmalloc(t.n);
	size_t n = json_text_decode(t, plain);

	if (memchr(plain, '\0', n))
		shape_broken(r, "a string with a NUL character in it");
	else
		v->text = names_keepn(r->names, plain, n);
}

static int scalar(struct reading *r, const struct shape_member *m, union shape_value *v)
{
	bool unread = m->rules & SHAPE_UNREAD;
	struct json_text t;
	struct err e;

	if (json_scan_text(&r->scan, &t) < 0)
		return -1;
	if (m->type == SHAPE_BOOL)
		v->b = *t.s == 't';
	else if (m->type == SHAPE_TEXT && !unread)
		text(r, t, v);
	else if (m->type != SHAPE_TEXT && number(m->type, unread, t, v, &e) < 0)
		shape_broken(r, "%s", e.msg);
	return 0;
}

static int list(struct reading *r, const struct shape *of, union shape_value *v)
{
	int got, kind;

	if (json_scan_enter(&r->scan) < 0)
		return -1;
	for (v->n = 0; (got = json_scan_next(&r->scan, NULL)) > 0; v->n++) {
		r->path[r->depth].name = NULL;
		r->path[r->depth++].n = v->n;
		kind = json_scan_kind(&r->scan);
		if (kind >= 0 && kind != JSON_OBJECT)
			shape_broken(r, "an object is expected, not %s", json_kind_names[kind]);
		if (kind < 0 || (kind == JSON_OBJECT ? shape_read(r, of) : json_scan_skip(&r->scan)) < 0)
			return -1;
		r->depth--;
	}
	return got;
}

static void keep_number(struct reading *r, const struct shape_member *m, union shape_value v)
{
	double *to = &r->numbers[m->number - 1];

	switch (m->type) {
	case SHAPE_F64:
		*to = v.d;
		break;
	case SHAPE_I64:
		*to = (double)v.i;
		break;
	case SHAPE_BOOL:
		*to = v.b;
		break;
	default:
		*to = (double)v.u;
		break;
	}
}

/* 1: it is there, with a value; 0: it is null, or not as it should be. */
static int member(struct reading *r, const struct shape_member *m, union shape_value *v)
{
	int kind = json_scan_kind(&r->scan), r2;
	bool null = kind == JSON_NULL;

	if (kind < 0)
		return -1;
	if (m->type == SHAPE_ANY || (null && m->rules & SHAPE_NULLABLE))
		return json_scan_skip(&r->scan);
	if (kind != types[m->type].kind && !(null && m->type == SHAPE_F64)) {
		shape_broken(r, "%s is expected, not %s", types[m->type].name, json_kind_names[kind]);
		return json_scan_skip(&r->scan);
	}
	if (null) {
		v->d = NAN;
		r2 = json_scan_skip(&r->scan);
	} else if (kind == JSON_OBJECT) {
		r2 = shape_read(r, m->of);
	} else if (kind == JSON_ARRAY) {
		r2 = list(r, m->of, v);
	} else {
		r2 = scalar(r, m, v);
	}
	if (r2 < 0)
		return -1;
	if (m->number && !r->why.code)
		keep_number(r, m, *v);
	return 1;
}

static void complain_about_missing(struct reading *r, const struct shape *shape, uint64_t seen)
{
	for (unsigned i = 0; i < shape->n; i++) {
		if (shape->v[i].rules & SHAPE_REQUIRED && !(seen >> i & 1))
			shape_broken(r, "%s is missing", shape->v[i].name);
	}
}

int shape_read(struct reading *r, const struct shape *shape)
{
	const struct shape_member other = { .type = shape->others, .rules = SHAPE_UNREAD };
	union shape_value v[SHAPE_MEMBERS], unused;
	struct json_text key;
	unsigned hint = 0;
	uint64_t seen = 0;
	int got;

	if (json_scan_enter(&r->scan) < 0)
		return -1;
	while ((got = json_scan_next(&r->scan, &key)) > 0) {
		int i = find(shape, key, &hint);
		const struct shape_member *m = i < 0 ? &other : &shape->v[i];

		r->path[r->depth].name = key.s;
		r->path[r->depth++].n = key.n;
		int r2 = member(r, m, i < 0 ? &unused : &v[i]);
		r->depth--;
		if (r2 < 0)
			return -1;
		if (i >= 0 && r2 > 0)
			seen |= 1ULL << i;
	}
	if (got < 0)
		return -1;
	complain_about_missing(r, shape, seen);
	if (shape->take && !r->why.code)
		shape->take(r, v, seen);
	return 0;
}
