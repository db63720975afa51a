/* confirm.h: a yes or no from the person at the terminal. */
#pragma once
struct err;

enum { CONFIRM_YES = 0, CONFIRM_NO = 1 };
/* Asks on stderr, reads a line of stdin; everything but y and yes is no. X_INTERRUPTED. */
int confirm(const char *question, struct err *e);
