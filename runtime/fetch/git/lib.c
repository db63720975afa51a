/* lib.c: two settings that matter, and errors. */
#include "fetch/git/lib.h"

#include <errno.h>
#include <git2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"

int gitlib_init(struct err *e)
{
	/* Extensions of a repository that do not change how what is in it reads: libgit2 1.5 would refuse partial clones
	 * and whatever `git sparse-checkout` was used in. */
	static const char *harmless[] = { "partialclone", "preciousobjects", "worktreeconfig" };
	static bool done;

	if (done)
		return 0;
	if (git_libgit2_init() < 0)
		return gitlib_err(e, X_FAIL, "start libgit2");
	/* Git refuses other people's repositories because their configuration may name programs to run. We run none, and
	 * root building in a user's checkout is an ordinary case. */
	if (git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) < 0 ||
	    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, harmless, countof(harmless)) < 0)
		return gitlib_err(e, X_FAIL, "set up libgit2");
	done = true;
	return 0;
}

int gitlib_err(struct err *e, int code, const char *fmt, ...)
{
	bool full = errno == ENOSPC || errno == EDQUOT;
	const git_error *last = git_error_last();
	char context[1024];
	va_list ap;

	if (stop_pending())
		return stop_err(e);
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	if (full && last && last->klass == GIT_ERROR_OS)
		code = X_DISK_FULL;
	return err_set(e, code, "%s: %s", context, last && last->message ? last->message : "no reason given");
}

int gitlib_nor_git(const struct err *lib, struct err *e)
{
	bool old = strstr(e->msg, "unknown repository extension");

	return err_in(e, "%s, and by git neither%s", lib->msg, old ? " (a newer one reads it)" : "");
}
