#include "judge/console.h"
#include "base/mem.h"
#include "text/text.h"
#include <stdbool.h>

enum { LINE_MAX_SHOWN = 300 };

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* Behind what is put before a message: "<4>", "[    1.234567]", "[   T12]". */
static const char *message(const char *line)
{
	const char *end;

	for (;;) {
		line += strspn(line, " ");
		if (*line == '[')
			end = line + 1 + strspn(line + 1, " 0123456789.TC@");
		else if (*line == '<')
			end = line + 1 + strspn(line + 1, "0123456789");
		else
			return line;
		if (*end != (*line == '[' ? ']' : '>'))
			return line;
		line = end + 1;
	}
}

/* WARN and lockdep; boot messages that only begin with the word are none. */
static bool is_warning(const char *m)
{
	static const char *const what[] = { "possible ", "suspicious ", "inconsistent ", "bad unlock",
					    "held lock", "lock held",   "Nested lock" };

	if (!begins(m, "WARNING: "))
		return false;
	m += strlen("WARNING: ");
	for (size_t i = 0; i < countof(what); i++) {
		if (begins(m, what[i]))
			return true;
	}
	return (begins(m, "CPU: ") || strstr(m, ".c:") || strstr(m, ".h:")) && strstr(m, " at ");
}

static bool is_trouble(const char *m)
{
	static const char *const what[] = { "Kernel panic - not syncing",
					    "BUG: ",
					    "kernel BUG at ",
					    "Oops: ",
					    "Oops - ",
					    "Internal error: ",
					    "general protection fault",
					    "Unable to handle kernel ",
					    "watchdog: BUG: ",
					    "watchdog: Watchdog detected hard LOCKUP",
					    "NMI watchdog: Watchdog detected hard LOCKUP" };

	for (size_t i = 0; i < countof(what); i++) {
		if (begins(m, what[i]))
			return true;
	}
	if (begins(m, "rcu: "))
		m += strlen("rcu: ");
	if (begins(m, "INFO: rcu") && strstr(m, "stall"))
		return true;
	if (begins(m, "INFO: task ") && strstr(m, "blocked for more than"))
		return true;
	return is_warning(m);
}

char *console_trouble(const char *log, size_t n)
{
	char line[LINE_MAX_SHOWN + 1];

	for (const char *p = log, *end = log + n; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p),
		       kept = len < LINE_MAX_SHOWN ? len : LINE_MAX_SHOWN;

		memcpy(line, p, kept);
		line[kept] = '\0';
		const char *m = message(line);

		if (is_trouble(m))
			return text_plain(m, strlen(m), TEXT_LINE);
		p += len + (nl != NULL);
	}
	return NULL;
}
