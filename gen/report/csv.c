#include "base/mem.h"
#include "text/text.h"
#include "gen/report/csv.h"
#include "gen/report/cell.h"
#include "gen/report/report.h"
#include <inttypes.h>

/* Spreadsheets take a value for a formula that begins with any of these or of their forms of full width, quoted or not; some
 * of them skip blanks before it. */
static bool is_formula(const char *plain)
{
	static const char *const first[] = { "=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20" };

	plain += text_blanks(plain);
	for (size_t i = 0; i < countof(first); i++)
		if (!strncmp(plain, first[i], strlen(first[i])))
			return true;
	return false;
}

/* Quoted where it must be: a ';' ends a cell where commas are for decimals. A record is a line, and no cell is a formula. */
static void field(FILE *f, const char *text)
{
	auto_free char *plain = text_plain(text, strlen(text), TEXT_LINE);
	bool quote = strpbrk(plain, ",;\"") != NULL;

	if (quote)
		fputc('"', f);
	if ((*text && strchr("\t\r\n", *text)) || is_formula(plain))
		fputc('\'', f);
	for (const char *c = plain; *c; c++) {
		if (*c == '"')
			fputc('"', f);
		fputc(*c, f);
	}
	if (quote)
		fputc('"', f);
}

static void number(FILE *f, uint32_t v)
{
	fputc(',', f);
	if (v != PROG_NONE)
		fprintf(f, "%" PRIu32, v);
}

static void begin(FILE *f, const struct report *r, const struct report_cell *c, const char *program)
{
	const char *const fields[] = {
		r->scheduler,      c->kernel, c->have ? c->result.release : NULL, c->profile, c->topology,
		report_outcome(c), program,
	};

	for (size_t i = 0; i < countof(fields); i++) {
		if (i)
			fputc(',', f);
		field(f, fields[i] ? fields[i] : "");
	}
}

static void end(FILE *f, const struct cell_log *l, const char *reason)
{
	fputc(',', f);
	if (l)
		fprintf(f, "%" PRIu64, l->s.processed);
	fputc(',', f);
	if (l && l->s.has_states)
		fprintf(f, "%" PRIu64 ",%" PRIu64, l->s.total_states, l->s.peak_states);
	else
		fputc(',', f);
	fputc(',', f);
	if (l && l->s.has_time)
		fprintf(f, "%" PRIu64, l->s.usec);
	fputc(',', f);
	field(f, l && l->stack ? l->stack : "");
	fputc(',', f);
	field(f, reason);
	fputc('\n', f);
}

static void rows(FILE *f, const struct report *r, const struct report_cell *c)
{
	bool any = false;

	for (size_t i = 0; c->have && i < c->result.progs.n; i++, any = true) {
		const struct prog *p = &c->result.progs.v[i];

		begin(f, r, c, p->name);
		number(f, p->verified_insns);
		number(f, p->jited_len);
		number(f, p->xlated_len);
		number(f, p->stack_depth);
		end(f, NULL, report_reason(c));
	}
	for (size_t i = 0; i < c->n_logs; i++, any = true) {
		begin(f, r, c, c->logs[i].program);
		fputs(",,,,", f);
		end(f, &c->logs[i], report_reason(c));
	}
	if (any)
		return;
	begin(f, r, c, NULL);
	fputs(",,,,", f);
	end(f, NULL, report_reason(c));
}

void report_csv_all(FILE *f, const struct report *all, size_t n)
{
	fputs("scheduler,kernel,release,profile,topology,verdict,program,verified_insns,jited_len,xlated_len,stack_depth,"
	      "processed,total_states,peak_states,usec,stack,reason\n",
	      f);
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < all[k].n; i++)
			rows(f, &all[k], &all[k].cells[i]);
}

void report_csv(FILE *f, const struct report *r)
{
	report_csv_all(f, r, 1);
}
