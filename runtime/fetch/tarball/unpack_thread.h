/* unpack_thread.h: unpacks an archive while it is still being written, in a thread of its own.
 *
 * One side appends to the file and says how far it got; the other unpacks behind it (unpack.h). The writer never waits
 * for the unpacker, so a transfer runs at the network's speed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;
struct feed;

/* file is read by offset; dir is an empty folder. Both stay the caller's and open until feed_stop. */
int feed_start(struct feed **f, int file, int dir, struct err *e);
/* The first n bytes of the file are there. last: and there will be no more. */
void feed_have(struct feed *f, uint64_t n, bool last);
/* How many bytes of the archive the unpacker has asked for, and how many members it has made. */
void feed_look(struct feed *f, uint64_t *bytes, uint64_t *members);

enum { FEED_ENDED = 0, FEED_RUNS = 1 };
/* Waits at most ms for the unpacker's end. Negative: unpacking failed, or we were told to stop. */
int feed_wait(struct feed *f, int ms, struct err *e);
/* Ends it wherever it is. *f becomes NULL; harmless on NULL. */
void feed_stop(struct feed **f);
