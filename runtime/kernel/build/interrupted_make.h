/* interrupted_make.h: objects that were being written when make was killed.
 *
 * make judges by time, so half an object is up to date for it. Linux writes ".x.o.cmd" when x.o is complete: what is
 * younger than its record, or has none though it is an object, is not believed after a make that did not end by itself. */
#pragma once
struct err;

/* Before make in that O= folder: cleans up after one that was killed, and notes that one runs. */
int interrupted_make_begin(const char *out, struct err *e);
/* make ended by itself; what it could not complete it has removed. */
void interrupted_make_end(const char *out);
