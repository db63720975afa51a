#include "gen/matrix/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/graph/run.h"
#include "gen/matrix/rulings.h"
#include "store/store.h"

#define CELLS "history/cells"
#define CELLS_HEAD "ktstr cells 1"
#define RUNS "history/runs"
#define RUN_HEAD "ktstr run 1"

enum { TEXT_MAX = 256 << 20, CELLS_MAX = 200000, RUNS_KEPT = 50, RUNS_BYTES = 64 << 20, LOCK_MS = 30000 };

const char *const past_hows[PAST_HOWS] = { "ran", "kept", "skipped" };

/* The next field of a line, which ends at a tab; NULL: there is none. */
static char *field(char **at)
{
	char *from = *at, *tab = from ? strchr(from, '\t') : NULL;

	if (tab)
		*tab = '\0';
	*at = tab ? tab + 1 : NULL;
	return from;
}

static bool number(const char *text, uint64_t *to)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*to = strtoull(text, &end, 10);
	return !*end;
}

static bool judgement(const char *text, enum judgement *to)
{
	for (int i = 0; text && i < JUDGEMENTS; i++)
		if (!strcmp(judgement_names[i], text)) {
			*to = (enum judgement)i;
			return true;
		}
	return false;
}

static bool past_of(struct past *p, char *line)
{
	const char *name = field(&line), *verdict = field(&line), *ms = field(&line), *day = field(&line);

	*p = (struct past){ .name = name };
	if (!name || !*name || !judgement(verdict, &p->verdict) || !number(ms, &p->ms) || !day)
		return false;
	snprintf(p->day, sizeof(p->day), "%s", day);
	return true;
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void parse_cells(struct history *h)
{
	char *save = NULL;

	h->v = xcalloc(lines_of(h->text) + 2, sizeof(*h->v));
	for (char *line = strtok_r(h->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct past p;

		if (past_of(&p, line) && !index_find(&h->by_name, p.name)) {
			h->v[h->n] = p;
			index_add(&h->by_name, p.name, &h->v[h->n++]);
		}
	}
}

static int read_cells(struct history *h, const struct store *st, struct err *e)
{
	int r = file_read(st->dir, CELLS, TEXT_MAX, &h->text, NULL, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return -1;
	if (!strncmp(h->text, CELLS_HEAD "\n", strlen(CELLS_HEAD "\n")))
		parse_cells(h);
	return 0;
}

int history_read(struct history *h, struct err *e)
{
	auto_store struct store st = { .dir = -1 };

	*h = (struct history){ 0 };
	return store_open(&st, NULL, e) < 0 ? -1 : read_cells(h, &st, e);
}

const struct past *history_find(const struct history *h, const char *name)
{
	return index_find(&h->by_name, name);
}

void history_free(struct history *h)
{
	index_free(&h->by_name);
	free(h->v);
	free(h->text);
	*h = (struct history){ 0 };
}

/* What a cell's guests took now; how: ran, if one did. */
static enum past_how how_of(const struct cell_verdict *x, const struct run *r, uint64_t *ms)
{
	const struct matrix_cell *c = x->cell;
	enum past_how how = PAST_KEPT;

	*ms = 0;
	if (c->fit->skip)
		return PAST_SKIPPED;
	for (size_t i = 0; i < c->test->seeds.n; i++) {
		const struct step_result *s = run_step(r, c->runs[i]);

		if (s->state != STEP_RAN && s->state != STEP_FAILED)
			continue;
		how = PAST_RAN;
		*ms += s->ms;
	}
	return how;
}

static void today_is(char day[11])
{
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	strftime(day, 11, "%Y-%m-%d", &t);
}

/* Cells of this request in front, so that those that nobody asked for any more are the first to go. */
static void put_cells(FILE *f, const struct history *h, const struct rulings *all, const struct run *r)
{
	auto_index struct index now = { 0 };
	char day[11];
	size_t n = 0;

	today_is(day);
	fputs(CELLS_HEAD "\n", f);
	for (size_t i = 0; i < all->n && n < CELLS_MAX; i++) {
		const struct cell_verdict *x = &all->v[i];
		const char *name = matrix_name(x->cell);
		const struct past *before = history_find(h, name);
		uint64_t ms;
		enum past_how how = how_of(x, r, &ms);

		index_add(&now, name, (void *)x);
		if (how == PAST_SKIPPED)
			continue;
		if (how == PAST_KEPT)
			ms = before ? before->ms : 0;
		fprintf(f, "%s\t%s\t%" PRIu64 "\t%s\n", name, judgement_names[x->v.verdict], ms, day);
		n++;
	}
	for (size_t i = 0; i < h->n && n < CELLS_MAX; i++)
		if (!index_find(&now, h->v[i].name)) {
			fprintf(f, "%s\t%s\t%" PRIu64 "\t%s\n", h->v[i].name, judgement_names[h->v[i].verdict],
				h->v[i].ms, h->v[i].day);
			n++;
		}
}

static void put_run(FILE *f, const struct rulings *all, const struct run *r, const char *command, int code,
		    int64_t began, uint64_t took_ms)
{
	char when[32];
	time_t at = (time_t)began;
	struct tm t;

	gmtime_r(&at, &t);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &t);
	fprintf(f, RUN_HEAD "\nbegan %s\ntook_ms %" PRIu64 "\nexit %d\ncommand ", when, took_ms, code);
	for (; *command; command++)
		fputc(*command == '\n' ? ' ' : *command, f);
	fputs("\n\n", f);
	for (size_t i = 0; i < all->n; i++) {
		const struct cell_verdict *x = &all->v[i];
		uint64_t ms;
		enum past_how how = how_of(x, r, &ms);

		fprintf(f, "%s\t%s\t%" PRIu64 "\t%s\n", matrix_name(x->cell), judgement_names[x->v.verdict], ms,
			past_hows[how]);
	}
}

static int write_text(const struct store *st, const char *path, char *text, size_t n, struct err *e)
{
	auto_free char *own = text;

	return file_write(st->dir, path, text, n, e) < 0 ? -1 : 0;
}

static int by_name_down(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

static int list_runs(const struct store *st, char ***ids, size_t *n, struct err *e)
{
	int fd = openat(st->dir, RUNS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	*ids = NULL;
	*n = 0;
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_sys(e, "%s/" RUNS, st->path);
	for (struct dirent *x; (x = readdir(d));)
		if (*x->d_name >= '0' && *x->d_name <= '9') {
			*ids = xreallocarray(*ids, *n + 1, sizeof(**ids));
			(*ids)[(*n)++] = xstrdup(x->d_name);
		}
	closedir(d);
	if (*n)
		qsort(*ids, *n, sizeof(**ids), by_name_down);
	return 0;
}

static void drop_old(const struct store *st)
{
	struct err ignored;
	uint64_t bytes = 0;
	struct stat s;
	char **ids;
	size_t n;

	if (list_runs(st, &ids, &n, &ignored) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = xasprintf(RUNS "/%s", ids[i]);

		if (fstatat(st->dir, path, &s, AT_SYMLINK_NOFOLLOW) == 0)
			bytes += (uint64_t)s.st_size;
		if (i >= RUNS_KEPT || (i && bytes > RUNS_BYTES))
			(void)unlinkat(st->dir, path, 0);
		free(ids[i]);
	}
	free(ids);
}

static int add(const struct store *st, const struct rulings *all, const struct run *r, char *whole, size_t whole_n,
	       int64_t began, struct err *e)
{
	auto_history struct history h = { 0 };
	auto_free char *path = xasprintf(RUNS "/%010lld-%07d", (long long)began, getpid());
	char *cells = NULL;
	size_t n;

	if (write_text(st, path, whole, whole_n, e) < 0 || read_cells(&h, st, e) < 0)
		return -1;
	FILE *f = xmemstream(&cells, &n);

	put_cells(f, &h, all, r);
	fclose(f);
	if (write_text(st, CELLS, cells, n, e) < 0)
		return -1;
	drop_old(st);
	return 0;
}

int history_add(const struct rulings *all, const struct run *r, const char *command, int code, int64_t began,
		uint64_t took_ms, struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	char *whole = NULL;
	size_t n;
	int lock = -1;

	if (store_open(&st, NULL, e) < 0 || mkdir_p(st.dir, RUNS, 0777, e) < 0 ||
	    flock_take(st.dir, "history/lock", &lock, now_ms() + LOCK_MS, e) < 0)
		return err_in(e, "history");
	FILE *f = xmemstream(&whole, &n);

	put_run(f, all, r, command, code, began, took_ms);
	fclose(f);
	int ret = add(&st, all, r, whole, n, began, e);

	flock_drop(st.dir, "history/lock", &lock);
	return ret < 0 ? err_in(e, "history") : 0;
}

int history_runs(char ***ids, size_t *n, struct err *e)
{
	auto_store struct store st = { .dir = -1 };

	return store_open(&st, NULL, e) < 0 ? -1 : list_runs(&st, ids, n, e);
}

/* Whether the line is one. */
static bool fact(struct past_run *r, char *line)
{
	static const struct {
		const char *name;
		size_t at;
	} all[] = { { "began ", offsetof(struct past_run, began) },
		    { "took_ms ", offsetof(struct past_run, took_ms) },
		    { "exit ", offsetof(struct past_run, exit) },
		    { "command ", offsetof(struct past_run, command) } };

	for (size_t i = 0; i < countof(all); i++)
		if (!strncmp(line, all[i].name, strlen(all[i].name))) {
			*(const char **)((char *)r + all[i].at) = line + strlen(all[i].name);
			return true;
		}
	return false;
}

static void past_cell(struct past_run *r, char *line)
{
	struct past_cell c = { .name = field(&line) };
	const char *verdict = field(&line), *ms = field(&line), *how = field(&line);

	if (!judgement(verdict, &c.verdict) || !number(ms, &c.ms) || !how)
		return;
	for (int i = 0; i < PAST_HOWS; i++)
		if (!strcmp(how, past_hows[i])) {
			c.how = (enum past_how)i;
			r->v[r->n++] = c;
		}
}

static void parse_run(struct past_run *r)
{
	char *save = NULL;

	r->v = xcalloc(lines_of(r->text) + 1, sizeof(*r->v));
	/* No name of a cell has a space in it, and a command may have tabs. */
	for (char *line = strtok_r(r->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!fact(r, line))
			past_cell(r, line);
}

static char *last_id(const struct store *st, struct err *e)
{
	char **ids, *last = NULL;
	size_t n;

	if (list_runs(st, &ids, &n, e) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (i)
			free(ids[i]);
		else
			last = ids[i];
	}
	free(ids);
	if (!last)
		err_set(e, X_NO_INPUT, "no run is written down in this store; ktstr matrix does");
	return last;
}

int past_run_read(struct past_run *r, const char *id, struct err *e)
{
	auto_store struct store st = { .dir = -1 };

	*r = (struct past_run){ .began = "", .took_ms = "", .exit = "", .command = "" };
	if (store_open(&st, NULL, e) < 0)
		return -1;
	if (id && (strchr(id, '/') || *id < '0' || *id > '9'))
		return err_set(e, X_NO_INPUT, "\"%s\" is no run; ktstr runs lists them", id);
	r->id = id ? xstrdup(id) : last_id(&st, e);
	if (!r->id)
		return -1;
	auto_free char *path = xasprintf(RUNS "/%s", r->id);

	if (file_read(st.dir, path, TEXT_MAX, &r->text, NULL, e) < 0)
		return err_set(e, X_NO_INPUT, "there is no run %s; ktstr runs lists those there are", r->id);
	if (strncmp(r->text, RUN_HEAD "\n", strlen(RUN_HEAD "\n")) != 0)
		return err_set(e, X_NO_INPUT, "%s/%s is no run of this version", st.path, path);
	parse_run(r);
	return 0;
}

void past_run_free(struct past_run *r)
{
	free(r->id);
	free(r->text);
	free(r->v);
	*r = (struct past_run){ 0 };
}
