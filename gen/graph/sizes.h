/* sizes.h: what the files of a build folder were when ninja was done with them, so that one which lost its bytes since is not
 * taken for a result.
 *
 * Ninja compares times, and after a power failure a file can be empty and as old as it was, while ninja's log is whole. "sizes"
 * in the build folder has a line "ktstr sizes 1 BOOT", one "{size} {mtime in ns} {path}" per file, and "end". */
#pragma once
#include <stdbool.h>

/* Before ninja runs. A file of another size and the same age goes, and with it ninja's log: then every step is asked again, and the store answers.
 * Those go as well that are younger than now, because the clock was set back, without a word: what is changed from now on would be older.
 * The log goes, too, when the host booted since or "sizes" is damaged: what was written last may never have reached the disk. Damage
 * is told. Whether all was as recorded. */
bool sizes_check(int dir, const char *path);
/* After it ran. What cannot be written costs asking again. */
void sizes_record(int dir);
