#include "gen/kernels/kernels.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/url.h"
#include "gen/base/home.h"
#include "gen/verb/verbs.h"
#include "gen/kernels/search.h"
#include "kernel/cache/entry.h"
#include "kernel/build/kconfig.h"
#include "base/kver.h"
#include "kernel/cache/usage.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>

enum { KCONFIG_MAX = 1 << 20, COMMIT_LEN = 40 };

static const char *arch_name(const char *arch)
{
	static const char *const names[][2] = {
		{ "x86_64", "x86_64" },
		{ "x86", "x86_64" },
		{ "arm64", "aarch64" },
		{ "aarch64", "aarch64" },
	};

	for (size_t i = 0; i < countof(names); i++) {
		if (!strcmp(arch, names[i][0]))
			return names[i][1];
	}
	return NULL;
}

/* make runs in another folder than we do. */
static int tool_path(const char **out, const char *name, const char *value, struct err *e)
{
	if (!value || !*value)
		return 0;
	*out = value;
	if (*value == '/' || !strchr(value, '/'))
		return 0;
	auto_free char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_sys(e, "find the current folder for %s=%s", name, value);
	auto_free char *path = xasprintf("%s/%s", cwd, value);

	if (setenv(name, path, 1) < 0)
		return err_sys(e, "set %s", name);
	*out = getenv(name);
	return 0;
}

int kernels_environment(struct kernels_opts *o, struct err *e)
{
	const char *arch = getenv("ARCH");

	if (arch && *arch && !(o->arch = arch_name(arch)))
		return err_set(e, X_USAGE, "ARCH=%s: kernels for x86_64 and arm64 can be built", arch);
	if (tool_path(&o->llvm, "LLVM", getenv("LLVM"), e) < 0)
		return -1;
	return tool_path(&o->cross, "CROSS_COMPILE", getenv("CROSS_COMPILE"), e);
}

/* Better now than after a download. */
static int check_kconfig(const struct build_how *h, const char *text, size_t n, struct err *e)
{
	auto_free char *lines = NULL;
	size_t size;
	FILE *f = xmemstream(&lines, &size);
	int r = kconfig_select(text, n, h->key.arch, f, e);

	fclose(f);
	return r < 0 ? err_in(e, "--kconfig %s", h->kconfig) : 0;
}

static int extra_kconfig(struct build_how *h, const char *file, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (!(h->kconfig = realpath(file, NULL))) {
		err_sys(e, "%s", file);
		return err_as(e, X_NO_INPUT, "--kconfig");
	}
	if (file_read(AT_FDCWD, h->kconfig, KCONFIG_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "--kconfig");
	crc_hex(text, n, h->extra);
	h->key.extra_kc = h->extra;
	return check_kconfig(h, text, n, e);
}

static const char *this_machine(void)
{
	struct utsname u;

	uname(&u);
	return arch_name(u.machine);
}

int build_how_of(struct build_how *h, const struct home *home, const struct kernels_opts *o, struct err *e)
{
	*h = (struct build_how){ .key = { .arch = o->arch ? o->arch : this_machine(), .llvm = o->llvm } };
	if (!h->key.arch)
		return err_set(e, X_FAIL, "kernels for this machine's architecture cannot be built");
	h->key.kc = h->kc;
	if (verb_kconfig_hash(home, h->kc, e) < 0)
		return -1;
	return o->kconfig ? extra_kconfig(h, o->kconfig, e) : 0;
}

void build_how_free(struct build_how *h)
{
	free(h->kconfig);
	h->kconfig = NULL;
}

int search_open(struct search *s, const struct home *home, const struct kernels_opts *o, struct err *e)
{
	*s = (struct search){ .home = home, .o = o };
	return build_how_of(&s->how, home, o, e);
}

void search_close(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct word *w = &s->words[i];

		free(w->id);
		free(w->text);
		free(w->ref);
		kernel_free(&w->k);
	}
	free(s->words);
	ask_free(&s->ask);
	build_how_free(&s->how);
}

static struct word *add(struct search *s, enum word_kind kind, const char *id, const char *text)
{
	s->words = xreallocarray(s->words, s->n + 1, sizeof(*s->words));
	s->words[s->n] = (struct word){
		.id = id ? xstrdup(id) : NULL,
		.kind = kind,
		.text = text ? xstrdup(text) : NULL,
		.question = NO_QUESTION,
	};
	return &s->words[s->n++];
}

void search_ready(struct search *s, const char *id, struct kernel *k)
{
	add(s, WORD_READY, id, NULL)->k = *k;
	*k = (struct kernel){ 0 };
}

/* "6" and "6.12" are series; releases of an own number have three parts or "-rc". */
static bool is_exact(const char *text)
{
	struct kver v;

	return kver_parse(&v, text) && (v.parts == 3 || v.rc);
}

static bool is_series(const char *text)
{
	auto_free char *major = xasprintf("%s.0", text);
	struct kver v;

	return (kver_parse(&v, text) && v.parts == 2 && !v.rc) || (kver_parse(&v, major) && v.parts == 2);
}

int search_version(struct search *s, const char *id, const char *text, struct err *e)
{
	struct kver from, to;
	bool range = text && strstr(text, "..");

	if (range && kver_range(&from, &to, text, e) < 0)
		return -1;
	if (text && !range && !is_exact(text) && !is_series(text))
		return err_set(e, X_USAGE,
			       "'%s' is no version of a kernel: 6.14.2, 6.15-rc3, 6.12 for its newest release, "
			       "6.12..6.16 for several; a tag is built by --git URL --ref TAG",
			       text);
	struct word *w = add(s, WORD_VERSION, id, text);

	if (!text || !is_exact(text))
		w->question = ask_releases(&s->ask);
	return 0;
}

/* Commands in a graph are lines. */
static int check_line(const char *text, struct err *e)
{
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(e, X_NO_INPUT, "a line break or another control character is in the name of %s",
				       *text == '/' ? "the source tree; rename it" : "the repository or the ref");
	}
	return 0;
}

int search_tree(struct search *s, const char *id, const char *dir, struct err *e)
{
	if (check_line(dir, e) < 0)
		return -1;
	size_t question = ask_tree(&s->ask, dir, s->o->clean);

	add(s, WORD_TREE, id, dir)->question = question;
	return 0;
}

/* A commit id needs no server to say what it is. */
static bool is_commit(const char *ref)
{
	return strlen(ref) == COMMIT_LEN && strspn(ref, "0123456789abcdef") == COMMIT_LEN;
}

int search_git(struct search *s, const char *url, const char *ref, struct err *e)
{
	if (check_line(url, e) < 0 || check_line(ref, e) < 0)
		return -1;
	struct word *w = add(s, WORD_GIT, url, url);

	w->ref = xstrdup(ref);
	if (!is_commit(ref))
		w->question = ask_ref(&s->ask, url, ref);
	return 0;
}

int kernels_of_versions(struct kernels *w, const struct home *home, const char *const *versions, size_t n,
			const struct kernels_opts *o, struct err *e)
{
	auto_search struct search s;

	if (search_open(&s, home, o, e) < 0 || (!n && search_version(&s, NULL, NULL, e) < 0))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (search_version(&s, versions[i], versions[i], e) < 0)
			return -1;
	}
	return search_settle(&s, w, e);
}

int kernels_of_tree(struct kernels *w, const struct home *home, const char *dir, const struct kernels_opts *o,
		    struct err *e)
{
	auto_search struct search s;
	auto_free char *real = realpath(dir, NULL);
	struct stat st;

	if (search_open(&s, home, o, e) < 0)
		return -1;
	if (!real || stat(real, &st) < 0) {
		err_sys(e, "'%s'", dir);
		return err_as(e, X_NO_INPUT, "kernel source");
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(e, X_NO_INPUT, "kernel source %s: not a folder", dir);
	return search_tree(&s, dir, real, e) < 0 ? -1 : search_settle(&s, w, e);
}

/* Steps run in another folder than we do. What has a scheme, or a host before the first slash, is no path. */
static char *repository(const char *url)
{
	const char *slash = strchr(url, '/'), *colon = strchr(url, ':');

	if (*url == '/' || (colon && (!slash || colon < slash)))
		return xstrdup(url);
	char *real = realpath(url, NULL);

	return real ? real : xstrdup(url);
}

/* Graphs lie on disk; a password goes to the steps by the environment. */
static int keep_secret(char **url, struct err *e)
{
	auto_free char *shown = url_shown(*url);

	if (strcmp(shown, *url) != 0 && setenv(URL_SECRET_ENV, *url, 1) < 0)
		return err_sys(e, "set %s", URL_SECRET_ENV);
	free(*url);
	*url = TAKE(shown);
	return 0;
}

int kernels_of_git(struct kernels *w, const struct home *home, const char *url, const char *ref,
		   const struct kernels_opts *o, struct err *e)
{
	auto_search struct search s;
	auto_free char *where = repository(url);

	if (search_open(&s, home, o, e) < 0 || keep_secret(&where, e) < 0)
		return -1;
	return search_git(&s, where, ref, e) < 0 ? -1 : search_settle(&s, w, e);
}

void target_free(struct target *x)
{
	free(x->id);
	kernel_free(&x->k);
	free(x->brief);
	free(x->version);
	free(x->url);
	free(x->ref);
	free(x->commit);
	free(x->dir);
	free(x->tree);
	free(x->base);
	free(x->key);
}

void kernels_free(struct kernels *w)
{
	for (size_t i = 0; i < w->n; i++)
		target_free(&w->v[i]);
	free(w->v);
	*w = (struct kernels){ 0 };
}

void target_used(const struct target *w)
{
	struct err ignored;
	auto_free char *root = w->key ? kernel_root(&ignored) : NULL;
	auto_free char *dir = root ? xasprintf("%s/%s", root, w->key) : NULL;

	if (dir)
		kernel_mark_used(dir);
}
