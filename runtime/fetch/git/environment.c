#include "fetch/git/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/url.h"
#include "fetch/git/address.h"
#include "fetch/git/program.h"

/* The first word below names these in a language of its own; the rest are by name. */
static const char *const settings[] = {
	"safe.directory=*", /* no program of a repository's is run, so its owner does not matter */
	"core.hooksPath=/dev/null",
	"core.fsmonitor=false",
	"protocol.ext.allow=never",
	"gc.auto=0",
	"maintenance.auto=false",
	"fetch.fsckObjects=true",
	"fetch.unpackLimit=1",
	"fetch.recurseSubmodules=false",
	"fetch.writeCommitGraph=false",
	"submodule.recurse=false",
	"status.submoduleSummary=false",
	"core.bigFileThreshold=64m",
};

/* `git rev-parse --local-env-vars` without the two that carry the user's settings, and what else would change an answer. */
static const char *const foreign[] = {
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_CONFIG",
	"GIT_OBJECT_DIRECTORY",
	"GIT_DIR",
	"GIT_WORK_TREE",
	"GIT_IMPLICIT_WORK_TREE",
	"GIT_GRAFT_FILE",
	"GIT_INDEX_FILE",
	"GIT_INDEX_VERSION",
	"GIT_REPLACE_REF_BASE",
	"GIT_PREFIX",
	"GIT_SHALLOW_FILE",
	"GIT_COMMON_DIR",
	"GIT_NAMESPACE",
	"GIT_QUARANTINE_PATH",
	"GIT_DEFAULT_HASH",
	"GIT_ATTR_SOURCE",
	"GIT_EXTERNAL_DIFF",
	"GIT_PROTOCOL",
	"GIT_GLOB_PATHSPECS",
	"GIT_NOGLOB_PATHSPECS",
	"GIT_ICASE_PATHSPECS",
	"GIT_FLUSH",
	"GIT_REF_PARANOIA",
	"GIT_LITERAL_PATHSPECS",
	URL_SECRET_ENV,
};

static const char *const fixed[] = {
	"LC_ALL=C", /* its words are read */
	"GIT_TERMINAL_PROMPT=0",
	"GCM_INTERACTIVE=never",
	"SSH_ASKPASS_REQUIRE=never",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_NO_REPLACE_OBJECTS=1",
	"GIT_NO_LAZY_FETCH=1",
	"GIT_ALLOC_LIMIT=1g",
	"GIT_PAGER=cat",
};

/* Answers with what is in the environment: a command line can be read by everybody. */
#define HELPER \
	"!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"$KTSTR_GIT_USER\" \"$KTSTR_GIT_PASSWORD\"; }; f"

/* The user may allow fewer; an empty list allows none, which also keeps a partial clone from fetching what it lacks. */
static void protocols(const struct git_how *h, struct argv *env)
{
	static const char *const ours[] = { "file", "git", "http", "https", "ssh" };
	const char *allowed = getenv("GIT_ALLOW_PROTOCOL");
	auto_free char *theirs = allowed ? xasprintf(":%s:", allowed) : NULL;
	auto_free char *list = NULL;
	size_t n;
	FILE *f = xmemstream(&list, &n);

	for (size_t i = 0; h->remote && i < countof(ours); i++) {
		auto_free char *word = xasprintf(":%s:", ours[i]);

		if (!theirs || strstr(theirs, word))
			fprintf(f, "%s:", ours[i]);
	}
	fclose(f);
	argv_fmt(env, "GIT_ALLOW_PROTOCOL=%s", list);
}

/* Settings by the environment come behind those the user has there. */
static unsigned long user_settings(void)
{
	const char *count = getenv("GIT_CONFIG_COUNT");
	unsigned long n = count && strspn(count, "0123456789") == strlen(count) ? strtoul(count, NULL, 10) : 0;

	return n < 10000 ? n : 0;
}

static void setting(struct argv *env, unsigned long *n, const char *key, const char *value)
{
	argv_fmt(env, "GIT_CONFIG_KEY_%lu=%s", *n, key);
	argv_fmt(env, "GIT_CONFIG_VALUE_%lu=%s", *n, value);
	++*n;
}

/* With a password nobody else is asked, and so nobody gets it to keep. A user alone goes first to the user's own helpers. */
static void login(const struct git_address *a, struct argv *env, unsigned long *n)
{
	auto_free char *user = xasprintf("credential.%s.username", a->site);
	auto_free char *helper = xasprintf("credential.%s.helper", a->site);

	setting(env, n, user, a->user);
	if (a->password)
		setting(env, n, helper, "");
	setting(env, n, helper, HELPER);
	argv_fmt(env, "KTSTR_GIT_USER=%s", a->user);
	argv_fmt(env, "KTSTR_GIT_PASSWORD=%s", a->password ? a->password : "");
}

/* Whether the user told git itself whom to trust. */
static bool git_knows_authorities(void)
{
	const struct git_how h = {
		.args = (const char *const[]){ "config", "--get-regexp", "^http\\..*sslca(info|path)$", NULL },
		.max = 1 << 20,
	};
	struct err none;

	return getenv("GIT_SSL_CAINFO") || getenv("GIT_SSL_CAPATH") || git_run(&h, NULL, NULL, &none) == 0;
}

/* As for other downloads, unless git has an order of its own. */
static void authorities(struct argv *env)
{
	const char *file = getenv("CURL_CA_BUNDLE"), *folder = getenv("SSL_CERT_DIR");

	if (!file || !*file)
		file = getenv("SSL_CERT_FILE");
	if (((!file || !*file) && (!folder || !*folder)) || git_knows_authorities())
		return;
	if (file && *file)
		argv_fmt(env, "GIT_SSL_CAINFO=%s", file);
	if (folder && *folder)
		argv_fmt(env, "GIT_SSL_CAPATH=%s", folder);
}

void git_environment(const struct git_how *h, struct argv *words, struct argv *env)
{
	unsigned long n = user_settings(), before = n;

	argv_add(words, "git");
	argv_add(words, "--no-pager");
	for (size_t i = 0; i < countof(settings); i++) {
		argv_add(words, "-c");
		argv_add(words, settings[i]);
	}
	argv_addv(words, h->args);
	for (size_t i = 0; i < countof(foreign); i++)
		argv_add(env, foreign[i]);
	for (size_t i = 0; i < countof(fixed); i++)
		argv_add(env, fixed[i]);
	argv_fmt(env, "GIT_DIR=%s", h->repository ? h->repository : "/dev/null");
	protocols(h, env);
	if (h->remote)
		authorities(env);
	for (size_t i = 0; h->settings && h->settings[i]; i += 2)
		setting(env, &n, h->settings[i], h->settings[i + 1]);
	if (h->remote && h->remote->site)
		login(h->remote, env, &n);
	if (n != before)
		argv_fmt(env, "GIT_CONFIG_COUNT=%lu", n);
}
