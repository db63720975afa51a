#include "gen/graph/ninja_session.h"
#include "text/argv.h"
#include "host/cpus.h"
#include "base/err.h"
#include "system/kill.h"
#include "progress/log.h"
#include "base/mem.h"
#include "host/needs.h"
#include "base/stop.h"
#include "gen/base/remote.h"
#include "gen/graph/outcome.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "letter/far.h"
#include "letter/origin.h"
#include "text/text.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NINJA_LOG_MAX (1u << 20)
#define STATUS_MARK "@"
#define ASK_VARIABLE "KTSTR_ASK" /* step/step.h */
#define MAX_FDS 256
#define LINE_MAX_BYTES (64u << 10)

enum { SHOWN_MS = 200 };

/* Lines of whoever watches. */
static void tell_watched(struct ninja_session *s, const struct edge *g)
{
	const struct step_result *r = &s->steps[g->index];
	auto_free char *lines = s->watch->ended(s->watch->ctx, g, r, s->dir);
	char *save = NULL;

	if (log_level() == LOG_QUIET)
		return;
	if (r->state == STEP_FAILED && r->code != X_UNKNOWN && !s->ended)
		progress_mark(&s->bar, "31", "failed", g->id);
	for (char *line = lines ? strtok_r(lines, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		progress_line(&s->bar, "%s", line);
}

/* "cached", and from where, if it was not this machine. */
static void tell_cached(struct ninja_session *s, const char *id, const char *why)
{
	const char *from = why && !strncmp(why, FAR_CAME, sizeof(FAR_CAME) - 1) ? strstr(why, ORIGIN_FROM) : NULL;
	auto_free char *line = from ? xasprintf("%s%s", id, from) : xstrdup(id);

	progress_mark(&s->bar, "2", "cached", line);
}

void ninja_tell(struct ninja_session *s, const struct edge *g)
{
	const struct step_result *r = &s->steps[g->index];
	const char *id = g->id;

	if (s->watch && !s->explain) {
		tell_watched(s, g);
		return;
	}
	if (log_level() == LOG_QUIET || (s->brief && !s->explain && r->state == STEP_CACHED))
		return;
	switch (r->state) {
	case STEP_CACHED:
		tell_cached(s, id, r->text);
		break;
	case STEP_RAN:
		progress_line(&s->bar, "%7.2fs %s", (double)r->ms / 1000, id);
		break;
	case STEP_FAILED:
		progress_mark(&s->bar, "31", "failed", id);
		break;
	case STEP_NOT_RUN:
		progress_line(&s->bar, " not run  %s", id);
		break;
	}
	if (!s->explain || !r->text || r->state == STEP_FAILED || r->state == STEP_NOT_RUN)
		return;
	auto_free char *text = xstrdup(r->text);
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		progress_line(&s->bar, "            %s", line);
}

/* A program's own words, whole lines. Those who want quiet read them when it failed. */
static void put_lines(struct ninja_session *s, const char *text, size_t n)
{
	if (log_level() == LOG_QUIET) {
		if (!s->held)
			s->held = xmemstream(&s->held_text, &s->held_n);
		text_put(s->held, text, n, TEXT_COLORED);
		return;
	}
	auto_free char *shown = NULL;
	size_t shown_n;
	FILE *f = xmemstream(&shown, &shown_n);

	text_put(f, text, n, TEXT_COLORED);
	fclose(f);
	progress_clear(&s->bar);
	fwrite(shown, 1, shown_n, stderr);
	fflush(stderr);
}

static void end_line(struct ninja_session *s)
{
	if (s->line_n)
		put_lines(s, s->line, s->line_n);
	s->line_n = 0;
}

/* Events end anywhere, in the middle of a line, of a character: the filter is for lines. */
static void show_output(struct ninja_session *s, const char *text)
{
	size_t n = strlen(text);
	const char *end = memrchr(text, '\n', n);
	size_t whole = end ? (size_t)(end + 1 - text) : 0;

	s->line = xreallocarray(s->line, s->line_n + n + 1, 1);
	memcpy(s->line + s->line_n, text, n);
	s->line_n += n;
	if (whole) {
		size_t rest = n - whole;

		put_lines(s, s->line, s->line_n - rest);
		memmove(s->line, s->line + s->line_n - rest, rest);
		s->line_n = rest;
	} else if (s->line_n > LINE_MAX_BYTES) {
		end_line(s);
	}
}

static void end_output(struct ninja_session *s)
{
	end_line(s);
	free(s->line);
	s->line = NULL;
	if (!s->held)
		return;
	fclose(s->held);
	if (s->failed)
		fputs(s->held_text, stderr);
	free(s->held_text);
}

static void take_event(struct ninja_session *s, const struct event *ev)
{
	const struct edge *g = plan_find(s->plan, ev->id);

	if (!g)
		return;
	struct step_result *r = &s->steps[g->index];

	s->heard = true;
	if (ev->kind == EV_START)
		s->running++;
	else if ((ev->kind == EV_DONE || ev->kind == EV_FAIL) && s->running)
		s->running--;
	auto_free char *label = s->watch ? s->watch->label(s->watch->ctx, s->running, s->left)
					 : xasprintf("[%zu/%zu] %s", s->finished + 1, s->plan->n_edges, ev->id);

	switch (ev->kind) {
	case EV_START:
		r->began = true;
		progress_show(&s->bar, label, 0, 0, "");
		return;
	case EV_PROGRESS:
		if (s->watch)
			progress_show(&s->bar, label, 0, 0, "");
		else
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
		end_line(s);
		r->state = ev->how == HOW_CACHED ? STEP_CACHED : STEP_RAN;
		break;
	case EV_FAIL:
		end_line(s);
		r->state = STEP_FAILED;
		r->code = ev->code;
		s->failed++;
		s->unknown += r->code == X_UNKNOWN;
		break;
	}
	r->ms = ev->ms;
	free(r->text);
	r->text = xstrdup(ev->text);
	s->finished++;
	ninja_tell(s, g);
}

/* "@7@": steps it has not begun. */
static void read_left(struct ninja_session *s, const char *text, size_t n)
{
	for (size_t i = n; i > 1; i--)
		if (text[i - 1] == STATUS_MARK[0] && text[i - 2] >= '0' && text[i - 2] <= '9') {
			size_t at = i - 2;

			while (at && text[at - 1] >= '0' && text[at - 1] <= '9')
				at--;
			s->left = strtoul(text + at, NULL, 10);
			return;
		}
}

static bool read_log(struct ninja_session *s)
{
	char buf[4097];
	ssize_t n = read(s->out, buf, sizeof(buf) - 1);

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	buf[n] = '\0';
	if (s->watch)
		read_left(s, buf, (size_t)n);
	if (s->log_n + (size_t)n <= NINJA_LOG_MAX) {
		s->log = xreallocarray(s->log, s->log_n + (size_t)n + 1, 1);
		memcpy(s->log + s->log_n, buf, (size_t)n);
		s->log_n += (size_t)n;
		s->log[s->log_n] = '\0';
	}
	return true;
}

static void drain_events(struct ninja_session *s)
{
	struct event ev;

	while (events_next(&s->events, &ev) > 0)
		take_event(s, &ev);
}

static void clear_bar(void *arg)
{
	struct ninja_session *s = arg;

	progress_clear(&s->bar);
}

/* For whoever watches: nothing happens for seconds while ninja reads a large graph and looks at all of its files, or while guests run. */
static void show_waiting(struct ninja_session *s)
{
	auto_free char *label = NULL;

	if (!s->watch)
		return;
	if (s->heard)
		label = s->watch->label(s->watch->ctx, s->running, s->left);
	else
		label = xasprintf("looking for what changed in %zu steps, %.1f s", s->plan->n_edges,
				  (double)(now_ms() - s->began_ms) / 1000);
	progress_show(&s->bar, label, 0, 0, "");
}

/* Until when to wait for a word of ninja or of a step; -1: for ever. */
static long long next_look(const struct ninja_session *s)
{
	long long shown = s->watch ? now_ms() + SHOWN_MS : -1;

	if (!s->until)
		return shown;
	return shown < 0 || s->until < shown ? s->until : shown;
}

/* Until ninja closed its output. Its steps have sent their last event before that. */
static int follow(struct ninja_session *s, struct err *e)
{
	struct pollfd fds[MAX_FDS];

	s->began_ms = now_ms();
	for (;;) {
		fds[0] = (struct pollfd){ .fd = s->out, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = remote_fd(), .events = POLLIN };
		size_t n = 2 + events_poll(&s->events, fds + 2, MAX_FDS - 2);
		int ready = stop_poll(fds, (unsigned)n, next_look(s), e);

		if (ready < 0)
			return -1;
		if (!ready)
			show_waiting(s);
		drain_events(s);
		if (fds[1].revents)
			remote_tell(clear_bar, s);
		if (fds[0].revents && !read_log(s))
			return 0;
		s->ended = (s->until && now_ms() >= s->until) ||
			   (s->watch && s->watch->enough && s->watch->enough(s->watch->ctx));
		if (s->ended)
			return err_set(e, X_TIMEOUT, "it was ended before all was made");
	}
}

/* Ninja passes SIGINT on to its steps, which unwind; what is still there after 5 s, or not ninja's any more, ends with
 * its lifeline. */
static void interrupt(struct ninja_session *s)
{
	int status;
	long long deadline = now_ms() + 5000;

	kill_group(s->ninja.pid, SIGINT);
	while (s->ninja.pid > 0 && now_ms() < deadline) {
		struct pollfd p = { .fd = s->ninja.pidfd, .events = POLLIN };

		if (poll_fds(&p, 1, 100) > 0 && reap_child(s->ninja.pid, &status, WNOHANG) == s->ninja.pid) {
			close(s->ninja.pidfd);
			s->ninja = (struct child){ 0 };
		}
	}
	spawn_kill(&s->ninja);
}

static int start_ninja(struct ninja_session *s, struct err *e)
{
	auto_argv struct argv a = { 0 };
	auto_free char *events = xasprintf("KTSTR_EVENTS=%s", s->events.name);
	const char *const env[] = { events, s->watch ? "NINJA_STATUS=" STATUS_MARK "%u" STATUS_MARK : "NINJA_STATUS=",
				    "TERM=dumb", s->ask ? ASK_VARIABLE "=1" : ASK_VARIABLE, NULL };
	int pipe_fd[2];

	if (needs_check(NEEDS_GRAPH, e) < 0 || remote_begin(e) < 0)
		return -1;
	if (pipe2(pipe_fd, O_CLOEXEC) < 0 || fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "pipe");
	argv_add(&a, "ninja");
	argv_opt(&a, "-C", "%s", s->dir);
	argv_opt(&a, "-k", "0");
	argv_opt(&a, "-j", "%u", s->jobs ? s->jobs : cpus_usable());
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

int ninja_run(struct ninja_session *s, int *status, struct err *e)
{
	int r = -1;

	s->out = -1;
	if (events_open(&s->events, e) < 0)
		return -1;
	progress_init(&s->bar, stderr);
	if (start_ninja(s, e) == 0) {
		if (follow(s, e) < 0)
			interrupt(s);
		else if (spawn_wait(&s->ninja, -1, status, e) == SPAWN_ENDED)
			r = 0;
		drain_events(s);
	}
	progress_clear(&s->bar);
	events_close(&s->events);
	spawn_kill(&s->ninja);
	if (s->out >= 0)
		close(s->out);
	return r;
}

void ninja_end(struct ninja_session *s)
{
	end_output(s);
	free(s->log);
	s->log = NULL;
}
