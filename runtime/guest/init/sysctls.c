#include "guest/init/sysctls.h"
#include "guest/init/base/mounts.h"
#include "guest/proto.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = 512, CMDLINE_MAX = 4096 };
#define FOLDER "/proc/sys/"

/* As the kernel's own "sysctl." parameters: a "." is a "/". The name is checked once more, because it becomes a path. */
static bool path_of(char path[PATH_MAX_BYTES], const char *name, size_t n)
{
	char *at = stpcpy(path, FOLDER);

	if (!n || n > PATH_MAX_BYTES - sizeof FOLDER)
		return false;
	for (size_t i = 0; i < n; i++)
		at[i] = name[i] == '.' ? '/' : name[i];
	at[n] = '\0';
	return *at != '/' && at[n - 1] != '/' && !strstr(at, "//");
}

static void set(FILE *f, const char *word)
{
	char path[PATH_MAX_BYTES];
	size_t n = strcspn(word, "=");

	if (!word[n] || !path_of(path, word, n))
		fprintf(f, "sysctl_refused %s: this is no sysctl\n", word);
	else if (access(path, F_OK) < 0)
		fprintf(f, "sysctl_lacks %.*s\n", (int)n, word);
	else if (spit(path, word + n + 1) < 0)
		fprintf(f, "sysctl_refused %s: %s\n", word, strerror(errno));
}

void sysctls_set(FILE *f)
{
	const char *said = getenv(PROTO_SYSCTLS);
	char *all = said ? strdup(said) : NULL, *save = NULL;

	for (char *word = all ? strtok_r(all, ";", &save) : NULL; word; word = strtok_r(NULL, ";", &save))
		set(f, word);
	free(all);
}

void sysctls_unknown(FILE *f)
{
	char arguments[CMDLINE_MAX] = "";
	const char *at = arguments;

	for (char **word = environ; *word; word++)
		if (strncmp(*word, "HOME=", 5) && strncmp(*word, "TERM=", 5) && strncmp(*word, "KTSTR_", 6))
			fprintf(f, "unknown %s\n", *word);
	/* Ended by a NUL each, of which slurp() leaves us none behind the last. */
	if (slurp("/proc/self/cmdline", arguments, sizeof arguments - 1) < 0)
		return;
	while (*(at += strlen(at) + 1))
		fprintf(f, "unknown %s\n", at);
}
