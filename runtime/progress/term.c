#include "progress/term.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"

void term_save(struct term *t, int fd)
{
	t->fd = tcgetattr(fd, &t->was) == 0 ? fd : -1;
}

int term_raw(struct term *t, struct err *e)
{
	struct termios raw = t->was;

	if (t->fd < 0)
		return err_set(e, X_USAGE, "standard input is not a terminal");
	cfmakeraw(&raw);
	return tcsetattr(t->fd, TCSADRAIN, &raw) < 0 ? err_sys(e, "set up the terminal") : 0;
}

void term_restore(struct term *t)
{
	sigset_t block, before;

	if (t->fd < 0)
		return;
	/* A program in the background that touches the terminal is stopped by SIGTTOU. */
	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	sigprocmask(SIG_BLOCK, &block, &before);
	tcsetattr(t->fd, TCSADRAIN, &t->was);
	sigprocmask(SIG_SETMASK, &before, NULL);
	t->fd = -1;
}

bool term_size(int fd, unsigned *columns, unsigned *rows)
{
	struct winsize w;

	if (ioctl(fd, TIOCGWINSZ, &w) < 0 || !w.ws_col || !w.ws_row)
		return false;
	*columns = w.ws_col;
	*rows = w.ws_row;
	return true;
}

int term_resize_fd(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, "signalfd") : fd;
}
