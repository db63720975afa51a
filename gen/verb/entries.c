#include "gen/verb/entries.h"
#include "base/err.h"
#include "base/facts.h"
#include "text/kver.h"
#include "progress/log.h"
#include "base/mem.h"
#include "progress/stream.h"
#include "text/text.h"
#include "gen/base/amount.h"
#include "kernel/cache/entry.h"
#include "kernel/cache/usage.h"
#include <string.h>
#include <unistd.h>

enum { COL_KEY, COL_VERSION, COL_SOURCE, COL_ARCH, COL_BUILT, COL_SIZE, COL_USED, COLS, DATE = 10 };

/* The widths are those of upstream 0.3.2, which scripts may count on. On a terminal too narrow for them a column goes when
 * those of a lower rank have gone and it is still too wide; rank 0 stays. */
static const struct col {
	const char *head;
	int width, rank;
	bool right;
} cols[COLS] = {
	[COL_KEY] = { "KEY", 48, 0, false },        [COL_VERSION] = { "VERSION", 12, 5, false },
	[COL_SOURCE] = { "SOURCE", 8, 2, false },   [COL_ARCH] = { "ARCH", 7, 1, false },
	[COL_BUILT] = { "BUILT", 20, 6, false },    [COL_SIZE] = { "SIZE", 6, 4, true },
	[COL_USED] = { "LAST USED", 20, 3, false },
};

struct row {
	char *cell[COLS]; /* of a corrupt entry the key alone */
	char *mark;
	bool corrupt;
};

struct sheet {
	struct row *v; /* the first one is the head */
	size_t n;
	int width[COLS]; /* 0: not shown */
	int terminal;    /* its width; 0: none */
};

static void sheet_free(struct sheet *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t c = 0; c < COLS; c++)
			free(s->v[i].cell[c]);
		free(s->v[i].mark);
	}
	free(s->v);
}

/* That of the metadata; a built tree has none there, but its release begins with one. */
static char *version_text(const struct kernel_meta *m)
{
	char number[32] = "";

	if (m->version)
		return xstrdup(m->version);
	if (m->release)
		kver_prefix(m->release, number, sizeof(number));
	return xstrdup(*number ? number : "-");
}

/* A folder may have any name, and its metadata any words; none of it may steer the terminal. */
static char *harmless(const char *text)
{
	return text_plain(text, strlen(text), TEXT_LINE);
}

static struct row make_row(const struct kernel_entry *k)
{
	const struct kernel_meta *m = &k->meta;
	struct row r = { .cell[COL_KEY] = harmless(k->key), .corrupt = k->corrupt };

	if (k->corrupt) {
		auto_free char *why = harmless(k->corrupt);

		r.mark = xasprintf("(%s: %s)", k->foreign ? "foreign" : "corrupt", why);
		return r;
	}
	struct kernel_usage u = kernel_usage(k->dir);
	char *used = time_text(u.used);

	auto_free char *version = version_text(m);

	r.cell[COL_VERSION] = harmless(version);
	r.cell[COL_SOURCE] = harmless(m->source);
	r.cell[COL_ARCH] = harmless(m->arch);
	r.cell[COL_BUILT] = harmless(m->built_at);
	r.cell[COL_SIZE] = amount_text(u.bytes);
	r.cell[COL_USED] = used ? used : xstrdup("-");
	r.mark = k->foreign ? xstrdup("(foreign)")
			    : xasprintf("%s%s%s", k->stale_kconfig ? "(stale kconfig)" : "",
					k->stale_kconfig && k->stale_ktstr ? " " : "",
					k->stale_ktstr ? "(stale ktstr)" : "");
	return r;
}

/* Bytes of UTF-8 that continue a letter take no place of their own. */
static int continued(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) == 0x80;
	return n;
}

static int cell_width(const char *text, size_t col, bool dates)
{
	int n = text ? (int)strlen(text) - continued(text) : 0;

	return dates && n > DATE && (col == COL_BUILT || col == COL_USED) ? DATE : n;
}

/* As wide as the content, and at least as the column's own width when that is wanted. */
static void measure(struct sheet *s, bool own, bool dates)
{
	for (size_t c = 0; c < COLS; c++) {
		s->width[c] = own ? cols[c].width : 1;
		for (size_t i = 0; i < s->n; i++) {
			int n = cell_width(s->v[i].cell[c], c, dates);

			s->width[c] = n > s->width[c] ? n : s->width[c];
		}
	}
}

static int total(const struct sheet *s)
{
	int n = 1;

	for (size_t c = 0; c < COLS; c++)
		n += s->width[c] ? s->width[c] + 1 : 0;
	return n;
}

/* Off a terminal the columns' own widths, which longer cells push aside. On one: those if there is room; then no wider
 * than the content; then days without the time; then one column less after the other. Marks that do not fit behind
 * their row stand below it. */
static void fit(struct sheet *s)
{
	int terminal = s->terminal;

	if (!terminal) {
		for (size_t c = 0; c < COLS; c++)
			s->width[c] = cols[c].width;
		return;
	}
	measure(s, true, false);
	if (total(s) > terminal)
		measure(s, false, false);
	if (total(s) > terminal)
		measure(s, false, true);
	for (int rank = 1; total(s) > terminal && rank < COLS; rank++)
		for (size_t c = 0; c < COLS; c++)
			if (cols[c].rank == rank)
				s->width[c] = 0;
}

static void print_row(FILE *f, const struct sheet *s, const struct row *r)
{
	auto_free char *line = NULL;
	size_t n;
	FILE *m = xmemstream(&line, &n);

	for (size_t c = 0; c < COLS; c++) {
		const char *text = r->cell[c];
		int width = s->width[c];

		if (!text || !width)
			continue;
		int shown = width < cell_width(text, c, false) && (c == COL_BUILT || c == COL_USED) ? width : -1;

		width += continued(text);
		fprintf(m, " %*.*s", cols[c].right ? width : -width, shown, text);
	}
	fclose(m);

	size_t mark = r->mark ? strlen(r->mark) : 0;
	bool apart = mark && s->terminal && n + mark + 2 > (size_t)s->terminal;

	while (n && line[n - 1] == ' ' && (apart || !mark))
		line[--n] = '\0';
	fprintf(f, " %s%s%s\n", line, apart ? "\n    " : mark ? " " : "", mark ? r->mark : "");
}

void entries_print(FILE *f, const struct kernel_entry *const *v, size_t n, bool head)
{
	struct sheet s = {
		.v = xcalloc(n + 1, sizeof(*s.v)),
		.n = n + 1,
		.terminal = isatty(stream_fd(f)) ? log_width(f) : 0,
	};

	for (size_t c = 0; c < COLS; c++)
		s.v[0].cell[c] = xstrdup(cols[c].head);
	for (size_t i = 0; i < n; i++)
		s.v[i + 1] = make_row(v[i]);
	fit(&s);
	for (size_t i = head ? 0 : 1; i < s.n; i++)
		print_row(f, &s, &s.v[i]);
	sheet_free(&s);
}

int entry_print_made(const char *dir, struct err *e)
{
	auto_free char *key = NULL, *path = NULL;

	if (facts_file(dir, "entry", "key", &key, e) < 0 || facts_file(dir, "entry", "dir", &path, e) < 0)
		return -1;
	log_done("✓ Kernel cached: %s", key);
	log_info("  in %s", path);
	puts(key);
	return 0;
}
