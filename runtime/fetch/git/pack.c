#include "fetch/git/pack.h"

#include <errno.h>
#include <git2.h>
#include <git2/odb_backend.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/git/lib.h"

/* Linux 6.12 without history: 93,000 objects, the largest 24 MB. */
enum { OBJECTS_MAX = 4000000, OBJECT_MAX = 512 << 20, TELL_MS = 100, LOOK_EVERY = 4 << 20, KEEP_FREE = 32 << 20 };

static int on_progress(const git_indexer_progress *s, void *arg)
{
	struct gitpack *p = arg;
	long long now = now_ms();
	char text[96];

	if (now - p->told < TELL_MS)
		return 0;
	p->told = now;
	if (stop_pending())
		return GIT_EUSER;
	rate_add(&p->pace, now, s->received_bytes);
	if (!p->progress)
		return 0;
	if (s->received_objects < s->total_objects) {
		rate_text(text, sizeof(text), s->received_bytes, 0, rate_per_second(&p->pace), -1);
		p->progress(s->received_objects, s->total_objects, text);
	} else {
		p->progress(s->indexed_deltas, s->total_deltas, "resolving deltas");
	}
	return 0;
}

int gitpack_begin(struct gitpack *p, const char *folder, source_progress *progress, struct err *e)
{
	git_indexer_options o;

	*p = (struct gitpack){ .progress = progress };
	if (gitlib_init(e) < 0)
		return -1;
	git_indexer_options_init(&o, GIT_INDEXER_OPTIONS_VERSION);
	o.progress_cb = on_progress;
	o.progress_cb_payload = p;
	if (git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)OBJECTS_MAX) < 0 ||
	    git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, (size_t)OBJECT_MAX) < 0 ||
	    git_indexer_new(&p->indexer, folder, 0, NULL, &o) < 0)
		return gitlib_err(e, X_FAIL, "make a pack in %s", folder);
	p->folder = xstrdup(folder);
	p->stats = xcalloc(1, sizeof(*p->stats));
	return 0;
}

/* libgit2 writes the pack through memory: on a full disk that is a SIGBUS instead of an error. */
static int look_for_space(struct gitpack *p, size_t n, struct err *e)
{
	struct statvfs fs;

	p->unchecked += n;
	if (p->unchecked < LOOK_EVERY)
		return 0;
	p->unchecked = 0;
	if (statvfs(p->folder, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < KEEP_FREE)
		return err_set(e, X_DISK_FULL, "the disk with %s is full", p->folder);
	return 0;
}

int gitpack_add(struct gitpack *p, const void *data, size_t n, struct err *e)
{
	if (look_for_space(p, n, e) < 0)
		return -1;
	errno = 0;
	if (git_indexer_append(p->indexer, data, n, p->stats) < 0)
		return gitlib_err(e, X_BAD_ARCHIVE, "what came is no pack of git's");
	return 0;
}

static int open_pack(struct gitpack *p, struct git_odb **odb, struct err *e)
{
	auto_free char *path = xasprintf("%s/pack-%s.idx", p->folder, git_indexer_name(p->indexer));
	git_odb_backend *pack;
	git_odb *new;

	if (git_odb_new(&new) < 0)
		return gitlib_err(e, X_FAIL, "libgit2");
	if (git_odb_backend_one_pack(&pack, path) < 0 || git_odb_add_backend(new, pack, 1) < 0) {
		git_odb_free(new);
		return gitlib_err(e, X_FAIL, "open %s", path);
	}
	*odb = new;
	return 0;
}

int gitpack_end(struct gitpack *p, struct git_odb **odb, struct err *e)
{
	errno = 0;
	if (git_indexer_commit(p->indexer, p->stats) < 0)
		return gitlib_err(e, X_BAD_ARCHIVE, "the pack that came is damaged or cut");
	return open_pack(p, odb, e);
}

void gitpack_drop(struct gitpack *p)
{
	git_indexer_free(TAKE(p->indexer));
	free(TAKE(p->folder));
	free(TAKE(p->stats));
}
