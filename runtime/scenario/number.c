#include "scenario/number.h"
#include "scenario/fault.h"

#include <string.h>

static const struct {
	const char *name;
	uint64_t ns;
} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };

/* Digits at the start: how many; 0 when there is none or the number passes all bounds. */
static size_t digits(const char *text, size_t n, uint64_t *v)
{
	size_t i;

	*v = 0;
	for (i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++) {
		if (*v > (UINT64_MAX - 9) / 10)
			return 0;
		*v = *v * 10 + (uint64_t)(text[i] - '0');
	}
	return i;
}

bool number_parse(const char *text, size_t n, const char *what, uint64_t min, uint64_t max, uint64_t *v,
		  struct scenario_error *e)
{
	if (!n || digits(text, n, v) != n)
		return fault_bad(e, 1, "%s is to be a whole number, not \"%.*s\"", what, (int)n, text);
	if (*v < min || *v > max)
		return fault_bad(e, 1, "%s is to be %llu to %llu, not %.*s", what, (unsigned long long)min,
				 (unsigned long long)max, (int)n, text);
	return true;
}

bool time_parse(const char *text, size_t n, const char *what, uint64_t min, uint64_t max, uint64_t *ns,
		struct scenario_error *e)
{
	uint64_t v;
	size_t len = digits(text, n, &v);

	for (size_t i = 0; len && i < sizeof units / sizeof *units; i++) {
		if (strlen(units[i].name) != n - len || memcmp(text + len, units[i].name, n - len) != 0)
			continue;
		if (v > TIME_MAX_NS / units[i].ns || v * units[i].ns < min || v * units[i].ns > max) {
			char from[TIME_TEXT], to[TIME_TEXT];

			return fault_bad(e, 1, "%s is to be %s to %s, not %.*s", what, time_words(from, min),
					 time_words(to, max), (int)n, text);
		}
		*ns = v * units[i].ns;
		return true;
	}
	fault_bad(e, 1, "%s is to be a time, not \"%.*s\"", what, (int)n, text);
	if (len && len == n)
		return fault_tip(e, "with its unit, for example %.*sms", (int)n, text);
	return fault_tip(e, "a whole number and ns, us, ms or s, for example 1500ms");
}

/* Digits, most significant first; how many. */
static size_t digits_text(char to[TIME_TEXT], uint64_t v)
{
	char back[TIME_TEXT];
	size_t n = 0;

	do
		back[n++] = (char)('0' + v % 10);
	while (v /= 10);
	for (size_t i = 0; i < n; i++)
		to[i] = back[n - 1 - i];
	return n;
}

const char *time_words(char to[TIME_TEXT], uint64_t ns)
{
	size_t i = 0;

	while (ns % units[i].ns)
		i++;
	strcpy(to + digits_text(to, ns / units[i].ns), units[ns ? i : 1].name);
	return to;
}

void time_write(FILE *f, uint64_t ns)
{
	char text[TIME_TEXT];

	fputs(time_words(text, ns), f);
}

bool share_parse(const char *text, size_t n, uint64_t *millionths, struct scenario_error *e)
{
	uint64_t whole, part = 0, scale = SHARE_ONE;
	size_t len = digits(text, n, &whole), end = n && text[n - 1] == '%' ? n - 1 : n;
	bool percent = end < n;

	if (!len || whole > 100)
		goto bad;
	if (len < end && text[len] == '.') {
		for (len++; len < end && text[len] >= '0' && text[len] <= '9' && scale > 1; len++) {
			scale /= 10;
			part += (uint64_t)(text[len] - '0') * scale;
		}
	}
	if (len != end)
		goto bad;
	*millionths = whole * SHARE_ONE + part;
	if (percent)
		*millionths /= 100;
	if (*millionths <= SHARE_ONE)
		return true;
bad:
	fault_bad(e, 1, "\"%.*s\" is no share of CPUs", (int)n, text);
	return fault_tip(e, "0 to 1, for example 0.5, or 50%%");
}

void share_write(FILE *f, uint64_t millionths)
{
	char part[8];
	size_t n = 6;

	if (millionths >= SHARE_ONE) {
		fputc('1', f);
		return;
	}
	fputc('0', f);
	if (!millionths)
		return;
	snprintf(part, sizeof part, "%06u", (unsigned)millionths);
	while (part[n - 1] == '0')
		n--;
	fprintf(f, ".%.*s", (int)n, part);
}
