/* frame.c: from a step's command line to its exit code. */
#include "step/step.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "progress/event.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "launch/command.h"
#include "launch/near.h"
#include "options/opt.h"
#include "base/stop.h"
#include "letter/far.h"
#include "store/hashes.h"
#include "letter/origin.h"
#include "store/private.h"
#include "store/recipe.h"
#include "store/store.h"
#include "text/argv.h"

enum { PROGRESS_MS = 50, RECIPE_MAX = 64 << 20 };

/* One process is one step, so what its parts share lives here. */
static struct {
	const struct step *step;
	const char *id, *store_path, *out;
	bool force, private, goes_on;
	struct argv words; /* of the command line, from the step's name on */
	struct store store;
	long long started, told; /* now_ms() */
	enum event_how how;
	char *why;
} run = { .store.dir = -1 };

static const struct opt frame_opts[] = {
	{ .name = "id", .type = OPT_STR, .out = &run.id, .arg = "ID", .help = "what the generator calls this step" },
	{ .name = "store",
	  .type = OPT_STR,
	  .out = &run.store_path,
	  .arg = "DIR",
	  .help = "the store, instead of the usual one" },
	{ .name = "out", .type = OPT_STR, .out = &run.out, .arg = "DIR", .help = "where the result is to appear" },
	{ .name = "private",
	  .type = OPT_FLAG,
	  .out = &run.private,
	  .help = "do not store the result, and keep it to its owner" },
	{ .name = "force", .type = OPT_FLAG, .out = &run.force, .help = "make the result again" },
};

bool step_travels(void)
{
	return true;
}

struct store *step_store(void)
{
	return &run.store;
}

const char *step_out(void)
{
	return run.out;
}

/* Cuts text at a character's boundary when it is longer than an event can carry. */
static void set_text(struct event *ev, const char *text)
{
	size_t n = strlen(text);

	if (n >= sizeof(ev->text)) {
		n = sizeof(ev->text) - 1;
		while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(ev->text, text, n);
	ev->text[n] = '\0';
}

static struct event new_event(enum event_kind kind)
{
	struct event ev = { .kind = kind, .ms = (uint64_t)(now_ms() - run.started) };

	snprintf(ev.id, sizeof(ev.id), "%s", run.id ? run.id : run.step->name);
	return ev;
}

void step_progress(uint64_t done, uint64_t total, const char *note)
{
	long long now = now_ms();

	if (now - run.told < PROGRESS_MS && done != total)
		return;
	run.told = now;

	struct event ev = new_event(EV_PROGRESS);
	ev.done = done;
	ev.total = total;
	set_text(&ev, note ? note : "");
	event_send(&ev);
}

void step_note(const char *text)
{
	struct event ev = new_event(EV_NOTE);

	set_text(&ev, text);
	event_send(&ev);
	log_info("%s: %s", ev.id, text);
}

void step_output(const char *text, size_t n)
{
	struct event ev = new_event(EV_OUTPUT);

	if (!getenv("KTSTR_EVENTS")) {
		fwrite(text, 1, n, stderr);
		return;
	}
	while (n) {
		size_t part = n < sizeof(ev.text) ? n : sizeof(ev.text) - 1;
		const char *end = part < n ? memrchr(text, '\n', part) : NULL;

		if (end)
			part = (size_t)(end - text) + 1;
		memcpy(ev.text, text, part);
		ev.text[part] = '\0';
		for (size_t i = 0; i < part; i++)
			if (!ev.text[i])
				ev.text[i] = '?';
		event_send(&ev);
		text += part;
		n -= part;
	}
}

/* The death of whoever started us by hand; under ninja the lifeline of event.h tells more. */
static int follow_parent(struct err *e)
{
	pid_t parent = getppid();

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return err_sys(e, "ask for the parent's death");
	if (getppid() != parent)
		return err_set(e, X_INTERRUPTED, "the process that started this step has ended");
	return 0;
}

void step_goes_on(void)
{
	run.goes_on = true;
}

static size_t count_opts(const struct opt *opts)
{
	size_t n = 0;

	while (opts && opts[n].name)
		n++;
	return n;
}

static struct opt *all_opts(const struct step *s)
{
	size_t n = count_opts(s->opts);
	struct opt *all = xcalloc(countof(frame_opts) + n + 1, sizeof(*all));

	memcpy(all, frame_opts, sizeof(frame_opts));
	if (n)
		memcpy(all + countof(frame_opts), s->opts, n * sizeof(*all));
	return all;
}

static int parse(const struct step *s, int argc, const char *const *argv, struct err *e)
{
	auto_free struct opt *opts = all_opts(s);
	const char *const *args = NULL;
	int n_args = 0;

	if (opt_parse(opts, argc, argv, &args, &n_args, e) < 0)
		return -1;
	if (n_args)
		return err_set(e, X_USAGE, "%s takes options only, not \"%s\"", s->name, args[0]);
	if (!run.out)
		return err_set(e, X_USAGE, "--out is required");
	return 0;
}

/* The recipe of what lies in --out, "" when nothing does. */
static char *previous_recipe(void)
{
	auto_free char *path = xasprintf("%s/recipe", run.out);
	struct err ignored;
	char *text;

	return file_read(AT_FDCWD, path, RECIPE_MAX, &text, NULL, &ignored) < 0 ? xstrdup("") : text;
}

/* Asked before the new recipe takes the old one's place. */
static char *why_it_runs(struct recipe *r)
{
	auto_free char *before = previous_recipe();

	if (run.force)
		return xstrdup("forced");
	if (!*before)
		return xstrdup("first time");
	char *diff = recipe_diff(before, recipe_text(r));
	if (*diff)
		return diff;
	free(diff);
	return xstrdup("equal recipe, but its result was not in the store");
}

static int run_unstored(const struct step *s, struct err *e)
{
	auto_close int dir = open(run.out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_MAX];

	if (dir < 0 || !realpath(run.out, path))
		return err_sys(e, "open %s", run.out);
	run.why = xstrdup("runs each time");
	return s->run(dir, path, e) < 0 ? -1 : 0;
}

/* What a file said that was written meanwhile, nobody knows; so it is not said of the file either. */
static int blame(struct recipe *r, struct hashes *h, struct err *e)
{
	struct err changed = { 0 };

	if (e->code != X_INTERRUPTED && recipe_holds(r, h, &changed) < 0 && changed.code == X_NO_INPUT)
		*e = changed;
	return -1;
}

static void pass_on(const struct event *ev)
{
	event_send(ev);
	if (ev->kind == EV_NOTE)
		log_info("%s: %s", ev->id, ev->text);
}

static void launcher_said(const char *line)
{
	step_progress(0, 0, line);
}

/* What it made is in the store then, and in --out. */
static int launch(const struct step *s, const struct argv *launcher, struct err *e)
{
	auto_argv struct argv filled = { 0 };
	struct step_size size = { 0 };
	struct near_end end;
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return err_sys(e, "/proc/self/exe");
	s->size(&size);
	launcher_fill(&filled, launcher, s->name, size.cpus, size.mem_mb);
	const struct near n = { &filled, self, &run.words, pass_on, launcher_said };

	if (near_run(&n, &end, e) < 0)
		return -1;
	run.goes_on = end.code == 0;
	free(TAKE(run.why));
	if (end.last.kind == EV_FAIL)
		return err_set(e, end.last.code, "%s", end.last.text);
	run.how = end.last.how;
	run.why = xstrdup(end.last.text);
	return 0;
}

/* 1: the step is launched, and done; 0: it is to be done here. What we had taken for it is let go first: it is taken over there. */
static int try_launch(const struct step *s, struct work *w, struct err *e)
{
	const char *text = getenv(LAUNCHER_VARIABLE);
	auto_launcher struct launcher l = { 0 };

	if (!s->size || !text)
		return 0;
	if (launcher_parse(&l, text, e) < 0)
		return -1;
	const struct argv *words = launcher_for(&l, s->name);

	if (!words)
		return 0;
	work_drop(w);
	return launch(s, words, e) < 0 ? -1 : 1;
}

/* Over there nobody speaks to the server. */
static void send_launched(const struct step *s, struct recipe *r)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	char key[KEY_LEN + 1];
	struct err ignored;

	if (run.how != HOW_RAN || !s->travels || !s->travels())
		return;
	recipe_key(r, key);
	if (store_find(&run.store, key, &w, &ignored) == STORE_HIT)
		far_put(&w);
}

static int make_result(const struct step *s, struct recipe *r, struct hashes *h, struct work *w, struct err *e)
{
	if (s->run(w->dir, w->path, e) < 0)
		return blame(r, h, e);
	if (recipe_holds(r, h, e) < 0)
		return -1;
	w->origin = origin_here(s->name, (uint64_t)(now_ms() - run.started));
	if (work_publish(w, r, e) < 0)
		return -1;
	if (s->travels && s->travels())
		far_put(w);
	return 0;
}

/* 1: it is launched, and done with; 0: it is in the store. */
static int make_anew(const struct step *s, struct recipe *r, struct hashes *h, struct work *w, struct err *e)
{
	run.why = why_it_runs(r);
	if (s->costly && getenv("KTSTR_ASK"))
		return err_set(e, X_UNKNOWN, "its result is not known: %s", run.why);
	int launched = try_launch(s, w, e);

	if (launched == 1)
		send_launched(s, r);
	return launched ? launched : make_result(s, r, h, w, e);
}

/* From another machine, where there is one that shares: STORE_HIT or STORE_MISS. */
static int look_elsewhere(const struct step *s, struct recipe *r, struct work *w, struct err *e)
{
	if (run.force || !s->travels || !s->travels())
		return STORE_MISS;
	int rc = far_get(w, r, e);

	return rc < 0 ? -1 : rc == FAR_HIT ? STORE_HIT : STORE_MISS;
}

static char *found(const struct work *w, bool came)
{
	static const char *const where[] = { "found in the store", FAR_CAME };
	auto_free char *origin = origin_shown(w->dir);

	return origin ? xasprintf("%s; %s", where[came], origin) : xstrdup(where[came]);
}

/* The result is there, whatever comes of old ones. */
static void tidy(const struct step *s)
{
	struct err e = { 0 };

	if (s->tidy(&run.store, &e) < 0 && e.code != X_INTERRUPTED)
		log_warn("old results stay: %s", e.msg);
}

static int run_stored(const struct step *s, struct hashes *h, struct err *e)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	bool came;
	int rc;

	recipe_open(&r, s->name, s->format);
	r.hashes = h;
	if (s->recipe(&r, h, e) < 0)
		return -1;
	rc = store_begin(&run.store, &r, run.force, &w, e);
	if (rc < 0)
		return -1;
	came = rc == STORE_MISS;
	if (came)
		rc = look_elsewhere(s, &r, &w, e);
	if (rc == STORE_MISS) {
		int launched = make_anew(s, &r, h, &w, e);

		if (launched)
			return launched > 0 ? 0 : -1;
	}
	if (rc < 0)
		return -1;
	if (rc == STORE_HIT) {
		run.how = HOW_CACHED;
		run.why = found(&w, came);
		work_touch(&w);
	}
	if (work_place(&w, h, run.out, NULL, e) < 0)
		return -1;
	if (came && s->tidy)
		tidy(s);
	return 0;
}

/* As run_unstored(), of a step that has a recipe: it is stated because that is where inputs are looked at, and forgotten. */
static int run_private(const struct step *s, struct hashes *h, struct err *e)
{
	auto_recipe struct recipe r = { 0 };
	char path[PATH_MAX];

	if (!realpath(run.out, path) || chmod(run.out, 0700) < 0)
		return err_sys(e, "make %s private", run.out);
	if (private_note(&run.store, path, e) < 0)
		return -1;
	(void)umask(0077);
	recipe_open(&r, s->name, s->format);
	return s->recipe(&r, h, e) < 0 ? -1 : run_unstored(s, e);
}

static int run_step(const struct step *s, struct err *e)
{
	struct hashes *h;
	int rc;

	if (store_open(&run.store, run.store_path, e) < 0)
		return -1;
	if (mkdir_p(AT_FDCWD, run.out, 0777, e) < 0)
		return -1;
	if (!s->recipe)
		return run_unstored(s, e);
	if (hashes_open(&h, run.store.path, "steps", e) < 0)
		return -1;
	rc = run.private ? run_private(s, h, e) : run_stored(s, h, e);
	hashes_close(h);
	return rc;
}

static void tell_end(const struct err *e, bool failed)
{
	struct event ev = new_event(failed ? EV_FAIL : EV_DONE);

	ev.how = run.how;
	ev.code = e->code;
	set_text(&ev, failed ? e->msg : run.why ? run.why : "");
	event_send(&ev);
}

static int work(const struct step *s, int argc, const char *const *argv, struct err *e)
{
	struct event start;
	int rc;

	if (stop_init(e) < 0 || follow_parent(e) < 0 || parse(s, argc, argv, e) < 0 || event_connect(e) < 0)
		return -1;
	start = new_event(EV_START);
	event_send(&start);
	rc = run_step(s, e);
	tell_end(e, rc < 0);
	return rc;
}

int step_main(const struct step *s, int argc, const char *const *argv)
{
	struct err e = { 0 };
	int rc;

	run.step = s;
	if (!s->secrets)
		unsetenv("ACTIONS_RUNTIME_TOKEN");
	run.started = now_ms();
	argv_addv(&run.words, argv);
	rc = work(s, argc, argv, &e);
	store_close(&run.store);
	free(TAKE(run.why));
	argv_free(&run.words);
	if (rc >= 0)
		return X_SUCCESS;
	if (e.msg[0])
		log_error("%s", e.msg);
	/* The generator has been told; by hand nobody was. */
	if (run.goes_on && getenv("KTSTR_EVENTS"))
		return X_SUCCESS;
	return e.code ? e.code : X_FAIL;
}
