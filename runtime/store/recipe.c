/* recipe.c: facts as lines, and two recipes compared. */
#include "store/recipe.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "host/tool.h"
#include "store/hashes.h"

enum { DIFF_DIGITS = 12 };

/* A word has no blanks either, so that the columns of a line stay columns. */
static void put_escaped(FILE *f, const char *s, bool word)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n')
			fputs("\\n", f);
		else if (c == '\\')
			fputs("\\\\", f);
		else if (c < ' ' || c >= 0x7f || (word && c == ' '))
			fprintf(f, "\\x%02x", c);
		else
			fputc(c, f);
	}
}

static void begin_line(struct recipe *r, const char *kind, const char *tag)
{
	fprintf(r->f, "%-7s ", kind);
	put_escaped(r->f, tag, true);
	fputc(' ', r->f);
}

void recipe_open(struct recipe *r, const char *step, unsigned format)
{
	*r = (struct recipe){ 0 };
	r->f = xmemstream(&r->text, &r->n);
	begin_line(r, "step", step);
	fprintf(r->f, "%u\n", format);
}

void recipe_str(struct recipe *r, const char *tag, const char *value)
{
	begin_line(r, "str", tag);
	if (!value)
		fputc('-', r->f);
	else if (strcmp(value, "-") == 0)
		fputs("\\x2d", r->f);
	else
		put_escaped(r->f, value, false);
	fputc('\n', r->f);
}

void recipe_u64(struct recipe *r, const char *tag, uint64_t value)
{
	begin_line(r, "u64", tag);
	fprintf(r->f, "%llu\n", (unsigned long long)value);
}

static void put_content(struct recipe *r, const char *kind, const char *tag, const char *hex, uint64_t size)
{
	begin_line(r, kind, tag);
	fprintf(r->f, "%s %llu\n", hex, (unsigned long long)size);
}

int recipe_file(struct recipe *r, const char *tag, const char *path, struct hashes *h, struct err *e)
{
	char hex[KEY_LEN + 1];
	uint64_t size;

	if (!path)
		return err_set(e, X_USAGE, "no file was given for %s", tag);
	if (hashes_file(h, AT_FDCWD, path, hex, &size, e) < 0)
		return -1;
	put_content(r, "file", tag, hex, size);
	recipe_input(r, path, hex);
	return 0;
}

void recipe_input(struct recipe *r, const char *path, const char *hex)
{
	r->in = xreallocarray(r->in, r->n_in + 1, sizeof(*r->in));
	r->in[r->n_in] = (struct recipe_input){ .path = xstrdup(path) };
	memcpy(r->in[r->n_in++].hex, hex, KEY_LEN + 1);
}

int recipe_holds(const struct recipe *r, struct hashes *h, struct err *e)
{
	for (size_t i = 0; i < r->n_in; i++) {
		char hex[KEY_LEN + 1];

		if (hashes_file(h, AT_FDCWD, r->in[i].path, hex, NULL, e) < 0)
			return -1;
		if (strcmp(hex, r->in[i].hex) != 0)
			return err_set(e, X_NO_INPUT,
				       "%s changed while it was in use, so nothing is kept; run it again",
				       r->in[i].path);
	}
	return 0;
}

void recipe_hash(struct recipe *r, const char *tag, const char *hex, uint64_t size)
{
	put_content(r, "hash", tag, hex, size);
}

/* "qemu-system-x86_64 --version", for remembering. */
static char *join(const char *const *argv)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; argv[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", argv[i]);
	fclose(f);
	return text;
}

static int state_program(struct recipe *r, const char *tag, const char *path, struct err *e)
{
	auto_free char *name = xasprintf("%s.program", tag);

	return recipe_file(r, name, path, r->hashes, e);
}

int recipe_tool(struct recipe *r, const char *tag, const char *const *argv, char **said, struct err *e)
{
	auto_free char *what = join(argv);
	auto_free char *path = r->hashes ? spawn_find(argv[0]) : NULL;
	auto_free char *line = path ? hashes_recall(r->hashes, path, what) : NULL;

	if (!line) {
		line = tool_line(argv, e);
		if (!line)
			return -1;
		if (path)
			hashes_remember(r->hashes, path, what, line);
	}
	begin_line(r, "tool", tag);
	put_escaped(r->f, line, false);
	fputc('\n', r->f);
	if (path && state_program(r, tag, path, e) < 0)
		return -1;
	if (said)
		*said = TAKE(line);
	return 0;
}

const char *recipe_text(struct recipe *r)
{
	fflush(r->f);
	return r->text;
}

void recipe_key(struct recipe *r, char key[KEY_LEN + 1])
{
	fflush(r->f);
	hash_hex(r->text, r->n, key);
}

void recipe_close(struct recipe *r)
{
	if (r->f)
		fclose(r->f);
	free(r->text);
	for (size_t i = 0; i < r->n_in; i++)
		free(r->in[i].path);
	free(r->in);
	*r = (struct recipe){ 0 };
}

/* A line in its columns. Lines that are no facts (a damaged file) are all tag. */
struct fact {
	const char *kind, *tag, *value; /* not ended: n_* */
	int n_kind, n_tag, n_value;
	bool matched;
};

struct facts {
	struct fact *v;
	size_t n;
};

static struct fact split(const char *line, size_t n)
{
	const char *end = line + n;
	const char *kind_end = memchr(line, ' ', n);
	const char *tag = kind_end, *tag_end;

	while (tag && tag < end && *tag == ' ')
		tag++;
	tag_end = tag ? memchr(tag, ' ', (size_t)(end - tag)) : NULL;
	if (!tag_end)
		return (struct fact){ .kind = "", .tag = line, .n_tag = (int)n, .value = "" };
	return (struct fact){
		.kind = line,
		.n_kind = (int)(kind_end - line),
		.tag = tag,
		.n_tag = (int)(tag_end - tag),
		.value = tag_end + 1,
		.n_value = (int)(end - tag_end - 1),
	};
}

static struct facts read_facts(const char *text)
{
	struct facts all = { 0 };

	while (*text) {
		size_t n = strcspn(text, "\n");

		all.v = xreallocarray(all.v, all.n + 1, sizeof(*all.v));
		all.v[all.n++] = split(text, n);
		text += n + (text[n] == '\n');
	}
	return all;
}

static bool same(const char *a, int n, const char *b, int m)
{
	return n == m && memcmp(a, b, (size_t)n) == 0;
}

static bool same_value(const struct fact *a, const struct fact *b)
{
	return same(a->kind, a->n_kind, b->kind, b->n_kind) && same(a->value, a->n_value, b->value, b->n_value);
}

/* A tag may occur several times (a list): equal facts are paired first, so that one more element is one change. */
static struct fact *find_partner(struct facts *in, const struct fact *f, bool equal)
{
	for (size_t i = 0; i < in->n; i++) {
		struct fact *g = &in->v[i];

		if (!g->matched && same(g->tag, g->n_tag, f->tag, f->n_tag) && (!equal || same_value(g, f)))
			return g;
	}
	return NULL;
}

static bool is_content(const struct fact *f)
{
	return same(f->kind, f->n_kind, "file", 4) || same(f->kind, f->n_kind, "hash", 4);
}

static void put_side(FILE *out, const struct fact *f)
{
	if (!f)
		fputs("none", out);
	else if (is_content(f) && f->n_value > DIFF_DIGITS)
		fprintf(out, "%.*s %.*s…", f->n_kind, f->kind, DIFF_DIGITS, f->value);
	else
		fprintf(out, "%.*s %.*s", f->n_kind, f->kind, f->n_value, f->value);
}

static void put_change(FILE *out, const struct fact *old, const struct fact *new)
{
	const struct fact *f = old ? old : new;

	fprintf(out, "  %.*s: ", f->n_tag, f->tag);
	put_side(out, old);
	fputs(" -> ", out);
	put_side(out, new);
	fputc('\n', out);
}

char *recipe_diff(const char *before, const char *after)
{
	struct facts old = read_facts(before), new = read_facts(after);
	char *text;
	size_t n;
	FILE *out = xmemstream(&text, &n);

	for (size_t i = 0; i < old.n; i++) {
		struct fact *now = find_partner(&new, &old.v[i], true);

		if (now)
			now->matched = old.v[i].matched = true;
	}
	for (size_t i = 0; i < old.n; i++) {
		struct fact *now = old.v[i].matched ? NULL : find_partner(&new, &old.v[i], false);

		if (now)
			now->matched = true;
		if (!old.v[i].matched)
			put_change(out, &old.v[i], now);
	}
	for (size_t i = 0; i < new.n; i++)
		if (!new.v[i].matched)
			put_change(out, NULL, &new.v[i]);
	fclose(out);
	free(old.v);
	free(new.v);
	return text;
}
