/* last.h: which cells of the last request did not pass: a file of the store with their folders, a line each. */
#pragma once
struct err;
struct rulings;

/* Caller frees. */
char *last_path(struct err *e);
/* For convenience alone: that it cannot be written fails nothing. */
void last_write(const struct rulings *all);
