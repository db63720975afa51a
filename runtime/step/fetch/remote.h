/* remote.h: what remote-get and remote-put share. */
#pragma once
struct err;
struct gha;

/* Checks the key and fills g from the environment. What is missing there is a problem, not an error. tools: those that were asked for
 * by name, whose kernels are shared apart from all others; NULL: none. */
int remote_setup(struct gha *g, const char *key, const char *tools, char **problem, struct err *e);
/* Makes *problem of an error: one line, for the facts, and told at once. Returns 0, or -1 when it is no trouble of the other
 * side's: a stop. */
int remote_problem(char **problem, const char *what, struct err *e);

/* An empty folder in the step's own, open; *folder is its path. remote_leave() removes it. */
int remote_place(int dir, const char *path, char **folder, struct err *e);
void remote_leave(int dir);
/* A file without a name there, or -1. */
int remote_file(int place, struct err *e);
