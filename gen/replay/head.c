#include "gen/replay/head.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/replay/packed.h"
#include "json/read.h"
#include "kernel/cache/entry.h"

enum { OPTIONS_MAX = 16, NAME_LONGEST = 100 };

int packed_bad(const char *what, struct err *e)
{
	return err_set(e, X_BAD_ARCHIVE, "the bundle is refused: %s", what);
}

/* A file's name that means nothing else. */
static bool is_plain(const char *name)
{
	size_t n = strlen(name);

	if (!n || n > NAME_LONGEST || name[0] == '.' || name[0] == '-')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._+-", *name))
			return false;
	return true;
}

static bool is_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n && n < 10 && !text[n];
}

/* Those that packed.c keeps, and no others. */
static int check_options(const struct argv *a, struct err *e)
{
	for (size_t i = 0; i < a->n; i++) {
		const char *o = a->v[i];

		if (!strcmp(o, "--monitor") || !strcmp(o, "--dense"))
			continue;
		if ((strcmp(o, "--shift") != 0 && strcmp(o, "--timeout") != 0 && strcmp(o, "--memory-mb") != 0) ||
		    i + 1 == a->n || !is_number(a->v[i + 1]))
			return packed_bad("options of its run", e);
		i++;
	}
	return 0;
}

static int read_options(struct packed_head *u, const struct json *j, struct err *e)
{
	int list = json_get(j, 0, "options"), n = json_count(j, list);

	if (json_kind(j, list) != JSON_ARRAY || n > OPTIONS_MAX)
		return packed_bad("options of its run", e);
	for (int i = 0; i < n; i++) {
		auto_free char *word = NULL;

		if (json_str(j, json_at(j, list, i), &word, e) != 0)
			return packed_bad("options of its run", e);
		argv_add(&u->options, word);
	}
	return check_options(&u->options, e);
}

int packed_head_read(struct packed_head *u, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };
	uint64_t format = 0;

	if (json_parse(&j, text, n, e) < 0 || json_u64(&j, json_get(&j, 0, "format"), &format, e) != 0 ||
	    format != PACKED_FORMAT)
		return packed_bad("its head is none, or of another version of ktstr", e);
	if (json_str(&j, json_get(&j, 0, "test"), &u->test, e) || !is_plain(u->test) ||
	    json_str(&j, json_get(&j, 0, "kernel"), &u->kernel, e) || kernel_key_check(u->kernel, e) < 0 ||
	    json_u64(&j, json_get(&j, 0, "seed"), &u->seed, e) ||
	    json_u64(&j, json_get(&j, 0, "bytes"), &u->bytes, e) ||
	    json_str(&j, json_get(&j, 0, "scheduler"), &u->scheduler, e) < 0 ||
	    (u->scheduler && !is_plain(u->scheduler)))
		return packed_bad("names in its head", e);
	return read_options(u, &j, e);
}

void packed_head_free(struct packed_head *u)
{
	free(u->test);
	free(u->kernel);
	free(u->scheduler);
	argv_free(&u->options);
	*u = (struct packed_head){ 0 };
}
