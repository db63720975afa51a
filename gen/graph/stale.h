/* stale.h: results that ninja would take for up to date and that are not.
 *
 * Ninja asks whether an input is younger than what was made from it. A path may come to name another file that is older: a folder
 * or a link that was exchanged, a mount, a copy that keeps its times; and clocks are set back. So which file each path outside
 * of the build folder named when its edge was last looked at stands in "inputs" there, a line "{device} {inode} {size} {mtime}
 * {ctime}<TAB>{path}" each, or "none" and the path; the same of what is known of tools. */
#pragma once
struct folder;
struct plan;

/* Takes away the first output of edges that are to run again, and of those with an input that is another file than it was. What cannot be
 * read counts as another file; what cannot be written is asked again the next time. */
void stale_forget(const struct folder *b, const struct plan *p);
