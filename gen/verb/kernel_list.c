/* kernel list: what is in the kernel cache, for people and for scripts. */
#include "base/err.h"
#include "json/write.h"
#include "base/log.h"
#include "base/mem.h"
#include "gen/base/amount.h"
#include "gen/base/home.h"
#include "gen/verb/verbs.h"
#include "kernel/cache/entry.h"
#include "base/kver.h"
#include "kernel/cache/usage.h"

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

/* A folder may have any name; none of it may steer the terminal. */
static char *harmless(const char *text)
{
	char *out = xstrdup(text);

	for (char *p = out; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return out;
}

static struct row make_row(const struct kernel_entry *k)
{
	const struct kernel_meta *m = &k->meta;
	struct row r = { .cell[COL_KEY] = harmless(k->key), .corrupt = k->corrupt };

	if (k->corrupt) {
		auto_free char *why = harmless(k->corrupt);

		r.mark = xasprintf("(corrupt: %s)", why);
		return r;
	}
	struct kernel_usage u = kernel_usage(k->dir);
	char *used = time_text(u.used);

	r.cell[COL_VERSION] = version_text(m);
	r.cell[COL_SOURCE] = xstrdup(m->source);
	r.cell[COL_ARCH] = xstrdup(m->arch);
	r.cell[COL_BUILT] = xstrdup(m->built_at);
	r.cell[COL_SIZE] = amount_text(u.bytes);
	r.cell[COL_USED] = used ? used : xstrdup("-");
	r.mark = xasprintf("%s%s%s", k->stale_kconfig ? "(stale kconfig)" : "",
			   k->stale_kconfig && k->stale_ktstr ? " " : "", k->stale_ktstr ? "(stale ktstr)" : "");
	return r;
}

static int cell_width(const char *text, size_t col, bool dates)
{
	int n = text ? (int)strlen(text) : 0;

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

		fprintf(m, " %*.*s", cols[c].right ? width : -width, shown, text);
	}
	fclose(m);

	size_t mark = r->mark ? strlen(r->mark) : 0;
	bool apart = mark && s->terminal && n + mark + 2 > (size_t)s->terminal;

	while (n && line[n - 1] == ' ' && (apart || !mark))
		line[--n] = '\0';
	fprintf(f, " %s%s%s\n", line, apart ? "\n    " : mark ? " " : "", mark ? r->mark : "");
}

void kernel_rows(FILE *f, const struct kernel_entry *const *v, size_t n, bool head)
{
	struct sheet s = {
		.v = xcalloc(n + 1, sizeof(*s.v)),
		.n = n + 1,
		.terminal = isatty(fileno(f)) ? log_width(f) : 0,
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

static struct {
	bool json;
} o;

static const struct opt opts[] = {
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print JSON with all metadata" },
	{ 0 },
};

static void json_corrupt(struct jsonw *w, const struct kernel_entry *k)
{
	jsonw_obj(w);
	jsonw_kstr(w, "error", "corrupt metadata");
	jsonw_kstr(w, "key", k->key);
	jsonw_kstr(w, "path", k->dir);
	jsonw_kstr(w, "reason", k->corrupt);
	jsonw_end_obj(w);
}

static void json_entry(struct jsonw *w, const struct kernel_entry *k)
{
	const struct kernel_meta *m = &k->meta;
	struct kernel_usage u = kernel_usage(k->dir);
	auto_free char *image = xasprintf("%s/%s", k->dir, m->image_name);
	auto_free char *used = time_text(u.used);

	jsonw_obj(w);
	jsonw_kstr(w, "arch", m->arch);
	jsonw_kstr(w, "built_at", m->built_at);
	jsonw_kstr(w, "config_hash", m->config_hash);
	jsonw_kstr(w, "extra_kconfig_hash", m->extra_kconfig_hash);
	jsonw_kstr(w, "git_hash", m->git_hash);
	jsonw_kstr(w, "git_ref", m->git_ref);
	jsonw_kstr(w, "identity", m->identity);
	jsonw_kstr(w, "image_name", m->image_name);
	jsonw_kstr(w, "image_path", image);
	jsonw_kstr(w, "key", k->key);
	jsonw_kstr(w, "ktstr_git_hash", m->ktstr_git_hash);
	jsonw_kstr(w, "ktstr_kconfig_hash", m->ktstr_kconfig_hash);
	jsonw_kstr(w, "last_used", used);
	jsonw_kstr(w, "path", k->dir);
	jsonw_kstr(w, "release", m->release);
	jsonw_ku64(w, "size_bytes", u.bytes);
	jsonw_kstr(w, "source", m->source);
	jsonw_kstr(w, "source_tree_path", m->source_tree_path);
	jsonw_kbool(w, "stale_kconfig", k->stale_kconfig);
	jsonw_kbool(w, "stale_ktstr", k->stale_ktstr);
	jsonw_kstr(w, "version", m->version);
	jsonw_kstr(w, "vmlinux_name", m->vmlinux_name);
	jsonw_end_obj(w);
}

/* hash NULL: it could not be found out; why NULL: all went well. */
static void list_json(const struct kernel_list *l, const char *hash, const char *why)
{
	struct jsonw w;

	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_kstr(&w, "current_ktstr_git_hash", NULL);
	jsonw_kstr(&w, "current_ktstr_kconfig_hash", hash);
	jsonw_karr(&w, "entries");
	for (size_t i = 0; i < l->n; i++)
		(l->v[i].corrupt ? json_corrupt : json_entry)(&w, &l->v[i]);
	jsonw_end_arr(&w);
	if (why)
		jsonw_kstr(&w, "error", why);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static void list_text(const struct kernel_list *l)
{
	bool stale_kconfig = false, stale_ktstr = false;

	log_info("cache: %s", l->root);
	if (!l->n) {
		puts("no cached kernels. Run `kernel build` to build one or `kernel import` to import one.");
		return;
	}
	auto_free const struct kernel_entry **v = xcalloc(l->n, sizeof(*v));

	for (size_t i = 0; i < l->n; i++) {
		v[i] = &l->v[i];
		stale_kconfig |= v[i]->stale_kconfig;
		stale_ktstr |= v[i]->stale_ktstr;
	}
	kernel_rows(stdout, v, l->n, true);
	fflush(stdout);
	if (stale_kconfig)
		log_warn(
			"entries marked (stale kconfig) were built with a different ktstr.kconfig. Rebuild with: kernel "
			"build VERSION, kernel build --source DIR or kernel build --git URL --ref REF");
	if (stale_ktstr)
		log_warn("entries marked (stale ktstr) were built with a different ktstr version. Rebuild with: kernel "
			 "build VERSION, kernel build --source DIR or kernel build --git URL --ref REF");
}

static int list_run(int n, const char *const *args, struct err *e)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_home struct home home = { 0 };
	char hash[9] = "";

	(void)n;
	(void)args;
	if (home_find(&home, e) < 0 || verb_kconfig_hash(&home, hash, e) < 0 || kernel_list(&l, hash, e) < 0) {
		if (o.json)
			list_json(&l, *hash ? hash : NULL, e->msg);
		return e->code;
	}
	if (o.json)
		list_json(&l, hash, NULL);
	else
		list_text(&l);
	return X_SUCCESS;
}

const struct verb verb_kernel_list = {
	.name = "list",
	.args = "",
	.summary = "kernels in the cache, newest first",
	.examples = "  cargo ktstr kernel list\n  cargo ktstr kernel list --json\n",
	.opts = opts,
	.run = list_run,
};
