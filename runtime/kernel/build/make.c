#include "kernel/build/build.h"

#include "text/argv.h"
#include "base/err.h"
#include "process/keeper.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/stop.h"
#include "kernel/build/command.h"
#include "kernel/build/interrupted_make.h"
#include "kernel/build/makelog.h"
#include <fcntl.h>

enum {
	SILENT_MS = 60 * 60 * 1000, /* pahole and the last link say nothing for minutes, on slow machines for long */
	END_MS = 60 * 1000,
};

/* Until it closes its end of the pipe. */
static int follow(int fd, struct makelog *log, struct err *e)
{
	char *block = xmalloc(64 << 10);
	auto_free char *drop = block;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int r = stop_poll(&p, 1, now_ms() + SILENT_MS, e);
		ssize_t n;

		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, X_TIMEOUT, "make said nothing for %d minutes", SILENT_MS / 60000);
		n = read(fd, block, 64 << 10);
		if (n < 0)
			return err_sys(e, "read from make");
		if (n == 0)
			return 0;
		if (makelog_add(log, block, (size_t)n, e) < 0)
			return -1;
	}
}

static int run(const struct kbuild *b, const char *target, struct makelog *log, int *status, struct err *e)
{
	auto_argv struct argv a = { 0 };
	/* In this order: the keeper goes last. */
	auto_keeper struct keeper keeper = { 0 };
	auto_kill struct child c = { 0 };
	auto_close int in = -1;
	auto_close int out = -1;
	int pipe_fds[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	in = pipe_fds[0];
	out = pipe_fds[1];
	kbuild_args(&a, b);
	argv_fmt(&a, "-j%u", b->jobs ? b->jobs : 1);
	argv_add(&a, target);
	struct spawn s = { .argv = (const char *const *)a.v, .in = SPAWN_NULL, .out = out, .err = out };

	kbuild_environment(&s);
	if (spawn_start(&s, &c, e) < 0 || keeper_start(&keeper, c.pid, e) < 0)
		return -1;
	close(TAKE_FD(out));
	if (follow(in, log, e) < 0)
		return -1;
	r = spawn_wait(&c, now_ms() + END_MS, status, e);
	return r == SPAWN_DEADLINE ? err_set(e, X_TIMEOUT, "make closed its output, but does not end") : r;
}

static int make(const struct kbuild *b, const char *target, struct makelog *log, struct err *e)
{
	char how[64];
	int status = 0;

	if (run(b, target, log, &status, e) < 0)
		return err_in(e, "make %s", target);
	if (!status)
		return 0;
	const char *errors = makelog_errors(log);

	return err_set(e, log->full ? X_DISK_FULL : X_BUILD, "make %s: %s\n%sall of its output: %s", target,
		       spawn_status(status, how, sizeof(how)), errors, log->path);
}

int kbuild_make(const struct kbuild *b, struct err *e)
{
	const struct kbuild_arch *arch = kbuild_arch(b->arch, e);
	auto_makelog struct makelog log = { 0 };

	if (!arch || interrupted_make_begin(b->out, e) < 0 ||
	    makelog_open(&log, b->out, "make", b->count, b->progress, e) < 0)
		return -1;
	if (make(b, arch->target, &log, e) < 0) {
		if (e->code == X_BUILD)
			interrupted_make_end(b->out);
		return -1;
	}
	interrupted_make_end(b->out);
	return makelog_finish(&log, e);
}

int kbuild_commands(const struct kbuild *b, struct err *e)
{
	auto_makelog struct makelog log = { 0 };

	if (makelog_open(&log, b->out, "commands", NULL, NULL, e) < 0)
		return -1;
	return make(b, "compile_commands.json", &log, e);
}
