/* kernels_find: what --kernel means to a verb that boots kernels, and what to do about one that is not there. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/confirm.h"
#include "gen/kernels/kernels.h"
#include "gen/kernels/search.h"
#include "gen/kernels/settle.h"
#include "kernel/name/word.h"
#include "kernel/name/locate.h"
#include "progress/log.h"

enum { BUILD, MISS };

/* What to do about a version that is not in the cache: BUILD, or MISS with why as it is. */
static int may_build(const struct search *s, const char *id, struct err *why)
{
	if (why->code != X_NO_KERNEL || s->o->build == KERNELS_BUILD_NO)
		return MISS;
	if (s->o->build == KERNELS_BUILD_YES)
		return BUILD;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return MISS;
	auto_free char *question =
		xasprintf("kernel %s is not in the cache; build it now (10 to 40 minutes)? [y/N] ", id);
	int r = confirm(question, why);

	return r < 0 ? -1 : r == CONFIRM_YES ? BUILD : MISS;
}

static int missing(struct search *s, const struct kernel_word *w, struct err *e)
{
	if (may_build(s, w->text, e) != BUILD)
		return -1;
	*e = (struct err){ 0 };
	return search_version(s, w, e);
}

static int find_range(struct search *s, const struct kernel_word *w, struct err *e)
{
	struct kernel *v = NULL;
	size_t n = 0;

	if (s->o->build == KERNELS_BUILD_YES)
		return search_version(s, w, e);
	if (kernel_range(&v, &n, w, &s->cache, e) < 0)
		return missing(s, w, e);
	for (size_t i = 0; i < n; i++)
		search_ready(s, w->text, &v[i]);
	free(v);
	return 0;
}

static bool may_be_folder(const struct search *s, const struct kernel_word *w)
{
	return s->o->build != KERNELS_BUILD_NO &&
	       (w->kind == KWORD_PATH || w->kind == KWORD_NAME || w->kind == KWORD_MAJOR);
}

static int find(struct search *s, const struct kernel_word *w, struct err *e)
{
	auto_free char *dir = NULL;
	struct kernel k;

	if (w->kind == KWORD_RANGE)
		return find_range(s, w, e);
	if (w->kind == KWORD_GIT && s->o->build != KERNELS_BUILD_NO)
		return search_git_word(s, w, e);
	if (kernel_resolve(&k, w, &s->cache, e) == 0) {
		if (s->o->own_config && !k.key && may_be_folder(s, w))
			dir = kernel_sources(w->text);
		if (!dir)
			search_ready(s, w->text, &k);
		else
			search_tree(s, w->text, dir);
		kernel_free(&k);
		return 0;
	}
	/* A bare name is a folder only when nothing in the cache has it. */
	if (e->code == X_NO_KERNEL && may_be_folder(s, w))
		dir = kernel_source_tree(w->text);
	if (dir) {
		search_tree(s, w->text, dir);
		return 0;
	}
	return kernel_word_is_version(w) ? missing(s, w, e) : -1;
}

static int find_text(struct search *s, const char *text, struct err *e)
{
	struct kernel_word w;

	return kernel_word_parse(&w, text, e) < 0 ? -1 : find(s, &w, e);
}

static int find_default(struct search *s, struct err *e)
{
	auto_free char *id = kernel_from_environment("KTSTR_KERNEL");
	struct kernel k;

	if (id)
		return find_text(s, id, e) < 0 ? err_in(e, "KTSTR_KERNEL") : 0;
	if (kernel_resolve(&k, NULL, &s->cache, e) < 0)
		return -1;
	search_ready(s, NULL, &k);
	return 0;
}

/* All that are not there are told, each but the last at once. */
static int find_all(struct search *s, const char *const *ids, size_t n, struct err *e)
{
	struct err missing = { 0 };

	for (size_t i = 0; i < n; i++) {
		if ((*ids[i] ? find_text(s, ids[i], e) : find_default(s, e)) == 0)
			continue;
		if (e->code != X_NO_KERNEL)
			return -1;
		if (missing.code)
			log_error("%s", missing.msg);
		missing = *e;
	}
	if (!missing.code)
		return 0;
	*e = missing;
	return -1;
}

int kernels_find(struct kernels *w, const struct home *home, const char *const *ids, size_t n,
		 const struct kernels_opts *o, struct err *e)
{
	auto_search struct search s;

	if (search_open(&s, home, o, e) < 0)
		return -1;
	s.boots = true;
	if ((n ? find_all(&s, ids, n, e) : find_default(&s, e)) < 0)
		return -1;
	return search_settle(&s, w, e);
}
