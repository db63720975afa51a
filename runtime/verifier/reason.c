#include "verifier/reason.h"

#include "base/mem.h"
#include <ctype.h>
#include <string.h>

enum { REASON_MAX = 1000 };

static struct view trim(struct view v)
{
	while (v.n && isspace((unsigned char)*v.p))
		v.p++, v.n--;
	while (v.n && isspace((unsigned char)v.p[v.n - 1]))
		v.n--;
	return v;
}

static char *text_of(struct view v)
{
	v = trim(v);
	return v.n && *v.p ? xstrndup(v.p, v.n < REASON_MAX ? v.n : REASON_MAX) : NULL;
}

/* Cuts the first line off *rest; false when there is none. */
static bool first_line(struct view *rest, struct view *line)
{
	const char *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!rest->n)
		return false;
	*line = (struct view){ rest->p, nl ? (size_t)(nl - rest->p) : rest->n };
	rest->p += line->n + (nl != NULL);
	rest->n -= line->n + (nl != NULL);
	return true;
}

/* Kernels since 7.x explain at length under a headline of their own; before, the last line is the reason. */
static bool program_reason(struct view log, struct view *out)
{
	struct view rest = log, line;
	bool found = false;

	while (log_last_line(&rest, &line)) {
		if (log_starts(line, "Verification failed: ")) {
			*out = line;
			return true;
		}
		if (!found && !log_is_detail(line)) {
			*out = line;
			found = true;
		}
	}
	return found;
}

static bool contains_ci(struct view line, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= line.n; i++) {
		if (!strncasecmp(line.p + i, word, n))
			return true;
	}
	return false;
}

static bool is_error(struct view line)
{
	static const char *const words[] = { "error",  "fail",    "cannot",    "can't",
					     "denied", "invalid", "not found", "incompatible" };

	for (size_t i = 0; i < countof(words); i++) {
		if (contains_ci(line, words[i]))
			return true;
	}
	return false;
}

/* Names may be anything ("scx_bpf_error_bstr"), and stand between quotes; but for those of sections, which libbpf lists when it
 * is asked to be verbose. What it does without is no complaint either. */
static bool is_complaint(struct view line)
{
	if (log_starts(line, "libbpf: elf: section(") || contains_ci(line, "skipping optional") ||
	    contains_ci(line, "retrying without"))
		return false;
	while (line.n) {
		const char *quote = memchr(line.p, '\'', line.n);
		struct view said = { line.p, quote ? (size_t)(quote - line.p) : line.n };

		if (is_error(said))
			return true;
		line.p += said.n;
		line.n -= said.n;
		const char *end = line.n ? memchr(line.p + 1, '\'', line.n - 1) : NULL;
		size_t name = end ? (size_t)(end + 1 - line.p) : line.n;

		line.p += name;
		line.n -= name;
	}
	return false;
}

/* libbpf reports what it met first, then what failed because of it. */
static bool library_reason(struct view text, struct view *out)
{
	while (first_line(&text, out)) {
		*out = log_libbpf(*out);
		if (out->n && is_complaint(*out))
			return true;
	}
	return false;
}

/* "    1: Invalid argument (os error 22)" without what stands before the words. */
static struct view cause_of(struct view line)
{
	size_t i = 0;

	line = trim(line);
	while (i < line.n && isdigit((unsigned char)line.p[i]))
		i++;
	if (i && i < line.n && line.p[i] == ':')
		line = trim((struct view){ line.p + i + 1, line.n - i - 1 });
	return line;
}

/* What anyhow prints for an error that main() returns: "Error: WHAT", an empty line, "Caused by:", and indented the causes, of
 * which the last one is the root. */
static char *chain_reason(struct view text)
{
	struct view rest = text, line, last = { 0 }, what = { 0 }, cause = { 0 };
	bool causes = false;

	while (first_line(&rest, &line)) {
		if (log_starts(line, "Caused by:")) {
			what = last;
			causes = true;
			cause = (struct view){ 0 };
		} else if (causes && line.n && line.p[0] == ' ') {
			cause = cause_of(line);
		} else if (trim(line).n) {
			causes = false;
			last = line;
		}
	}
	what = trim(what);
	if (!cause.n || !log_starts(what, "Error: "))
		return NULL;
	return xasprintf("%.*s: %.*s", (int)(what.n < REASON_MAX ? what.n : REASON_MAX), what.p,
			 (int)(cause.n < REASON_MAX ? cause.n : REASON_MAX), cause.p);
}

char *reason_find(struct view text)
{
	struct log_program program;
	struct view line;
	char *chain;

	if (log_last_program(text, &program) && program_reason(program.text, &line) && trim(line).n)
		return text_of(line);
	if (library_reason(text, &line))
		return text_of(line);
	chain = chain_reason(text);
	if (chain)
		return chain;
	while (log_last_line(&text, &line)) {
		if (!log_libbpf(line).n && (is_error(line) || contains_ci(line, "EXIT")))
			return text_of(line);
	}
	return NULL;
}
