#include "base/facts.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

char *facts_get(const char *text, size_t n, const char *key)
{
	size_t k = strlen(key);

	while (n) {
		const char *nl = memchr(text, '\n', n);
		size_t line = nl ? (size_t)(nl - text) : n;

		if (line > k && !memcmp(text, key, k) && text[k] == ' ')
			return xstrndup(text + k + 1, line - k - 1);
		text += line + (nl != NULL);
		n -= line + (nl != NULL);
	}
	return NULL;
}

int facts_file(const char *dir, const char *name, const char *key, char **value, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, 64 << 10, &text, &n, e) < 0)
		return -1;
	*value = facts_get(text, n, key);
	if (!*value)
		return err_set(e, X_FAIL, "%s: no line '%s'", path, key);
	return 0;
}
