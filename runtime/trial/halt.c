#include "trial/halt.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "monitor/watch.h"
#include "vm/machine.h"
#include "vm/ram.h"
#include "vm/vm.h"

enum halt_state { WAITS, ASKED, DONE };
enum { PAUSE_NS = 1000000 }; /* behind a look that failed */

struct halt {
	struct vm *vm;
	const struct halt_at *at;
	struct watch watch;
	pthread_t thread;
	bool looks; /* it was started */
	atomic_bool stop;
	enum halt_state state;
	int alarm; /* the thread's: it is time */
	int fd;    /* alarm, then the monitor, then -1 */
	unsigned stops;
};

static int read_clock(const struct halt *h, uint64_t *now, struct err *e)
{
	auto_rqs struct rqs r = { 0 };

	if (rqs_read(&r, &h->watch.kmem, &h->watch.queues, e) < 0)
		return -1;
	*now = rqs_now(&r);
	return 0;
}

/* A guest that changes what is read may be readable the next time. */
static void *run(void *arg)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	static const uint64_t one = 1;
	struct halt *h = arg;
	uint64_t now = 0;
	struct err ignored;

	while (!atomic_load(&h->stop) && now < h->at->ns)
		if (read_clock(h, &now, &ignored) < 0)
			(void)nanosleep(&pause, NULL);
	(void)!write(h->alarm, &one, sizeof(one));
	return NULL;
}

static struct halt *begin(struct halt *h, const char *boot, struct err *e)
{
	const struct phys phys = { vm_read_phys, h->vm, machine_end(&h->vm->m) };

	if (watch_load(&h->watch, boot, e) < 0 || watch_open(&h->watch, &phys, h->vm->hello, true, e) < 0) {
		err_in(e, "stop the guest");
		return NULL;
	}
	h->alarm = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->alarm < 0) {
		err_sys(e, "eventfd");
		watch_close(&h->watch);
		return NULL;
	}
	h->fd = h->alarm;
	if (h->at->ns == HALT_AT_END)
		return h;
	h->looks = pthread_create(&h->thread, NULL, run, h) == 0;
	if (h->looks)
		return h;
	(void)err_set(e, X_FAIL, "no thread can be started to look into the guest");
	close(h->alarm);
	watch_close(&h->watch);
	return NULL;
}

struct halt *halt_begin(struct vm *vm, const char *boot, const struct halt_at *at, struct err *e)
{
	struct halt *h = xcalloc(1, sizeof(*h));

	h->vm = vm;
	h->at = at;
	if (begin(h, boot, e))
		return h;
	free(h);
	return NULL;
}

const int *halt_fd(const struct halt *h)
{
	return &h->fd;
}

bool halt_done(const struct halt *h)
{
	return h->state == DONE;
}

int halt_now(struct halt *h, struct err *e)
{
	if (h->state != WAITS)
		return 0;
	h->state = ASKED;
	/* The moment is no longer waited for, and it may stand for hours. */
	atomic_store(&h->stop, true);
	h->stops = h->vm->qmp.stops;
	h->fd = h->vm->qmp.fd;
	board_asked(&h->vm->board, true);
	return qmp_post(&h->vm->qmp, "stop", e);
}

static int stopped(struct halt *h, struct err *e)
{
	uint64_t now;

	h->state = DONE;
	h->fd = -1;
	if (read_clock(h, &now, e) < 0)
		return err_in(e, "where the guest stopped");
	if (h->at->stopped(h->at->arg, h->vm, &h->watch.kmem, now, e) < 0)
		return -1;
	if (h->at->holds)
		return 0;
	board_asked(&h->vm->board, false);
	return qmp_post(&h->vm->qmp, "cont", e);
}

int halt_ready(struct halt *h, struct err *e)
{
	if (h->state == WAITS)
		return halt_now(h, e);
	while (h->state == ASKED) {
		int r = qmp_hear(&h->vm->qmp, now_ms(), e);

		if (r < 0)
			return err_in(e, "stop the guest");
		if (h->vm->qmp.stops != h->stops)
			return stopped(h, e);
		if (r == QMP_NOTHING)
			return 0;
	}
	return 0;
}

void halt_end(struct halt *h)
{
	if (!h)
		return;
	atomic_store(&h->stop, true);
	if (h->looks)
		(void)pthread_join(h->thread, NULL);
	close(h->alarm);
	watch_close(&h->watch);
	free(h);
}
