#include "store/lock.h"

#include "base/err.h"
#include "base/mem.h"
#include "store/error.h"
#include "store/store.h"

int lock_try(struct store *st, const char *key, int *fd, struct err *e)
{
	auto_free char *path = xasprintf("locks/%s", key);
	int rc = flock_try(st->dir, path, fd, e);

	return rc < 0 ? store_err(st, e) : rc;
}

int lock_take(struct store *st, const char *key, int *fd, struct err *e)
{
	auto_free char *path = xasprintf("locks/%s", key);

	if (flock_take(st->dir, path, fd, -1, e) == 0)
		return LOCK_TAKEN;
	return e->code == X_INTERRUPTED ? err_in(e, "waiting for another process that makes the same")
					: store_err(st, e);
}

void lock_drop(struct store *st, const char *key, int *fd)
{
	auto_free char *path = xasprintf("locks/%s", key);

	flock_drop(st->dir, path, fd);
}
