/* packed.h: a cell with one seed as a bundle (bundle/bundle.h), and a bundle run. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;
struct replay_cell;

enum { PACKED_FORMAT = 2 };

/* Where there is a scheduler, the cell's command is run for what its guest got of that: known, or made now. X_NO_INPUT when something of it is not there any more; X_DIFFERS
 * when it is something else now; X_USAGE for what no bundle can have: profiles, a package of cargo, programs, another side of a comparison, real time. */
int packed_write(const char *path, const struct replay_cell *c, struct err *e);

/* Whether a path is one by its first bytes. */
bool packed_is(const char *path);
/* Runs it in a kernel cache of its own. most_mb: it is refused when it says that it is larger, unpacked, and when it is larger than it says. 0: run.json is the same to
 * the byte, 1: it is not. Negative: it came to nothing. X_BAD_ARCHIVE: as bundle_read(), or what it says of itself is none that packed_write() writes. X_DISK_FULL: there
 * is no room for it in TMPDIR. */
int packed_run(const char *path, uint64_t most_mb, struct err *e);
