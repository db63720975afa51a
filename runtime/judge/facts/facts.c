#include "judge/facts/facts.h"
#include "base/mem.h"

const char *const facts_count_names[FACTS_COUNTS] = {
	[FACTS_WALL] = "wall_ns",          [FACTS_CPU] = "cpu_ns",
	[FACTS_WAIT] = "wait_ns",          [FACTS_TURNS] = "turns",
	[FACTS_ITERATIONS] = "iterations", [FACTS_WORK] = "work",
	[FACTS_MIGRATIONS] = "migrations", [FACTS_GAP] = "gap_ns",
	[FACTS_GAP_AT] = "gap_at_ns",      [FACTS_GAP_ON] = "gap_cpu",
	[FACTS_GAP_CPU] = "gap_cpu_ns",
};

const char *const facts_outcome_names[OUTCOMES] = {
	[OUTCOME_RAN] = "ran",         [OUTCOME_EJECTED] = "ejected", [OUTCOME_ENDED] = "ended",
	[OUTCOME_STALLED] = "stalled", [OUTCOME_REFUSED] = "refused", [OUTCOME_PANICKED] = "panicked",
};

static void mark_free(struct facts_mark *m)
{
	free(m->name);
	named_free(&m->events);
	named_free(&m->vars);
	named_free(&m->runs);
	named_free(&m->run_ns);
	named_free(&m->insns);
}

static void cgroup_free(struct facts_cgroup *g)
{
	free(g->name);
	for (size_t i = 0; i < g->n; i++)
		named_free(&g->stats[i]);
	free(g->stats);
}

static void histogram_drop(struct histogram *h)
{
	if (h)
		histogram_free(h);
	free(h);
}

static void worker_free(struct facts_worker *w)
{
	free(w->type);
	free(w->group);
	free(w->comm);
	free(w->ended);
	free(w->error);
	for (size_t i = 0; i < w->n; i++) {
		histogram_drop(w->phases[i].latency);
		histogram_drop(w->phases[i].slack);
	}
	free(w->phases);
}

void facts_free(struct facts *f)
{
	for (size_t i = 0; i < f->n_marks; i++)
		mark_free(&f->marks[i]);
	for (size_t i = 0; i < f->n_cgroups; i++)
		cgroup_free(&f->cgroups[i]);
	for (size_t i = 0; i < f->n_workers; i++)
		worker_free(&f->workers[i]);
	for (size_t i = 0; i < f->n_kvm; i++)
		named_free(&f->kvm[i]);
	free(f->kvm);
	for (size_t i = 0; i < f->n_looked; i++)
		mark_free(&f->looked[i]);
	samples_free(&f->samples);
	free(f->looked);
	free(f->marks);
	free(f->lines);
	for (size_t i = 0; i < f->n_refusals; i++) {
		free(f->refusals[i].what);
		free(f->refusals[i].error);
	}
	free(f->refusals);
	for (size_t i = 0; i < f->n_programs; i++) {
		free(f->programs[i].group);
		free(f->programs[i].ended);
		named_free(&f->programs[i].values);
	}
	free(f->programs);
	for (size_t i = 0; i < f->n_favours; i++) {
		free(f->favours[i].what);
		free(f->favours[i].profile);
		free(f->favours[i].failed);
	}
	free(f->favours);
	free(f->cgroups);
	free(f->workers);
	free(f->release);
	free(f->topology);
	free(f->profile);
	free(f->scheduler);
	free(f->reason);
	free(f->exit_kind);
	free(f->accel);
	*f = (struct facts){ 0 };
}

const struct facts_worker *facts_worker(const struct facts *f, uint64_t id)
{
	size_t low = 0, high = f->n_workers;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (f->workers[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->n_workers && f->workers[low].id == id ? &f->workers[low] : NULL;
}

bool facts_has_group(const struct facts *f, const char *group)
{
	for (size_t i = 0; i < f->n_workers; i++) {
		if (!strcmp(f->workers[i].group, group))
			return true;
	}
	for (size_t i = 0; i < f->n_cgroups; i++) {
		if (!strcmp(f->cgroups[i].name, group))
			return true;
	}
	return false;
}

const struct facts_mark *facts_phase_mark(const struct facts *f, size_t phase)
{
	char name[32];

	snprintf(name, sizeof(name), "phase %zu", phase);
	for (size_t i = 0; i < f->n_marks; i++) {
		if (!strcmp(f->marks[i].name, phase ? name : "settle"))
			return &f->marks[i];
	}
	return NULL;
}
