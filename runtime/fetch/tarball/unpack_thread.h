/* unpack_thread.h: unpacks an archive while it is still being written, in a thread of its own.
 *
 * One side appends to the file and says how far it got; the other unpacks behind it (unpack.h). The writer never waits
 * for the unpacker, so a transfer runs at the network's speed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;
struct unpack_thread;

/* file is read by offset; dir is an empty folder. Both stay the caller's and open until unpack_thread_stop. */
int unpack_thread_start(struct unpack_thread **f, int file, int dir, struct err *e);
/* The first n bytes of the file are there. last: and there will be no more. */
void unpack_thread_have(struct unpack_thread *f, uint64_t n, bool last);
/* How many bytes of the archive the unpacker has asked for, and how many members it has made. */
void unpack_thread_progress(struct unpack_thread *f, uint64_t *bytes, uint64_t *members);

enum { UNPACK_THREAD_ENDED = 0, UNPACK_THREAD_RUNS = 1 };
/* Waits at most ms for the unpacker's end. Negative: unpacking failed, or we were told to stop. */
int unpack_thread_wait(struct unpack_thread *f, int ms, struct err *e);
/* Ends it wherever it is. *f becomes NULL; harmless on NULL. */
void unpack_thread_stop(struct unpack_thread **f);
