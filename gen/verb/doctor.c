/* doctor: what this machine has of what is needed, and what mends the rest. */
#include "base/err.h"
#include "json/write.h"
#include "progress/log.h"
#include "base/stop.h"
#include "gen/doctor/doctor.h"
#include "gen/base/home.h"
#include "gen/verb/verbs.h"
#include <string.h>

static struct {
	bool json;
} o;

static const struct opt opts[] = {
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print JSON" },
	{ 0 },
};

enum { NAME_COL = 8, NARROWEST = 24 };

static const struct {
	const char *name, *color;
} levels[] = { [LEVEL_OK] = { "ok", "32" }, [LEVEL_WARN] = { "warn", "33" }, [LEVEL_FAIL] = { "fail", "31" } };

/* From column indent on, broken at blanks where the terminal ends; width 0: not broken. */
static void put_text(const char *text, int indent, int width)
{
	int room = width - indent - 1;

	while (width && room >= NARROWEST && (int)strlen(text) > room) {
		int n = room;

		while (n && text[n] != ' ')
			n--;
		if (!n)
			n = (int)strcspn(text, " "); /* a path; it goes over the edge */
		if (!text[n])
			break;
		printf("%.*s\n%*s", n, text, indent, "");
		text += n + 1;
	}
	puts(text);
}

static void print_finding(const struct finding *x, int names, int width)
{
	int indent = NAME_COL + names + 2;

	printf("  %s%-4s%s  %-*s  ", log_sgr(stdout, levels[x->level].color), levels[x->level].name,
	       log_sgr(stdout, "0"), names, x->name);
	put_text(x->text, indent, width);
	if (!x->fix)
		return;
	printf("%*sfix: ", indent, "");
	put_text(x->fix, indent + (int)strlen("fix: "), width);
}

static void print_text(const struct findings *f)
{
	int names = 0, width = log_width(stdout);
	size_t n[3] = { 0 };

	for (size_t i = 0; i < f->n; i++)
		if ((int)strlen(f->v[i].name) > names)
			names = (int)strlen(f->v[i].name);
	for (size_t i = 0; i < f->n; i++) {
		print_finding(&f->v[i], names, width);
		n[f->v[i].level]++;
	}
	printf("%zu ok, %zu to look at, %zu failed\n", n[LEVEL_OK], n[LEVEL_WARN], n[LEVEL_FAIL]);
}

static void print_json(const struct findings *f)
{
	struct jsonw w;

	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_karr(&w, "findings");
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *x = &f->v[i];

		jsonw_obj(&w);
		jsonw_kstr(&w, "fix", x->fix);
		jsonw_kstr(&w, "level", levels[x->level].name);
		jsonw_kstr(&w, "name", x->name);
		jsonw_kstr(&w, "path", x->path);
		jsonw_kstr(&w, "required", x->required);
		jsonw_kstr(&w, "text", x->text);
		jsonw_kstr(&w, "version", x->version);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_kbool(&w, "healthy", !findings_code(f));
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static int doctor_run(int n, const char *const *args, struct err *e)
{
	auto_findings struct findings f = { 0 };
	auto_home struct home home = { 0 };

	(void)n;
	(void)args;
	if (home_find(&home, e) < 0)
		return e->code;
	doctor_host(&f, &home);
	doctor_tools(&f);
	doctor_store(&f, &home);
	if (stop_pending())
		return stop_err(e), e->code;
	(o.json ? print_json : print_text)(&f);
	return findings_code(&f);
}

const struct verb verb_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "check what this machine lacks, and how to mend it",
	.about =
		"Runs the programs that the verbs need, and reports each as ok, warn (a verb is slower, checks less or cannot\n"
		"run) or fail (kernels cannot be built, or nothing can be run on them), with the command that mends it. The exit\n"
		"code is 0 when nothing failed; otherwise the one with which a verb would fail for the first such reason.",
	.examples = "  cargo ktstr doctor\n  cargo ktstr doctor --json\n",
	.opts = opts,
	.run = doctor_run,
};
