/* opt.c: words in, options and a verb out. Help texts: help.c; suggestions: guess.c. */
#include "options/opt.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "options/guess.h"
#include "options/help.h"

enum { VERB_DEPTH = 8 };

/* What a word turned out to be. Negative: an error. */
enum { WORD_TAKEN, WORD_FOREIGN, WORD_END };

struct parse {
	const struct verb *path[VERB_DEPTH];
	size_t depth; /* 0: no verbs, only own */
	const struct opt *own;
	const char *prog;
	int argc, at;
	const char *const *argv;
	const struct opt **seen;
	size_t n_seen;
	const char **args;
	size_t n_args;
	bool ended;    /* "--" was there: only arguments follow */
	size_t before; /* … and so many stood in front of it */
	char tip[160];
	struct err *e;
};

static int bad(struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int bad(struct parse *p, const char *fmt, ...)
{
	char msg[sizeof(p->e->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(p->e, X_USAGE, "%s", msg);
}

/* The tables that apply here, nearest first; NULL behind the last one. */
static const struct opt *table(const struct parse *p, size_t i)
{
	static const struct opt none[] = { { 0 } };
	/* Behind a verb that hands its arguments on, the rest of opt_global is handed on as well. */
	static const struct opt help[] = {
		{ .name = "help", .letter = 'h', .type = OPT_FLAG, .out = &opt_globals.help, .help = "print help" },
		{ 0 },
	};

	if (p->depth > 0 && i == p->depth && p->path[p->depth - 1]->trailing)
		return help;
	if (p->depth == 0)
		return i == 0 ? p->own : NULL;
	if (i < p->depth)
		return p->path[p->depth - 1 - i]->opts ? p->path[p->depth - 1 - i]->opts : none;
	return i == p->depth ? opt_global : NULL;
}

static const struct opt *find_long(const struct parse *p, const char *name, size_t n)
{
	const struct opt *t;

	for (size_t i = 0; (t = table(p, i)); i++)
		for (const struct opt *o = t; o->name; o++)
			if (opt_named(o, name, n))
				return o;
	return NULL;
}

static const struct opt *find_short(const struct parse *p, char letter)
{
	const struct opt *t;

	for (size_t i = 0; (t = table(p, i)); i++)
		for (const struct opt *o = t; o->name; o++)
			if (o->letter && o->letter == letter)
				return o;
	return NULL;
}

static bool takes_value(const struct opt *o)
{
	return o->type != OPT_FLAG && o->type != OPT_COUNT;
}

static int bad_value(struct parse *p, const struct opt *o, const char *value, const char *wanted)
{
	char spec[128];

	return bad(p, "invalid value '%s' for '%s': %s", value, opt_spec(o, spec, sizeof(spec)), wanted);
}

static int bad_number(struct parse *p, const struct opt *o, const char *value)
{
	char wanted[96] = "a whole number is expected";

	if (o->max)
		snprintf(wanted, sizeof(wanted), "a whole number from %" PRIu64 " to %" PRIu64 " is expected", o->min,
			 o->max);
	return bad_value(p, o, value, wanted);
}

static int set_number(struct parse *p, const struct opt *o, const char *value)
{
	uint64_t v = 0;

	for (const char *s = value; *s; s++) {
		unsigned d = (unsigned)(*s - '0');

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return bad_number(p, o, value);
		v = v * 10 + d;
	}
	if (!*value || (o->max && (v < o->min || v > o->max)))
		return bad_number(p, o, value);
	*(uint64_t *)o->out = v;
	return 0;
}

static int set_value(struct parse *p, const struct opt *o, const char *value)
{
	struct opt_list *list = o->out;

	if (o->choices && !opt_word_in(o->choices, value, strlen(value))) {
		auto_free char *wanted = xasprintf("one of: %s", o->choices);

		return bad_value(p, o, value, wanted);
	}
	if (o->type == OPT_U64)
		return set_number(p, o, value);
	if (o->type == OPT_STR) {
		*(const char **)o->out = value;
		return 0;
	}
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = value;
	return 0;
}

static bool was_seen(const struct parse *p, const struct opt *o)
{
	for (size_t i = 0; i < p->n_seen; i++)
		if (p->seen[i] == o)
			return true;
	return false;
}

static int note_seen(struct parse *p, const struct opt *o)
{
	bool again = was_seen(p, o);

	if (again && o->type != OPT_LIST && o->type != OPT_COUNT)
		return bad(p, "the option '--%s' was given more than once", o->name);
	if (again)
		return 0;
	p->seen = xreallocarray(p->seen, p->n_seen + 1, sizeof(const struct opt *));
	p->seen[p->n_seen++] = o;
	return 0;
}

/* -h and -V answer at once, whatever else stands on the line. */
static int answer(struct parse *p, const struct opt *o, bool full)
{
	if (p->depth > 0 && o->out == &opt_globals.help)
		opt_help(stdout, p->path, p->depth, p->prog, full);
	else if (p->depth > 0 && o->out == &opt_globals.version)
		printf("ktstr %s\n", ktstr_version);
	else
		return WORD_TAKEN;
	return WORD_END;
}

static int set_flag(struct parse *p, const struct opt *o, bool long_form)
{
	int r = answer(p, o, long_form);

	if (r != WORD_TAKEN)
		return r;
	if (note_seen(p, o) < 0)
		return -1;
	if (o->type == OPT_COUNT)
		++*(int *)o->out;
	else
		*(bool *)o->out = true;
	return WORD_TAKEN;
}

/* An option in place of a value is a forgotten value. Step programs get their words from us and may be given any. */
static bool is_value(const struct parse *p, const char *word)
{
	if (p->depth == 0 || word[0] != '-' || !word[1])
		return true;
	if (p->path[p->depth - 1]->trailing)
		return false;
	if (word[1] != '-')
		return !find_short(p, word[1]);
	return word[2] && !find_long(p, word + 2, strcspn(word + 2, "="));
}

static int set_option(struct parse *p, const struct opt *o, const char *value)
{
	char spec[128];

	if (note_seen(p, o) < 0)
		return -1;
	if (!value && p->at + 1 < p->argc && is_value(p, p->argv[p->at + 1]))
		value = p->argv[++p->at];
	if (!value)
		return bad(p, "the option '%s' needs a value", opt_spec(o, spec, sizeof(spec)));
	return set_value(p, o, value);
}

static const struct verb *leaf(const struct parse *p)
{
	return p->depth > 0 && !p->path[p->depth - 1]->sub ? p->path[p->depth - 1] : NULL;
}

static bool is_trailing(const struct parse *p)
{
	return leaf(p) && leaf(p)->trailing;
}

static int unknown_option(struct parse *p, const char *word)
{
	const struct opt *t;

	if (is_trailing(p))
		return WORD_FOREIGN;
	if (word[1] != '-')
		return bad(p, "unknown option '%.2s'", word);
	auto_free char *name = xstrndup(word + 2, strcspn(word + 2, "="));
	struct guess g = { .word = name };
	for (size_t i = 0; (t = table(p, i)); i++)
		for (const struct opt *o = t; o->name; o++)
			if (!o->hidden)
				guess_try(&g, o->name);
	if (g.best)
		snprintf(p->tip, sizeof(p->tip), "a similar option exists: '--%s'", g.best);
	return bad(p, "unknown option '--%s'", name);
}

static int long_word(struct parse *p, const char *word)
{
	size_t n = strcspn(word + 2, "=");
	const struct opt *o = find_long(p, word + 2, n);
	const char *value = word[2 + n] ? word + 2 + n + 1 : NULL;

	if (!o)
		return unknown_option(p, word);
	if (takes_value(o))
		return set_option(p, o, value);
	if (value)
		return bad(p, "the option '--%s' takes no value, but '%s' was given", o->name, value);
	return set_flag(p, o, true);
}

/* A cluster is ours only as a whole: what follows an unknown letter may be that option's value. */
static bool cluster_is_ours(const struct parse *p, const char *word)
{
	for (const char *s = word + 1; *s; s++) {
		const struct opt *o = find_short(p, *s);

		if (!o)
			return false;
		if (takes_value(o))
			return true;
	}
	return true;
}

static int short_word(struct parse *p, const char *word)
{
	if (is_trailing(p) && !cluster_is_ours(p, word))
		return WORD_FOREIGN;
	for (const char *s = word + 1; *s; s++) {
		const struct opt *o = find_short(p, *s);
		char one[] = { '-', *s, '\0' };

		if (!o)
			return unknown_option(p, one);
		if (takes_value(o))
			return set_option(p, o, s[1] == '=' ? s + 2 : s[1] ? s + 1 : NULL);
		int r = set_flag(p, o, false);
		if (r != WORD_TAKEN)
			return r;
	}
	return WORD_TAKEN;
}

static int option_word(struct parse *p, const char *word)
{
	if (word[0] != '-' || !word[1] || p->ended)
		return WORD_FOREIGN;
	if (word[1] != '-')
		return short_word(p, word);
	if (word[2])
		return long_word(p, word);
	p->ended = true;
	p->before = p->n_args;
	return WORD_TAKEN;
}

static const struct verb *find_verb(const struct verb *v, const char *name)
{
	for (size_t i = 0; v->sub && v->sub[i]; i++)
		if (verb_named(v->sub[i], name))
			return v->sub[i];
	return NULL;
}

static int unknown_verb(struct parse *p, const char *word)
{
	const struct verb *v = p->path[p->depth - 1];
	struct guess g = { .word = word };

	for (size_t i = 0; v->sub && v->sub[i]; i++)
		if (!v->sub[i]->hidden)
			guess_try(&g, v->sub[i]->name);
	if (g.best)
		snprintf(p->tip, sizeof(p->tip), "a similar subcommand exists: '%s'", g.best);
	return bad(p, "unrecognized subcommand '%s'", word);
}

static int enter(struct parse *p, const char *word)
{
	const struct verb *v = find_verb(p->path[p->depth - 1], word);

	if (!v || p->depth == VERB_DEPTH)
		return unknown_verb(p, word);
	p->path[p->depth++] = v;
	return WORD_TAKEN;
}

static int help_verb(struct parse *p)
{
	while (++p->at < p->argc)
		if (enter(p, p->argv[p->at]) < 0)
			return -1;
	opt_help(stdout, p->path, p->depth, p->prog, true);
	return WORD_END;
}

static void take_arg(struct parse *p, const char *word)
{
	p->args = xreallocarray(p->args, p->n_args + 2, sizeof(*p->args));
	p->args[p->n_args++] = word;
	p->args[p->n_args] = NULL;
}

static int plain_word(struct parse *p, const char *word)
{
	const struct verb *v = leaf(p);

	if (!v)
		return !strcmp(word, "help") && !find_verb(p->path[p->depth - 1], word) ? help_verb(p) : enter(p, word);
	if (!v->trailing && p->n_args == v->max_args)
		return bad(p, "unexpected argument '%s'", word);
	if (v->arg_choices && !opt_word_in(v->arg_choices, word, strlen(word)))
		return bad(p, "invalid value '%s' for '%s': one of: %s", word, v->args, v->arg_choices);
	take_arg(p, word);
	if (v->trailing)
		p->ended = true;
	return WORD_TAKEN;
}

static int check_combination(struct parse *p, const struct opt *o)
{
	for (size_t i = 0; i < p->n_seen; i++)
		if (opt_word_in(o->conflicts, p->seen[i]->name, strlen(p->seen[i]->name)))
			return bad(p, "the option '--%s' cannot be used together with '--%s'", o->name,
				   p->seen[i]->name);
	if (!o->needs)
		return 0;
	for (size_t i = 0; i < p->n_seen; i++)
		if (!strcmp(o->needs, p->seen[i]->name))
			return 0;
	return bad(p, "the option '--%s' needs '--%s' as well", o->name, o->needs);
}

static int check_combinations(struct parse *p)
{
	for (size_t i = 0; i < p->n_seen; i++)
		if (check_combination(p, p->seen[i]) < 0)
			return -1;
	return 0;
}

static int parse_words(struct parse *p)
{
	for (p->at = 1; p->at < p->argc; p->at++) {
		const char *word = p->argv[p->at];
		int r = option_word(p, word);

		if (r == WORD_FOREIGN)
			r = plain_word(p, word);
		if (r != WORD_TAKEN)
			return r;
	}
	if (check_combinations(p) < 0)
		return -1;
	if (leaf(p) && p->n_args < leaf(p)->min_args)
		return bad(p, "an argument is missing: %s", leaf(p)->args);
	return 0;
}

static int usage_error(struct parse *p)
{
	auto_free char *usage = NULL;
	size_t n;
	FILE *f = xmemstream(&usage, &n);

	opt_usage(f, p->path, p->depth, p->prog);
	fclose(f);
	log_error("%s", p->e->msg);
	if (p->tip[0])
		fprintf(stderr, "\n  tip: %s\n", p->tip);
	fprintf(stderr, "\nUsage: %s\n\nFor more information, try '--help'.\n", usage);
	p->e->code = X_USAGE;
	p->e->msg[0] = '\0';
	return X_USAGE;
}

static void setup_log(void)
{
	static const enum log_level levels[] = { LOG_NORMAL, LOG_VERBOSE, LOG_DEBUG };
	enum log_color color = COLOR_AUTO;
	int more = opt_globals.verbose < 2 ? opt_globals.verbose : 2;

	if (opt_globals.color)
		color = !strcmp(opt_globals.color, "always")  ? COLOR_ALWAYS
			: !strcmp(opt_globals.color, "never") ? COLOR_NEVER
							      : COLOR_AUTO;
	log_setup(opt_globals.quiet ? LOG_QUIET : levels[more], color);
}

static int run(struct parse *p)
{
	static const char *const none[] = { NULL };
	int r = parse_words(p);

	setup_log();
	if (r < 0)
		return usage_error(p);
	if (r == WORD_END && fflush(stdout) < 0) {
		err_sys(p->e, "write the help");
		return p->e->code;
	}
	if (r == WORD_END)
		return X_SUCCESS;
	if (!leaf(p)) {
		opt_help(stderr, p->path, p->depth, p->prog, false);
		return X_USAGE;
	}
	if (leaf(p)->before)
		*leaf(p)->before = p->ended ? p->before : p->n_args;
	int code = leaf(p)->run((int)p->n_args, p->args ? p->args : none, p->e);
	if (code < 0)
		code = p->e->code ? p->e->code : X_FAIL;
	return code == X_USAGE && p->e->msg[0] ? usage_error(p) : code;
}

int opt_main(const struct verb *root, const char *prog, int argc, const char *const *argv, struct err *e)
{
	struct parse p = { .path = { root }, .depth = 1, .prog = prog, .argc = argc, .argv = argv, .e = e };

	memset(&opt_globals, 0, sizeof(opt_globals));
	e->msg[0] = '\0';
	int code = run(&p);
	free(p.seen);
	free(p.args);
	return code;
}

static int parse_step(struct parse *p)
{
	for (p->at = 1; p->at < p->argc && !p->ended; p->at++) {
		int r = option_word(p, p->argv[p->at]);

		if (r == WORD_FOREIGN)
			break;
		if (r < 0)
			return r;
	}
	return check_combinations(p);
}

int opt_parse(const struct opt *opts, int argc, const char *const *argv, const char *const **args, int *n_args,
	      struct err *e)
{
	struct parse p = { .own = opts, .argc = argc, .argv = argv, .e = e };
	int r = parse_step(&p);

	free(p.seen);
	if (r < 0)
		return -1;
	*args = argv + (p.at < argc ? p.at : argc);
	*n_args = p.at < argc ? argc - p.at : 0;
	return 0;
}
