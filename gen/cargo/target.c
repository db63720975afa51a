#include "gen/cargo/target.h"

#include "base/err.h"
#include "base/mem.h"
#include "gen/cargo/cargo.h"
#include "json/read.h"
#include "process/spawn.h"
#include <stdbool.h>
#include <string.h>

enum { METADATA_MS = 20000, METADATA_MAX = 64 << 20 };

/* A file may also name others to be read. */
static bool mentions(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_file FILE *f = fopen(path, "re");
	auto_free char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		const char *word = line + strspn(line, " \t");

		if (strstr(word, "target-dir") || !strncmp(word, "include", 7))
			return true;
	}
	return false;
}

static bool configured(void)
{
	const char *cargo_home = getenv("CARGO_HOME"), *home = getenv("HOME");
	auto_free char *dir = getcwd(NULL, 0);
	auto_free char *own =
		cargo_home && *cargo_home ? xstrdup(cargo_home) : xasprintf("%s/.cargo", home ? home : "");

	while (dir) {
		char *slash;

		if (mentions(dir, ".cargo/config.toml") || mentions(dir, ".cargo/config"))
			return true;
		slash = strrchr(dir, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return mentions(own, "config.toml") || mentions(own, "config");
}

static char *ask(void)
{
	struct err ignored;
	auto_free char *cargo = cargo_program(&ignored), *text = NULL;
	const char *const argv[] = { cargo, "metadata", "--no-deps", "--format-version", "1", NULL };
	struct spawn s = { .argv = argv, .in = SPAWN_NULL, .err = SPAWN_NULL, .family = true };
	auto_json struct json j = { 0 };
	char *dir = NULL;
	int status, at;
	size_t n;

	if (!cargo || spawn_capture(&s, false, METADATA_MAX, METADATA_MS, &text, &n, &status, &ignored) < 0 || status ||
	    json_parse(&j, text, n, &ignored) < 0 || json_kind(&j, 0) != JSON_OBJECT)
		return NULL;
	at = json_get(&j, 0, "target_directory");
	return json_str(&j, at, &dir, &ignored) == 0 ? dir : NULL;
}

char *cargo_target_named(void)
{
	static const char *const names[] = { "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR" };

	for (size_t i = 0; i < countof(names); i++) {
		const char *dir = getenv(names[i]);

		if (dir && *dir)
			return xstrdup(dir);
	}
	return NULL;
}

char *cargo_target_configured(void)
{
	return configured() ? ask() : NULL;
}

bool cargo_workspace_root(const char *dir)
{
	auto_free char *path = xasprintf("%s/Cargo.toml", dir);
	auto_file FILE *f = fopen(path, "re");
	auto_free char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		const char *p = line + strspn(line, " \t");

		if (!strncmp(p, "[workspace]", 11) || !strncmp(p, "[workspace.", 11))
			return true;
	}
	return false;
}
