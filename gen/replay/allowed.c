#include "gen/replay/allowed.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/argv.h"
#include "text/text.h"

enum { SHOWN = 80 };

/* What stands in a cell's command (gen/matrix/matrix.c, tests_asked_words()). */
static const struct allowed {
	const char *name;
	bool value, ours;
} options[] = {
	{ "--kernel", true, false },     { "--topology", true, false },    { "--preset", true, false },
	{ "--profiles", true, false },   { "--flags-file", true, false },  { "--cell", true, false },
	{ "--clock", true, false },      { "--shift", true, false },       { "--timeout", true, false },
	{ "--accel", true, false },      { "--memory-mb", true, false },   { "--require-kvm", false, false },
	{ "--perf-mode", false, false }, { "--duration", true, false },    { "--workers", true, false },
	{ "--monitor", false, false },   { "--dense", false, false },      { "--expect-line", true, false },
	{ "--diff-bin", true, false },   { "--diff-kernel", true, false }, { "--scheduler-bin", true, false },
	{ "--scheduler", true, true },   { "--bin", true, true },          { "--release", false, true },
	{ "--profile", true, true },
};

static const struct allowed *find(const char *name)
{
	for (size_t i = 0; i < countof(options); i++)
		if (!strcmp(options[i].name, name))
			return &options[i];
	return NULL;
}

static int refuse(const char *word, const char *why, struct err *e)
{
	char buf[SHOWN];

	return err_set(e, X_NO_INPUT, "\"%s\" in its command: %s", text_short(buf, sizeof(buf), word), why);
}

static int check_options(const struct argv *words, bool ours, struct err *e)
{
	for (size_t i = 3; i < words->n; i++) {
		const struct allowed *a = find(words->v[i]);

		if (!a)
			return refuse(words->v[i], "no cell is named so, and replay does not pass it on", e);
		if (a->ours && !ours)
			return refuse(
				words->v[i],
				"it is built on this machine, and the verdict is none of this store; run the test "
				"first, and name its cell",
				e);
		if (a->value && ++i == words->n)
			return refuse(a->name, "its value is missing", e);
	}
	return 0;
}

int allowed_check(const struct argv *words, const struct argv *rest, bool ours, struct err *e)
{
	bool ktstr = words->n >= 3 && !strcmp(words->v[0], "ktstr"), run = ktstr && !strcmp(words->v[1], "run");

	if (!run && (!ktstr || strcmp(words->v[1], "matrix") != 0))
		return err_set(e, X_NO_INPUT, "its command is none of ktstr");
	if (words->v[2][0] == '-')
		return refuse(words->v[2], "a test is wanted there", e);
	if (!run && !ours)
		return refuse(
			words->v[2],
			"a program would run on this machine, and the verdict is none of this store; run the test "
			"first, and name its cell",
			e);
	if (rest->n && strcmp(rest->v[0], "--") != 0)
		return refuse(rest->v[0], "only arguments of the scheduler, behind --, may stand there", e);
	return check_options(words, ours, e);
}
