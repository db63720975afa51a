/* list: the scenarios that are built in. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/verb/verbs.h"
#include "json/write.h"
#include "scenario/catalogue.h"
#include "scenario/scenario.h"
#include <string.h>

static struct {
	const char *filter;
	bool json;
} o;

static const struct opt opts[] = {
	{ .name = "filter", .type = OPT_STR, .out = &o.filter, .arg = "TEXT", .help = "those with this in their name" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print them as JSON" },
	{ 0 },
};

static void print_flags(const struct scenario *s)
{
	for (size_t i = 0; i < s->flags.n; i++)
		printf("%s%s", i ? ", " : " (flags: ", s->flags.at[i].text);
	if (s->flags.n)
		putchar(')');
}

static void print_text(const char *name, const struct scenario *s)
{
	printf("%-30s [%-12s] %s", name, s->tags.n ? s->tags.at[0].text : "", s->summary ? s->summary : "");
	print_flags(s);
	putchar('\n');
}

static void print_texts(struct jsonw *w, const char *key, const struct scenario_list *l)
{
	jsonw_karr(w, key);
	for (size_t i = 0; i < l->n; i++)
		jsonw_str(w, l->at[i].text);
	jsonw_end_arr(w);
}

static void print_json(struct jsonw *w, const struct catalogue_entry *entry, const struct scenario *s)
{
	jsonw_obj(w);
	jsonw_kstr(w, "category", s->tags.n ? s->tags.at[0].text : "");
	jsonw_kstr(w, "description", s->summary ? s->summary : "");
	print_texts(w, "flags", &s->flags);
	jsonw_kstr(w, "name", entry->name);
	print_texts(w, "needs", &s->needs);
	jsonw_key(w, "text");
	jsonw_strn(w, entry->text, entry->n);
	jsonw_end_obj(w);
}

static int show(struct jsonw *w, const struct catalogue_entry *entry, struct err *e)
{
	struct scenario_error why = { 0 };
	struct scenario s = { 0 };
	int r = 0;

	if (scenario_parse(&s, entry->text, entry->n, &why) != SCENARIO_OK)
		r = err_set(e, X_FAIL, "%s:%u:%u: %s", entry->name, why.line, why.column, why.what);
	else if (o.json)
		print_json(w, entry, &s);
	else
		print_text(entry->name, &s);
	scenario_free(&s);
	return r;
}

static int list_run(int n, const char *const *args, struct err *e)
{
	struct jsonw w;
	size_t shown = 0;

	(void)n, (void)args;
	jsonw_init(&w, stdout);
	if (o.json)
		jsonw_arr(&w);
	for (size_t i = 0; i < n_catalogue; i++) {
		if (o.filter && !strstr(catalogue[i].name, o.filter))
			continue;
		if (show(&w, &catalogue[i], e) < 0)
			return e->code;
		shown++;
	}
	if (o.json) {
		jsonw_end_arr(&w);
		jsonw_done(&w);
	} else {
		printf("\n%zu scenarios\n", shown);
	}
	return X_SUCCESS;
}

const struct verb verb_list = {
	.name = "list",
	.args = "",
	.summary = "list the scenarios that are built in",
	.about =
		"Names the scenarios that `ktstr run` knows, each with its category and what it does; with --json also their text.",
	.examples = "  ktstr list\n  ktstr list --filter cpuset --json\n",
	.opts = opts,
	.run = list_run,
};
