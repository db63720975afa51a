/* test_session.c: a session with a child of ours as the guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "progress/term.h"
#include "guest/proto.h"
#include "vm/session.h"
#include "vm/vm.h"

enum { PATIENCE_MS = 60000, GUEST_FD = 3 };

/* ---- the guest: exits with 0 when all went as it expects */

static struct chan host;

static void insist(bool ok)
{
	if (!ok)
		_exit(1);
}

static void say(uint32_t type, const void *data, size_t n)
{
	struct err e;

	insist(chan_send(&host, type, data, n, now_ms() + PATIENCE_MS, &e) == 0);
}

static void say_text(uint32_t type, const char *text)
{
	say(type, text, strlen(text));
}

static struct msg hear(uint32_t type)
{
	struct msg m;
	struct err e;
	int r;

	while ((r = chan_next(&host, &m, &e)) == CHAN_EMPTY) {
		struct pollfd p = { .fd = host.fd, .events = POLLIN };

		insist(poll(&p, 1, PATIENCE_MS) == 1);
	}
	insist(r == CHAN_MSG && m.type == type);
	return m;
}

static void end(int status)
{
	struct proto_exited gone = { .status = status };

	say(MSG_ENDED, &gone, sizeof(gone));
}

/* Takes input late and in lumps, so that the host would overrun the window if it could. */
static void echo(void)
{
	size_t ahead = 0;

	hear(MSG_RUN);
	for (;;) {
		struct msg m = hear(MSG_IN);
		uint32_t taken;

		if (!m.n)
			break;
		ahead += m.n;
		insist(ahead <= PROTO_WINDOW);
		say(MSG_OUT, m.data, m.n);
		if (ahead < PROTO_WINDOW / 2)
			continue;
		taken = (uint32_t)ahead;
		ahead = 0;
		say(MSG_TAKEN, &taken, sizeof(taken));
	}
	end(7 << 8);
}

static void two_outputs(void)
{
	struct msg m = hear(MSG_RUN);
	struct proto_session h;

	memcpy(&h, m.data, sizeof(h));
	insist(h.argc == 2 && h.n_env == 1 && !h.terminal && !h.above);
	insist(m.n == sizeof(h) + 14 && !memcmp((const char *)m.data + sizeof(h), "/prog\0arg\0A=b", 14));
	say_text(MSG_OUT, "out");
	say_text(MSG_ERR, "err");
	say_text(MSG_OUT, "put");
	end(9);
}

static void unheard(void)
{
	struct msg m;
	uint32_t which;

	hear(MSG_RUN);
	say_text(MSG_OUT, "into the void");
	m = hear(MSG_DEAF);
	memcpy(&which, m.data, sizeof(which));
	insist(m.n == sizeof(which) && which == STDOUT_FILENO);
	say_text(MSG_OUT, "again"); /* was on its way already: no second DEAF */
	say_text(MSG_ERR, "err");
	end(SIGPIPE);
}

static void asides(void)
{
	struct msg m = hear(MSG_RUN);
	struct proto_session h;

	memcpy(&h, m.data, sizeof(h));
	insist(h.above);
	say(MSG_PONG, NULL, 0);
	say_text(MSG_LOG, "log");
	say_text(MSG_EXIT_INFO, "why");
	end(0);
}

/* Has said all of it, its end as the last, when it stops. */
static void hasty(void)
{
	for (int i = 0; i < 50; i++)
		say(MSG_PONG, NULL, 0);
	end(0);
	raise(SIGSTOP);
	pause();
}

/* Ends when it is told that its input has. */
static void waits(void)
{
	hear(MSG_RUN);
	insist(!hear(MSG_IN).n);
	end(0);
}

static void lies_taken(void)
{
	uint32_t taken = 1;

	hear(MSG_RUN);
	say(MSG_TAKEN, &taken, sizeof(taken));
	pause();
}

static void lies_short(void)
{
	hear(MSG_RUN);
	say_text(MSG_ENDED, "?");
	pause();
}

static void out_of_turn(void)
{
	hear(MSG_RUN);
	say_text(MSG_HELLO, "version 1\n");
	pause();
}

static void cannot(void)
{
	hear(MSG_RUN);
	say_text(MSG_FAILED, "run /prog: no such thing\n\x1b]0;title\aerror: more");
	pause();
}

static void vanishes(void)
{
	hear(MSG_RUN);
}

static void typed(void)
{
	struct msg m = hear(MSG_RUN);
	struct proto_session h;

	memcpy(&h, m.data, sizeof(h));
	insist(h.terminal && h.window.columns == 91 && h.window.rows == 17);
	for (size_t n = 0; n < 4;) { /* Ctrl-A b as it was typed */
		m = hear(MSG_IN);
		insist(n + m.n <= 4 && !memcmp(m.data, &"a\001bc"[n], m.n));
		n += m.n;
	}
	say_text(MSG_OUT, "thanks");
	pause();
}

/* ---- ours */

struct fixture {
	struct vm vm;
	int in[2], out[2], err[2];
};

static void begin(struct fixture *x, void (*guest)(void))
{
	auto_descriptors struct descriptors theirs = { 0 };
	sigset_t all, mask;
	int pair[2];
	pid_t pid;

	*x = (struct fixture){ .vm = { .open = true,
				       .console = -1,
				       .says = -1,
				       .qmp.fd = -1,
				       .bell = -1,
				       .port = -1,
				       .board = { .ring = -1, .gate = -1 } } };
	for (size_t i = 0; i < countof(x->vm.ram); i++)
		x->vm.ram[i] = -1;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe(x->in) | pipe(x->out) | pipe(x->err), 0);
	descriptors_list(&theirs, GUEST_FD + 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pair[1], GUEST_FD);
		descriptors_close(&theirs); /* our ends of the pipes must be the only ones */
		chan_open(&host, GUEST_FD);
		guest();
		_exit(0);
	}
	close(pair[1]);
	chan_open(&x->vm.chan, pair[0]);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	x->vm.qemu = (struct child){ .pid = pid, .pidfd = child_end(pid) };
	sigprocmask(SIG_SETMASK, &mask, NULL);
	assert_true(x->vm.qemu.pidfd >= 0);
}

static void finish(struct fixture *x)
{
	const int fds[] = { x->in[0], x->in[1], x->out[0], x->out[1], x->err[0], x->err[1] };

	for (size_t i = 0; i < countof(fds); i++)
		close(fds[i]);
	vm_close(&x->vm);
}

static void guest_is_content(struct fixture *x)
{
	struct err e;
	int status;

	assert_int_equal(spawn_wait(&x->vm.qemu, now_ms() + PATIENCE_MS, &status, &e), SPAWN_ENDED);
	assert_int_equal(status, 0);
}

static int run(struct fixture *x, int *status, struct err *e)
{
	static const char *const argv[] = { "/prog", "arg", NULL }, *const env[] = { "A=b", NULL };
	struct session s = { .argv = argv,
			     .env = env,
			     .in = x->in[0],
			     .out = x->out[1],
			     .err = x->err[1],
			     .deadline = now_ms() + PATIENCE_MS };

	int r = session_run(&x->vm, &s, status, e);

	if (r < 0)
		print_message("%s\n", e->msg);
	return r;
}

/* Somebody waits for another descriptor beside: twice, and then no more. */
struct beside {
	int fd, times;
	struct fixture *x;
};

static int beside_ready(void *arg, struct err *e)
{
	struct beside *b = arg;
	char byte;

	(void)e;
	assert_int_equal(read(b->fd, &byte, 1), 1);
	if (++b->times < 2)
		return 0;
	b->fd = -1;
	close(b->x->in[1]);
	b->x->in[1] = -1;
	return 0;
}

static void one_more_descriptor(void **state)
{
	static const char *const argv[] = { "/prog", NULL };
	struct fixture x;
	int pair[2], status;
	struct err e;

	(void)state;
	begin(&x, waits);
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(write(pair[1], "abc", 3), 3);
	struct beside b = { pair[0], 0, &x };
	const struct session s = { .argv = argv,
				   .in = x.in[0],
				   .out = x.out[1],
				   .err = x.err[1],
				   .also = &b.fd,
				   .ready = beside_ready,
				   .arg = &b,
				   .deadline = now_ms() + PATIENCE_MS };

	assert_int_equal(session_run(&x.vm, &s, &status, &e), SESSION_ENDED);
	assert_int_equal(b.times, 2);
	guest_is_content(&x);
	finish(&x);
	close(pair[0]);
	close(pair[1]);
}

static void reads_equal(int fd, const char *want)
{
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf));

	assert_int_equal(n, strlen(want));
	assert_memory_equal(buf, want, n);
}

/* Writes n known bytes into to and closes it; expects the same from from. Its exit status tells. */
static pid_t other_end(int to, int from, size_t n)
{
	pid_t writer, reader = fork();

	if (reader != 0) /* ours, or failed */
		return reader;
	writer = fork();
	if (writer == 0) {
		FILE *f = fdopen(to, "w");

		for (uint32_t i = 0; i < n / sizeof(i); i++)
			insist(fwrite(&i, sizeof(i), 1, f) == 1);
		_exit(fclose(f));
	}
	close(to);
	FILE *f = fdopen(from, "r");
	uint32_t got;

	for (uint32_t i = 0; i < n / sizeof(i); i++)
		insist(fread(&got, sizeof(got), 1, f) == 1 && got == i);
	_exit(0);
}

static void much_goes_through(void **state)
{
	struct fixture x;
	int status, seen;
	struct err e;

	(void)state;
	begin(&x, echo);
	pid_t pid = other_end(x.in[1], x.out[0], 4 << 20);

	close(x.in[1]);
	x.in[1] = -1;
	assert_int_equal(run(&x, &status, &e), SESSION_ENDED);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_int_equal(waitpid(pid, &seen, 0), pid);
	assert_int_equal(seen, 0);
	guest_is_content(&x);
	finish(&x);
}

static void outputs_apart(void **state)
{
	struct fixture x;
	struct err e;
	int status;

	(void)state;
	begin(&x, two_outputs);
	assert_int_equal(run(&x, &status, &e), SESSION_ENDED);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == 9);
	reads_equal(x.out[0], "output");
	reads_equal(x.err[0], "err");
	guest_is_content(&x);
	finish(&x);
}

static void reader_gone(void **state)
{
	struct fixture x;
	struct err e;
	int status;

	(void)state;
	begin(&x, unheard);
	close(x.out[0]);
	x.out[0] = -1;
	assert_int_equal(run(&x, &status, &e), SESSION_ENDED);
	assert_int_equal(status, SIGPIPE);
	reads_equal(x.err[0], "err");
	guest_is_content(&x);
	finish(&x);
}

static int note(void *arg, const struct msg *m, struct err *e)
{
	char *text = arg;

	(void)e;
	strncat(text, m->data, m->n);
	return 0;
}

static void others_are_told(void **state)
{
	static const char *const argv[] = { "/prog", NULL };
	char text[64] = "";
	struct fixture x;
	struct err e;
	int status;

	(void)state;
	begin(&x, asides);
	struct session s = { .argv = argv,
			     .above = true,
			     .in = x.in[0],
			     .out = x.out[1],
			     .err = x.err[1],
			     .deadline = -1,
			     .other = note,
			     .arg = text };

	assert_int_equal(session_run(&x.vm, &s, &status, &e), SESSION_ENDED);
	assert_string_equal(text, "logwhy");
	guest_is_content(&x);
	finish(&x);
}

static void bad_guests(void **state)
{
	static const struct {
		void (*guest)(void);
		const char *says;
	} cases[] = {
		{ lies_taken, "took more input than it was given" },
		{ lies_short, "damaged exit status" },
		{ out_of_turn, "sent message 1 out of turn" },
		{ cannot, "the guest could not: run /prog: no such thing" },
		{ vanishes, "the guest switched itself off" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct fixture x;
		struct err e;
		int status;

		begin(&x, cases[i].guest);
		assert_true(run(&x, &status, &e) < 0);
		assert_int_equal(e.code, X_VM);
		if (!strstr(e.msg, cases[i].says))
			fail_msg("%s", e.msg);
		finish(&x);
	}
}

static void late(void **state)
{
	static const char *const argv[] = { "/prog", NULL };
	struct fixture x;
	struct err e;
	int status;

	(void)state;
	begin(&x, (void (*)(void))pause);
	struct session s = {
		.argv = argv, .in = x.in[0], .out = x.out[1], .err = x.err[1], .deadline = now_ms() + 100
	};

	assert_true(session_run(&x.vm, &s, &status, &e) < 0);
	assert_int_equal(e.code, X_TIMEOUT);
	finish(&x);
}

/* A guest that has something to say whenever it is asked holds us neither beyond the deadline nor when we are told to stop. */
static void never_silent(void **state)
{
	static const char *const argv[] = { "/prog", NULL };
	struct err e = { 0 };
	sigset_t set;

	(void)state;
	assert_int_equal(stop_init(&e), 0);
	for (int stop = 0; stop < 2; stop++) {
		struct fixture x;
		siginfo_t info;
		int status;

		begin(&x, hasty);
		assert_int_equal(waitid(P_PID, (id_t)x.vm.qemu.pid, &info, WSTOPPED), 0);
		struct session s = {
			.argv = argv, .in = x.in[0], .out = x.out[1], .err = x.err[1], .deadline = stop ? -1 : now_ms()
		};

		if (stop)
			kill(getpid(), SIGTERM);
		assert_true(session_run(&x.vm, &s, &status, &e) < 0);
		assert_int_equal(e.code, stop ? X_INTERRUPTED : X_TIMEOUT);
		finish(&x);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(sigtimedwait(&set, NULL, &(struct timespec){ 0 }), SIGTERM);
	stop_undo();
}

static void at_a_terminal(void **state)
{
	static const char *const argv[] = { "/prog", NULL };
	struct winsize size = { .ws_col = 91, .ws_row = 17 };
	auto_term struct term t = { .fd = -1 };
	struct termios before, during, after;
	int ours, theirs, status;
	struct fixture x;
	struct err e;

	(void)state;
	assert_int_equal(openpty(&ours, &theirs, NULL, NULL, &size), 0);
	tcgetattr(theirs, &before);
	begin(&x, typed);
	term_save(&t, theirs);
	assert_int_equal(term_raw(&t, &e), 0);
	tcgetattr(theirs, &during);
	assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
	assert_int_equal(write(ours, "a\001bc\001x", 6), 6);
	struct session s = { .argv = argv,
			     .terminal = true,
			     .in = theirs,
			     .out = theirs,
			     .err = theirs,
			     .deadline = now_ms() + PATIENCE_MS };

	assert_int_equal(session_run(&x.vm, &s, &status, &e), SESSION_QUIT);
	term_restore(&t);
	term_restore(&t);
	tcgetattr(theirs, &after);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	close(ours);
	close(theirs);
	finish(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_more_descriptor),
		cmocka_unit_test(much_goes_through),
		cmocka_unit_test(outputs_apart),
		cmocka_unit_test(reader_gone),
		cmocka_unit_test(others_are_told),
		cmocka_unit_test(bad_guests),
		cmocka_unit_test(late),
		cmocka_unit_test(never_silent),
		cmocka_unit_test(at_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
