#include "trial/booted.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "vm/machine.h"

enum { DESCRIPTION_MAX = 1 << 20, SHOWN = 200 };

/* Whether a word of n bytes is among parameters with blanks between; those in quotes are ours. */
static bool was_told(const char *boot, const char *word, size_t n)
{
	for (const char *at = boot; (at = memmem(at, strlen(at), word, n)); at++)
		if ((at == boot || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

/* The first of the parameters that the kernel did not know. Caller frees; NULL: it knew all. */
static char *unknown(const char *boot, const char *hello, size_t n)
{
	static const char key[] = "unknown ";
	const char *end = hello + n;

	for (const char *line = hello, *next; line < end; line = next) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t size = (size_t)((stop ? stop : end) - line), skip = strlen(key);

		next = stop ? stop + 1 : end;
		if (size > skip && !memcmp(line, key, skip) && was_told(boot, line + skip, size - skip))
			return xasprintf("this kernel does not know the parameter %.*s", (int)(size - skip),
					 line + skip);
	}
	return NULL;
}

void booted_find(const char *boot, const char *hello, size_t n, enum lack *what, char **why)
{
	auto_free char *lacks = facts_get(hello, n, "sysctl_lacks"), *refused = facts_get(hello, n, "sysctl_refused");

	*why = NULL;
	if (lacks)
		*why = xasprintf("this kernel has no sysctl %.*s", SHOWN, lacks);
	else
		*why = unknown(boot, hello, n);
	*what = *why ? LACK_KERNEL : LACK_NOTHING;
	if (*why || !refused)
		return;
	*what = LACK_SCENARIO;
	*why = xasprintf("the kernel refuses sysctl %.*s", SHOWN, refused);
}

int booted_lacks(const char *snapshot, enum lack *what, char **why, struct err *e)
{
	auto_free char *path = xasprintf("%s/machine", snapshot), *text = NULL, *said = NULL, *hello = NULL;
	struct machine m;
	size_t n;

	*what = LACK_NOTHING;
	*why = NULL;
	if (file_read(AT_FDCWD, path, DESCRIPTION_MAX, &text, &n, e) < 0 || machine_read(&m, text, n, e) < 0)
		return err_in(e, "snapshot %s", snapshot);
	if (!*m.boot)
		return 0;
	said = xasprintf("%s/hello", snapshot);
	if (file_read(AT_FDCWD, said, DESCRIPTION_MAX, &hello, &n, e) < 0)
		return err_in(e, "snapshot %s", snapshot);
	booted_find(m.boot, hello, n, what, why);
	return 0;
}
