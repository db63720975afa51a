/* verifier: scheduler x kernels, one graph; then the report. */
#include "base/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "gen/home.h"
#include "gen/plan.h"
#include "gen/plan_guest.h"
#include "gen/report.h"
#include "gen/verbs.h"
#include "gen/want.h"
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ARGS_MAX = 4000, ARGS_BYTES = 120000 };

static struct {
	const char *scheduler;
	struct opt_list kernels;
	const char *accel;
	uint64_t memory_mb, timeout, jobs;
	bool raw, json, reported, cold, cross_check, explain, force, build, no_build;
} o;

static const struct opt opts[] = {
	{ .name = "scheduler-bin", .type = OPT_STR, .out = &o.scheduler, .arg = "PATH", .help = "scheduler to verify" },
	{ .name = "kernel",
	  .type = OPT_LIST,
	  .out = &o.kernels,
	  .arg = "ID",
	  .help = "kernel to verify on (path, version, range or cache key); may be given several times" },
	{ .name = "build", .type = OPT_FLAG, .out = &o.build, .help = "build kernels that are not in the cache" },
	{ .name = "no-build", .type = OPT_FLAG, .out = &o.no_build, .help = "never build one, and do not ask" },
	{ .name = "raw",
	  .type = OPT_FLAG,
	  .out = &o.raw,
	  .help = "print the whole scheduler log, loops not collapsed" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print the report as JSON" },
	{ .name = "accel",
	  .type = OPT_STR,
	  .out = &o.accel,
	  .arg = "WHICH",
	  .choices = "auto kvm tcg",
	  .help = "auto (KVM where it works), kvm or tcg" },
	{ .name = "memory-mb",
	  .type = OPT_U64,
	  .out = &o.memory_mb,
	  .arg = "MB",
	  .min = 128,
	  .max = 65536,
	  .help = "memory of each guest, 1024 unless given" },
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &o.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach, 60 (240 without KVM) unless given" },
	{ .name = "cold",
	  .type = OPT_FLAG,
	  .out = &o.cold,
	  .help = "boot for every run instead of restoring a snapshot" },
	{ .name = "cross-check",
	  .type = OPT_FLAG,
	  .out = &o.cross_check,
	  .help = "compare the counts with bpf_prog_info read inside the guest" },
	{ .name = "force", .type = OPT_FLAG, .out = &o.force, .help = "run again what is cached" },
	{ .name = "explain", .type = OPT_FLAG, .out = &o.explain, .help = "say why each step ran" },
	{ .name = "jobs",
	  .letter = 'j',
	  .type = OPT_U64,
	  .out = &o.jobs,
	  .arg = "N",
	  .min = 1,
	  .max = 1024,
	  .help = "steps at once, as many as CPUs unless given" },
	{ 0 },
};

struct request {
	struct home home;
	char *scheduler; /* absolute */
	char *name;      /* of the scheduler, as a folder name */
	struct wants kernels;
	struct want_opts how;
	const char *const *args;
	struct guest_plan guest;
};

static void request_free(struct request *q)
{
	wants_free(&q->kernels);
	free(q->scheduler);
	free(q->name);
	guest_plan_free(&q->guest);
	home_free(&q->home);
}

static int find_scheduler(struct request *q, struct err *e)
{
	struct stat st;

	if (!o.scheduler)
		return err_set(e, X_USAGE, "--scheduler-bin PATH is required: the scheduler to verify");
	q->scheduler = realpath(o.scheduler, NULL);
	if (!q->scheduler || stat(q->scheduler, &st) < 0) {
		err_sys(e, "scheduler binary \"%s\"", o.scheduler);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_BAD_SCHED, "scheduler binary \"%s\": not a regular file", o.scheduler);
	q->name = plan_slug(strrchr(q->scheduler, '/') + 1);
	return 0;
}

/* Nobody named it, and it is not where one looks first. */
static void tell_default(const struct request *q)
{
	auto_free char *env = kernel_from_environment();

	if (!env && !o.kernels.n && !q->kernels.v[0].key)
		log_info("cargo-ktstr: no kernel in the cache is current; taking %s", q->kernels.v[0].k.image);
}

static int find_kernels(struct request *q, struct err *e)
{
	q->how = (struct want_opts){
		.build = o.build      ? WANT_BUILD_YES
			 : o.no_build ? WANT_BUILD_NO
				      : WANT_BUILD_ASK,
		.explain = o.explain,
	};
	if (want_environment(&q->how, e) < 0 ||
	    wants_find(&q->kernels, &q->home, (const char *const *)o.kernels.v, o.kernels.n, &q->how, e) < 0)
		return -1;
	tell_default(q);
	return 0;
}

/* A word for --arg of the step. It must pass any sh in one line, and no sh but bash can quote a line break on one. */
static char *escape_arg(const char *word)
{
	auto_free char *out = NULL;
	size_t n;
	FILE *f = xmemstream(&out, &n);

	for (const char *c = word; *c; c++) {
		if (*c == '\\')
			fputs("\\\\", f);
		else if ((unsigned char)*c < ' ' || *c == 0x7f)
			fprintf(f, "\\%03o", (unsigned char)*c);
		else
			fputc(*c, f);
	}
	fclose(f);
	return TAKE(out);
}

static void plan_cell(struct plan *p, const struct request *q, const struct kernel *k)
{
	auto_argv struct argv more = { 0 };
	struct edge *g = plan_edge(p, o.cold ? "verify-cold" : "verify", "verify %s on %s", q->name, k->name);

	for (size_t i = 0; q->args[i]; i++) {
		auto_free char *arg = escape_arg(q->args[i]);

		argv_fmt(&more, "--arg=%s", arg);
	}
	if (o.timeout)
		argv_opt(&more, "--timeout", "%llu", (unsigned long long)o.timeout);
	if (o.cross_check)
		argv_add(&more, "--cross-check");
	if (o.force)
		argv_add(&more, "--force");
	auto_free char *args = more.n ? argv_quote((const char *const *)more.v) : xstrdup("");

	edge_heading(g, "%s on %s", q->name, k->name);
	edge_in(g, "payload/payload.pack");
	edge_needs(g, "kernels/%s/layout", k->name);
	if (o.cold) {
		edge_guest(g, &q->guest, k);
	} else {
		edge_needs(g, "snapshots/%s/state", k->name);
		edge_var(g, "snapshot", "snapshots/%s", k->name);
		edge_needs(g, "guest/initramfs.cpio");
		edge_var(g, "boot", "kernels/%s", k->name);
		edge_var(g, "initrd", "guest/initramfs.cpio");
	}
	edge_needs(g, "%s", q->home.step);
	edge_out(g, "cells/%s/result.json", k->name);
	edge_var(g, "outdir", "cells/%s", k->name);
	edge_var(g, "payload", "payload/payload.pack");
	edge_var(g, "args", "%s", args);
}

static void plan_request(struct plan *p, const struct request *q)
{
	plan_guest_base(p, &q->guest);
	struct edge *g = plan_edge(p, "payload", "scheduler %s", q->name);

	edge_in(g, "%s", q->scheduler);
	edge_needs(g, "%s", q->home.step);
	edge_out(g, "payload/payload.pack");
	edge_var(g, "outdir", "payload");

	for (size_t i = 0; i < q->kernels.n; i++) {
		const struct kernel *k = &q->kernels.v[i].k;

		plan_guest_kernel(p, &q->guest, k);
		if (!o.cold)
			plan_guest_snapshot(p, &q->guest, k);
		plan_cell(p, q, k);
	}
}

/* Once: the next request makes the snapshot again. */
static void tell_fallback(const struct report_cell *c, const struct step_result *step)
{
	if (c->have && c->result.fallback && step->state != STEP_CACHED)
		log_warn("%s: booted, because its snapshot could not be continued: %s", c->kernel, c->result.fallback);
}

static int make_and_report(struct request *q, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	auto_report struct report rep = { .scheduler = q->name, .raw = o.raw };
	auto_free char *name = xasprintf("verifier-%s", q->name);
	struct run_opts ro = { .explain = o.explain, .jobs = (unsigned)o.jobs, .redo = o.force ? "verify" : NULL };

	plan_init(&p, name);
	if (verb_plan(&p, &q->home, "verifier.ninja", o.memory_mb, e) < 0)
		return -1;
	if (wants_plan(&p, &q->home, &q->kernels, &q->how, e) < 0)
		return -1;
	plan_request(&p, q);
	if (run_plan(&r, &p, &ro, e) < 0)
		return -1;
	wants_tell_made(&q->kernels, &r, &p);
	for (size_t i = 0; i < q->kernels.n; i++) {
		const struct kernel *k = &q->kernels.v[i].k;
		const struct cell_name cell = { .kernel = k->label };
		auto_free char *dir = xasprintf("%s/cells/%s", r.dir, k->name);
		auto_free char *id = xasprintf("verify %s on %s", q->name, k->name);

		const struct step_result *step = run_find(&r, &p, id);

		report_add(&rep, &cell, dir, step);
		tell_fallback(&rep.cells[i], step);
		want_used(&q->kernels.v[i]);
	}
	o.reported = true;
	if (o.json)
		report_json(stdout, &rep);
	else
		report_text(stdout, &rep);
	return report_verdict(&rep, &r, &p, e);
}

/* Bounds of the guest and of a command line that sh -c takes. */
static int check_args(int n, const char *const *args, struct err *e)
{
	size_t bytes = 0;

	for (int i = 0; i < n; i++) {
		auto_free char *arg = escape_arg(args[i]);
		auto_free char *word = shell_quote(arg);

		bytes += strlen("--arg= ") + strlen(word);
	}
	if (n > ARGS_MAX || bytes > ARGS_BYTES)
		return err_set(
			e, X_USAGE,
			"%d arguments of %zu bytes for the scheduler are too many: at most %d, together %d bytes", n,
			bytes, ARGS_MAX, ARGS_BYTES);
	return 0;
}

static int verifier_run(int n, const char *const *args, struct err *e)
{
	struct request q = { .args = args };
	int r;

	if (check_args(n, args, e) < 0)
		return X_USAGE;
	if (o.build && o.no_build)
		return err_set(e, X_USAGE, "--build and --no-build exclude each other"), X_USAGE;
	if (!o.memory_mb)
		o.memory_mb = 1024;
	r = home_find(&q.home, e);
	if (r == 0)
		r = find_scheduler(&q, e);
	if (r == 0)
		r = find_kernels(&q, e);
	q.guest = (struct guest_plan){
		.home = &q.home,
		.accel = o.accel ? o.accel : "auto",
		.topology = "1,1,1,1",
		.memory_mb = o.memory_mb,
	};
	if (r == 0)
		r = guest_plan_init(&q.guest, e);
	if (r == 0) {
		log_info("cargo-ktstr: collecting verifier stats");
		r = make_and_report(&q, e);
	}
	if (r < 0 && o.json && !o.reported)
		report_json_error(stdout, q.name ? q.name : o.scheduler, e);
	request_free(&q);
	return r < 0 ? e->code : X_SUCCESS;
}

const struct verb verb_verifier = {
	.name = "verifier",
	.args = "[-- SCHEDULER-ARGS...]",
	.summary = "what the BPF verifier makes of a scheduler, per program and kernel",
	.about =
		"Starts the scheduler in a guest of each kernel, waits until it is attached, and reads the number of\n"
		"instructions the verifier processed for each of its programs from guest memory. Kernels, snapshots and\n"
		"results are kept by content: what did not change is not run again.\n\n"
		"The exit code is 0 only if the scheduler attached on every kernel; 3 refused, 4 died, 5 timed out, 6 the\n"
		"guest failed.",
	.examples = "  cargo ktstr verifier --scheduler-bin ./scx_simple\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_qmap --kernel 6.12 --kernel 7.3.4\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_qmap --explain -- -s 5000\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.run = verifier_run,
};
