#include "vm/session.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "progress/log.h"
#include "progress/term.h"
#include "guest/proto.h"
#include "vm/console.h"
#include "vm/end.h"
#include "vm/park.h"
#include "vm/vm.h"

enum {
	CHUNK = 32768,
	PIECE = 4096, /* a pipe that is ready takes this much without blocking (PIPE_BUF) */
	SEND_MS = 60 * 1000,
	ESCAPE = 1, /* Ctrl-A */
	PING_MS = 5000,
	SLICE_MS = 1000,
};

struct talk {
	struct vm *vm;
	const struct session *s;
	size_t ahead; /* bytes of input the program has not taken */
	bool in_over; /* our input has ended, and the guest knows */
	bool in_told; /* virtual time: it does */
	bool escaped; /* Ctrl-A was typed */
	bool quit;
	bool deaf[2];     /* nobody reads our out, err */
	int resize;       /* -1: no terminal */
	long long silent; /* milliseconds we waited without a word from the guest */
	bool pinged;
	long long still; /* still_ms() that the user was told of */
	bool ended;
	int status;
};

static int send_run(struct talk *t, struct err *e)
{
	struct proto_session h = { .terminal = t->s->terminal, .above = t->s->above };
	auto_free char *msg = NULL;
	unsigned columns, rows;
	size_t n;
	FILE *f = xmemstream(&msg, &n);

	if (t->s->terminal && term_size(t->s->out, &columns, &rows))
		h.window = (struct proto_window){ (uint16_t)columns, (uint16_t)rows };
	while (t->s->argv[h.argc])
		h.argc++;
	while (t->s->env && t->s->env[h.n_env])
		h.n_env++;
	fwrite(&h, sizeof(h), 1, f);
	for (uint32_t i = 0; i < h.argc; i++)
		fwrite(t->s->argv[i], strlen(t->s->argv[i]) + 1, 1, f);
	for (uint32_t i = 0; i < h.n_env; i++)
		fwrite(t->s->env[i], strlen(t->s->env[i]) + 1, 1, f);
	fclose(f);
	return chan_send(&t->vm->chan, MSG_RUN, msg, n, now_ms() + SEND_MS, e);
}

enum { PUT_DONE = 0, PUT_DEAF = 1 };

/* Waits for room: our reader may be slow, and a pager may sit there for hours. */
static int put(int fd, const char *data, size_t n, struct err *e)
{
	while (n) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t done;

		if (stop_poll(&p, 1, -1, e) < 0)
			return -1;
		done = write(fd, data, n < PIECE ? n : PIECE);
		if (done < 0 && (errno == EPIPE || errno == EIO))
			return PUT_DEAF;
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(e, "write what the guest says");
		if (done > 0) {
			data += done;
			n -= (size_t)done;
		}
	}
	return PUT_DONE;
}

/* which: STDOUT_FILENO or STDERR_FILENO of the guest's program. */
static int output(struct talk *t, uint32_t which, const struct msg *m, struct err *e)
{
	bool *deaf = &t->deaf[which == STDERR_FILENO];

	if (t->s->take)
		return t->s->take(t->s->arg, (int)which, m->data, m->n, e);
	if (t->s->copy && write_all(t->s->copy, m->data, m->n, "the copy of the output", e) < 0)
		return -1;
	int r = *deaf ? PUT_DONE : put(which == STDERR_FILENO ? t->s->err : t->s->out, m->data, m->n, e);

	if (r != PUT_DEAF)
		return r;
	*deaf = true;
	t->quit |= t->s->terminal;
	return t->quit ? 0 : chan_send(&t->vm->chan, MSG_DEAF, &which, sizeof(which), now_ms() + SEND_MS, e);
}

static int tell_in_over(struct talk *t, struct err *e)
{
	t->in_told = true;
	return chan_send(&t->vm->chan, MSG_IN, NULL, 0, -1, e);
}

static int read_chunk(struct talk *t, char *buf, size_t *n, struct err *e)
{
	for (*n = 0; *n < CHUNK;) {
		struct pollfd p = { .fd = t->s->in, .events = POLLIN };

		if (stop_poll(&p, 1, t->s->deadline, e) < 0)
			return -1;
		if (t->s->deadline >= 0 && now_ms() >= t->s->deadline)
			return err_set(e, X_TIMEOUT, "standard input did not end in time; </dev/null gives none");
		ssize_t r = read(t->s->in, buf + *n, CHUNK - *n);

		if (r < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(e, "read the input");
		if (r == 0)
			return 0;
		*n += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

/* In virtual time the guest stands still while we wait, so that what it is given, and when, is the same however slowly it comes.
 * A terminal's input would come when somebody types: there is none. */
static int input_whole(struct talk *t, struct err *e)
{
	auto_free char *buf = xmalloc(CHUNK);
	size_t n = 0;

	while (!t->in_over && t->ahead + CHUNK <= PROTO_WINDOW) {
		if (!isatty(t->s->in) && read_chunk(t, buf, &n, e) < 0)
			return -1;
		if (n && chan_send(&t->vm->chan, MSG_IN, buf, n, -1, e) < 0)
			return -1;
		t->ahead += n;
		t->in_over = n < CHUNK;
	}
	return t->in_over && !t->in_told ? tell_in_over(t, e) : 0;
}

static int message(struct talk *t, const struct msg *m, struct err *e)
{
	struct proto_exited gone;
	uint32_t taken;

	switch (m->type) {
	case MSG_OUT:
		return output(t, STDOUT_FILENO, m, e);
	case MSG_ERR:
		return output(t, STDERR_FILENO, m, e);
	case MSG_PONG:
		return 0;
	case MSG_TAKEN:
		if (m->n != sizeof(taken) || (memcpy(&taken, m->data, sizeof(taken)), taken > t->ahead))
			return err_set(e, X_VM, "the guest took more input than it was given");
		t->ahead -= taken;
		return t->vm->m.clock.virtual && !t->s->answer ? input_whole(t, e) : 0;
	case MSG_ENDED:
		if (m->n != sizeof(gone))
			return err_set(e, X_VM, "the guest sent a damaged exit status");
		memcpy(&gone, m->data, sizeof(gone));
		t->status = gone.status;
		t->ended = true;
		return 0;
	case MSG_LATE:
		return err_set(e, X_TIMEOUT, "the session took longer than it may, by the guest's own time");
	case MSG_FAILED:
		return chan_failed(m, e);
	case MSG_LOG:
	case MSG_STATE:
	case MSG_EXITED:
	case MSG_EXIT_INFO:
	case MSG_CALLS:
		return t->s->other ? t->s->other(t->s->arg, m, e) : 0;
	default:
		return err_set(e, X_VM, "the guest sent message %" PRIu32 " out of turn", m->type);
	}
}

/* Takes the escapes out of what was typed: buf has room for one byte more. Returns what is left. */
static size_t unescape(struct talk *t, char *buf, size_t n)
{
	auto_free char *typed = xmemdup(buf, n);
	size_t to = 0;

	for (size_t i = 0; i < n && !t->quit; i++) {
		if (t->escaped) {
			t->escaped = false;
			t->quit = typed[i] == 'x' || typed[i] == 'X';
			buf[to++] = ESCAPE;
			buf[to++] = typed[i];
		} else if (typed[i] == ESCAPE) {
			t->escaped = true;
		} else {
			buf[to++] = typed[i];
		}
	}
	return to;
}

static int input(struct talk *t, struct err *e)
{
	size_t room = PROTO_WINDOW - t->ahead;
	auto_free char *buf = xmalloc(CHUNK + 1);
	ssize_t n = read(t->s->in, buf, room - 1 < CHUNK ? room - 1 : CHUNK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != EIO)
		return err_sys(e, "read the input");
	if (n <= 0 && t->s->terminal) {
		t->quit = true;
		return 0;
	}
	if (n <= 0)
		n = 0;
	t->in_over = n == 0;
	if (n && t->s->terminal && !(n = (ssize_t)unescape(t, buf, (size_t)n)))
		return 0;
	if (t->quit)
		return 0;
	t->ahead += (size_t)n;
	return chan_send(&t->vm->chan, MSG_IN, buf, (size_t)n, now_ms() + SEND_MS, e);
}

static int resized(struct talk *t, struct err *e)
{
	struct signalfd_siginfo info;
	struct proto_window w;
	unsigned columns, rows;

	while (read(t->resize, &info, sizeof(info)) == sizeof(info))
		;
	if (!term_size(t->s->out, &columns, &rows))
		return 0;
	w = (struct proto_window){ (uint16_t)columns, (uint16_t)rows };
	return chan_send(&t->vm->chan, MSG_WINDOW, &w, sizeof(w), now_ms() + SEND_MS, e);
}

static bool is_late(const struct talk *t)
{
	return vm_is_late(t->vm, t->s->deadline);
}

static int late(struct err *e)
{
	return err_set(e, X_TIMEOUT, "the session took longer than it may");
}

static int answer(struct talk *t, struct err *e)
{
	const char *text = t->s->answer && !t->ended ? t->s->answer(t->s->arg) : NULL;
	size_t n = text ? strlen(text) : 0;

	if (!n)
		return 0;
	if (n > PROTO_WINDOW - t->ahead)
		return err_set(e, X_VM, "the guest does not read what it asked for");
	t->ahead += n;
	return chan_send(&t->vm->chan, MSG_IN, text, n, now_ms() + SEND_MS, e);
}

/* Everything that came whole is dealt with before we wait again. */
static int drain(struct talk *t, struct err *e)
{
	struct msg m;
	int r;

	while (!t->ended && !t->quit && (r = chan_next(&t->vm->chan, &m, e)) == CHAN_MSG) {
		t->silent = 0;
		t->pinged = false;
		if (message(t, &m, e) < 0 || answer(t, e) < 0)
			return -1;
		/* It may be a guest that never falls silent. */
		if (!t->ended && !t->quit && (stop_pending() || is_late(t)))
			return stop_pending() ? stop_err(e) : late(e);
	}
	if (t->ended || t->quit)
		return 0;
	if (r < 0)
		return err_in(e, "session");
	return r == CHAN_EOF ? vm_gone(t->vm, e) : 0;
}

static int check_silence(struct talk *t, long long waited, struct err *e)
{
	long long most = 1000LL * VM_SILENT_S * vm_scale(&t->vm->m);

	t->silent += waited;
	/* It may compute for long, and has a deadline of its own, which passes unless it stands still. */
	if (t->vm->m.clock.virtual) {
		if (t->silent < PARK_LOOK_MS)
			return 0;
		t->silent = 0;
		return park_check(t->vm, PARK_SILENT_MS, e);
	}
	if (t->silent >= most) {
		auto_free char *what = xasprintf("the guest's init has not answered for %lld s", most / 1000);

		return vm_late(t->vm, what, e);
	}
	if (t->silent < PING_MS || t->pinged)
		return 0;
	t->pinged = true;
	return chan_send(&t->vm->chan, MSG_PING, NULL, 0, now_ms() + SEND_MS, e);
}

/* The guest's clock stood as well when the whole machine slept. A guest that is gone is told of by others. */
static int check_still(struct talk *t, struct err *e)
{
	long long still = still_ms();

	if (still == t->still || still_stands())
		return 0;
	log_warn("the host stood still for %lld s", (still - t->still + 500) / 1000);
	t->still = still;
	/* A guest in virtual time is not behind, and would be told something of its host. */
	if (t->vm->m.clock.virtual)
		return 0;
	return vm_tell_now(t->vm, e) < 0 && e->code != X_VM ? -1 : 0;
}

static int bell(struct talk *t, struct err *e)
{
	int r = board_hear_bell(&t->vm->board, t->vm->bell, e);

	if (r == BOARD_GONE)
		close(TAKE_FD(t->vm->bell));
	return r < 0 ? -1 : 0;
}

static int wait_once(struct talk *t, struct err *e)
{
	bool room = !t->vm->m.clock.virtual && !t->s->answer && !t->in_over && t->ahead + 1 < PROTO_WINDOW;
	struct pollfd p[] = {
		{ .fd = t->vm->chan.fd, .events = POLLIN },
		{ .fd = t->vm->qemu.pidfd, .events = POLLIN },
		{ .fd = t->vm->console, .events = POLLIN },
		{ .fd = t->vm->says, .events = POLLIN },
		{ .fd = room ? t->s->in : -1, .events = POLLIN },
		{ .fd = t->resize, .events = POLLIN },
		{ .fd = t->vm->bell, .events = POLLIN },
		{ .fd = t->s->also ? *t->s->also : -1, .events = POLLIN },
	};
	long long start = now_ms();
	int r = stop_poll(p, countof(p), start + SLICE_MS, e);

	if (r < 0 || check_still(t, e) < 0)
		return -1;
	if (is_late(t))
		return late(e);
	console_drain(t->vm);
	if ((p[6].revents && bell(t, e) < 0) || (p[7].revents && t->s->ready(t->s->arg, e) < 0))
		return -1;
	if (p[5].revents && resized(t, e) < 0)
		return -1;
	if (p[4].revents && input(t, e) < 0)
		return -1;
	if (p[0].revents)
		return 0;
	if (p[1].revents || t->vm->panicked)
		return vm_gone(t->vm, e);
	return check_silence(t, now_ms() - start, e);
}

static int talk(struct talk *t, struct err *e)
{
	if (send_run(t, e) < 0 || (t->vm->m.clock.virtual && !t->s->answer && input_whole(t, e) < 0))
		return -1;
	while (!t->ended && !t->quit) {
		if (drain(t, e) < 0)
			return -1;
		if (!t->ended && wait_once(t, e) < 0)
			return -1;
	}
	return t->ended ? SESSION_ENDED : SESSION_QUIT;
}

int session_run(struct vm *vm, const struct session *s, int *status, struct err *e)
{
	struct talk t = { .vm = vm, .s = s, .resize = -1, .still = still_ms() };
	int r;

	signal(SIGPIPE, SIG_IGN);
	if (s->terminal && (t.resize = term_resize_fd(e)) < 0)
		return -1;
	r = talk(&t, e);
	*status = t.status;
	if (t.resize >= 0)
		close(t.resize);
	return r;
}
