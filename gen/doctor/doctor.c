#include "gen/doctor/doctor.h"

#include "base/mem.h"
#include "text/text.h"
#include <stdarg.h>

struct finding *found(struct findings *f, const char *name, enum level level, const char *fmt, ...)
{
	auto_free char *text = NULL;
	size_t n;
	va_list ap;

	FILE *m = xmemstream(&text, &n);
	va_start(ap, fmt);
	vfprintf(m, fmt, ap);
	va_end(ap);
	fclose(m);
	/* Programs and paths have their say in it. */
	f->v = xreallocarray(f->v, f->n + 1, sizeof(*f->v));
	f->v[f->n] = (struct finding){ .name = xstrdup(name), .level = level, .text = text_plain(text, n, TEXT_LINE) };
	return &f->v[f->n++];
}

int findings_code(const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].level == LEVEL_FAIL)
			return f->v[i].code;
	return 0;
}

void findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct finding *x = &f->v[i];

		free(x->name);
		free(x->text);
		free(x->fix);
		free(x->version);
		free(x->required);
		free(x->path);
	}
	free(f->v);
	*f = (struct findings){ 0 };
}

/* The next number of a version; a part that is not there is 0. */
static unsigned long part(const char **p)
{
	char *end;
	unsigned long n = strtoul(*p, &end, 10);

	*p = *end == '.' && end[1] >= '0' && end[1] <= '9' ? end + 1 : "";
	return n;
}

static bool at_least(const char *version, const char *min)
{
	while (*version || *min) {
		unsigned long a = part(&version), b = part(&min);

		if (a != b)
			return a > b;
	}
	return true;
}

/* Digits, a dot, a digit, not within a word: "llvm16.0" is a name. "v1.24" is a version. */
static const char *find_version(const char *text)
{
	for (const char *p = text; *p; p++) {
		size_t n = strspn(p, "0123456789");
		bool inside =
			p > text && (strchr("0123456789.", p[-1]) || (p[-1] >= 'A' && p[-1] <= 'z' && p[-1] != 'v'));

		if (n && !inside && p[n] == '.' && p[n + 1] >= '0' && p[n + 1] <= '9')
			return p;
	}
	return NULL;
}

bool version_reaches(const char *text, const char *min, char **version)
{
	const char *at = find_version(text);

	*version = at ? xstrndup(at, strspn(at, "0123456789.")) : NULL;
	return at && at_least(*version, min);
}
