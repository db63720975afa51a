/* last.h: which cells of the last request did not pass, of whatever verb: "history/last" of the store, their folders, a line each. */
#pragma once
struct argv;
struct err;
struct rulings;

/* For convenience alone: that it cannot be written fails nothing. */
void last_write(const struct rulings *all);
/* X_NO_INPUT: there is no such list. */
int last_read(struct argv *dirs, struct err *e);
