#include "gen/shrink/shrink.h"
#include "gen/shrink/halve.h"
#include "gen/shrink/remove.h"
#include "scenario/scenario.h"
#include "scenario/text/line.h"

void shrink_begin(struct shrink *k)
{
	*k = (struct shrink){ .fresh = true };
}

static size_t things(const struct scenario *s, enum shrink_stage stage)
{
	switch (stage) {
	case SHRINK_GROUPS:
		return remove_groups(s);
	case SHRINK_BLOCKS:
		return remove_blocks(s);
	case SHRINK_WORKERS:
	case SHRINK_TIMES:
		return s->n_lines + 1;
	case SHRINK_CPUS:
		return HALVE_PARTS;
	case SHRINK_EXPECTATIONS:
		return s->expect.n;
	default:
		return s->n_lines;
	}
}

/* Half as many lines at once, or what comes behind this. */
static void advance(struct shrink *k)
{
	struct shrink_move *m = &k->next;

	m->at = 0;
	if (m->stage == SHRINK_LINES && m->n > 1) {
		m->n /= 2;
		return;
	}
	m->stage++;
	k->fresh = true;
	if (m->stage < SHRINK_STAGES || !k->taken)
		return;
	m->stage = 0;
	k->taken = false;
}

bool shrink_next(struct shrink *k, const struct scenario *s, struct shrink_move *m)
{
	while (k->next.stage < SHRINK_STAGES) {
		if (k->fresh)
			k->next.n = k->next.stage == SHRINK_LINES && s->n_lines > 1 ? s->n_lines / 2 : 1;
		k->fresh = false;
		if (k->next.at < things(s, k->next.stage)) {
			*m = k->next;
			return true;
		}
		advance(k);
	}
	return false;
}

void shrink_took(struct shrink *k, bool took)
{
	k->taken |= took;
	if (!took)
		k->next.at += k->next.n;
}

bool shrink_apply(struct scenario *s, const struct shrink_move *m)
{
	switch (m->stage) {
	case SHRINK_GROUPS:
		return remove_group(s, m->at);
	case SHRINK_LINES:
		return remove_lines(s, m->at, m->n);
	case SHRINK_BLOCKS:
		return remove_block(s, m->at);
	case SHRINK_WORKERS:
		return halve_workers(s, m->at);
	case SHRINK_TIMES:
		return halve_time(s, m->at);
	case SHRINK_CPUS:
		return halve_cpus(s, m->at);
	case SHRINK_EXPECTATIONS:
		return remove_expectation(s, m->at);
	default:
		return false;
	}
}

static const char *word_of(const struct scenario *s, size_t line)
{
	return line_words[s->lines[line].kind];
}

static void words_of_lines(FILE *f, const struct scenario *s, const struct shrink_move *m)
{
	size_t end = m->at + m->n < s->n_lines ? m->at + m->n : s->n_lines;

	if (end - m->at == 1)
		fprintf(f, "without line %zu (%s)", m->at + 1, word_of(s, m->at));
	else
		fprintf(f, "without lines %zu to %zu", m->at + 1, end);
}

void shrink_words(FILE *f, const struct scenario *s, const struct shrink_move *m)
{
	static const char *const parts[HALVE_PARTS] = { "cores", "threads", "LLCs", "NUMA nodes" };

	switch (m->stage) {
	case SHRINK_GROUPS:
		fprintf(f, "without cgroup %s and what names it", remove_group_name(s, m->at));
		break;
	case SHRINK_LINES:
		words_of_lines(f, s, m);
		break;
	case SHRINK_BLOCKS:
		fputs("without the block around its lines", f);
		break;
	case SHRINK_WORKERS:
		if (m->at < s->n_lines)
			fprintf(f, "half of the workers of line %zu", m->at + 1);
		else
			fputs("half of the workers of lines that do not say how many", f);
		break;
	case SHRINK_TIMES:
		if (m->at < s->n_lines)
			fprintf(f, "half of the time of line %zu (%s)", m->at + 1, word_of(s, m->at));
		else
			fputs("half of the duration", f);
		break;
	case SHRINK_CPUS:
		fprintf(f, "half of the %s", parts[m->at]);
		break;
	default:
		fprintf(f, "without \"expect %s\"", s->expect.at[m->at].text);
	}
}
