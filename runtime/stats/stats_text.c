/* stats_text.c: every width, sign and blank here is 0.3.2's. Names come from files that anybody may have written: no control
 * character of theirs gets through. */
#include "base/mem.h"
#include "text/text.h"
#include "stats/compare.h"
#include "stats/outlier.h"
#include "stats/report.h"
#include "stats/stats.h"
#include "stats/stimulus.h"
#include <inttypes.h>
#include <math.h>

/* s, then blanks up to width characters. */
static void put(FILE *f, const char *s, int width)
{
	auto_free char *plain = text_plain(s, strlen(s), TEXT_LINE);

	fputs(plain, f);
	for (const char *c = plain; *c; c++)
		width -= ((unsigned char)*c & 0xc0) != 0x80;
	for (; width > 0; width--)
		fputc(' ', f);
}

/* A mean; "-" when nothing is known. */
static void put_mean(FILE *f, const struct group *g, enum metric m, int digits, const char *unit)
{
	double mean = group_mean(g, m);

	if (isnan(mean))
		fputc('-', f);
	else
		fprintf(f, "%.*f%s", digits, mean, unit);
}

/* Mean, smallest and largest of a metric. */
static void put_range(FILE *f, const struct group *g, enum metric m)
{
	double min = NAN, max = NAN;

	for (size_t i = 0; i < g->n; i++) {
		min = fmin(min, g->v[i]->m[m]);
		max = fmax(max, g->v[i]->m[m]);
	}
	put_mean(f, g, m, 0, "");
	if (max > min)
		fprintf(f, "[%.0f-%.0f]", min, max);
}

/* How many passed of all, and what the others did when one of them came to no verdict. */
static void put_verdicts(FILE *f, const struct group *g, const char *behind)
{
	struct verdicts v = group_verdicts(g);

	fprintf(f, "%zu/%zu%s", v.passed, g->n, behind);
	if (v.skipped + v.inconclusive)
		fprintf(f, " (%zu skipped, %zu inconclusive, %zu failed)", v.skipped, v.inconclusive, v.failed);
}

static int fewest_passed(const void *va, const void *vb)
{
	const struct group *a = va, *b = vb;
	size_t x = group_verdicts(a).passed, y = group_verdicts(b).passed;

	if (x != y)
		return x < y ? -1 : 1;
	return (a->v > b->v) - (a->v < b->v); /* of equal ones in the order of their columns */
}

static void rate(FILE *f, const struct group *g)
{
	const struct row *r = g->v[0];
	double sd = group_deviation(g, M_SPREAD);

	fputs("  ", f);
	put(f, r->topology, 0);
	fputc('/', f);
	put(f, r->scenario, 0);
	fputc('/', f);
	put(f, r->flags, 0);
	fputs("  ", f);
	put_verdicts(f, g, "");
	fputs("  spread=", f);
	put_mean(f, g, M_SPREAD, 1, "");
	if (sd > 0)
		fprintf(f, "\u00b1%.1f", sd);
	fputs("  gap=", f);
	put_range(f, g, M_GAP_MS);
	fputc('\n', f);
}

/* Skipped is not failed. */
static bool all_passed(const struct group *g)
{
	struct verdicts v = group_verdicts(g);

	return v.passed + v.skipped == g->n;
}

static void pass_rates(FILE *f, const struct stats *s)
{
	auto_groups struct groups g = { 0 };
	bool replicas = false, failed = false;

	for (size_t i = 0; i < s->n; i++)
		replicas |= s->rows[i].replica > 1;
	if (!replicas)
		return;
	groups_make(&g, s->rows, s->n, BY_SCENARIO | BY_FLAGS | BY_TOPOLOGY | BY_WORK_TYPE, NULL);
	qsort(g.v, g.n, sizeof(*g.v), fewest_passed);
	for (size_t i = 0; i < g.n; i++)
		failed |= !all_passed(&g.v[i]);
	fputs(failed ? "Cgroups with <100% pass rate:\n" : "All cgroups passed across all replicas.\n", f);
	for (size_t i = 0; failed && i < g.n; i++) {
		if (!all_passed(&g.v[i]))
			rate(f, &g.v[i]);
	}
	fputc('\n', f);
}

static void outliers(FILE *f, const struct stats *s)
{
	auto_outliers struct outliers o = { 0 };

	outliers_find(&o, s->rows, s->n);
	fputs(o.n ? "Outliers detected:\n" : "No outliers detected.\n", f);
	for (size_t i = 0; i < o.n; i++) {
		const struct outlier *x = &o.v[i];

		fputs("  ", f);
		put(f, x->scenario, 0);
		fputs(" + ", f);
		put(f, x->flags, 0);
		fprintf(f, ": %s %.1f (overall avg %.1f, +%.1f\u03c3)\n", metric_names[x->metric].label, x->mean,
			x->overall, x->z);
		for (size_t k = 0; k < x->n_topologies; k++) {
			fputs(k ? ", " : "    worst on: ", f);
			put(f, x->topologies[k], 0);
		}
		if (x->n_topologies)
			fputc('\n', f);
	}
}

static int widest_spread(const void *va, const void *vb)
{
	const struct group *a = va, *b = vb;
	double x = group_mean(a, M_SPREAD), y = group_mean(b, M_SPREAD);

	if (isnan(x) != isnan(y))
		return isnan(x) ? 1 : -1;
	if (x > y || x < y)
		return x > y ? -1 : 1;
	return (a->v > b->v) - (a->v < b->v); /* of equal ones in the order of their names */
}

static void dimension_line(FILE *f, const char *name, const struct group *g)
{
	double imbalance = group_mean(g, M_IMBALANCE), dsq = group_mean(g, M_DSQ_DEPTH);
	double stalls = group_sum(g, M_STALLS), fallback = group_mean(g, M_FALLBACK);

	fputs("  ", f);
	put(f, name, 25);
	fputc(' ', f);
	put_verdicts(f, g, " passed");
	fputs("  avg_spread=", f);
	put_mean(f, g, M_SPREAD, 1, "%");
	fputs("  avg_gap=", f);
	put_mean(f, g, M_GAP_MS, 0, "ms");
	if (imbalance > 1.0)
		fprintf(f, "  imbal=%.1f", imbalance);
	if (dsq > 0)
		fprintf(f, "  dsq=%.0f", dsq);
	if (stalls >= 1)
		fprintf(f, "  stalls=%.0f", stalls);
	if (fallback > 0)
		fprintf(f, "  fallback=%.0f", fallback);
	fputc('\n', f);
}

/* least: of fewer groups there is nothing to say. */
static void dimension(FILE *f, const struct stats *s, const char *title, enum group_key key, size_t least)
{
	auto_groups struct groups g = { 0 };

	groups_make(&g, s->rows, s->n, key, NULL);
	if (g.n < least)
		return;
	qsort(g.v, g.n, sizeof(*g.v), widest_spread);
	fprintf(f, "\n%s\n", title);
	for (size_t i = 0; i < g.n; i++) {
		const struct row *r = g.v[i].v[0];
		const char *kernel = r->kernel ? r->kernel : "-";

		dimension_line(f,
			       key == BY_SCENARIO    ? r->scenario
			       : key == BY_FLAGS     ? r->flags
			       : key == BY_TOPOLOGY  ? r->topology
			       : key == BY_WORK_TYPE ? r->work_type
						     : kernel,
			       &g.v[i]);
	}
}

static void worst(FILE *f, const char *metric, const struct worst *w)
{
	fputs("  ", f);
	put(f, metric, 12);
	if (!w->runs) {
		fputs(" (no significant degradation)\n", f);
		return;
	}
	fputc(' ', f);
	put(f, w->op, 0);
	fputs(" + ", f);
	put(f, w->flags, 12);
	fprintf(f, " avg_delta=%+.1f  in %zu runs\n", w->value, w->runs);
}

static void flags_of(FILE *f, const struct stimulus *s)
{
	fputs("\nFlag decomposition (avg metric delta when flag present vs absent):\n", f);
	fprintf(f, "  %14simbalance     dsq_depth     fallback      stalls\n", "");
	for (size_t i = 0; i < s->n_flags; i++) {
		const struct flag_effect *x = &s->flags[i];

		fputs("  ", f);
		put(f, x->name, 14);
		fprintf(f, "%+.1f        %+.1f        %+.1f        %.1f\n", x->against_all[0], x->against_all[1],
			x->against_all[2], x->stalls);
	}
	fputs("\nFlag x topology (imbalance delta):\n", f);
	fprintf(f, "  %14s", "");
	for (int k = 0; k < CPU_BUCKETS; k++)
		fprintf(f, "%-12s", cpu_buckets[k]);
	fputc('\n', f);
	for (size_t i = 0; i < s->n_flags; i++) {
		fputs("  ", f);
		put(f, s->flags[i].name, 14);
		for (int k = 0; k < CPU_BUCKETS; k++)
			fprintf(f, "%+.1f      ", s->flags[i].imbalance[k]);
		fputc('\n', f);
	}
}

static void cross_tab(FILE *f, const struct stats *s)
{
	auto_stimulus struct stimulus x = { 0 };

	stimulus_find(&x, s->rows, s->n);
	if (!x.any)
		return;
	fputs("\n=== STIMULUS CROSS-TAB ===\n\nWorst stimulus by metric:\n", f);
	for (int k = 0; k < STIMULUS_METRICS; k++)
		worst(f, stimulus_names[k], &x.worst[k]);
	if (x.stalls.runs) {
		fputs("  stalls       ", f);
		put(f, x.stalls.op, 0);
		fputs(" + ", f);
		put(f, x.stalls.flags, 12);
		fprintf(f, " %.0f stalls in %zu runs\n", x.stalls.value, x.stalls.runs);
	}
	if (x.n_flags)
		flags_of(f, &x);
}

static bool has_kernels(const struct stats *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->rows[i].kernel)
			return true;
	}
	return false;
}

static void gauntlet(FILE *f, const struct stats *s)
{
	fputs("\n=== GAUNTLET ANALYSIS ===\n\n", f);
	pass_rates(f, s);
	outliers(f, s);
	dimension(f, s, "By scenario (worst first):", BY_SCENARIO, 0);
	dimension(f, s, "By flags:", BY_FLAGS, 0);
	dimension(f, s, "By topology:", BY_TOPOLOGY, 0);
	dimension(f, s, "By work_type:", BY_WORK_TYPE, 2);
	if (has_kernels(s))
		dimension(f, s, "By kernel:", BY_KERNEL, 2);
	if (s->missing)
		fprintf(f, "\n%zu values missing (null in %zu of %zu files): means are without them.\n", s->missing,
			s->incomplete, s->n);
	cross_tab(f, s);
}

static const char dashes[] = "------------------------";

static void verified(FILE *f, const struct stats *s)
{
	auto_free struct verified *near = xcalloc(s->n_verified + 1, sizeof(*near));
	size_t n_near = 0;
	uint64_t sum = 0;

	if (!s->n_verified)
		return;
	fprintf(f, "\n=== BPF VERIFIER STATS ===\n\n  %-24s %12s %8s\n  %s %.12s %.8s\n", "program", "verified",
		"limit%", dashes, dashes, dashes);
	for (size_t i = 0; i < s->n_verified;) {
		struct verified most = s->verified[i];
		double percent;

		/* Programs of one name, whatever their scheduler, are one line. */
		for (; i < s->n_verified && s->verified[i].program == most.program; i++)
			most.insns = s->verified[i].insns > most.insns ? s->verified[i].insns : most.insns;
		percent = verified_percent(most.insns);
		fputs("  ", f);
		put(f, most.program, 24);
		fprintf(f, " %12" PRIu32 " %7.1f%%%s\n", most.insns, percent, percent >= VERIFIED_NEAR ? " !" : "");
		if (percent >= VERIFIED_NEAR)
			near[n_near++] = most;
		sum += most.insns;
	}
	fprintf(f, "\n  total verified insns: %" PRIu64 "\n", sum);
	if (n_near)
		fputs("\nWARNING: programs near verifier complexity limit:\n", f);
	for (size_t i = 0; i < n_near; i++) {
		fputs("  ", f);
		put(f, near[i].program, 0);
		fprintf(f, ": %.1f%% of 1M limit (%" PRIu32 " verified insns)\n", verified_percent(near[i].insns),
			near[i].insns);
	}
}

/* Ours say which flags and kernel it was, too. */
static void row_title(FILE *f, const struct row *r)
{
	fputs("  ", f);
	put(f, r->scenario, 0);
	fputs(" (", f);
	put(f, r->topology, 0);
	if (*r->flags) {
		fputs(", ", f);
		put(f, r->flags, 0);
	}
	if (r->kernel) {
		fputs(", ", f);
		put(f, r->kernel, 0);
	}
	fputs("):\n", f);
}

static void profiles(FILE *f, const struct stats *s)
{
	if (s->n_profiles)
		fputs("\n=== BPF CALLBACK PROFILE ===\n", f);
	for (size_t i = 0; i < s->n_profiles; i++) {
		fputc('\n', f);
		row_title(f, &s->rows[s->profiles[i].row]);
		fprintf(f, "    %-24s %12s %14s %12s\n    %s %.12s %.14s %.12s\n", "program", "cnt", "total_ns",
			"avg_ns", dashes, dashes, dashes, dashes);
		for (size_t k = 0; k < s->profiles[i].n; k++) {
			const struct callback *c = &s->profiles[i].v[k];

			fputs("    ", f);
			put(f, c->name, 24);
			fprintf(f, " %12" PRIu64 " %14" PRIu64, c->cnt, c->nsecs);
			if (isnan(c->nsecs_per_call))
				fprintf(f, " %12s\n", "-");
			else
				fprintf(f, " %12.0f\n", c->nsecs_per_call);
		}
	}
}

static void kvm(FILE *f, const struct kvm_sums *k)
{
	uint64_t avg[KVM_COUNTERS];
	double polls = 0;

	for (int i = 0; i < KVM_COUNTERS; i++)
		avg[i] = k->vms ? k->average[i] / k->vms : 0;
	if (!avg[K_EXITS])
		return;
	if (k->total[K_POLL_TRIED])
		polls = (double)k->total[K_POLL_OK] / (double)k->total[K_POLL_TRIED] * 100.0;
	fprintf(f, "\n=== KVM STATS (avg across %" PRIu64 " VMs) ===\n\n", k->vms);
	fprintf(f, "  exits/vcpu  %7" PRIu64 "   halt/vcpu     %5" PRIu64 "   halt_wait_ms %7.1f\n", avg[K_EXITS],
		avg[K_HALT_EXITS], (double)avg[K_HALT_WAIT_NS] / 1e6);
	fprintf(f, "  poll_ok%%    %6.1f%%   preempted/vcpu %4" PRIu64 "   signal/vcpu  %7" PRIu64 "\n", polls,
		avg[K_PREEMPTED], avg[K_SIGNAL_EXITS]);
	if (avg[K_HYPERCALLS])
		fprintf(f, "  hypercalls/vcpu %4" PRIu64 "\n", avg[K_HYPERCALLS]);
	/* 0.3.2 keeps quiet when there was less than one for each vCPU. */
	if (k->total[K_PREEMPTED])
		fprintf(f, "\n  WARNING: %" PRIu64 " host preemptions detected -- timing results may be unreliable\n",
			k->total[K_PREEMPTED]);
}

void stats_text(FILE *f, const struct stats *s)
{
	if (s->n)
		gauntlet(f, s);
	verified(f, s);
	profiles(f, s);
	kvm(f, &s->kvm);
}

static void percent(FILE *f, double before, double after)
{
	if (before != 0)
		fprintf(f, " (%+.1f%%)", (after - before) / fabs(before) * 100.0);
}

static void count_line(FILE *f, const struct count_change *x)
{
	fputs("  ", f);
	put(f, x->program, 0);
	fputs(" (", f);
	put(f, x->scheduler, 0);
	if (!x->before)
		fprintf(f, "): new, %" PRIu32 " verified insns\n", x->after);
	else if (!x->after)
		fprintf(f, "): gone, had %" PRIu32 " verified insns\n", x->before);
	else
		fprintf(f, "): %" PRIu32 " -> %" PRIu32 " verified insns", x->before, x->after);
	if (x->before && x->after) {
		percent(f, x->before, x->after);
		fputc('\n', f);
	}
}

void stats_compare_text(FILE *f, const struct comparison *c, const char *before)
{
	fputs("\n=== COMPARED WITH ", f);
	put(f, before, 0);
	fprintf(f, " ===\n\n  %zu in both, %zu only here, %zu only there\n\n", c->both, c->added, c->gone);
	if (!c->n && !c->n_counts)
		fputs("No significant changes.\n", f);
	for (size_t i = 0; i < c->n; i++) {
		const struct change *x = &c->v[i];

		if (!i || c->v[i - 1].row != x->row)
			row_title(f, x->row);
		fprintf(f, "    %-20s %12.2f -> %12.2f", x->gate ? metric_names[x->gate->metric].label : "passed",
			x->before, x->after);
		percent(f, x->before, x->after);
		fputs(x->worse ? "  worse\n" : "  better\n", f);
	}
	if (c->n && c->n_counts)
		fputc('\n', f);
	for (size_t i = 0; i < c->n_counts; i++)
		count_line(f, &c->counts[i]);
}
