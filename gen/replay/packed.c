#include "gen/replay/packed.h"

#include <fcntl.h>
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
#include "gen/replay/cell.h"
#include "gen/replay/words.h"
#include "json/write.h"
#include "kernel/cache/entry.h"
#include "scenario/text/line.h"
#include "text/argv.h"

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

static char *make_head(const struct replay_cell *c, const struct test *t, const struct said *s)
{
	char *text = NULL;
	struct jsonw w;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 1);
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

static int write_parts(const char *path, const struct replay_cell *c, const struct said *s,
		       const struct kernel_entry *k, struct err *e)
{
	struct test t = { 0 };
	auto_free char *text = make_text(&t, s, c->seed, e);
	auto_free char *head = text ? make_head(c, &t, s) : NULL;
	auto_free char *run = xasprintf("%s/seed-%" PRIu64 "/run.json", c->dir, c->seed),
		       *meta = xasprintf("%s/metadata.json", k->dir),
		       *image = xasprintf("%s/%s", k->dir, k->meta.image_name),
		       *vmlinux = xasprintf("%s/vmlinux", k->dir), *config = xasprintf("%s/.config", k->dir);
	struct bundle_file v[BUNDLE_PARTS];
	size_t n = 0;
	int r = -1;

	if (text) {
		v[n++] = (struct bundle_file){ BUNDLE_HEAD, NULL, head, strlen(head) };
		v[n++] = (struct bundle_file){ BUNDLE_TEST, NULL, text, strlen(text) };
		v[n++] = (struct bundle_file){ .part = BUNDLE_RUN, .path = run };
		if (t.scheduler)
			v[n++] = (struct bundle_file){ .part = BUNDLE_SCHEDULER, .path = t.scheduler };
		v[n++] = (struct bundle_file){ .part = BUNDLE_META, .path = meta };
		v[n++] = (struct bundle_file){ .part = !strcmp(k->meta.image_name, "Image") ? BUNDLE_IMAGE
											    : BUNDLE_BZIMAGE,
					       .path = image };
		if (file_exists(vmlinux))
			v[n++] = (struct bundle_file){ .part = BUNDLE_VMLINUX, .path = vmlinux };
		if (file_exists(config))
			v[n++] = (struct bundle_file){ .part = BUNDLE_CONFIG, .path = config };
		r = bundle_write(path, v, n, e);
	}
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
			  : write_parts(path, c, &s, &k, e);

	kernel_entry_free(&k);
	return r;
}
