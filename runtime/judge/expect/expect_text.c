/* expect_text.c: expectations as the lines they were read from. */
#include "base/mem.h"
#include "judge/expect/expectation.h"
#include <inttypes.h>

char *expect_side_text(const struct expect_side *s)
{
	auto_free char *metric = metric_text(s->metric, s->name);
	char phase[24] = "";

	if (s->phase == PHASE_EACH)
		strcpy(phase, "@each");
	else if (s->phase == 0)
		strcpy(phase, "@settle");
	else if (s->phase > 0)
		snprintf(phase, sizeof(phase), "@%d", s->phase);
	return xasprintf("%s%s%s%s%s", metric, s->group ? "{" : "", s->group ? s->group : "", s->group ? "}" : "",
			 phase);
}

/* The shortest decimal number without an exponent that is read back as v. */
static void number(FILE *f, double v)
{
	char digits[128];

	for (int after = 0; after <= 60; after++) {
		snprintf(digits, sizeof(digits), "%.*f", after, v);
		if (strtod(digits, NULL) == v)
			break;
	}
	fputs(digits, f);
}

static void quoted(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

static void limit(FILE *f, const struct expectation *x)
{
	enum metric_unit u = x->left.metric->unit;

	fprintf(f, " %s ", expect_op_names[x->op]);
	if (x->right.metric) {
		auto_free char *right = expect_side_text(&x->right);

		if (x->value != 1) {
			number(f, x->value);
			fputs(" * ", f);
		}
		fprintf(f, "%s of %s", right, x->other);
		return;
	}
	number(f, x->value);
	/* Times in ns: a limit in any unit is a number of those. */
	fputs(u == UNIT_MS || u == UNIT_US || u == UNIT_NS ? "ns" : metric_unit_text(x->left.metric), f);
}

char *expectation_text(const struct expectation *x)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	auto_free char *left = expect_side_text(&x->left);

	fputs(left, f);
	if (x->text) {
		/* Which of the two it was does not matter to what is off. */
		fprintf(f, " %s ", expect_op_names[x->op == OP_OFF ? OP_HAS : x->op]);
		quoted(f, x->text);
	}
	if (x->op == OP_OFF)
		fputs(" off", f);
	else if (!x->text && x->op != OP_HOLDS)
		limit(f, x);
	fclose(f);
	return text;
}
