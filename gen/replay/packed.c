#include "gen/replay/packed.h"

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "bundle/bundle.h"
#include "gen/explore/whole.h"
#include "gen/matrix/test.h"
#include "gen/replay/again.h"
#include "gen/replay/cell.h"
#include "gen/replay/words.h"
#include "json/write.h"
#include "kernel/cache/entry.h"
#include "scenario/text/line.h"
#include "text/argv.h"

enum { RUN_MAX = 256 << 20 };
#define SEED_LAST 1000000000u /* that a scenario can say; the head says any */

static const char *const kept[] = { "--shift", "--timeout", "--memory-mb", NULL }; /* for the run of a bundle */

/* What a command says, as far as a bundle can have it. */
struct said {
	const char *file, *kernel, *topology, *scheduler;
	uint64_t duration, workers, memory_mb;
	struct argv expect_lines, options, args;
};

static void said_free(struct said *s)
{
	argv_free(&s->expect_lines);
	argv_free(&s->options);
	argv_free(&s->args);
}
#define auto_said __attribute__((unused, cleanup(said_free)))

static bool is_kept(const char *option)
{
	for (size_t i = 0; kept[i]; i++)
		if (!strcmp(kept[i], option))
			return true;
	return false;
}

/* 1: it has a value, 0: it has none. */
static int take_option(struct said *s, const char *option, const char *value, struct err *e)
{
	const struct {
		const char *name, **to;
	} texts[] = { { "--kernel", &s->kernel },
		      { "--topology", &s->topology },
		      { "--scheduler-bin", &s->scheduler } };

	for (size_t i = 0; i < countof(texts); i++)
		if (!strcmp(option, texts[i].name)) {
			*texts[i].to = value;
			return 1;
		}
	if (!strcmp(option, "--monitor") || !strcmp(option, "--dense")) {
		argv_add(&s->options, option);
		return 0;
	}
	if (!strcmp(option, "--expect-line"))
		argv_add(&s->expect_lines, value);
	else if (!strcmp(option, "--duration"))
		s->duration = strtoull(value, NULL, 10);
	else if (!strcmp(option, "--workers"))
		s->workers = strtoull(value, NULL, 10);
	else if (is_kept(option))
		argv_opt(&s->options, option, "%s", value);
	else if (strcmp(option, "--clock") != 0 || strcmp(value, "virtual") != 0)
		return err_set(e, X_USAGE, "a run with %s cannot be packed; what it means can stand in the scenario",
			       option);
	return 1;
}

static int read_command(struct said *s, const struct argv *w, const struct argv *rest, struct err *e)
{
	if (w->n < 3 || strcmp(w->v[0], "ktstr") != 0 || strcmp(w->v[1], "run") != 0)
		return err_set(e, X_USAGE, "a test of a program cannot be packed; ktstr run its text, and pack that");
	s->file = w->v[2];
	for (size_t i = 3; i < w->n; i++) {
		int r = take_option(s, w->v[i], i + 1 < w->n ? w->v[i + 1] : "", e);

		if (r < 0)
			return -1;
		i += (size_t)r;
	}
	for (size_t i = 1; i < rest->n; i++) /* behind "--" */
		argv_add(&s->args, rest->v[i]);
	return s->kernel ? 0 : err_set(e, X_USAGE, "a run on no kernel of the cache cannot be packed");
}

static bool needs_files(const struct scenario *s)
{
	for (size_t i = 0; i < s->n_lines; i++)
		if (s->lines[i].kind == LINE_PROGRAM)
			return true;
	return s->functions.text;
}

/* The scenario, whole. Caller frees. */
static char *make_text(struct test *t, const struct said *s, uint64_t seed, struct err *e)
{
	static const char *const none[] = { NULL };
	const struct test_opts to = { .scheduler = s->scheduler,
				      .args = s->args.n ? (const char *const *)s->args.v : none,
				      .expect_lines = s->expect_lines.n ? (const char *const *)s->expect_lines.v : none,
				      .duration = s->duration,
				      .workers = s->workers };
	const struct whole_opts wo = { s->topology, to.expect_lines, s->memory_mb };

	if (test_load(t, s->file, &to, e) < 0 || whole_make(t, &wo, e) < 0)
		return NULL;
	if (needs_files(&t->scenario)) {
		err_set(e, X_USAGE, "%s runs programs of this machine, and no bundle has those", t->word);
		return NULL;
	}
	if (t->scheduler) {
		free(t->scenario.scheduler.at[0].text);
		t->scenario.scheduler.at[0].text = xasprintf("./bin/%s", strrchr(t->scheduler, '/') + 1);
	}
	return whole_text(&t->scenario, seed && seed <= SEED_LAST ? seed : 1);
}

static char *make_head(const struct replay_cell *c, const struct test *t, const struct said *s, uint64_t bytes)
{
	char *text = NULL;
	struct jsonw w;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", PACKED_FORMAT);
	jsonw_ku64(&w, "bytes", bytes);
	jsonw_kstr(&w, "test", t->slug);
	jsonw_ku64(&w, "seed", c->seed);
	jsonw_kstr(&w, "kernel", s->kernel);
	jsonw_kstr(&w, "scheduler", t->scheduler ? strrchr(t->scheduler, '/') + 1 : NULL);
	jsonw_karr(&w, "options");
	for (size_t i = 0; i < s->options.n; i++)
		jsonw_str(&w, s->options.v[i]);
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
	fclose(f);
	return text;
}

/* What the scheduler was to its guest, with all its libraries, below the build folder of a run: one request, one scheduler. Caller frees;
 * NULL: there is none. */
static char *find_payload(const char *dir)
{
	const char *tests = replay_tests(dir);
	auto_free char *pattern = tests ? xasprintf("%.*s/schedulers/0*/payload.pack", (int)(tests - dir), dir) : NULL;
	char *found = NULL;
	glob_t g = { 0 };

	if (pattern && glob(pattern, GLOB_NOSORT, NULL, &g) == 0 && g.gl_pathc == 1)
		found = xstrdup(g.gl_pathv[0]);
	globfree(&g);
	return found;
}

/* The same run as a request of its own: known, or made now. It shows that what is packed is what ran. Caller frees; NULL: e is filled. */
static char *make_payload(const struct replay_cell *c, const struct argv *words, const struct argv *rest, struct err *e)
{
	auto_argv struct argv a = { 0 };

	argv_addv(&a, (const char *const *)words->v + 2);
	argv_opt(&a, "--seed", "%" PRIu64, c->seed);
	auto_free char *dir = again_words(&a, rest, NULL, e), *was = NULL, *is = NULL;

	if (!dir)
		return NULL;
	auto_free char *kept_run = xasprintf("%s/seed-%" PRIu64 "/run.json", c->dir, c->seed),
		       *run = xasprintf("%s/seed-%" PRIu64 "/run.json", dir, c->seed);
	size_t n, m;

	if (file_read(AT_FDCWD, kept_run, RUN_MAX, &was, &n, e) < 0 ||
	    file_read(AT_FDCWD, run, RUN_MAX, &is, &m, e) < 0)
		return NULL;
	if (n != m || memcmp(was, is, n) != 0) {
		(void)err_set(e, X_DIFFERS,
			      "%s: what it ran then is not what is there now: run the test again, and pack that",
			      replay_name(c->dir));
		return NULL;
	}
	char *payload = find_payload(dir);

	if (!payload)
		(void)err_set(e, X_NO_INPUT, "%s: its scheduler is not in the build folder any more",
			      replay_name(c->dir));
	return payload;
}

/* What is packed, by absolute or relative paths, and texts. */
struct parts {
	struct bundle_file v[BUNDLE_PARTS];
	size_t n;
};

static void put_text(struct parts *p, enum bundle_part part, const char *text)
{
	p->v[p->n++] = (struct bundle_file){ .part = part, .text = text, .n = strlen(text) };
}

static void put_path(struct parts *p, enum bundle_part part, const char *path)
{
	p->v[p->n++] = (struct bundle_file){ .part = part, .path = path };
}

static int write_parts(const char *path, const struct replay_cell *c, const struct said *s, const struct test *t,
		       const char *text, const char *payload, const struct kernel_entry *k, struct err *e)
{
	auto_free char *run = xasprintf("%s/seed-%" PRIu64 "/run.json", c->dir, c->seed),
		       *meta = xasprintf("%s/metadata.json", k->dir),
		       *image = xasprintf("%s/%s", k->dir, k->meta.image_name),
		       *vmlinux = xasprintf("%s/vmlinux", k->dir), *config = xasprintf("%s/.config", k->dir);
	struct parts p = { .n = 1 };
	uint64_t bytes;

	put_text(&p, BUNDLE_TEST, text);
	put_path(&p, BUNDLE_RUN, run);
	if (t->scheduler) {
		put_path(&p, BUNDLE_SCHEDULER, t->scheduler);
		put_path(&p, BUNDLE_PAYLOAD, payload);
	}
	put_path(&p, BUNDLE_META, meta);
	put_path(&p, !strcmp(k->meta.image_name, "Image") ? BUNDLE_IMAGE : BUNDLE_BZIMAGE, image);
	if (file_exists(vmlinux))
		put_path(&p, BUNDLE_VMLINUX, vmlinux);
	if (file_exists(config))
		put_path(&p, BUNDLE_CONFIG, config);
	if (bundle_bytes(p.v + 1, p.n - 1, &bytes, e) < 0)
		return -1;
	auto_free char *head = make_head(c, t, s, bytes);

	p.v[0] = (struct bundle_file){ BUNDLE_HEAD, NULL, head, strlen(head) };
	return bundle_write(path, p.v, p.n, e);
}

static int pack(const char *path, const struct replay_cell *c, const struct argv *words, const struct argv *rest,
		const struct said *s, const struct kernel_entry *k, struct err *e)
{
	struct test t = { 0 };
	auto_free char *text = make_text(&t, s, c->seed, e), *payload = NULL;
	int r = text ? 0 : -1;

	if (text && t.scheduler && !(payload = make_payload(c, words, rest, e)))
		r = -1;
	if (r == 0)
		r = write_parts(path, c, s, &t, text, payload, k, e);
	test_drop(&t);
	return r;
}

int packed_write(const char *path, const struct replay_cell *c, struct err *e)
{
	auto_argv struct argv words = { 0 }, rest = { 0 };
	auto_said struct said s = { 0 };
	struct kernel_entry k;

	if (!words_unquote(&words, c->v.command) || (c->v.command_rest && !words_unquote(&rest, c->v.command_rest)))
		return err_set(e, X_USAGE, "%s has words in its command that no bundle can have", replay_name(c->dir));
	if (read_command(&s, &words, &rest, e) < 0)
		return -1;
	auto_free char *root = kernel_root(e);

	if (!root)
		return -1;
	if (strchr(s.kernel, '/') || kernel_key_check(s.kernel, e) < 0)
		return err_set(e, X_USAGE, "kernel %s is none of the cache; ktstr kernel import it, and run on that",
			       s.kernel);
	auto_free char *dir = xasprintf("%s/%s", root, s.kernel);

	kernel_entry_read(&k, dir, NULL);
	int r = k.corrupt ? err_set(e, X_NO_INPUT, "kernel %s is not in the cache any more: %s", s.kernel, k.corrupt)
			  : pack(path, c, &words, &rest, &s, &k, e);

	kernel_entry_free(&k);
	return r;
}
