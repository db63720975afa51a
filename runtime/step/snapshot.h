/* snapshot.h: what the step of that name makes, for who makes one beside it. */
#pragma once
struct err;
struct guest_opts;

/* Into the folder open as dir, which has nothing of it. g: filled by guest_recipe(). */
int snapshot_make(struct guest_opts *g, int dir, const char *path, struct err *e);
