#include "stats/stats.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "json/keys.h"
#include "stats/collect.h"
#include "stats/prefetch.h"

enum { BETWEEN_STOPS = 64 };

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Room for one more in an array that is full at the powers of two. */
#define ROOM(v, n) ((n) & ((n)-1) ? (v) : xreallocarray((v), (n) ? (n)*2 : 1, sizeof(*(v))))

static int verified_order(const void *va, const void *vb)
{
	const struct verified *a = va, *b = vb;
	int r = a->program == b->program ? 0 : strcmp(a->program, b->program);

	if (r == 0 && a->scheduler != b->scheduler)
		r = strcmp(a->scheduler, b->scheduler);
	return r ? r : (a->insns < b->insns) - (a->insns > b->insns);
}

/* Keeps the largest count of each program and scheduler. */
static void merge(struct stats *st)
{
	size_t n = 0;

	if (st->n_verified)
		qsort(st->verified, st->n_verified, sizeof(*st->verified), verified_order);
	for (size_t i = 0; i < st->n_verified; i++) {
		const struct verified *v = &st->verified[i];

		if (!n || v->program != st->verified[n - 1].program || v->scheduler != st->verified[n - 1].scheduler)
			st->verified[n++] = *v;
	}
	st->n_verified = st->merged = n;
}

static void add_verified(struct stats *st, const struct sidecar *s)
{
	size_t room = st->n_verified + s->n_insns;

	if (!s->n_insns)
		return;
	st->verified = xreallocarray(st->verified, room, sizeof(*st->verified));
	for (size_t i = 0; i < s->n_insns; i++)
		st->verified[st->n_verified++] =
			(struct verified){ s->insns[i].program, s->row.scheduler, s->insns[i].verified };
	if (st->n_verified > 2 * st->merged + 4096)
		merge(st);
}

static void add_kvm(struct kvm_sums *k, const struct sidecar *s)
{
	if (!s->has_kvm)
		return;
	k->vms++;
	k->vcpus += s->vcpus;
	for (int i = 0; i < KVM_COUNTERS; i++) {
		k->total[i] = add(k->total[i], s->kvm[i]);
		if (s->vcpus)
			k->average[i] = add(k->average[i], s->kvm[i] / s->vcpus);
	}
}

void stats_add(struct stats *st, struct sidecar *s)
{
	add_verified(st, s);
	add_kvm(&st->kvm, s);
	st->missing += s->missing;
	st->incomplete += s->missing > 0;
	if (s->n_callbacks) {
		st->profiles = ROOM(st->profiles, st->n_profiles);
		st->profiles[st->n_profiles++] = (struct profile){ st->n, TAKE(s->callbacks), s->n_callbacks };
	}
	st->rows = ROOM(st->rows, st->n);
	st->rows[st->n++] = s->row;
	sidecar_free(s);
}

void stats_done(struct stats *st)
{
	merge(st);
}

int stats_read(struct stats *st, struct collection *c, struct err *e)
{
	auto_json_keys struct json_keys keys = { 0 };
	const struct prefetch_text *t;
	auto_free struct prefetch *files = xcalloc(1, sizeof(*files));
	bool stopped = stop_pending();

	prefetch_begin(files, c);
	for (size_t i = 0; !stopped && (t = prefetch_next(files)); i++) {
		auto_sidecar struct sidecar s = { 0 };
		struct err why;

		if (t->bad)
			collect_bad(c, c->paths[i], t->why.msg);
		else if (sidecar_parse(&s, &st->names, &keys, t->s, t->n, &why) < 0)
			collect_bad(c, c->paths[i], why.msg);
		else
			stats_add(st, &s);
		stopped = i % BETWEEN_STOPS == 0 && stop_pending();
	}
	prefetch_end(files);
	stats_done(st);
	return stopped ? stop_err(e) : 0;
}

void stats_free(struct stats *st)
{
	for (size_t i = 0; i < st->n_profiles; i++)
		free(st->profiles[i].v);
	free(st->profiles);
	free(st->rows);
	free(st->verified);
	names_free(&st->names);
	*st = (struct stats){ 0 };
}

double verified_percent(uint64_t insns)
{
	return (double)insns / VERIFIED_LIMIT * 100.0;
}
