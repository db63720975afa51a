#include "store/error.h"

#include "base/err.h"
#include "store/store.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int store_err(const struct store *st, struct err *e)
{
	struct err cause = *e;

	if (cause.code == X_INTERRUPTED)
		return -1;
	return err_set(e, cause.code == X_DISK_FULL ? X_DISK_FULL : X_STORE,
		       "the store %s cannot be used: %s (KTSTR_STORE can name another folder)", st->path, cause.msg);
}

int store_owner_err(int dir, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid == geteuid())
		return err_set(e, X_STORE, "%s: Permission denied", name);
	return err_set(
		e, X_STORE,
		"%s belongs to user %u and not to you: to share a store, make its folder with a group's s bit (chmod "
		"2775) and set umask 002 in all who use it; if it was made by mistake (sudo), chown -R it back",
		name, st.st_uid);
}
