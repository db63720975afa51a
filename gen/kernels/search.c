#include "gen/kernels/search.h"
#include "base/err.h"
#include "base/mem.h"
#include "text/url.h"
#include <stdlib.h>
#include <string.h>

enum { COMMIT_LEN = 40 };

int search_open(struct search *s, const struct home *home, const struct kernels_opts *o, struct err *e)
{
	*s = (struct search){ .home = home, .o = o };
	if (build_how_of(&s->how, home, o, e) < 0)
		return -1;
	s->cache.kconfig_hash = s->how.kc;
	return 0;
}

void search_close(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct asked *w = &s->v[i];

		free(w->id);
		free(w->text);
		free(w->ref);
		kernel_free(&w->k);
	}
	free(s->v);
	kernel_cache_free(&s->cache);
	ask_free(&s->ask);
	build_how_free(&s->how);
}

static struct asked *add(struct search *s, enum asked_kind kind, const char *id, const char *text)
{
	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n] = (struct asked){
		.id = id ? xstrdup(id) : NULL,
		.kind = kind,
		.text = text ? xstrdup(text) : NULL,
		.question = NO_QUESTION,
	};
	return &s->v[s->n++];
}

void search_ready(struct search *s, const char *id, struct kernel *k)
{
	add(s, ASKED_READY, id, NULL)->k = *k;
	*k = (struct kernel){ 0 };
}

static bool is_releases(const struct kernel_word *w)
{
	return kernel_word_is_version(w) || w->kind == KWORD_MAJOR || w->kind == KWORD_RANGE;
}

int search_version(struct search *s, const struct kernel_word *w, struct err *e)
{
	if (w && !is_releases(w))
		return err_set(e, X_USAGE,
			       "'%s' is not a kernel version: 6.14.2, 6.15-rc3, 6.12 for its newest release, "
			       "6.12..6.16 for several; a tag is built by --git URL --ref TAG",
			       w->text);
	struct asked *a = add(s, ASKED_VERSION, w ? w->text : NULL, NULL);

	if (w) {
		a->version = *w;
		a->version.text = a->id;
	}
	if (!w || w->kind != KWORD_RELEASE)
		a->question = ask_releases(&s->ask);
	return 0;
}

void search_tree(struct search *s, const char *id, const char *dir)
{
	size_t question = ask_tree(&s->ask, dir, s->o->clean);

	add(s, ASKED_TREE, id, dir)->question = question;
}

/* A commit id needs no server to say what it is. */
static bool is_commit(const char *ref)
{
	return strlen(ref) == COMMIT_LEN && strspn(ref, "0123456789abcdef") == COMMIT_LEN;
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

int search_git(struct search *s, const char *url, const char *ref, struct err *e)
{
	auto_free char *where = repository(url);

	if (keep_secret(&where, e) < 0)
		return -1;
	struct asked *w = add(s, ASKED_GIT, where, where);

	w->ref = xstrdup(ref);
	if (!is_commit(ref))
		w->question = ask_ref(&s->ask, where, ref);
	return 0;
}

int search_git_word(struct search *s, const struct kernel_word *w, struct err *e)
{
	auto_free char *url = xstrndup(w->url, w->url_n);

	return search_git(s, url, w->ref, e);
}
