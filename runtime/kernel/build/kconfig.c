#include "kernel/build/kconfig.h"

#include "base/err.h"
#include "base/mem.h"
#include <stdbool.h>

#define WISH "#@wish"
#define ALL "#@all"

/* A piece of the text being read. */
struct view {
	const char *p;
	size_t n;
};

/* One "CONFIG_X=v" or "# CONFIG_X is not set"; value.p is NULL for the latter. */
struct setting {
	struct view name, value;
};

struct settings {
	struct setting *v;
	size_t n;
};

static bool next_line(struct view *rest, struct view *line)
{
	const char *end;

	if (!rest->n)
		return false;
	end = memchr(rest->p, '\n', rest->n);
	line->p = rest->p;
	line->n = end ? (size_t)(end - rest->p) : rest->n;
	rest->n -= end ? line->n + 1 : line->n;
	rest->p += end ? line->n + 1 : line->n;
	while (line->n && strchr(" \t\r", line->p[line->n - 1]) && line->p[line->n - 1])
		line->n--;
	return true;
}

static bool starts(struct view v, const char *with)
{
	return v.n >= strlen(with) && !memcmp(v.p, with, strlen(with));
}

/* "Not set" equals nothing but itself. */
static bool equal(struct view a, struct view b)
{
	if (!a.p || !b.p)
		return a.p == b.p;
	return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

static struct view skip(struct view v, size_t n)
{
	return (struct view){ v.p + n, v.n - n };
}

static struct view word(struct view v)
{
	size_t n = 0;

	while (n < v.n && (v.p[n] == '_' || (v.p[n] >= '0' && v.p[n] <= '9') || (v.p[n] >= 'A' && v.p[n] <= 'Z') ||
			   (v.p[n] >= 'a' && v.p[n] <= 'z')))
		n++;
	return (struct view){ v.p, n };
}

static bool parse_setting(struct view line, struct setting *s)
{
	bool unset = starts(line, "# CONFIG_");
	struct view rest;

	if (!unset && !starts(line, "CONFIG_"))
		return false;
	rest = skip(line, unset ? 2 : 0);
	s->name = word(rest);
	rest = skip(rest, s->name.n);
	s->value = (struct view){ 0 };
	if (s->name.n <= strlen("CONFIG_"))
		return false;
	if (unset)
		return equal(rest, (struct view){ " is not set", strlen(" is not set") });
	if (!starts(rest, "=") || rest.n < 2)
		return false;
	s->value = skip(rest, 1);
	/* "=n" is the other spelling of "is not set". */
	if (s->value.n == 1 && s->value.p[0] == 'n')
		s->value = (struct view){ 0 };
	return true;
}

/* By name, then by place in the text. */
static int by_name(const void *a, const void *b)
{
	const struct setting *x = a, *y = b;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int r = memcmp(x->name.p, y->name.p, n);

	if (!r && x->name.n != y->name.n)
		return x->name.n < y->name.n ? -1 : 1;
	return r ? r : (x->name.p > y->name.p) - (x->name.p < y->name.p);
}

/* The later of two settings of one option counts, as for Kconfig itself. */
static size_t keep_last(struct setting *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || !equal(v[i].name, v[i + 1].name))
			v[kept++] = v[i];
	return kept;
}

/* Every setting of the text, sorted by name; an option set twice is there twice. */
static struct settings collect(const char *text, size_t n)
{
	struct view rest = { text, n }, line;
	struct settings all = { 0 };
	struct setting s;
	size_t cap = 0;

	while (next_line(&rest, &line)) {
		if (!parse_setting(line, &s))
			continue;
		if (all.n == cap)
			all.v = xreallocarray(all.v, cap = cap ? cap * 2 : 256, sizeof(s));
		all.v[all.n++] = s;
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(s), by_name);
	return all;
}

static struct settings parse(const char *text, size_t n)
{
	struct settings all = collect(text, n);

	all.n = keep_last(all.v, all.n);
	return all;
}

/* What is said about an option, NULL when nothing is. */
static const struct setting *find(const struct settings *all, struct view name)
{
	size_t lo = 0, hi = all->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct setting *s = &all->v[mid];
		size_t n = s->name.n < name.n ? s->name.n : name.n;
		int r = memcmp(s->name.p, name.p, n);

		if (!r && s->name.n == name.n)
			return s;
		if (r < 0 || (!r && s->name.n < name.n))
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* Its value, {NULL} when it is not set or not there. */
static struct view lookup(const struct settings *all, struct view name)
{
	const struct setting *s = find(all, name);

	return s ? s->value : (struct view){ 0 };
}

/* Options that newer kernels no longer have because what they turned on is always there. */
static bool always_on_when_gone(struct view name)
{
	static const char *const options[] = {
		"CONFIG_SCHED_DEBUG", /* since 6.15 */
	};

	for (size_t i = 0; i < countof(options); i++)
		if (equal(name, (struct view){ options[i], strlen(options[i]) }))
			return true;
	return false;
}

static void say(FILE *f, struct view value)
{
	if (value.p)
		fprintf(f, "%.*s", (int)value.n, value.p);
	else
		fprintf(f, "not set");
}

static bool is(struct view line, const char *word)
{
	return equal(line, (struct view){ word, strlen(word) });
}

int kconfig_lost(const char *fragment, size_t fn, const char *config, size_t cn, char **lost)
{
	struct settings have = parse(config, cn);
	struct view rest = { fragment, fn }, line;
	struct setting want;
	size_t size;
	FILE *f = xmemstream(lost, &size);
	bool wish = false;
	int n = 0;

	while (next_line(&rest, &line)) {
		struct view got;

		wish = is(line, WISH) || (wish && !is(line, ALL));
		if (wish || !parse_setting(line, &want))
			continue;
		got = lookup(&have, want.name);
		if (equal(got, want.value) || (!find(&have, want.name) && always_on_when_gone(want.name)))
			continue;
		fprintf(f, "%.*s: wanted ", (int)want.name.n, want.name.p);
		say(f, want.value);
		fprintf(f, ", is ");
		say(f, got);
		fputc('\n', f);
		n++;
	}
	fclose(f);
	free(have.v);
	return n;
}

char *kconfig_without(const char *fragment, size_t n, const char *other, size_t on)
{
	struct settings set = parse(other, on);
	struct view rest = { fragment, n }, line;
	struct setting want;
	size_t size;
	char *text;
	FILE *f = xmemstream(&text, &size);

	while (next_line(&rest, &line))
		if (is(line, WISH) || is(line, ALL) || (parse_setting(line, &want) && !find(&set, want.name)))
			fprintf(f, "%.*s\n", (int)line.n, line.p);
	fclose(f);
	free(set.v);
	return text;
}

static const struct {
	const char *option, *hint;
} vital[] = {
	{ "CONFIG_SCHED_CLASS_EXT", "sched_ext itself; it needs CONFIG_DEBUG_INFO_BTF" },
	{ "CONFIG_DEBUG_INFO_BTF", "needs pahole 1.16 or later (Debian: dwarves)" },
	{ "CONFIG_BPF_SYSCALL", "without it no BPF program loads" },
	{ "CONFIG_FTRACE", "gates all tracing; arm64's defconfig has it off, and kprobe and BPF events go with it" },
	{ "CONFIG_KPROBE_EVENTS", "probes in the kernel; needs FTRACE and KPROBES" },
	{ "CONFIG_BPF_EVENTS", "BPF programs on probes and tracepoints; needs KPROBE_EVENTS and PERF_EVENTS" },
};

int kconfig_missing(const char *config, size_t n, char **text)
{
	struct settings have = parse(config, n);
	size_t size;
	FILE *f = xmemstream(text, &size);
	int missing = 0;

	for (size_t i = 0; i < countof(vital); i++) {
		struct view name = { vital[i].option, strlen(vital[i].option) };
		struct view is = lookup(&have, name);

		if (is.p && is.n == 1 && is.p[0] == 'y')
			continue;
		fprintf(f, "  %s is not set: %s\n", vital[i].option, vital[i].hint);
		missing++;
	}
	fclose(f);
	free(have.v);
	return missing;
}

/* Where in a fragment we are: lines of this architecture, and lines that may be lost. */
struct place {
	bool ours, wish;
};

/* "#@only ARCH", "#@wish" and "#@all" lines. */
static int directive(struct view line, const char *arch, struct place *at, unsigned number, struct err *e)
{
	struct view name;

	if (is(line, ALL)) {
		*at = (struct place){ .ours = true };
		return 0;
	}
	if (is(line, WISH)) {
		at->wish = true;
		return 0;
	}
	if (!starts(line, "#@only "))
		return err_set(e, X_KCONFIG, "line %u: unknown directive %.*s", number, (int)line.n, line.p);
	name = skip(line, strlen("#@only "));
	if (!name.n || word(name).n != name.n)
		return err_set(e, X_KCONFIG, "line %u: \"#@only\" wants one architecture", number);
	at->ours = is(name, arch);
	return 0;
}

static int twice(const char *text, size_t n, struct err *e)
{
	struct settings all = collect(text, n);
	int r = 0;

	for (size_t i = 1; i < all.n && r == 0; i++)
		if (equal(all.v[i - 1].name, all.v[i].name))
			r = err_set(e, X_KCONFIG, "%.*s is requested twice", (int)all.v[i].name.n, all.v[i].name.p);
	free(all.v);
	return r;
}

static int select_lines(struct view rest, const char *arch, FILE *out, struct err *e)
{
	struct view line;
	struct setting s;
	struct place at = { .ours = true };
	unsigned number = 0;

	while (next_line(&rest, &line)) {
		number++;
		if (starts(line, "#@")) {
			bool wish = at.wish;

			if (directive(line, arch, &at, number, e) < 0)
				return -1;
			if (wish != at.wish)
				fprintf(out, "%s\n", at.wish ? WISH : ALL);
		} else if (parse_setting(line, &s)) {
			if (at.ours)
				fprintf(out, "%.*s\n", (int)line.n, line.p);
		} else if (line.n && line.p[0] != '#') {
			return err_set(e, X_KCONFIG, "line %u: not an option: %.*s", number, (int)line.n, line.p);
		}
	}
	return 0;
}

int kconfig_select(const char *fragment, size_t n, const char *arch, FILE *f, struct err *e)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *out = xmemstream(&text, &size);
	int r;

	/* Most of us would take it for its end. */
	if (memchr(fragment, '\0', n))
		r = err_set(e, X_KCONFIG, "it is not text: it has a NUL byte");
	else
		r = select_lines((struct view){ fragment, n }, arch, out, e);
	fclose(out);
	if (r < 0 || twice(text, size, e) < 0)
		return -1;
	fwrite(text, 1, size, f);
	return 0;
}
