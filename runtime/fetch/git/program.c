#include "fetch/git/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/git/address.h"
#include "fetch/git/environment.h"

enum { ANSWER_MAX = 1 << 20, WORDS_MAX = 1024 };

/* Where relative paths of the user's commands count from. */
static const char *folder(const struct git_how *h)
{
	const char *start = getenv(GIT_START_DIR_ENV);
	struct stat st;

	if (h->work_tree)
		return h->work_tree;
	return start && *start == '/' && stat(start, &st) == 0 && S_ISDIR(st.st_mode) ? start : NULL;
}

static int start(const struct git_how *h, int in, int out, int err, struct child *c, struct keeper *k, struct err *e)
{
	auto_argv struct argv words = { 0 }, env = { 0 };

	git_environment(h, &words, &env);
	const struct spawn s = {
		.argv = (const char *const *)words.v,
		.env = (const char *const *)env.v,
		.cwd = folder(h),
		.in = in,
		.out = out,
		.err = err,
		.own_session = true,
	};
	if (spawn_start(&s, c, e) < 0)
		return e->code == X_NO_TOOL ? err_set(e, X_NO_TOOL, "git is not installed: apt-get install git") : -1;
	return keeper_start(k, c->pid, e);
}

static int make_pipe(int fds[2], int ours, struct err *e)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	fcntl(fds[ours], F_SETFL, O_NONBLOCK);
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(TAKE_FD(*fd));
}

/* A git that runs to its end. */
struct job {
	const struct git_how *h;
	struct child child;
	struct keeper keeper;
	int out[2], err[2];
	FILE *text; /* NULL: nobody wants it */
	size_t n;
	struct git_said said;
	char line[WORDS_MAX]; /* of stderr, not at its end yet */
	size_t n_line;
	struct git_progress last;
	long long heard, advanced; /* when anything came; when git itself got on */
};

static void job_end(struct job *j)
{
	spawn_kill(&j->child);
	keeper_stop(&j->keeper);
	for (int i = 0; i < 2; i++) {
		shut(&j->out[i]);
		shut(&j->err[i]);
	}
}
#define auto_job __attribute__((unused, cleanup(job_end)))

static const char *name_of(const struct git_how *h)
{
	return h->remote ? h->remote->shown : h->work_tree ? h->work_tree : h->repository ? h->repository : "git";
}

static int server_line(struct job *j, const char *line, size_t n)
{
	static const char prefix[] = "remote: ";
	char text[SAID_LINE];

	if (n < sizeof(prefix) || memcmp(line, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	if (!memchr(line, '%', n) && !(n > 6 && !memcmp(line + n - 5, "done.", 5)))
		git_said_add(&j->said, line, n);
	if (j->h->words)
		j->h->words(j->h->arg, git_plain(line, n, text, sizeof(text)));
	return 1;
}

static int one_line(struct job *j, struct err *e)
{
	struct git_progress p;
	const char *line = j->line;
	size_t n = j->n_line;

	j->n_line = 0;
	while (n && line[n - 1] == ' ')
		n--;
	if (server_line(j, line, n))
		return 0;
	if (!git_progress_parse(line, n, &p)) {
		git_said_add(&j->said, line, n);
		return 0;
	}
	if (p.done != j->last.done || p.bytes != j->last.bytes || strcmp(p.what, j->last.what) != 0)
		j->advanced = now_ms();
	j->last = p;
	return j->h->progress ? j->h->progress(j->h->arg, &p, e) : 0;
}

/* Progress ends with a carriage return. What does not fit into a line is cut. */
static int take_words(struct job *j, struct err *e)
{
	char buf[8192];
	ssize_t n = read(j->err[0], buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		shut(&j->err[0]);
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != '\n' && buf[i] != '\r')
			j->line[j->n_line < sizeof(j->line) - 1 ? j->n_line++ : j->n_line] = buf[i];
		else if (one_line(j, e) < 0)
			return -1;
	}
	return n <= 0 && j->n_line ? one_line(j, e) : 0;
}

static int take_text(struct job *j, struct err *e)
{
	char buf[8192];
	ssize_t n = read(j->out[0], buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		shut(&j->out[0]);
		return 0;
	}
	j->advanced = now_ms();
	if ((size_t)n > j->h->max - j->n)
		return err_set(e, X_NETWORK, "%s: more than %zu bytes of answer", name_of(j->h), j->h->max);
	j->n += (size_t)n;
	if (j->text)
		fwrite(buf, 1, (size_t)n, j->text);
	return 0;
}

static int too_late(const struct job *j, long long stall, struct err *e)
{
	long long now = now_ms(), talk = j->h->talk_ms ? j->h->talk_ms : GIT_TALK_MS;
	int code = j->h->remote ? X_NETWORK : X_TIMEOUT;

	if (now - j->heard >= stall)
		return err_set(e, code, "%s: silence for %g s", name_of(j->h), (double)stall / 1000.0);
	if (now - j->advanced >= talk)
		return err_set(e, code, "%s: nothing but words for %g s", name_of(j->h), (double)talk / 1000.0);
	return 0;
}

/* Until it ended and all it said was read. What it left behind and holds our pipes does not hold us. */
static int listen_to(struct job *j, struct err *e)
{
	long long stall = j->h->stall_ms ? j->h->stall_ms : GIT_STALL_MS;
	bool ended = false;

	j->heard = j->advanced = now_ms();
	for (;;) {
		struct pollfd p[3] = { { .fd = j->out[0], .events = POLLIN },
				       { .fd = j->err[0], .events = POLLIN },
				       { .fd = ended ? -1 : j->child.pidfd, .events = POLLIN } };
		int r = stop_poll(p, 3, ended ? now_ms() : j->heard + stall, e);

		if (r < 0)
			return -1;
		if (r == 0 && ended)
			return 0;
		if (p[0].revents || p[1].revents)
			j->heard = now_ms();
		if (too_late(j, stall, e) < 0)
			return -1;
		if ((p[0].revents && take_text(j, e) < 0) || (p[1].revents && take_words(j, e) < 0))
			return -1;
		ended = ended || p[2].revents;
	}
}

static int run(struct job *j, struct err *e)
{
	char how[64];
	int status = 0;

	if (make_pipe(j->out, 0, e) < 0 || make_pipe(j->err, 0, e) < 0 ||
	    start(j->h, SPAWN_NULL, j->out[1], j->err[1], &j->child, &j->keeper, e) < 0)
		return -1;
	shut(&j->out[1]);
	shut(&j->err[1]);
	if (listen_to(j, e) < 0)
		return -1;
	if (spawn_wait(&j->child, -1, &status, e) < 0)
		return -1;
	if (!status)
		return 0;
	auto_free char *otherwise =
		j->h->remote && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE
			? xstrdup("what answers there does not speak git's protocol: it closed the connection")
			: xasprintf("git ended: %s", spawn_status(status, how, sizeof(how)));

	return git_said_err(&j->said, j->h->remote ? X_NETWORK : X_NO_INPUT, otherwise, e);
}

int git_run(const struct git_how *h, char **text, size_t *n, struct err *e)
{
	auto_job struct job j = { .h = h, .out = { -1, -1 }, .err = { -1, -1 } };
	auto_free char *all = NULL;
	size_t len = 0;
	int r;

	j.text = xmemstream(&all, &len);
	r = run(&j, e);
	fclose(j.text);
	if (r < 0)
		return -1;
	if (n)
		*n = len;
	if (text)
		*text = TAKE(all);
	return 0;
}

int git_pipe_open(struct git_pipe *p, const struct git_how *h, struct err *e)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, r;

	*p = (struct git_pipe){ .in = -1, .out = -1, .err = -1 };
	/* Children get the default back (spawn.h). */
	signal(SIGPIPE, SIG_IGN);
	r = make_pipe(in, 1, e) < 0 || make_pipe(out, 0, e) < 0 || make_pipe(err, 0, e) < 0 ? -1 : 0;
	/* Nobody reads what it says until it ends, and that must not hold it. */
	if (r == 0)
		fcntl(err[1], F_SETFL, O_NONBLOCK);
	if (r == 0)
		r = start(h, in[0], out[1], err[1], &p->child, &p->keeper, e);
	shut(&in[0]);
	shut(&out[1]);
	shut(&err[1]);
	p->in = in[1];
	p->out = out[0];
	p->err = err[0];
	if (r < 0)
		git_pipe_close(p);
	return r;
}

void git_pipe_close(struct git_pipe *p)
{
	shut(&p->in);
	shut(&p->out);
	shut(&p->err);
	spawn_kill(&p->child);
	keeper_stop(&p->keeper);
}

static int pipe_ended(struct git_pipe *p, struct err *e)
{
	char text[8192];
	ssize_t n = read(p->err, text, sizeof(text));
	struct git_said said = { .n = 0 };

	for (ssize_t at = 0, len; at < n; at += len + 1) {
		const char *end = memchr(text + at, '\n', (size_t)(n - at));

		len = end ? end - text - at : n - at;
		git_said_add(&said, text + at, (size_t)len);
	}
	git_said_err(&said, X_BAD_ARCHIVE, "git ended before it answered", e);
	e->code = X_BAD_ARCHIVE;
	return err_in(e, "git");
}

static int await(int fd, short events, struct err *e)
{
	struct pollfd f = { .fd = fd, .events = events };
	int r = stop_poll(&f, 1, now_ms() + GIT_STALL_MS, e);

	if (r == 0)
		return err_set(e, X_TIMEOUT, "git: no answer for %d s", GIT_STALL_MS / 1000);
	return r < 0 ? -1 : 0;
}

int git_pipe_send(struct git_pipe *p, const void *data, size_t n, struct err *e)
{
	const char *at = data;

	while (n) {
		ssize_t sent = write(p->in, at, n);

		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			return pipe_ended(p, e);
		if (sent < 0 && await(p->in, POLLOUT, e) < 0)
			return -1;
		at += sent > 0 ? sent : 0;
		n -= sent > 0 ? (size_t)sent : 0;
	}
	return 0;
}

static int fill(struct git_pipe *p, struct err *e)
{
	for (;;) {
		ssize_t n = read(p->out, p->buf, sizeof(p->buf));

		if (n > 0) {
			p->at = 0;
			p->have = (size_t)n;
			return 0;
		}
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return pipe_ended(p, e);
		if (await(p->out, POLLIN, e) < 0)
			return -1;
	}
}

int git_pipe_line(struct git_pipe *p, int end, char *line, size_t max, struct err *e)
{
	size_t n = 0;

	for (;;) {
		if (p->at == p->have && fill(p, e) < 0)
			return -1;
		char c = p->buf[p->at++];

		if (c == (char)end)
			break;
		if (n + 1 >= max)
			return err_set(e, X_BAD_ARCHIVE, "git: an answer that is too long");
		line[n++] = c;
	}
	line[n] = '\0';
	return (int)n;
}

int git_pipe_read(struct git_pipe *p, void *data, size_t n, struct err *e)
{
	char *to = data;

	while (n) {
		size_t some;

		if (p->at == p->have && fill(p, e) < 0)
			return -1;
		some = p->have - p->at < n ? p->have - p->at : n;
		memcpy(to, p->buf + p->at, some);
		p->at += some;
		to += some;
		n -= some;
	}
	return 0;
}

int git_rewrites(const char *url, bool *yes, struct err *e)
{
	const struct git_how h = {
		.args = (const char *const[]){ "ls-remote", "--get-url", "--", url, NULL },
		.max = ANSWER_MAX,
	};
	auto_free char *text = NULL;

	if (git_run(&h, &text, NULL, e) < 0)
		return -1;
	text[strcspn(text, "\n")] = '\0';
	*yes = strcmp(text, url) != 0;
	return 0;
}
