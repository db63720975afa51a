#include "store/error.h"

#include "base/err.h"
#include "store/store.h"

int store_err(const struct store *st, struct err *e)
{
	struct err cause = *e;

	if (cause.code == X_INTERRUPTED)
		return -1;
	return err_set(e, cause.code == X_DISK_FULL ? X_DISK_FULL : X_STORE,
		       "the store %s cannot be used: %s (KTSTR_STORE can name another folder)", st->path, cause.msg);
}
