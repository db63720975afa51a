#include "text/kver.h"

#include "base/err.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

/* Kernel numbers are small; more digits are something else. */
enum { DIGITS = 6 };

static size_t number(const char *p, unsigned *out)
{
	size_t n = 0;

	*out = 0;
	for (; p[n] >= '0' && p[n] <= '9' && n <= DIGITS; n++)
		*out = *out * 10 + (unsigned)(p[n] - '0');
	return n <= DIGITS ? n : 0;
}

static size_t dotted(const char *p, unsigned *out)
{
	size_t n = *p == '.' ? number(p + 1, out) : 0;

	return n ? n + 1 : 0;
}

static size_t scan(struct kver *v, const char *text)
{
	const char *p = text;
	size_t n = number(p, &v->major);

	if (!n || !dotted(p + n, &v->minor))
		return 0;
	p += n + dotted(p + n, &v->minor);
	v->parts = 2;
	v->patch = v->rc = 0;
	if ((n = dotted(p, &v->patch)) > 0) {
		p += n;
		v->parts = 3;
	}
	if (!strncmp(p, "-rc", 3) && (n = number(p + 3, &v->rc)) > 0 && v->rc)
		p += 3 + n;
	else
		v->rc = 0;
	return (size_t)(p - text);
}

bool kver_parse(struct kver *v, const char *text)
{
	struct kver new;
	size_t n = scan(&new, text);

	if (!n || text[n])
		return false;
	*v = new;
	return true;
}

int kver_cmp(const struct kver *a, const struct kver *b)
{
	/* rc - 1: "no candidate" wraps around to the largest number. */
	const unsigned x[] = { a->major, a->minor, a->patch, a->rc - 1 };
	const unsigned y[] = { b->major, b->minor, b->patch, b->rc - 1 };

	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static bool is_series(struct kver *v, const char *text)
{
	return kver_parse(v, text) && v->parts == 2 && !v->rc;
}

int kver_range(struct kver *from, struct kver *to, const char *text, struct err *e)
{
	const char *dots = strstr(text, "..");
	auto_free char *low = dots ? xstrndup(text, (size_t)(dots - text)) : NULL;

	if (!dots || !is_series(from, low) || !is_series(to, dots + 2))
		return err_set(e, X_USAGE, "'%s' is not a range of series like 6.12..6.16", text);
	if (kver_cmp(from, to) > 0)
		return err_set(e, X_USAGE, "'%s': the older series comes first", text);
	return 0;
}

bool kver_same_series(const struct kver *a, const struct kver *b)
{
	return a->major == b->major && a->minor == b->minor;
}

void kver_prefix(const char *text, char *out, size_t max)
{
	struct kver v;
	size_t n = scan(&v, text);

	snprintf(out, max, "%.*s", (int)(n < max ? n : 0), text);
}
