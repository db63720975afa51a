#include "gen/bisect/report.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/bisect/hunt.h"
#include "json/write.h"
#include "text/text.h"

static const char *title(const struct hunt *h, const char *id)
{
	const struct tried *t = hunt_find(h, id);

	return t && t->title ? t->title : "";
}

/* "ID TITLE" of a commit, the title of a kernel, which is more of a name than its key. */
static void put_name(FILE *f, const struct bisected *x, const char *id)
{
	const char *name = title(x->hunt, id);

	if (x->commits)
		fprintf(f, "%s%s%s", id, *name ? " " : "", name);
	else
		fputs(*name ? name : id, f);
}

static size_t count(const struct hunt *h, enum mark mark)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->v[i].mark == mark;
	return n;
}

static void untold_text(FILE *f, const struct bisected *x)
{
	const struct hunt *h = x->hunt;

	fprintf(f, "There are only 'skip'ped %s left to test.\nThe first bad %s could be any of:\n", h->many, h->one);
	for (size_t i = 0; i < h->suspects.n; i++) {
		const struct tried *t = hunt_find(h, h->suspects.v[i]);

		put_name(f, x, h->suspects.v[i]);
		if (t && t->mark == MARK_SKIP && t->words)
			fprintf(f, " (%s)", t->words);
		fputc('\n', f);
	}
	fputs("We cannot bisect more!\n", f);
}

static void found_text(FILE *f, const struct bisected *x)
{
	const struct hunt *h = x->hunt;

	fprintf(f, "%s is the first bad %s\n", x->commits ? h->bad : title(h, h->bad), h->one);
	if (x->show)
		fprintf(f, "%s%s", x->show, "\n");
}

void bisected_text(FILE *f, const struct bisected *x)
{
	const struct hunt *h = x->hunt;
	const struct tried *t = h->bad ? hunt_find(h, h->bad) : NULL;

	if (!x->ended)
		return;
	if (x->untold)
		untold_text(f, x);
	else
		found_text(f, x);
	if (t && t->words)
		fprintf(f, "  fails: %s\n", t->words);
	if (t && t->again)
		fprintf(f, "  again: %s\n", t->again);
	fprintf(f, "  %zu tried in %.1f s: %zu good, %zu bad, %zu passed over\n", h->n, (double)x->ms / 1000.0,
		count(h, MARK_GOOD), count(h, MARK_BAD), count(h, MARK_SKIP));
}

static void json_tried(struct jsonw *w, const struct tried *t)
{
	jsonw_obj(w);
	jsonw_kstr(w, "id", t->id);
	jsonw_kstr(w, "title", t->title);
	jsonw_kstr(w, "verdict", mark_names[t->mark]);
	jsonw_kstr(w, "words", t->words);
	jsonw_kstr(w, "again", t->again);
	jsonw_ku64(w, "ms", t->ms);
	jsonw_end_obj(w);
}

void bisected_json(FILE *f, const struct bisected *x)
{
	const struct hunt *h = x->hunt;
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 1);
	jsonw_kstr(&w, "of", h->many);
	jsonw_kstr(&w, "result", !x->ended ? "unfinished" : x->untold ? "untold" : "found");
	jsonw_kstr(&w, "first_bad", x->ended && !x->untold ? h->bad : NULL);
	jsonw_karr(&w, "suspects");
	for (size_t i = 0; i < h->suspects.n; i++)
		jsonw_str(&w, h->suspects.v[i]);
	jsonw_end_arr(&w);
	jsonw_karr(&w, "tried");
	for (size_t i = 0; i < h->n; i++)
		json_tried(&w, &h->v[i]);
	jsonw_end_arr(&w);
	jsonw_ku64(&w, "ms", x->ms);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

/* As git's bisect_write(): a comment for people, and the command. */
static void log_line(FILE *f, const struct bisected *x, const struct tried *t)
{
	fprintf(f, "# %s: [%s] %s\n", mark_names[t->mark], t->id, t->title ? t->title : "");
	if (!x->commits && t->words)
		fprintf(f, "#   %s\n", t->words);
	if (x->commits)
		fprintf(f, "git bisect %s %s\n", mark_names[t->mark], t->id);
}

int bisected_log(const char *path, const struct bisected *x, struct err *e)
{
	const struct hunt *h = x->hunt;
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	if (x->commits)
		fputs("git bisect start\n", f);
	for (size_t i = 0; i < h->n; i++)
		log_line(f, x, &h->v[i]);
	if (x->ended && !x->untold)
		fprintf(f, "# first bad %s: [%s] %s\n", h->one, h->bad, title(h, h->bad));
	if (x->untold)
		fprintf(f, "# only skipped %s left to test\n", h->many);
	for (size_t i = 0; i < h->suspects.n; i++)
		fprintf(f, "# possible first bad %s: [%s] %s\n", h->one, h->suspects.v[i], title(h, h->suspects.v[i]));
	fclose(f);
	return file_write(AT_FDCWD, path, text, n, e) < 0 ? err_in(e, "--log") : 0;
}
