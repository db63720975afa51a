/* prefetch.c: half of the time of a small file is system calls, which another CPU can make. Waking a thread costs as much as
 * reading a few files, so neither side wakes the other before there is work for a while. */
#include "stats/prefetch.h"
#include "host/cpus.h"
#include "base/mem.h"
#include "base/syscalls.h"

enum {
	WORTH_A_THREAD = 256, /* files */
	BATCH = PREFETCH_FILES / 4,
	BYTES_AHEAD = 1 << 20, /* more than that is not read ahead */
	CAP_KEPT = 64 << 10,   /* of a larger text's memory is given back */
};

static void read_file(struct prefetch *p, size_t i)
{
	struct prefetch_text *t = &p->files[i % PREFETCH_FILES];

	if (t->cap > CAP_KEPT) {
		free(TAKE(t->s));
		t->cap = 0;
	}
	t->n = 0;
	t->bad = collect_read(p->c, p->c->paths[i], &t->s, &t->cap, &t->n, &t->why) < 0;
}

/* With the lock held: whether the thread may go on. */
static bool has_room(const struct prefetch *p)
{
	return p->ready - p->taken < PREFETCH_FILES && (p->bytes < BYTES_AHEAD || p->ready == p->taken);
}

/* With the lock held. Until somebody wakes us, who takes the wish as granted: one call for each wait. */
static void sleep_on(pthread_cond_t *c, bool *wish, struct prefetch *p)
{
	*wish = true;
	while (*wish)
		pthread_cond_wait(c, &p->lock);
}

static void wake(pthread_cond_t *c, bool *wish)
{
	if (*wish)
		pthread_cond_signal(c);
	*wish = false;
}

static void *read_all(void *arg)
{
	struct prefetch *p = arg;

	pthread_mutex_lock(&p->lock);
	while (p->ready < p->c->n && !p->over) {
		if (!has_room(p)) {
			wake(&p->more, &p->want_more);
			sleep_on(&p->room, &p->want_room, p);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		read_file(p, p->ready);
		pthread_mutex_lock(&p->lock);
		p->bytes += p->files[p->ready % PREFETCH_FILES].n;
		p->ready++;
		if (p->ready - p->taken >= BATCH || p->ready == p->c->n)
			wake(&p->more, &p->want_more);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void prefetch_begin(struct prefetch *p, const struct collection *c)
{
	*p = (struct prefetch){ .c = c };
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	pthread_cond_init(&p->room, NULL);
	p->threaded = c->n >= WORTH_A_THREAD && cpus_usable() > 1 && threads_wait() &&
		      pthread_create(&p->thread, NULL, read_all, p) == 0;
}

/* The files handed out are done with; until there are others. */
static void wait_for_more(struct prefetch *p)
{
	pthread_mutex_lock(&p->lock);
	for (; p->taken < p->upto; p->taken++)
		p->bytes -= p->files[p->taken % PREFETCH_FILES].n;
	while (p->ready == p->taken) {
		wake(&p->room, &p->want_room);
		sleep_on(&p->more, &p->want_more, p);
	}
	if (p->ready - p->taken <= PREFETCH_FILES / 2)
		wake(&p->room, &p->want_room);
	p->upto = p->ready - p->taken < BATCH ? p->ready : p->taken + BATCH;
	pthread_mutex_unlock(&p->lock);
}

const struct prefetch_text *prefetch_next(struct prefetch *p)
{
	if (p->next == p->c->n)
		return NULL;
	if (!p->threaded)
		read_file(p, p->next);
	else if (p->next == p->upto)
		wait_for_more(p);
	return &p->files[p->next++ % PREFETCH_FILES];
}

void prefetch_end(struct prefetch *p)
{
	if (p->threaded) {
		pthread_mutex_lock(&p->lock);
		p->over = true;
		wake(&p->room, &p->want_room);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
	}
	for (int i = 0; i < PREFETCH_FILES; i++)
		free(p->files[i].s);
	pthread_cond_destroy(&p->room);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
}
