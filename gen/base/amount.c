#include "gen/base/amount.h"

#include "base/err.h"
#include "base/mem.h"
#include <time.h>

struct unit {
	char letter;
	uint64_t of;
};

/* Digits, perhaps a dot and digits, a unit. false: not so, or too much to count. */
static bool parse(uint64_t *value, const char *text, const struct unit *units, size_t n)
{
	size_t whole = strspn(text, "0123456789");
	const char *rest = text + whole;
	char *end;

	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!whole || rest[-1] == '.' || strlen(rest) > 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (*rest != units[i].letter)
			continue;
		double v = strtod(text, &end) * (double)units[i].of;

		*value = v < 0x1p62 ? (uint64_t)v : 0;
		return end == rest && v < 0x1p62;
	}
	return false;
}

int amount_bytes(uint64_t *bytes, const char *text, const char *what, struct err *e)
{
	static const struct unit units[] = {
		{ '\0', 1 }, { 'K', 1 << 10 }, { 'M', 1 << 20 }, { 'G', 1 << 30 }, { 'T', (uint64_t)1 << 40 },
	};

	if (parse(bytes, text, units, countof(units)))
		return 0;
	return err_set(e, X_USAGE, "invalid value '%s' for '%s': a size is 4096, 500M, 1.5G or 2T", text, what);
}

int amount_seconds(uint64_t *seconds, const char *text, const char *what, struct err *e)
{
	static const struct unit units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 },
	};

	if (parse(seconds, text, units, countof(units)))
		return 0;
	return err_set(e, X_USAGE, "invalid value '%s' for '%s': an age is 90s, 30m, 12h, 30d or 2w", text, what);
}

char *amount_text(uint64_t bytes)
{
	double mb = (double)bytes / (1 << 20);

	if (mb < 9.95)
		return xasprintf("%.1fM", mb);
	return mb < 1024 ? xasprintf("%.0fM", mb) : xasprintf("%.1fG", mb / 1024);
}

char *time_text(long long seconds)
{
	time_t t = (time_t)seconds;
	char text[32];
	struct tm tm;

	if (!t || !gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return xstrdup(text);
}
