#include "fetch/tree/statmany.h"

#include "host/cpus.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* A thread costs as much as a hundred looks. */
enum { THREADS_MAX = 8, WORTH_A_THREAD = 1024, BETWEEN_STOPS = 1024 };

struct share {
	pthread_t thread;
	bool started, stopped;
	int root;
	struct source_file *v;
	size_t n;
	int error; /* errno of the file bad, 0: none */
	const char *bad;
};

/* The folder that was last looked into: a name is found in it without walking the path again. */
struct folder {
	int fd;           /* -1: none */
	const char *path; /* begins with its path */
	size_t n;         /* bytes of that */
};

static bool is_in(const struct folder *d, const char *path, size_t n)
{
	return d->fd >= 0 && d->n == n && !memcmp(d->path, path, n);
}

static bool enter(struct folder *d, int root, const char *path, size_t n)
{
	char name[PATH_MAX];

	if (n >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(name, path, n);
	name[n] = 0;
	if (d->fd >= 0)
		close(d->fd);
	*d = (struct folder){ openat(root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path, n };
	return d->fd >= 0;
}

static bool gone(void)
{
	return errno == ENOENT || errno == ENOTDIR;
}

static bool look(struct folder *d, int root, struct source_file *x)
{
	const char *slash = strrchr(x->path, '/');
	size_t n = slash ? (size_t)(slash - x->path) : 0;
	int at = root;

	x->st.st_mode = 0;
	if (slash && !is_in(d, x->path, n) && !enter(d, root, x->path, n))
		return gone();
	if (slash)
		at = d->fd;
	if (fstatat(at, slash ? slash + 1 : x->path, &x->st, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	x->st.st_mode = 0;
	return gone();
}

static void *look_at_share(void *arg)
{
	struct share *s = arg;
	struct folder d = { .fd = -1 };

	for (size_t i = 0; i < s->n && !s->error && !s->stopped; i++) {
		if (!look(&d, s->root, &s->v[i])) {
			s->error = errno;
			s->bad = s->v[i].path;
		}
		s->stopped = i % BETWEEN_STOPS == 0 && stop_pending();
	}
	if (d.fd >= 0)
		close(d.fd);
	return NULL;
}

static int outcome(const struct share *s, struct err *e)
{
	if (s->stopped)
		return stop_err(e);
	if (!s->error)
		return 0;
	errno = s->error;
	err_sys(e, "look at %s", s->bad);
	e->code = X_NO_INPUT;
	return -1;
}

int statmany(int root, struct source_file *v, size_t n, struct err *e)
{
	struct share shares[THREADS_MAX] = { 0 };
	size_t cpus = cpus_usable(), k = n / WORTH_A_THREAD + 1, from = 0;
	int r = 0;

	k = k > cpus ? cpus : k;
	k = k > THREADS_MAX ? THREADS_MAX : k;
	for (size_t i = 0; i < k; i++) {
		struct share *s = &shares[i];
		size_t to = n * (i + 1) / k;

		*s = (struct share){ .root = root, .v = v + from, .n = to - from };
		/* The last one is ours. */
		s->started = i + 1 < k && pthread_create(&s->thread, NULL, look_at_share, s) == 0;
		if (!s->started)
			look_at_share(s);
		from = to;
	}
	for (size_t i = 0; i < k; i++) {
		if (shares[i].started)
			pthread_join(shares[i].thread, NULL);
		if (r == 0)
			r = outcome(&shares[i], e);
	}
	return r;
}
