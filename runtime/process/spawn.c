/* spawn.c: the child is prepared in our own memory (CLONE_VM) while we stand still (CLONE_VFORK), so starting one costs
 * the same from a large process as from a small one, and it can tell us why an exec failed. */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "text/argv.h"
#include "base/err.h"
#include "base/inherit.h"
#include "system/kill.h"
#include "process/keeper.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "system/refused.h"

enum { CHILD_STACK = 256 * 1024, KILLED_MS = 60 * 1000, REFUSED_MS = 1000 };

struct launch {
	const struct spawn *s;
	const char *path;
	char *const *env;
	pid_t parent;
	struct descriptors others;   /* from 3 on */
	const char *volatile failed; /* the step that went wrong, with its errno */
	volatile int no;
};

/* From here to child_main(): runs in the child, on shared memory. System calls only. */

static int give_up(struct launch *l, const char *step)
{
	l->no = errno;
	l->failed = step;
	return 127;
}

static int redirect(int from, int to)
{
	int fd = from;

	if (from == SPAWN_INHERIT || from == to)
		return 0;
	if (from == SPAWN_NULL)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fd == to)
		return fcntl(fd, F_SETFD, 0);
	return dup2(fd, to);
}

static void reset_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGHUP || !inherit_nohup())
			sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int keep_only(const struct launch *l)
{
	const struct spawn *s = l->s;

	descriptors_mark(&l->others);
	for (size_t i = 0; i < s->n_keep; i++)
		if (fcntl(s->keep[i], F_SETFD, 0) < 0)
			return -1;
	return 0;
}

static int child_main(void *arg)
{
	struct launch *l = arg;
	const struct spawn *s = l->s;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return give_up(l, "prctl");
	/* The parent may have died before the line above took effect. */
	if (getppid() != l->parent)
		return 127;
	if (s->own_session ? setsid() < 0 : !s->same_group && setpgid(0, 0) < 0)
		return give_up(l, s->own_session ? "setsid" : "setpgid");
	if (redirect(s->in, 0) < 0 || redirect(s->out, 1) < 0 || redirect(s->err, 2) < 0)
		return give_up(l, "redirect");
	if (keep_only(l) < 0)
		return give_up(l, "keep descriptors");
	if (s->cwd && chdir(s->cwd) < 0)
		return give_up(l, s->cwd);
	reset_signals();
	execve(l->path, (char *const *)s->argv, l->env);
	return give_up(l, "exec");
}

static size_t name_len(const char *assignment)
{
	return strcspn(assignment, "=");
}

static bool overridden(const char *var, const char *const *with)
{
	size_t n = name_len(var);

	for (; with && *with; with++)
		if (name_len(*with) == n && !strncmp(*with, var, n))
			return true;
	return false;
}

static bool passes(const char *var, const char *const *names)
{
	size_t n = name_len(var);

	if (!names)
		return true;
	for (; *names; names++) {
		size_t len = strlen(*names);

		if (len && (*names)[len - 1] == '*' ? n >= len - 1 && !strncmp(var, *names, len - 1)
						    : n == len && !strncmp(var, *names, n))
			return true;
	}
	return false;
}

/* The strings stay where they are; only the list is new. */
static char **merge_env(const char *const *pass, const char *const *with)
{
	size_t n = 0, have = 0, more = 0;

	while (environ && environ[have])
		have++;
	while (with && with[more])
		more++;
	char **env = xcalloc(have + more + 1, sizeof(*env));
	for (size_t i = 0; i < have; i++)
		if (passes(environ[i], pass) && !overridden(environ[i], with))
			env[n++] = environ[i];
	for (size_t i = 0; i < more; i++)
		if (strchr(with[i], '=') && !overridden(with[i], with + i + 1))
			env[n++] = (char *)with[i];
	return env;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *spawn_find(const char *program)
{
	const char *dirs = getenv("PATH");

	if (!*program)
		return NULL;
	if (strchr(program, '/'))
		return is_program(program) ? xstrdup(program) : NULL;
	if (!dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		size_t n = strcspn(dirs, ":");
		char *path = n ? xasprintf("%.*s/%s", (int)n, dirs, program) : xasprintf("./%s", program);

		if (is_program(path))
			return path;
		free(path);
		if (!dirs[n])
			return NULL;
		dirs += n + 1;
	}
}

static int exec_failed(const struct launch *l, struct err *e)
{
	const char *program = l->s->argv[0];

	errno = l->no;
	if (!strcmp(l->failed, "exec")) {
		bool absent = l->no == ENOENT || l->no == EACCES || l->no == ENOEXEC;

		err_sys(e, "run %s", program);
		e->code = absent ? X_NO_TOOL : e->code;
		return -1;
	}
	err_sys(e, "run %s: %s", program, l->failed);
	return -1;
}

static int reap(pid_t pid, int *status)
{
	int st = 0;

	if (reap_child(pid, &st, 0) < 0)
		return -1;
	if (status)
		*status = st;
	return 0;
}

int spawn_err(struct err *e, const char *what)
{
	if (errno != EAGAIN)
		return err_sys(e, "%s", what);
	return err_set(e, X_FAIL, "%s: no further process is allowed here (ulimit -u, or pids.max of a control group)",
		       what);
}

static int launch(struct launch *l, struct child *c, struct err *e)
{
	sigset_t all, before;
	int pidfd = -1, flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
	char *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return err_sys(e, "run %s: no stack", l->s->argv[0]);
	/* A handler of ours must not run in the child: it would write to our memory. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = clone(child_main, stack + CHILD_STACK, flags | CLONE_PIDFD, l, &pidfd);
	if (pid < 0 && syscall_refused(errno))
		pid = clone(child_main, stack + CHILD_STACK, flags, l);
	/* Kernels before 5.2 do not know the flag and pass over it. */
	if (pid > 0 && pidfd < 0 && !l->failed)
		pidfd = child_end(pid);
	int no = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	munmap(stack, CHILD_STACK);
	if (pid < 0) {
		auto_free char *what = xasprintf("run %s", l->s->argv[0]);

		errno = no;
		return spawn_err(e, what);
	}
	if (l->failed) {
		if (pidfd >= 0)
			close(pidfd);
		reap(pid, NULL);
		return exec_failed(l, e);
	}
	if (pidfd < 0) {
		if (kill_process(pid, SIGKILL) == 0)
			reap(pid, NULL);
		errno = no;
		return err_sys(e, "run %s: wait for its end (\"ktstr doctor\" tells what is refused here)",
			       l->s->argv[0]);
	}
	*c = (struct child){ .pid = pid, .pidfd = pidfd };
	return 0;
}

int spawn_start(const struct spawn *s, struct child *c, struct err *e)
{
	bool direct = strchr(s->argv[0], '/');
	auto_free char *found = direct ? xstrdup(s->argv[0]) : spawn_find(s->argv[0]);
	auto_free char **env = NULL;

	if (!found)
		return err_set(e, X_NO_TOOL, "%s: not found in PATH", s->argv[0]);
	env = merge_env(s->pass, s->env);
	struct launch l = { .s = s, .path = found, .env = env, .parent = getpid() };
	descriptors_list(&l.others, 3);
	int r = launch(&l, c, e);
	descriptors_free(&l.others);
	return r;
}

static void forget(struct child *c)
{
	if (c->pid > 0)
		close(c->pidfd);
	*c = (struct child){ 0 };
}

static int collect(struct child *c, int *status, struct err *e)
{
	if (reap(c->pid, status) < 0) {
		err_sys(e, "wait for a child");
		forget(c);
		return -1;
	}
	forget(c);
	return SPAWN_ENDED;
}

int spawn_wait(struct child *c, long long deadline, int *status, struct err *e)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	if (c->pid <= 0)
		return err_set(e, X_FAIL, "no child to wait for");
	int r = stop_poll(&p, 1, deadline, e);
	if (r < 0)
		return -1;
	return r == 0 ? SPAWN_DEADLINE : collect(c, status, e);
}

/* Who does not end (a disk that does not answer, a signal that is refused) gets SIGKILL again from the kernel when we end. */
static void reap_killed(const struct child *c, int ms)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
	int r;

	do
		r = poll_fds(&p, 1, ms);
	while (r < 0 && errno == EINTR);
	(void)reap_child(c->pid, NULL, r > 0 ? 0 : WNOHANG);
}

void spawn_kill(struct child *c)
{
	if (c->pid > 0) {
		/* Its group exists only when it leads one; the process itself is ours until it is reaped. */
		kill_group(c->pid, SIGKILL);
		reap_killed(c, kill_process(c->pid, SIGKILL) == 0 ? KILLED_MS : REFUSED_MS);
	}
	forget(c);
}

struct capture {
	FILE *f;
	size_t n, max;
	const char *less;
	bool end;
};

static int take_output(struct capture *cap, int fd, const char *program, struct err *e)
{
	char buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return err_sys(e, "read the output of %s", program);
	if (n == 0) {
		cap->end = true;
		return 0;
	}
	if ((size_t)n > cap->max - cap->n)
		return err_set(e, X_FAIL, "%s: more than %zu bytes of output%s%s", program, cap->max,
			       cap->less ? "; " : "", cap->less ? cap->less : "");
	fwrite(buf, 1, (size_t)n, cap->f);
	cap->n += (size_t)n;
	return 0;
}

/* Until the child ended and what it wrote was read. A grandchild holding the pipe open does not hold us. */
static int capture_all(struct child *c, int fd, struct capture *cap, long long deadline, const char *program,
		       struct err *e)
{
	bool ended = false;

	while (!cap->end || !ended) {
		struct pollfd p[2] = { { .fd = cap->end ? -1 : fd, .events = POLLIN },
				       { .fd = ended ? -1 : c->pidfd, .events = POLLIN } };
		int r = stop_poll(p, 2, ended ? now_ms() : deadline, e);

		if (r < 0)
			return -1;
		if (r == 0 && ended)
			return 0;
		if (r == 0)
			return err_set(e, X_TIMEOUT, "%s: did not end in the time it was given", program);
		if (p[1].revents)
			ended = true;
		if (p[0].revents && take_output(cap, fd, program, e) < 0)
			return -1;
	}
	return 0;
}

static int capture_run(const struct spawn *s, int pipefd[2], struct capture *cap, long long deadline, int *status,
		       struct err *e)
{
	/* In this order: the keeper goes last. */
	auto_keeper struct keeper keeper = { 0 };
	auto_kill struct child c = { 0 };

	if (spawn_start(s, &c, e) < 0 || (s->family && keeper_start(&keeper, c.pid, e) < 0))
		return -1;
	close(TAKE_FD(pipefd[1]));
	if (capture_all(&c, pipefd[0], cap, deadline, s->argv[0], e) < 0)
		return -1;
	return collect(&c, status, e);
}

int spawn_capture(const struct spawn *s, bool both, size_t max, int timeout_ms, char **text, size_t *n, int *status,
		  struct err *e)
{
	auto_free char *out = NULL;
	size_t len = 0;
	int fds[2];
	struct spawn own = *s;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, "pipe");
	/* The child's end blocks as programs expect. */
	fcntl(fds[1], F_SETFL, 0);
	own.out = fds[1];
	if (both)
		own.err = fds[1];
	struct capture cap = { .f = xmemstream(&out, &len), .max = max, .less = s->less };
	int r = capture_run(&own, fds, &cap, timeout_ms < 0 ? -1 : now_ms() + timeout_ms, status, e);

	fclose(cap.f);
	close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
	if (r < 0)
		return -1;
	*text = TAKE(out);
	if (n)
		*n = len;
	return 0;
}

const char *spawn_status(int status, char *buf, size_t n)
{
	if (WIFEXITED(status)) {
		snprintf(buf, n, "exit status %d", WEXITSTATUS(status));
	} else if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));
		const char *core = WCOREDUMP(status) ? " (core dumped)" : "";

		if (name)
			snprintf(buf, n, "killed by SIG%s%s", name, core);
		else
			snprintf(buf, n, "killed by signal %d%s", WTERMSIG(status), core);
	} else {
		snprintf(buf, n, "wait status 0x%x", (unsigned)status);
	}
	return buf;
}
