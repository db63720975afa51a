/* kernels_find: what --kernel means to a verb that boots kernels, and what to do about one that is not there. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/confirm.h"
#include "gen/kernels/kernels.h"
#include "gen/kernels/search.h"
#include "gen/kernels/settle.h"
#include "base/kver.h"

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

static int missing(struct search *s, const char *id, struct err *e)
{
	if (may_build(s, id, e) != BUILD)
		return -1;
	*e = (struct err){ 0 };
	return search_version(s, id, id, e);
}

static int find_range(struct search *s, const char *id, struct err *e)
{
	struct kernel *v = NULL;
	size_t n = 0;

	if (s->o->build == KERNELS_BUILD_YES)
		return search_version(s, id, id, e);
	if (kernel_range(&v, &n, id, s->how.kc, e) < 0)
		return missing(s, id, e);
	for (size_t i = 0; i < n; i++)
		search_ready(s, id, &v[i]);
	free(v);
	return 0;
}

static int find(struct search *s, const char *id, struct err *e)
{
	enum kernel_id_kind kind = kernel_id_kind(id);
	auto_free char *dir = NULL;
	struct kernel k;

	if (kind == KID_RANGE)
		return find_range(s, id, e);
	if (kernel_resolve(&k, id, s->how.kc, e) == 0) {
		if (s->o->own_config && s->o->build != KERNELS_BUILD_NO && !k.key &&
		    (kind == KID_PATH || kind == KID_KEY))
			dir = kernel_sources(id);
		if (!dir)
			search_ready(s, id, &k);
		kernel_free(&k);
		return dir ? search_tree(s, id, dir, e) : 0;
	}
	/* A bare name is a folder only when nothing in the cache has it. */
	if (e->code == X_NO_KERNEL && s->o->build != KERNELS_BUILD_NO && (kind == KID_PATH || kind == KID_KEY))
		dir = kernel_source_tree(id);
	if (dir)
		return search_tree(s, id, dir, e);
	return kind == KID_VERSION ? missing(s, id, e) : -1;
}

static int find_default(struct search *s, struct err *e)
{
	auto_free char *id = kernel_from_environment();
	struct kernel k;

	if (id)
		return find(s, id, e) < 0 ? err_in(e, "KTSTR_KERNEL") : 0;
	if (kernel_resolve(&k, NULL, s->how.kc, e) < 0)
		return -1;
	search_ready(s, NULL, &k);
	return 0;
}

int kernels_find(struct kernels *w, const struct home *home, const char *const *ids, size_t n,
		 const struct kernels_opts *o, struct err *e)
{
	auto_search struct search s;

	if (search_open(&s, home, o, e) < 0 || (!n && find_default(&s, e) < 0))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (find(&s, ids[i], e) < 0)
			return -1;
	}
	return search_settle(&s, w, e);
}
