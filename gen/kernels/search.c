#include "gen/kernels/search.h"
#include "base/err.h"
#include "base/kver.h"
#include "base/mem.h"
#include <string.h>

enum { COMMIT_LEN = 40 };

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
