/* words.c: argument vector and environment of a program the host wants run. */
#include "guest/init/base/words.h"
#include "guest/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORDS_MAX = 4096 };

static const char *const defaults[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	/* libbpf repeats a rejected program's whole log at info */
	"RUST_LOG=info,scx_utils::libbpf_logger=warn",
};
#define N_DEFAULTS (sizeof defaults / sizeof *defaults)

static bool env_has(char **env, const char *pair)
{
	size_t n = (size_t)(strchr(pair, '=') + 1 - pair);

	for (; *env; env++)
		if (!strncmp(*env, pair, n))
			return true;
	return false;
}

bool words(const char *data, size_t n, uint32_t argc, uint32_t n_env, char ***argv, char ***env)
{
	static char *all[2 * WORDS_MAX + 1], *arg[WORDS_MAX + 1], *var[WORDS_MAX + N_DEFAULTS + 1];

	if (argc < 1 || argc > WORDS_MAX || n_env > WORDS_MAX ||
	    proto_strings(data, n, (const char **)all, argc + n_env) < 0)
		return false;
	memcpy(arg, all, argc * sizeof *arg);
	arg[argc] = NULL;
	memcpy(var, all + argc, n_env * sizeof *var);
	var[n_env] = NULL;
	for (size_t i = 0; i < N_DEFAULTS; i++) {
		if (env_has(var, defaults[i]))
			continue;
		var[n_env++] = (char *)defaults[i];
		var[n_env] = NULL;
	}
	*argv = arg;
	*env = var;
	return true;
}
