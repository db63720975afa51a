#include "step/fetch/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "text/text.h"
#include "kernel/cache/entry.h"
#include "kernel/cache/remote.h"
#include "fetch/http/ghacache.h"
#include "step/step.h"
#include "store/digest.h"

#define PLACE "work"
#define BLOB "blob"

int remote_problem(char **problem, const char *what, struct err *e)
{
	if (e->code == X_INTERRUPTED)
		return -1;
	auto_free char *said = xasprintf("%s: %s", what, e->msg);

	*problem = text_plain(said, strlen(said), TEXT_LINE);
	*e = (struct err){ 0 };
	step_progress(0, 0, *problem);
	return 0;
}

int remote_setup(struct gha *g, const char *key, const char *tools, char **problem, struct err *e)
{
	const char *lacks = NULL;
	enum remote which = remote_which(&g->url, &g->token, &lacks);

	if (!key)
		return err_set(e, X_USAGE, "--key is required");
	if (kernel_key_check(key, e) < 0)
		return err_as(e, X_USAGE, "--key");
	if (tools) {
		auto_free char *text = xasprintf("ktstr %s", tools);

		hash_hex(text, strlen(text), g->space);
	}
	g->v2 = which == REMOTE_V2;
	if (which == REMOTE_V1 || which == REMOTE_V2)
		return 0;
	if (which == REMOTE_OFF)
		err_set(e, X_USAGE, "KTSTR_GHA_CACHE is not 1");
	else
		err_set(e, X_USAGE, "KTSTR_GHA_CACHE is 1, but %s is not set; docs/kernels.md says how a job gets it",
			lacks);
	return remote_problem(problem, "remote cache warning", e);
}

void remote_leave(int dir)
{
	struct err ignored;

	(void)rmtree(dir, PLACE, &ignored); /* the next run removes it */
}

int remote_place(int dir, const char *path, char **folder, struct err *e)
{
	int fd;

	if (rmtree(dir, PLACE, e) < 0 || mkdir_p(dir, PLACE, 0777, e) < 0)
		return -1;
	fd = openat(dir, PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s/" PLACE, path);
	*folder = xasprintf("%s/" PLACE, path);
	return fd;
}

int remote_file(int place, struct err *e)
{
	int fd = openat(place, BLOB, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "create " BLOB);
	(void)unlinkat(place, BLOB, 0); /* its space is free again however we end */
	return fd;
}
