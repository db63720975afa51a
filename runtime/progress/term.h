/* term.h: the user's terminal in raw mode, and back on every way out.
 *
 * Back means: at term_restore(), at exit(), and when one of the stop signals ends the program through its ordinary paths.
 * After SIGKILL nobody can; who starts a program that may be killed so saves and restores around it. */
#pragma once
#include <stdbool.h>
#include <termios.h>
struct err;

struct term {
	int fd; /* -1: nothing to restore */
	struct termios was;
};

/* {.fd = -1} when fd is no terminal. */
void term_save(struct term *t, int fd);
/* Bytes go through as they are typed, signals of the keyboard too. */
int term_raw(struct term *t, struct err *e);
/* Harmless when nothing was changed, and twice. */
void term_restore(struct term *t);
#define auto_term __attribute__((unused, cleanup(term_restore)))

/* Columns and rows of the window; false when fd is none or does not know. */
bool term_size(int fd, unsigned *columns, unsigned *rows);
/* A descriptor that turns readable when the window's size changes; read a struct signalfd_siginfo from it. */
int term_resize_fd(struct err *e);
