/* run-here: one scenario on this machine, under whatever schedules it. Nothing is stored: it is another run each time. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "host/cgroup.h"
#include "options/opt.h"
#include "process/spawn.h"
#include "step/step.h"
#include "step/steps.h"
#include "step/trial.h"
#include "system/kill.h"
#include "text/argv.h"
#include "text/text.h"
#include "trial/record.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

enum {
	ENGINE_UNFIT = 2,
	ENGINE_SKIPS = 4,
	PATIENCE_MS = 180000, /* the engine has less, and knows why it is late */
	END_MS = 10000,       /* for it to clear away what it made */
	OUT_MAX = 64 << 20,
	WORDS_MAX = 2000,
};

static struct trial_opts x;

static const struct opt opts[] = {
	TRIAL_OPTS(x, "this machine"),
	{ 0 },
};

/* Told to stop, or too late, it clears away its groups and workers; only then it is killed. */
static void end_engine(struct child *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	kill(c->pid, SIGTERM);
	(void)poll_fds(&p, 1, END_MS);
	spawn_kill(c);
}

static int run_engine(int out, int words, int *status, struct err *e)
{
	long long deadline = now_ms() + (long long)(2 * x.ms) + PATIENCE_MS;
	auto_argv struct argv a = { 0 };
	auto_kill struct child c = { 0 };

	argv_add(&a, x.engine);
	argv_add(&a, "--host");
	argv_opt(&a, "--seed", "%llu", (unsigned long long)x.seed);
	argv_opt(&a, "--topology", "%s", x.topology);
	for (size_t i = 0; i < x.programs.n; i++)
		argv_opt(&a, "--program", "%s", x.programs.v[i]);
	argv_add(&a, x.text);
	const struct spawn s = { .argv = (const char *const *)a.v, .in = SPAWN_NULL, .out = out, .err = words };

	if (spawn_start(&s, &c, e) < 0)
		return -1;
	int r = spawn_wait(&c, deadline, status, e);

	if (r == SPAWN_ENDED)
		return 0;
	end_engine(&c);
	return r < 0 ? -1 : err_set(e, X_TIMEOUT, "the engine did not end within %lld s", (deadline - now_ms()) / 1000);
}

static char *said(int fd, size_t max, size_t *n, struct err *e)
{
	char *text = NULL;

	if (lseek(fd, 0, SEEK_SET) < 0) {
		err_sys(e, "read what the engine says");
		return NULL;
	}
	return file_read_fd(fd, "what the engine says", max, &text, n, e) < 0 ? NULL : text;
}

/* What the kernel says from now on. -1: it may not be read here, and then nothing is known of it. */
static int open_kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_END);
	return fd;
}

/* Records are "6,339,5140900,-;text", then lines that begin with a blank. */
static int write_kernel_log(int dir, int fd, struct err *e)
{
	auto_free char *text = NULL;
	char record[8192];
	size_t n;
	ssize_t got;
	FILE *f = xmemstream(&text, &n);

	while ((got = read(fd, record, sizeof(record) - 1)) > 0 || (got < 0 && (errno == EPIPE || errno == EINTR))) {
		if (got <= 0)
			continue;
		record[got] = '\0';
		char *said = strchr(record, ';');

		if (said && ftello(f) < OUT_MAX)
			fprintf(f, "%.*s\n", (int)strcspn(said + 1, "\n"), said + 1);
	}
	fclose(f);
	return file_write(dir, "console.log", text, n, e) < 0 ? -1 : 0;
}

/* The engine makes it for all runs, and who comes last takes it away. */
static void remove_parent(void)
{
	auto_free char *mount = cgroup_v2_mount(), *path = mount ? xasprintf("%s/ktstr", mount) : NULL;

	if (path)
		(void)rmdir(path);
}

/* Its last words, for people. */
static char *complaint(int fd)
{
	struct err ignored;
	size_t n;
	auto_free char *text = said(fd, OUT_MAX, &n, &ignored);

	while (text && n && text[n - 1] == '\n')
		text[--n] = '\0';
	if (!text || !n)
		return xstrdup("it does not say why");
	size_t from = n > WORDS_MAX ? n - WORDS_MAX : 0;

	return text_plain(text + from, n - from, TEXT_LINES);
}

static int conclude(struct trial_result *r, int out, int words, int status, struct err *e)
{
	auto_free char *why = complaint(words);
	char how[64];

	if (WIFEXITED(status) && (WEXITSTATUS(status) == ENGINE_SKIPS || WEXITSTATUS(status) == ENGINE_UNFIT)) {
		r->end = WEXITSTATUS(status) == ENGINE_SKIPS ? TRIAL_SKIPPED : TRIAL_UNFIT;
		r->reason = TAKE(why);
		return 0;
	}
	if (status)
		return err_set(e, X_FAIL, "the engine: %s: %s", spawn_status(status, how, sizeof(how)), why);
	r->engine = said(out, OUT_MAX, &r->engine_n, e);
	return r->engine ? 0 : -1;
}

static int run_once(int dir, struct err *e)
{
	static const struct record rec = { .host = true };
	auto_trial_result struct trial_result r = { .seed = x.seed };
	struct utsname uts;
	int status = 0;

	if (!x.engine || !x.text || !x.topology || !x.ms)
		return err_set(e, X_USAGE, "--engine, --text, --topology and --ms are required");
	auto_close int out = memory_file("engine", 0, OUT_MAX, e);
	auto_close int words = out < 0 ? -1 : memory_file("engine-says", 0, 1 << 20, e);

	auto_close int log = open_kernel_log();

	if (out < 0 || words < 0 || topology_parse(&r.topology, x.topology, e) < 0)
		return -1;
	int ended = run_engine(out, words, &status, e);

	remove_parent();
	if (ended < 0 || conclude(&r, out, words, status, e) < 0 || (log >= 0 && write_kernel_log(dir, log, e) < 0))
		return -1;
	if (uname(&uts) == 0)
		r.release = xstrdup(uts.release);
	return record_file(dir, &rec, &r, e);
}

/* What came to nothing leaves the other seeds to be judged. */
static int run(int dir, const char *path, struct err *e)
{
	struct err ignored;

	(void)path;
	(void)unlinkat(dir, "run.json", 0);
	if (run_once(dir, e) == 0)
		return 0;
	auto_free char *line = xasprintf("%.*s", (int)strcspn(e->msg, "\n"), e->msg);

	if (e->code != X_INTERRUPTED && record_broken(dir, line, &ignored) == 0)
		step_goes_on();
	return -1;
}

const struct step step_run_here = {
	.name = "run-here",
	.format = 1,
	.summary = "run a scenario on this machine",
	.opts = opts,
	.run = run,
};
