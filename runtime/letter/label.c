#include "letter/label.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/text.h"

#define FIRST "ktstr label 1"
/* More than any result there is: the largest are kernels and guests' memory. */
#define LABEL_BYTES_MAX (16ull << 30)
/* Holes take no room, but a file system that cannot tell them reads every byte. */
#define LABEL_SIZES_MAX (256ull << 30)

enum { WORD_MAX = 200, FIELDS = 6 };

char *label_text(const struct label *r)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fprintf(f, FIRST "\nkey %s\nstep %s\nrecipe %" PRIu64 "\nmade %" PRIu64 "\ntook %" PRIu64 "\n", r->key, r->step,
		r->recipe, r->made, r->took);
	fprintf(f, "tool %s\nhost %s\n", r->tool, r->host);
	for (size_t i = 0; i < r->n; i++) {
		const struct label_file *v = &r->v[i];

		fprintf(f, "file %s %" PRIu64 " %s %s %s %" PRIu64 " %s\n", v->hex, v->size, v->program ? "x" : "-",
			v->sparse ? "sparse" : "raw", v->blob, v->bytes, v->name);
	}
	fclose(f);
	return text;
}

static bool is_hex(const char *s)
{
	return strlen(s) == KEY_LEN && strspn(s, "0123456789abcdef") == KEY_LEN;
}

static bool number(const char *s, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s || (*s == '0' && s[1]))
		return false;
	for (; *s; s++) {
		unsigned d = (unsigned)(*s - '0');

		/* Sizes of files are signed. */
		if (d > 9 || v > ((uint64_t)INT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

/* What a person is shown of it. */
static bool words(const char *s, char **out)
{
	size_t n = strlen(s);
	auto_free char *plain = text_plain(s, n, TEXT_LINE);

	if (!n || n > WORD_MAX || strcmp(plain, s) != 0)
		return false;
	*out = xstrdup(s);
	return true;
}

/* Ended by NUL, which takes the place of the '\n'. NULL at the end of the text or when the line is not of this name. */
static char *line(char **at, const char *name)
{
	size_t n = strlen(name);
	char *end = strchr(*at, '\n'), *value = *at + n + 1;

	if (!end || strncmp(*at, name, n) != 0 || (*at)[n] != ' ' || value > end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return value;
}

static bool text_line(char **at, const char *name, char **out)
{
	const char *value = line(at, name);

	return value && words(value, out);
}

static bool number_line(char **at, const char *name, uint64_t *out)
{
	const char *value = line(at, name);

	return value && number(value, out);
}

static bool hex_line(char **at, const char *name, char hex[KEY_LEN + 1])
{
	const char *value = line(at, name);

	if (!value || !is_hex(value))
		return false;
	memcpy(hex, value, KEY_LEN + 1);
	return true;
}

/* The rest is the name, which may have blanks. */
static bool split(char *value, char *field[FIELDS + 1])
{
	for (size_t i = 0; i < FIELDS; i++) {
		field[i] = value;
		value = strchr(value, ' ');
		if (!value)
			return false;
		*value++ = '\0';
	}
	field[FIELDS] = value;
	return true;
}

/* Those that a result's folder has beside its files. */
static bool is_free(const char *name)
{
	static const char *const taken[] = { "recipe", "content", "content.sum", "origin" };

	for (size_t i = 0; i < countof(taken); i++)
		if (!strcmp(name, taken[i]))
			return false;
	return true;
}

/* A sparse file says where each of its runs is, so it can take little more than it has. */
static bool fits(const struct label *r, const struct label_file *f)
{
	uint64_t sizes = 0;

	for (size_t i = 0; i < r->n; i++)
		sizes += r->v[i].size;
	return f->size <= LABEL_SIZES_MAX - sizes && (f->sparse || f->bytes == f->size);
}

static bool file_line(struct label *r, char *value)
{
	struct label_file f = { 0 };
	char *field[FIELDS + 1];

	if (r->n == LABEL_FILES || !split(value, field) || !is_hex(field[0]) || !number(field[1], &f.size) ||
	    !is_hex(field[4]) || !number(field[5], &f.bytes))
		return false;
	f.program = !strcmp(field[2], "x");
	f.sparse = !strcmp(field[3], "sparse");
	if ((!f.program && strcmp(field[2], "-") != 0) || (!f.sparse && strcmp(field[3], "raw") != 0) || !fits(r, &f) ||
	    strlen(field[FIELDS]) > LABEL_NAME_MAX || !is_free(field[FIELDS]) || f.bytes > LABEL_BYTES_MAX - r->bytes)
		return false;
	memcpy(f.hex, field[0], KEY_LEN);
	memcpy(f.blob, field[4], KEY_LEN);
	f.name = xstrdup(field[FIELDS]);
	r->bytes += f.bytes;
	r->v = xreallocarray(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n++] = f;
	return true;
}

static bool parse(struct label *r, char *text)
{
	const char *from = text;
	char *value;

	if (strncmp(text, FIRST "\n", sizeof(FIRST)) != 0)
		return false;
	text += sizeof(FIRST);
	if (!hex_line(&text, "key", r->key) || !text_line(&text, "step", &r->step) ||
	    !number_line(&text, "recipe", &r->recipe) || !number_line(&text, "made", &r->made) ||
	    !number_line(&text, "took", &r->took) || !text_line(&text, "tool", &r->tool) ||
	    !text_line(&text, "host", &r->host))
		return false;
	while ((value = line(&text, "file")))
		if (!file_line(r, value))
			return false;
	r->covered = (size_t)(text - from);
	if (*text && !hex_line(&text, "mac", r->mac))
		return false;
	return !*text;
}

/* By the parser of lists: names that stay below a folder, each once, sorted. */
static bool names_fit(const struct label *r)
{
	auto_free char *list = label_content(r);
	auto_content struct content c = { 0 };
	struct err ignored;

	if (content_parse(&c, list, &ignored) < 0)
		return false;
	for (size_t i = 1; i < c.n; i++)
		if (strcmp(c.v[i - 1].name, c.v[i].name) >= 0)
			return false;
	return true;
}

int label_parse(struct label *r, const char *text, size_t n, struct err *e)
{
	auto_free char *own = xstrndup(text, n);

	*r = (struct label){ 0 };
	if (n <= LABEL_MAX && strlen(own) == n && parse(r, own) && names_fit(r))
		return 0;
	label_free(r);
	return err_set(e, X_BAD_ARCHIVE, "the label of the result is damaged");
}

char *label_content(const struct label *r)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < r->n; i++)
		fprintf(f, "%s %" PRIu64 " %s\n", r->v[i].hex, r->v[i].size, r->v[i].name);
	fclose(f);
	return text;
}

char *label_origin(const struct label *r)
{
	time_t t = (time_t)r->made;
	char day[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M", &tm);
	return xasprintf("made %s UTC by ktstr %s on %s", day, r->tool, r->host);
}

void label_free(struct label *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].name);
	free(r->v);
	free(r->step);
	free(r->tool);
	free(r->host);
	*r = (struct label){ 0 };
}
