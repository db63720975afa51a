#include "fetch/tarball/unpack_thread.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/tarball/unpack.h"
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

enum { PIECE = 64 << 10 };

struct unpack_thread {
	pthread_t thread;
	int file, dir;
	int ended; /* eventfd: readable when the thread is through */
	pthread_mutex_t lock;
	pthread_cond_t more;
	/* under lock */
	uint64_t have, asked, members;
	bool last, stop;
	struct err err; /* why it ended; code 0: well */
	/* the thread's own */
	struct unpack u;
	char piece[PIECE];
};

/* Bytes that can be read now; 0 at the end, negative when it is to stop. */
static ssize_t wait_more(struct unpack_thread *f)
{
	ssize_t n = -1;

	pthread_mutex_lock(&f->lock);
	f->members = f->u.members;
	while (!f->stop && !f->last && f->asked == f->have)
		pthread_cond_wait(&f->more, &f->lock);
	if (!f->stop) {
		n = f->have - f->asked < PIECE ? (ssize_t)(f->have - f->asked) : PIECE;
		f->asked += (uint64_t)n;
	}
	pthread_mutex_unlock(&f->lock);
	return n;
}

static int next_piece(void *arg, const void **data, size_t *n, struct err *e)
{
	struct unpack_thread *f = arg;
	ssize_t want = wait_more(f);
	off_t at = (off_t)f->asked - want;

	if (want < 0)
		return err_set(e, X_INTERRUPTED, "unpacking was given up");
	for (ssize_t done = 0; done < want;) {
		ssize_t got = pread(f->file, f->piece + done, (size_t)(want - done), at + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, "read the archive back");
		if (got == 0)
			return err_set(e, X_STORE, "the archive became shorter while it was read");
		done += got;
	}
	*data = f->piece;
	*n = (size_t)want;
	return 0;
}

static void *work(void *arg)
{
	struct unpack_thread *f = arg;
	struct err err = { 0 };

	if (unpack_tree(&f->u, f->dir, &err) < 0) {
		pthread_mutex_lock(&f->lock);
		f->err = err;
		pthread_mutex_unlock(&f->lock);
	}
	eventfd_write(f->ended, 1);
	return NULL;
}

int unpack_thread_start(struct unpack_thread **out, int file, int dir, struct err *e)
{
	struct unpack_thread *f = xcalloc(1, sizeof(*f));

	f->file = file;
	f->dir = dir;
	f->u = (struct unpack){ .read = next_piece, .arg = f };
	f->ended = eventfd(0, EFD_CLOEXEC);
	if (f->ended < 0) {
		free(f);
		return err_sys(e, "start unpacking");
	}
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->more, NULL);
	errno = pthread_create(&f->thread, NULL, work, f);
	if (errno) {
		err_sys(e, "start unpacking");
		close(f->ended);
		free(f);
		return -1;
	}
	*out = f;
	return 0;
}

void unpack_thread_have(struct unpack_thread *f, uint64_t n, bool last)
{
	pthread_mutex_lock(&f->lock);
	f->have = n;
	f->last = last;
	pthread_cond_signal(&f->more);
	pthread_mutex_unlock(&f->lock);
}

void unpack_thread_progress(struct unpack_thread *f, uint64_t *bytes, uint64_t *members)
{
	pthread_mutex_lock(&f->lock);
	*bytes = f->asked;
	*members = f->members;
	pthread_mutex_unlock(&f->lock);
}

int unpack_thread_wait(struct unpack_thread *f, int ms, struct err *e)
{
	struct pollfd p = { .fd = f->ended, .events = POLLIN };
	int r = stop_poll(&p, 1, now_ms() + ms, e);
	bool failed;

	if (r <= 0)
		return r < 0 ? r : UNPACK_THREAD_RUNS;
	pthread_mutex_lock(&f->lock);
	failed = f->err.code != 0;
	if (failed)
		*e = f->err;
	pthread_mutex_unlock(&f->lock);
	return failed ? -1 : UNPACK_THREAD_ENDED;
}

void unpack_thread_stop(struct unpack_thread **out)
{
	struct unpack_thread *f = TAKE(*out);

	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_cond_signal(&f->more);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	pthread_cond_destroy(&f->more);
	pthread_mutex_destroy(&f->lock);
	close(f->ended);
	free(f);
}
