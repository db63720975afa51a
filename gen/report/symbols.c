/* Which kernels have what a scheduler asked for in vain: from the lists that the step "bootable" made. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/report/symbols.h"
#include "gen/report/report.h"

#define SYMBOLS_MAX (16u << 20)

void report_kernel(struct report *r, const char *label, const char *dir)
{
	auto_free char *path = xasprintf("%s/symbols", dir);
	struct report_kernel k = { .label = xstrdup(label) };
	struct err e = { 0 };
	size_t n;

	/* Without a list nothing is said about this kernel. */
	if (file_read(AT_FDCWD, path, SYMBOLS_MAX, &k.symbols, &n, &e) < 0)
		k.symbols = NULL;
	r->kernels = xreallocarray(r->kernels, r->n_kernels + 1, sizeof(*r->kernels));
	r->kernels[r->n_kernels++] = k;
}

static bool has(const char *symbols, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = symbols; (p = strstr(p, name)); p += n) {
		if ((p == symbols || p[-1] == '\n') && p[n] == '\n')
			return true;
	}
	return false;
}

static bool is_about_symbol(const struct report_cell *c)
{
	return c->why.subject && *c->why.subject &&
	       (c->why.why == WHY_KFUNC || c->why.why == WHY_KFUNC_PROTO || c->why.why == WHY_FORBIDDEN);
}

bool report_needs_symbols(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (is_about_symbol(&r->cells[i]))
			return true;
	}
	return false;
}

char *report_where(const struct report *r, const struct report_cell *c, bool there)
{
	char *text = NULL;
	size_t n;

	if (!is_about_symbol(c))
		return NULL;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < r->n_kernels; i++) {
		const struct report_kernel *k = &r->kernels[i];

		if (k->symbols && has(k->symbols, c->why.subject) == there)
			fprintf(f, "%s%s", ftell(f) ? ", " : "", k->label);
	}
	fclose(f);
	if (!n) {
		free(text);
		text = NULL;
	}
	return text;
}
