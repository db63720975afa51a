#include "gen/graph/run.h"
#include "base/argv.h"
#include "base/cpus.h"
#include "base/err.h"
#include "base/event.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base/spawn.h"
#include "base/stop.h"
#include "gen/graph/ninja.h"
#include "gen/graph/plan.h"
#include "store/gc.h"
#include "store/recipe.h"
#include "store/store.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NINJA_LOG_MAX (1u << 20)
#define MAX_FDS 256
#define DEPS_MS 10000

/* One run of ninja while it lasts. */
struct session {
	const struct plan *plan;
	const struct run_opts *opts;
	struct run *run;
	struct events events;
	struct child ninja;
	struct progress bar;
	int out; /* ninja's stdout and stderr */
	char *log;
	size_t log_n;
	size_t started, finished;
	FILE *held; /* output of programs that is shown when a step fails, or NULL */
	char *held_text;
	size_t held_n;
};

static size_t find_edge(const struct plan *p, const char *id)
{
	size_t i = 0;

	while (i < p->n_edges && strcmp(p->edges[i].id, id) != 0)
		i++;
	return i;
}

static void tell(struct session *s, size_t i)
{
	const struct step_result *r = &s->run->steps[i];
	const char *id = s->plan->edges[i].id;

	if (log_level() == LOG_QUIET || (s->opts->brief && !s->opts->explain && r->state == STEP_CACHED))
		return;
	switch (r->state) {
	case STEP_CACHED:
		progress_line(&s->bar, "  %scached%s  %s", log_sgr(stderr, "2"), log_sgr(stderr, "0"), id);
		break;
	case STEP_RAN:
		progress_line(&s->bar, "%7.2fs %s", (double)r->ms / 1000, id);
		break;
	case STEP_FAILED:
		progress_line(&s->bar, "  %sfailed%s  %s", log_sgr(stderr, "31"), log_sgr(stderr, "0"), id);
		break;
	case STEP_NOT_RUN:
		progress_line(&s->bar, " not run  %s", id);
		break;
	}
	if (!s->opts->explain || !r->text || r->state == STEP_FAILED || r->state == STEP_NOT_RUN)
		return;
	auto_free char *text = xstrdup(r->text);
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		progress_line(&s->bar, "            %s", line);
}

/* A program's own words. Those who want quiet read them when it failed. */
static void show_output(struct session *s, const char *text)
{
	if (log_level() == LOG_QUIET) {
		if (!s->held)
			s->held = xmemstream(&s->held_text, &s->held_n);
		fputs(text, s->held);
		return;
	}
	progress_clear(&s->bar);
	fputs(text, stderr);
	fflush(stderr);
}

static void end_output(struct session *s)
{
	if (!s->held)
		return;
	fclose(s->held);
	if (s->run->failed)
		fputs(s->held_text, stderr);
	free(s->held_text);
}

static void take_event(struct session *s, const struct event *ev)
{
	size_t i = find_edge(s->plan, ev->id);
	auto_free char *label = xasprintf("[%zu/%zu] %s", s->finished + 1, s->plan->n_edges, ev->id);

	if (i == s->plan->n_edges)
		return;
	struct step_result *r = &s->run->steps[i];

	switch (ev->kind) {
	case EV_START:
		progress_show(&s->bar, label, 0, 0, "");
		return;
	case EV_PROGRESS:
		progress_show(&s->bar, label, ev->done, ev->total, ev->text);
		return;
	case EV_NOTE:
		if (log_level() != LOG_QUIET)
			progress_line(&s->bar, "%s: %s", ev->id, ev->text);
		return;
	case EV_OUTPUT:
		show_output(s, ev->text);
		return;
	case EV_DONE:
		r->state = ev->how == HOW_CACHED ? STEP_CACHED : STEP_RAN;
		break;
	case EV_FAIL:
		r->state = STEP_FAILED;
		r->code = ev->code;
		s->run->failed++;
		break;
	}
	r->ms = ev->ms;
	free(r->text);
	r->text = xstrdup(ev->text);
	s->finished++;
	tell(s, i);
}

static bool read_log(struct session *s)
{
	char buf[4096];
	ssize_t n = read(s->out, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	if (s->log_n + (size_t)n <= NINJA_LOG_MAX) {
		s->log = xreallocarray(s->log, s->log_n + (size_t)n + 1, 1);
		memcpy(s->log + s->log_n, buf, (size_t)n);
		s->log_n += (size_t)n;
		s->log[s->log_n] = '\0';
	}
	return true;
}

static void drain_events(struct session *s)
{
	struct event ev;

	while (events_next(&s->events, &ev) > 0)
		take_event(s, &ev);
}

/* Until ninja closed its output. Its steps have sent their last event before that. */
static int follow(struct session *s, struct err *e)
{
	struct pollfd fds[MAX_FDS];

	for (;;) {
		fds[0] = (struct pollfd){ .fd = s->out, .events = POLLIN };
		size_t n = 1 + events_poll(&s->events, fds + 1, MAX_FDS - 1);

		if (stop_poll(fds, (unsigned)n, -1, e) < 0)
			return -1;
		drain_events(s);
		if (fds[0].revents && !read_log(s))
			return 0;
	}
}

/* Ninja passes SIGINT on to its steps, which unwind; what is still there after 5 s, or not ninja's any more, ends with
 * its lifeline. */
static void interrupt(struct session *s)
{
	int status;
	long long deadline = now_ms() + 5000;

	kill(-s->ninja.pid, SIGINT);
	while (s->ninja.pid > 0 && now_ms() < deadline) {
		struct pollfd p = { .fd = s->ninja.pidfd, .events = POLLIN };

		if (poll(&p, 1, 100) > 0 && waitpid(s->ninja.pid, &status, WNOHANG) == s->ninja.pid) {
			close(s->ninja.pidfd);
			s->ninja = (struct child){ 0 };
		}
	}
	spawn_kill(&s->ninja);
}

static int start_ninja(struct session *s, struct err *e)
{
	auto_argv struct argv a = { 0 };
	auto_free char *events = xasprintf("KTSTR_EVENTS=%s", s->events.name);
	const char *const env[] = { events, "NINJA_STATUS=", "TERM=dumb", NULL };
	int pipe_fd[2];

	if (pipe2(pipe_fd, O_CLOEXEC) < 0 || fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "pipe");
	argv_add(&a, "ninja");
	argv_opt(&a, "-C", "%s", s->run->dir);
	argv_opt(&a, "-k", "0");
	argv_opt(&a, "-j", "%u", s->opts->jobs ? s->opts->jobs : cpus_usable());
	log_command((const char *const *)a.v);
	s->out = pipe_fd[0];
	struct spawn sp = {
		.argv = (const char *const *)a.v, .env = env, .in = SPAWN_NULL, .out = pipe_fd[1], .err = pipe_fd[1]
	};
	int r = spawn_start(&sp, &s->ninja, e);

	close(pipe_fd[1]);
	if (r < 0 && e->code == X_NO_TOOL)
		return err_set(e, X_NO_NINJA, "ninja is not installed; on Debian: apt-get install ninja-build");
	return r;
}

static int lock_folder(int dir, struct err *e)
{
	int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "open the build folder's lock");
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			(void)err_sys(e, "lock the build folder");
			close(fd);
			return -1;
		}
		if (!told)
			log_info("waiting for an equal request that is already running");
		told = true;
		if (stop_poll(NULL, 0, now_ms() + 50, e) < 0) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

/* Whoever threw it out (store/inventory.h) had both locks. */
static bool still_named(const char *path, int dir)
{
	struct stat ours, named;

	return fstat(dir, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

/* The build folder rel of the store as *dir, and ours alone. */
static int take_folder(struct run *r, const struct store *st, const char *rel, int *dir, struct err *e)
{
	for (;;) {
		if (mkdir_p(st->dir, rel, 0755, e) < 0)
			return err_as(e, e->code == X_DISK_FULL ? X_DISK_FULL : X_STORE,
				      "the store %s cannot be used (KTSTR_STORE can name another folder)", st->path);
		auto_close int fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		auto_close int lock = -1, used = -1;

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys(e, "open %s", r->dir);
		if ((lock = lock_folder(fd, e)) < 0 || (used = store_use_graph(fd, e)) < 0) {
			if (e->code != X_INTERRUPTED && !still_named(r->dir, fd))
				continue;
			return store_err(st, e);
		}
		if (!still_named(r->dir, fd))
			continue;
		*dir = TAKE_FD(fd);
		r->used = TAKE_FD(used);
		return TAKE_FD(lock);
	}
}

static int write_graph(struct run *r, const struct plan *p, int *dir, struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	auto_free char *text = NULL;
	char hex[KEY_LEN + 1];
	size_t n;

	if (plan_check(p, e) < 0 || store_open(&st, NULL, e) < 0)
		return -1;
	FILE *f = xmemstream(&text, &n);

	ninja_write(f, p);
	fclose(f);
	hash_hex(text, n, hex);
	auto_free char *rel = xasprintf("graphs/%s-%.10s", p->name, hex);

	r->dir = xasprintf("%s/%s", st.path, rel);
	auto_close int lock = take_folder(r, &st, rel, dir, e);

	if (lock < 0)
		return -1;
	if (file_write(*dir, "build.ninja", text, n, e) < 0)
		return store_err(&st, e);
	return TAKE_FD(lock);
}

static bool changed_after(const struct stat *a, const struct stat *b)
{
	return a->st_ctim.tv_sec != b->st_ctim.tv_sec ? a->st_ctim.tv_sec > b->st_ctim.tv_sec
						      : a->st_ctim.tv_nsec > b->st_ctim.tv_nsec;
}

/* Ninja asks for the time of last modification, which a copy may keep and anybody may set. An input of ours that was
 * changed after the output in any way is not up to date. */
static bool is_outdated(const struct strs *ins, int dir, const struct stat *out)
{
	struct stat in;

	for (size_t i = 0; i < ins->n; i++) {
		if (*ins->v[i] == '/' && fstatat(dir, ins->v[i], &in, 0) == 0 && changed_after(&in, out))
			return true;
	}
	return false;
}

/* The same for what a depfile named: package managers keep the builder's time stamps on shared libraries. */
static bool has_outdated_deps(const struct session *s, const char *path, int dir, const struct stat *out)
{
	const char *const argv[] = { "ninja", "-C", s->run->dir, "-t", "deps", path, NULL };
	struct spawn sp = { .argv = argv };
	auto_free char *text = NULL;
	struct err ignored;
	char *save = NULL;
	size_t n;
	int status;

	if (spawn_capture(&sp, false, NINJA_LOG_MAX, DEPS_MS, &text, &n, &status, &ignored) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *word = line + strspn(line, " ");
		const struct strs one = { &word, 1 };

		if (word > line && is_outdated(&one, dir, out))
			return true;
	}
	return false;
}

static void forget_outputs(const struct session *s, int dir)
{
	const char *redo = s->opts->redo;
	struct stat out;

	for (size_t i = 0; i < s->plan->n_edges; i++) {
		const struct edge *g = &s->plan->edges[i];
		bool forget = g->again || (redo && !strncmp(g->rule, redo, strlen(redo)));

		for (size_t k = 0; k < g->outs.n; k++) {
			if (fstatat(dir, g->outs.v[k], &out, 0) < 0)
				continue;
			if (forget || is_outdated(&g->ins, dir, &out) || is_outdated(&g->implicit, dir, &out) ||
			    ((!strcmp(g->rule, "payload") || !strcmp(g->rule, "toolbox")) &&
			     has_outdated_deps(s, g->outs.v[k], dir, &out)))
				(void)unlinkat(dir, g->outs.v[k], 0); /* absent is what we want */
		}
	}
}

static bool makes(const struct edge *g, const struct strs *paths)
{
	for (size_t i = 0; i < g->outs.n; i++) {
		for (size_t k = 0; k < paths->n; k++) {
			if (!strcmp(g->outs.v[i], paths->v[k]))
				return true;
		}
	}
	return false;
}

/* The step whose failure kept this one from running; its own index when there is none. Edges come after those they
 * need. */
static size_t blocker(const struct session *s, size_t i)
{
	const struct edge *g = &s->plan->edges[i];

	for (size_t k = 0; k < i; k++) {
		enum step_state state = s->run->steps[k].state;

		if ((state == STEP_FAILED || state == STEP_NOT_RUN) &&
		    (makes(&s->plan->edges[k], &g->ins) || makes(&s->plan->edges[k], &g->implicit)))
			return k;
	}
	return i;
}

/* Ninja found it up to date, or never came to it because of a failure before it. */
static void settle(struct session *s, size_t i)
{
	struct step_result *r = &s->run->steps[i];
	size_t k = blocker(s, i);
	const struct step_result *why = &s->run->steps[k];

	r->code = why->code;
	if (k == i)
		r->state = STEP_CACHED;
	else if (why->state == STEP_FAILED)
		r->text = xasprintf("%s: %s", s->plan->edges[k].id, why->text ? why->text : "");
	else
		r->text = xstrdup(why->text ? why->text : "");
}

static int conclude(struct session *s, int status, struct err *e)
{
	char how[64];
	/* Without a failure that a step told of, it is ninja that failed, and nothing is known. */
	bool known = WIFEXITED(status) && (WEXITSTATUS(status) == 0 || s->run->failed);

	for (size_t i = 0; i < s->plan->n_edges; i++) {
		struct step_result *r = &s->run->steps[i];

		if (r->state != STEP_NOT_RUN)
			continue;
		if (known)
			settle(s, i);
		tell(s, i);
	}
	if (known)
		return 0;
	if (s->log && strstr(s->log, "No space left on device"))
		return err_set(
			e, X_DISK_FULL,
			"there is no room left for ninja in %s; make some, or name another folder by KTSTR_STORE",
			s->run->dir);
	return err_set(e, X_FAIL, "ninja: %s in %s:\n%s", spawn_status(status, how, sizeof(how)), s->run->dir,
		       s->log ? s->log : "");
}

int run_plan(struct run *r, const struct plan *p, const struct run_opts *o, struct err *e)
{
	struct session s = { .plan = p, .opts = o, .run = r, .out = -1 };
	auto_close int dir = -1;
	int status = 0, result = -1;

	*r = (struct run){ .n = p->n_edges, .steps = xcalloc(p->n_edges + 1, sizeof(*r->steps)) };
	for (size_t i = 0; i < p->n_edges; i++)
		r->steps[i].state = STEP_NOT_RUN;
	auto_close int lock = write_graph(r, p, &dir, e);

	if (lock < 0 || events_open(&s.events, e) < 0)
		return -1;
	progress_init(&s.bar, stderr);
	forget_outputs(&s, dir);
	if (start_ninja(&s, e) == 0) {
		if (follow(&s, e) < 0)
			interrupt(&s);
		else if (spawn_wait(&s.ninja, -1, &status, e) == SPAWN_ENDED)
			result = 0;
		drain_events(&s);
	}
	progress_clear(&s.bar);
	if (result == 0)
		result = conclude(&s, status, e);
	/* What failed may have failed by a damaged file in the build folder that ninja takes for up to date. Without its
	 * log it asks every step the next time, and the store answers. */
	if (result < 0 || r->failed)
		(void)unlinkat(dir, ".ninja_log", 0);
	end_output(&s);
	events_close(&s.events);
	spawn_kill(&s.ninja);
	if (s.out >= 0)
		close(s.out);
	if (o->keep)
		r->lock = TAKE_FD(lock);
	free(s.log);
	return result;
}

const struct step_result *run_find(const struct run *r, const struct plan *p, const char *id)
{
	size_t i = find_edge(p, id);

	assert(i < r->n);
	return &r->steps[i];
}

int run_first_failure(const struct run *r, const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->steps[i].state != STEP_FAILED)
			continue;
		auto_free char *dir = shell_quote(r->dir);
		auto_free char *out = shell_quote(p->edges[i].outs.v[0]);

		return err_set(e, r->steps[i].code, "%s: %s\nto run just this step again: ninja -C %s %s",
			       p->edges[i].id, r->steps[i].text, dir, out);
	}
	return 0;
}

void run_free(struct run *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->steps[i].text);
	free(r->steps);
	if (r->lock > 0)
		close(r->lock);
	if (r->used > 0)
		close(r->used);
	free(r->dir);
	*r = (struct run){ 0 };
}
