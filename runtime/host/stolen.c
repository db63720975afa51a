#include "host/stolen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

static bool number(const char **at, uint64_t *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*out = strtoull(*at, &end, 10);
	*at = end + (*end == ' ');
	return !errno && (*end == ' ' || *end == '\n' || !*end);
}

bool stolen_parse(const char *text, uint64_t *ns)
{
	uint64_t ran;

	return number(&text, &ran) && number(&text, ns);
}

static bool is_repeated(const pid_t *threads, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (threads[k] == threads[i])
			return true;
	return false;
}

bool stolen_from(pid_t process, const pid_t *threads, size_t n, uint64_t *ns)
{
	*ns = 0;
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = xasprintf("/proc/%d/task/%d/schedstat", (int)process, (int)threads[i]),
			       *text = NULL;
		struct err ignored;
		uint64_t one;

		if (is_repeated(threads, i))
			continue;
		if (file_read(AT_FDCWD, path, 256, &text, NULL, &ignored) < 0 || !stolen_parse(text, &one))
			return false;
		*ns += one;
	}
	return n > 0;
}

bool stolen_whole(pid_t process, uint64_t *ns)
{
	auto_free char *path = xasprintf("/proc/%d/task", (int)process);
	DIR *d = opendir(path);
	bool known = false;
	struct dirent *entry;

	*ns = 0;
	while (d && (entry = readdir(d))) {
		pid_t thread = (pid_t)atoi(entry->d_name);
		uint64_t one;

		/* One that has ended meanwhile waits for nothing. */
		if (thread > 0 && stolen_from(process, &thread, 1, &one)) {
			*ns += one;
			known = true;
		}
	}
	if (d)
		closedir(d);
	return known;
}
