#include "verifier/log.h"
#include <ctype.h>
#include <string.h>

#define BEGIN_MARK "-- BEGIN PROG LOAD LOG --"
#define END_MARK "-- END PROG LOAD LOG --"

static const char *find(struct view v, size_t from, const char *what)
{
	return from <= v.n ? memmem(v.p + from, v.n - from, what, strlen(what)) : NULL;
}

/* What the line with the marker says of whose log it is: "libbpf: prog 'ktstr_dispatch': -- BEGIN …". */
static struct view name_before(struct view text, size_t from, size_t marker)
{
	const char *nl = memrchr(text.p + from, '\n', marker - from);
	struct view line = { nl ? nl + 1 : text.p + from, 0 };

	line.n = (size_t)(text.p + marker - line.p);
	const char *name = find(line, 0, "prog '");

	if (!name)
		return (struct view){ 0 };
	name += strlen("prog '");
	const char *end = memchr(name, '\'', (size_t)(line.p + line.n - name));

	return (struct view){ name, end ? (size_t)(end - name) : 0 };
}

bool log_program(struct view text, size_t *at, struct log_program *out)
{
	size_t start = *at;
	const char *begin = find(text, start, BEGIN_MARK);

	if (!begin)
		return false;
	size_t from = (size_t)(begin - text.p) + strlen(BEGIN_MARK);

	if (from < text.n && text.p[from] == '\r')
		from++;
	if (from < text.n && text.p[from] == '\n')
		from++;
	const char *end = find(text, from, END_MARK);
	size_t to = end ? (size_t)(end - text.p) : text.n;

	*at = end ? to + strlen(END_MARK) : text.n;
	if (end) {
		const char *nl = memrchr(text.p + from, '\n', to - from);

		to = nl ? (size_t)(nl - text.p) : from;
	}
	while (to > from && (text.p[to - 1] == '\n' || text.p[to - 1] == '\r'))
		to--;
	out->name = name_before(text, start, (size_t)(begin - text.p));
	out->text = (struct view){ text.p + from, to - from };
	return true;
}

bool log_last_program(struct view text, struct log_program *out)
{
	bool found = false;
	size_t at = 0;

	while (log_program(text, &at, out))
		found = true;
	return found;
}

bool log_outside(struct view text, size_t *at, struct view *out)
{
	if (*at >= text.n)
		return false;
	size_t from = *at;
	const char *begin = find(text, from, BEGIN_MARK);
	struct log_program inner;

	if (!begin) {
		*out = (struct view){ text.p + from, text.n - from };
		*at = text.n;
		return true;
	}
	const char *line = memrchr(text.p + from, '\n', (size_t)(begin - text.p) - from);
	size_t to = line ? (size_t)(line - text.p) + 1 : from;

	*out = (struct view){ text.p + from, to - from };
	(void)log_program(text, at, &inner); /* begin is there */
	while (*at < text.n && (text.p[*at] == '\n' || text.p[*at] == '\r'))
		(*at)++;
	return true;
}

bool log_last_line(struct view *rest, struct view *line)
{
	if (!rest->n)
		return false;
	size_t end = rest->n - (rest->p[rest->n - 1] == '\n');
	size_t start = end;

	/* No memrchr: address sanitizer looks at all that is left for each line, minutes for a talkative guest. */
	while (start && rest->p[start - 1] != '\n')
		start--;
	*line = (struct view){ rest->p + start, end - start };
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	rest->n = start;
	return true;
}

bool log_starts(struct view v, const char *word)
{
	return v.n >= strlen(word) && !memcmp(v.p, word, strlen(word));
}

struct view log_libbpf(struct view line)
{
	static const char begins[] = "libbpf: ";
	const char *end = line.p + line.n;

	for (const char *p = line.p; p && p < end; p++) {
		p = memmem(p, (size_t)(end - p), begins, sizeof(begins) - 1);
		if (!p)
			break;
		if (p == line.p || p[-1] == ' ' || p[-1] == '\t')
			return (struct view){ p, (size_t)(end - p) };
	}
	return (struct view){ 0 };
}

static struct view word_at(struct view line, size_t at)
{
	while (at < line.n && isspace((unsigned char)line.p[at]))
		at++;
	size_t end = at;

	while (end < line.n && !isspace((unsigned char)line.p[end]))
		end++;
	return (struct view){ line.p + at, end - at };
}

/* Decimal digits only; anything else, or too large, is no number. */
static bool number(struct view w, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < w.n; i++) {
		if (!isdigit((unsigned char)w.p[i]) || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(w.p[i] - '0'), &v))
			return false;
	}
	*out = v;
	return w.n > 0;
}

static bool number_after(struct view line, const char *word, uint64_t *out)
{
	const char *p = memmem(line.p, line.n, word, strlen(word));

	return p && number(word_at(line, (size_t)(p - line.p) + strlen(word)), out);
}

static void stats_processed(struct view line, struct log_stats *s)
{
	if (!number(word_at(line, strlen("processed")), &s->processed))
		s->processed = 0;
	s->has_states = number_after(line, "total_states", &s->total_states) &&
			number_after(line, "peak_states", &s->peak_states);
}

static void stats_stack(struct view line, const char *hit, struct log_stats *s)
{
	const char *from = hit + strlen("stack depth");
	const char *end = line.p + line.n;

	while (from < end && isspace((unsigned char)*from))
		from++;
	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	s->stack = (struct view){ from, (size_t)(end - from) };
}

void log_stats(struct view log, struct log_stats *s)
{
	struct view line;
	bool processed = false;

	*s = (struct log_stats){ 0 };
	while (log_last_line(&log, &line)) {
		const char *stack;

		if (!processed && log_starts(line, "processed ")) {
			processed = true;
			stats_processed(line, s);
		}
		if (!s->has_time && memmem(line.p, line.n, "verification time", 17)) {
			for (size_t at = 0; at < line.n && !s->has_time;) {
				struct view w = word_at(line, at);

				s->has_time = number(w, &s->usec);
				at = (size_t)(w.p - line.p) + w.n + 1;
			}
		}
		if (!s->stack.n && (stack = memmem(line.p, line.n, "stack depth", 11)))
			stats_stack(line, stack, s);
	}
}

bool log_is_detail(struct view line)
{
	return !line.n || log_starts(line, "processed ") || log_starts(line, "verification time") ||
	       log_starts(line, "stack depth") || log_starts(line, "subprog ") || log_starts(line, "cur state:") ||
	       log_starts(line, "old state:");
}
