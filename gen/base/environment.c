#include "gen/base/environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/base/remote.h"

enum kind {
	FOLDER,  /* or file */
	PROGRAM, /* looked for in PATH unless it has a slash */
	LIST,    /* with colons; an empty one is the current folder */
	LINKER,  /* the same or with semicolons; "$ORIGIN" may begin one; the variable being empty means nothing */
	STANDARD /* of XDG's */
};

static const struct {
	const char *name;
	enum kind kind;
} variables[] = {
	{ "KTSTR_CACHE_DIR", FOLDER },
	{ "KTSTR_STORE", FOLDER },
	{ "KTSTR_CONFIG", FOLDER },
	{ "KTSTR_KERNEL_KEYRING", FOLDER },
	{ "KTSTR_SIDECAR_DIR", FOLDER },
	{ "KTSTR_SCHEDULER", FOLDER },
	{ "KTSTR_BUSYBOX_X86_64", FOLDER },
	{ "KTSTR_BUSYBOX_AARCH64", FOLDER },
	{ "XDG_CACHE_HOME", STANDARD },
	{ "XDG_CONFIG_HOME", STANDARD },
	{ "XDG_DATA_HOME", STANDARD },
	{ "XDG_RUNTIME_DIR", STANDARD },
	{ "HOME", FOLDER },
	{ "TMPDIR", FOLDER },
	{ "PATH", LIST },
	{ "LD_LIBRARY_PATH", LINKER },
	{ "CARGO", PROGRAM },
	{ "CARGO_HOME", FOLDER },
	{ "CARGO_TARGET_DIR", FOLDER },
	{ "CARGO_BUILD_TARGET_DIR", FOLDER },
	{ "RUSTUP_HOME", FOLDER },
	{ "RUSTC", PROGRAM },
	{ "RUSTC_WRAPPER", PROGRAM },
	{ "RUSTC_WORKSPACE_WRAPPER", PROGRAM },
	{ "CCACHE_DIR", FOLDER },
	{ "CCACHE_CONFIGPATH", FOLDER },
	{ "CURL_CA_BUNDLE", FOLDER },
	{ "SSL_CERT_FILE", FOLDER },
	{ "SSL_CERT_DIR", LIST },
	{ "GIT_SSH", PROGRAM },
	{ "GIT_ASKPASS", PROGRAM },
	{ "SSH_ASKPASS", PROGRAM },
	{ "GIT_SSL_CAINFO", FOLDER },
	{ "GIT_SSL_CAPATH", FOLDER },
	{ "GIT_SSL_CERT", FOLDER },
	{ "GIT_SSL_KEY", FOLDER },
	{ "GIT_EXEC_PATH", FOLDER },
	{ "GIT_CONFIG_GLOBAL", FOLDER },
	{ "GIT_CONFIG_SYSTEM", FOLDER },
	{ "GNUPGHOME", FOLDER },
};

static const char *separators(enum kind kind)
{
	return kind == LINKER ? ":;" : ":";
}

static bool is_absolute(const char *path, enum kind kind)
{
	return *path == '/' || (kind == LINKER && *path == '$');
}

static bool relative_in(const char *list, enum kind kind)
{
	for (;;) {
		if (!is_absolute(list, kind))
			return true;
		list += strcspn(list, separators(kind));
		if (!*list++)
			return false;
	}
}

/* Each folder of a list with ours in front of it. */
static char *absolute_list(const char *cwd, const char *list, enum kind kind)
{
	char *text;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	for (;;) {
		size_t n = strcspn(list, separators(kind));
		bool absolute = is_absolute(list, kind);

		fprintf(f, "%s%s%.*s", absolute ? "" : cwd, absolute || !n ? "" : "/", (int)n, list);
		if (!list[n])
			break;
		fputc(':', f);
		list += n + 1;
	}
	fclose(f);
	return text;
}

static bool needs(const char *value, enum kind kind)
{
	switch (kind) {
	case LIST:
		return relative_in(value, kind);
	case LINKER:
		return *value && relative_in(value, kind);
	case PROGRAM:
		return *value != '/' && strchr(value, '/');
	default:
		return *value && *value != '/';
	}
}

static int settle(const char *name, const char *value, enum kind kind, struct err *e)
{
	auto_free char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_sys(e, "find the current folder for %s=%s", name, value);
	auto_free char *path =
		kind == LIST || kind == LINKER ? absolute_list(cwd, value, kind) : xasprintf("%s/%s", cwd, value);

	return setenv(name, path, 1) < 0 ? err_sys(e, "set %s", name) : 0;
}

/* Commands of the user's that git runs (core.sshCommand, credential helpers) count from there. */
static int name_start(struct err *e)
{
	auto_free char *cwd = getcwd(NULL, 0);

	return cwd && setenv("KTSTR_START_DIR", cwd, 1) < 0 ? err_sys(e, "set KTSTR_START_DIR") : 0;
}

int environment_settle(bool say, struct err *e)
{
	for (size_t i = 0; i < countof(variables); i++) {
		const char *name = variables[i].name, *value = getenv(name);

		if (!value || !needs(value, variables[i].kind))
			continue;
		if (variables[i].kind != STANDARD) {
			if (settle(name, value, variables[i].kind, e) < 0)
				return -1;
			continue;
		}
		if (say)
			log_warn("%s=%s is ignored: it must be an absolute path", name, value);
		unsetenv(name);
	}
	remote_settle();
	return name_start(e);
}
