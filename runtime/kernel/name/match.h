/* match.h: which entries of the cache a word means. Pointers go into the list; nothing is read or copied. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;
struct kernel_entry;
struct kernel_list;
struct kernel_word;
struct kver;

/* Version, key, release or the beginning of exactly one key; machine as in uname -m. Found entries may be stale, and by
 * their key also corrupt or for another machine. *found NULL: nothing matches. X_NO_KERNEL: several do. */
int match_word(const struct kernel_entry **found, const struct kernel_list *l, const struct kernel_word *w,
	       const char *machine, struct err *e);
/* Of each series from one to the other the newest release, oldest series first; out has room for l->n. */
size_t match_range(const struct kernel_entry **out, const struct kernel_list *l, const struct kver *from,
		   const struct kver *to, const char *machine);
/* The one added last that can be used without a second thought, or NULL. */
const struct kernel_entry *match_newest(const struct kernel_list *l, const char *machine);

/* Whether a version may mean it: not corrupt, for this machine, without a fragment of the user's own. */
bool match_by_version(const struct kernel_entry *k, const char *machine);
/* Its number; that of its release when its metadata has none, as with built trees. */
bool match_version(const struct kernel_entry *k, struct kver *v);
