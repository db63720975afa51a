#include "remote/helper/queue.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "remote/helper/layout.h"
#include "remote/helper/run.h"
#include "remote/helper/wire.h"
#include "store/digest.h"
#include "letter/far.h"

struct item {
	struct item *next;
	char key[KEY_LEN + 1];
	char *path;
	int client;
	long long came;
};

struct list {
	struct item *first, **end;
	size_t n;
};

struct queue {
	struct run *run;
	pthread_mutex_t lock;
	pthread_cond_t more, less;
	struct list gets, puts;
	size_t sending; /* puts that a thread has */
};

struct thread {
	struct queue *q;
	bool sends;
};

static void append(struct list *l, struct item *i)
{
	*l->end = i;
	l->end = &i->next;
	l->n++;
}

static struct item *take(struct list *l)
{
	struct item *i = l->first;

	if (!i)
		return NULL;
	l->first = i->next;
	if (!l->first)
		l->end = &l->first;
	l->n--;
	return i;
}

static bool get(struct wire *w, const struct job *j)
{
	return w->run->settings.layout == LAYOUT_FLAT ? flat_get(w, j) : bazel_get(w, j);
}

static bool put(struct wire *w, const struct job *j)
{
	return w->run->settings.layout == LAYOUT_FLAT ? flat_put(w, j) : bazel_put(w, j);
}

static void answer(const struct run *run, int client, bool hit)
{
	char packet[FAR_PACKET];
	int n = snprintf(packet, sizeof(packet), "%s%c%s", hit ? "hit" : "miss", 0, hit ? run->shown : "");

	if (n > 0 && (size_t)n < sizeof(packet))
		(void)send(client, packet, (size_t)n + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(client);
}

static void do_get(struct wire *w, const struct item *i)
{
	struct job j = { .began = i->came, .dir = open(i->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	bool hit;

	memcpy(j.key, i->key, sizeof(j.key));
	w->client = i->client;
	hit = j.dir >= 0 && run_asks(w->run, false) && get(w, &j);
	w->client = -1;
	if (!hit)
		run_lost(w->run, i->came, run_ms());
	pthread_mutex_lock(&w->run->lock);
	w->run->count.came += hit;
	w->run->count.missed += !hit;
	pthread_mutex_unlock(&w->run->lock);
	answer(w->run, i->client, hit);
	if (j.dir >= 0)
		close(j.dir);
}

/* A result that was thrown out meanwhile is not sent; one that is open is not thrown out (store/gc.h). */
static void do_put(struct wire *w, const struct item *i)
{
	struct job j = { .began = run_ms(), .dir = open(i->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	bool sent;

	memcpy(j.key, i->key, sizeof(j.key));
	sent = j.dir >= 0 && flock(j.dir, LOCK_SH | LOCK_NB) == 0 && run_asks(w->run, true) && put(w, &j);
	pthread_mutex_lock(&w->run->lock);
	w->run->count.went += sent;
	w->run->count.unsent += !sent;
	pthread_mutex_unlock(&w->run->lock);
	if (j.dir >= 0)
		close(j.dir);
}

static struct item *next(struct queue *q, bool sends, bool *is_put)
{
	struct item *i;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		*is_put = false;
		i = take(&q->gets);
		if (!i && sends && (i = take(&q->puts))) {
			*is_put = true;
			q->sending++;
		}
		if (i)
			break;
		pthread_cond_wait(&q->more, &q->lock);
	}
	pthread_mutex_unlock(&q->lock);
	return i;
}

static void *work(void *arg)
{
	struct thread *t = arg;
	struct wire w = { .run = t->q->run, .client = -1 };
	bool is_put;

	for (;;) {
		struct item *i = next(t->q, t->sends, &is_put);

		if (is_put)
			do_put(&w, i);
		else
			do_get(&w, i);
		if (is_put) {
			pthread_mutex_lock(&t->q->lock);
			t->q->sending--;
			pthread_cond_broadcast(&t->q->less);
			pthread_mutex_unlock(&t->q->lock);
		}
		free(i->path);
		free(i);
	}
	return NULL;
}

int queue_open(struct queue **q, struct run *run, struct err *e)
{
	struct queue *new = xcalloc(1, sizeof(*new));
	pthread_condattr_t clock;

	new->run = run;
	new->gets.end = &new->gets.first;
	new->puts.end = &new->puts.first;
	pthread_mutex_init(&new->lock, NULL);
	pthread_cond_init(&new->more, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&new->less, &clock);
	*q = new;
	for (int i = 0; i < QUEUE_THREADS; i++) {
		struct thread *t = xcalloc(1, sizeof(*t));
		pthread_t id;

		*t = (struct thread){ new, i % 2 };
		if (pthread_create(&id, NULL, work, t) != 0)
			return err_set(e, X_FAIL, "no thread can be started");
		pthread_detach(id);
	}
	return 0;
}

static void add(struct queue *q, struct list *l, const char *key, const char *path, int client)
{
	struct item *i = xcalloc(1, sizeof(*i));

	*i = (struct item){ .path = xstrdup(path), .client = client, .came = run_ms() };
	memcpy(i->key, key, KEY_LEN);
	pthread_mutex_lock(&q->lock);
	append(l, i);
	pthread_cond_broadcast(&q->more);
	pthread_mutex_unlock(&q->lock);
}

void queue_get(struct queue *q, const char *key, const char *path, int client)
{
	add(q, &q->gets, key, path, client);
}

void queue_put(struct queue *q, const char *key, const char *path)
{
	pthread_mutex_lock(&q->lock);
	bool room = q->puts.n < QUEUE_MAX;

	pthread_mutex_unlock(&q->lock);
	if (room && run_asks(q->run, true))
		add(q, &q->puts, key, path, -1);
}

size_t queue_drain(struct queue *q, long long deadline)
{
	size_t left;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		left = q->puts.n + q->sending;
		long long now = run_ms(), ms = deadline - now;
		struct timespec t;

		if (!left || ms <= 0 || !run_asks(q->run, true))
			break;
		clock_gettime(CLOCK_MONOTONIC, &t);
		t.tv_sec += ms / 1000;
		t.tv_nsec += ms % 1000 * 1000000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		(void)pthread_cond_timedwait(&q->less, &q->lock, &t);
	}
	pthread_mutex_unlock(&q->lock);
	return left;
}
