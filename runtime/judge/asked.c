#include "judge/asked.h"

#include <string.h>

#include "base/err.h"
#include "judge/expect_fail.h"
#include "scenario/scenario.h"

int expectations_asked(struct expectations *x, const struct scenario *s, bool scheduler, const char *file,
		       const char *const *lines, struct err *e)
{
	expectations_default(x, scheduler);
	for (size_t i = 0; i < s->expect.n; i++) {
		const struct scenario_text *t = &s->expect.at[i];
		const struct expect_place at = { .file = file, .line = t->line, .column = t->column };

		if (expectations_add(x, LAYER_TEST, t->text, strlen(t->text), &at, e) < 0)
			return -1;
	}
	for (size_t i = 0; lines && lines[i]; i++) {
		const struct expect_place at = { .file = "--expect-line", .line = 1, .column = 1 };

		if (expectations_add(x, LAYER_COMMAND, lines[i], strlen(lines[i]), &at, e) < 0)
			return -1;
	}
	if (s->expect_fail.text && expect_fail_check(s->expect_fail.text, e) < 0)
		return err_in(e, "%s%sline %u", file ? file : "", file ? ", " : "", s->expect_fail.line);
	return 0;
}
