/* pack.h: a payload in one file, so that its content hash is the identity of everything a run brings along.
 *
 *   "ktstr pack 2\n", one line per file "{mode} {size} {offset} {time} {guest path}\n" or "link {target}\t{guest path}\n",
 *   an empty line; then the contents, each at its offset, page-aligned. time: of the last change, in seconds since 1970 with
 *   nine digits behind a dot, or "-" (struct payload_file, dated). */
#pragma once
struct err;
struct payload;

/* Writes p into a new file name in folder dir. */
int pack_write(int dir, const char *name, const struct payload *p, struct err *e);
/* The files of a pack: host is the pack itself, offset the place in it. Every bound is checked against its size. */
int pack_open(struct payload *p, const char *path, struct err *e);
