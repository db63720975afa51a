#include "scenario/text/machine.h"
#include "scenario/fault.h"
#include "scenario/scenario.h"
#include "scenario/text/option.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* For so long a machine is frozen where the line does not say it. */
#define FREEZER_NS 100000000u
#define FREEZER_MAX_NS 10000000000u
enum { VARIABLE_MAX = 127, MAP_NAME_MAX = 15 /* of the kernel's */, OFFSET_MAX = 1 << 20 };

bool machine_is_deed(const struct statement *st)
{
	if (st->n < 2 || !word_is(&st->words[0], "scheduler"))
		return false;
	for (size_t i = 0; i < DEEDS; i++)
		if (word_is(&st->words[1], plan_deeds[i]))
			return true;
	return false;
}

/* Its name goes into the command line of whoever starts schedulers, and into a line of text. */
static bool a_profile(struct parsing *p, const struct word *w, char **name)
{
	const char *comma = strchr(w->text, ',');

	if (comma)
		return fault_bad(p->e, (size_t)(comma - w->text) + 1,
				 "\"%s\" names several profiles, and a line goes on with one", w->text) ||
		       fault_tip(p->e, "flags of one profile are joined by \"+\", for example llc+steal") ||
		       word_fault(p->e, &p->st, w);
	for (size_t i = 0; i < w->n; i++)
		if ((unsigned char)w->text[i] <= ' ' || w->text[i] == '=')
			return fault_bad(p->e, i + 1, "a profile's name has neither blanks nor \"=\"") ||
			       word_fault(p->e, &p->st, w);
	if (!w->n || w->n > VARIABLE_MAX)
		return fault_bad(p->e, 1, "a profile's name has 1 to %d characters", VARIABLE_MAX) ||
		       word_fault(p->e, &p->st, w);
	*name = strdup(w->text);
	return *name ? true : fault_memory(p->e);
}

bool machine_scheduler(struct parsing *p, struct scenario_line *l)
{
	const struct word *words = p->st.words;
	bool named = p->st.n == 3;

	while (l->deed < DEEDS && !word_is(&words[1], plan_deeds[l->deed]))
		l->deed++;
	if (named == (l->deed == DEED_REPLACE))
		return !named || a_profile(p, &words[2], &l->name);
	fault_bad(p->e, 1, named ? "\"scheduler %s\" stands alone" : "\"scheduler %s\" takes the name of a profile",
		  words[1].text);
	fault_tip(p->e, named ? "scheduler replace PROFILE goes on with other arguments"
			      : "for example scheduler replace default");
	return word_fault(p->e, &p->st, &words[named ? 2 : 1]);
}

bool machine_freezer(struct parsing *p, struct scenario_line *l)
{
	const struct word *w = &p->st.words[1];

	l->amount.value = FREEZER_NS;
	return p->st.n < 2 ||
	       time_parse(w->text, w->n, "a freezer's time", 1000000, FREEZER_MAX_NS, &l->amount.value, p->e) ||
	       word_fault(p->e, &p->st, w);
}

/* Decimal, or hexadecimal with 0x; as far as 64 bits hold it, with a sign or without. */
static bool a_value(struct parsing *p, const struct word *w, int64_t *value)
{
	bool minus = *w->text == '-';
	const char *digits = w->text + minus;
	bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	size_t n = strspn(digits + 2 * hex, hex ? "0123456789abcdefABCDEF" : "0123456789");
	char *end;

	if (n && n <= (hex ? 16u : 19u) && !digits[2 * hex + n] && w->n == strlen(w->text)) {
		uint64_t v = strtoull(digits, &end, hex ? 16 : 10);

		*value = (int64_t)(minus ? -v : v);
		if (!minus || v <= (uint64_t)1 << 63)
			return true;
	}
	fault_bad(p->e, 1, "this is no number of 64 bits");
	fault_tip(p->e, "for example 20, -1 or 0x10");
	return word_fault(p->e, &p->st, w);
}

static bool an_identifier(struct parsing *p, const struct word *w, size_t max, const char *what, const char *beside,
			  char **name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	size_t good = strspn(w->text, plain);

	while (good < w->n && strchr(beside, w->text[good]) && w->text[good])
		good += 1 + strspn(w->text + good + 1, plain);
	if (good < w->n)
		return fault_bad(p->e, good + 1, "%s has letters, digits and \"_\" alone", what) ||
		       word_fault(p->e, &p->st, w);
	if (!w->n || w->n > max)
		return fault_bad(p->e, 1, "%s has 1 to %zu characters", what, max) || word_fault(p->e, &p->st, w);
	*name = strdup(w->text);
	return *name ? true : fault_memory(p->e);
}

bool machine_var(struct parsing *p, struct scenario_line *l)
{
	const struct word *words = p->st.words;

	if (!word_is(&words[2], "="))
		return fault_bad(p->e, 1, "a \"=\" is missing here") || fault_tip(p->e, "write var NAME = N") ||
		       word_fault(p->e, &p->st, &words[2]);
	return an_identifier(p, &words[1], VARIABLE_MAX, "a variable's name", "", &l->name) &&
	       a_value(p, &words[3], &l->value);
}

bool machine_map(struct parsing *p, struct scenario_line *l)
{
	const struct word *words = p->st.words;

	if (!an_identifier(p, &words[1], MAP_NAME_MAX, "a map's name", ".", &l->name))
		return false;
	if (!number_parse(words[2].text, words[2].n, "an offset", 0, OFFSET_MAX, &l->amount.value, p->e))
		return word_fault(p->e, &p->st, &words[2]);
	if (!a_value(p, &words[3], &l->value))
		return false;
	if (l->value >= INT32_MIN && l->value <= (int64_t)UINT32_MAX)
		return true;
	return fault_bad(p->e, 1, "more than 32 bits") || word_fault(p->e, &p->st, &words[3]);
}

/* "n=4" as the last word is how many; one that is an argument has "n=1" behind it. */
static bool read_copies(struct parsing *p, unsigned *words, uint64_t *copies)
{
	const struct word *last = &p->st.words[*words - 1];

	*copies = 1;
	if (*words < 4 || last->quote < last->n || strncmp(last->text, "n=", 2) != 0)
		return true;
	--*words;
	if (number_parse(last->text + 2, last->n - 2, "n", 1, PLAN_PROGRAMS_MAX, copies, p->e))
		return true;
	p->e->column += 2;
	return word_fault(p->e, &p->st, last);
}

bool machine_program(struct parsing *p, struct scenario_line *l)
{
	unsigned n = p->st.n;

	if (!option_group(p, &p->st.words[1], true, &l->name) || !read_copies(p, &n, &l->amount.value))
		return false;
	if (!p->st.words[2].n)
		return fault_bad(p->e, 1, "a program without a name") || word_fault(p->e, &p->st, &p->st.words[2]);
	l->argv = calloc(n - 1, sizeof *l->argv);
	if (!l->argv)
		return fault_memory(p->e);
	for (unsigned i = 2; i < n; i++) {
		l->argv[i - 2] = strdup(p->st.words[i].text);
		if (!l->argv[i - 2])
			return fault_memory(p->e);
	}
	return true;
}

static void program_line_write(FILE *f, const struct scenario_line *l)
{
	fputs(l->name ? l->name : "-", f);
	for (char **word = l->argv; *word; word++) {
		fputc(' ', f);
		word_write(f, *word);
	}
	fprintf(f, " n=%" PRIu64, l->amount.value);
}

void machine_line_write(FILE *f, const struct scenario_line *l)
{
	fputc(' ', f);
	if (l->kind == LINE_PROGRAM) {
		program_line_write(f, l);
		return;
	}
	if (l->kind == LINE_SCHEDULER) {
		fputs(plan_deeds[l->deed], f);
		if (l->name) {
			fputc(' ', f);
			word_write(f, l->name);
		}
	} else if (l->kind == LINE_FREEZER) {
		time_write(f, l->amount.value);
	} else if (l->kind == LINE_VAR) {
		fprintf(f, "%s = %" PRId64, l->name, l->value);
	} else {
		fprintf(f, "%s %" PRIu64 " %" PRId64, l->name, l->amount.value, l->value);
	}
}

const char *scenario_replacement(const struct scenario *s, size_t i)
{
	for (size_t k = 0; k < s->n_lines; k++) {
		const struct scenario_line *l = &s->lines[k];

		if (l->kind == LINE_SCHEDULER && l->deed == DEED_REPLACE && !i--)
			return l->name;
	}
	return NULL;
}
