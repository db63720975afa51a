#include "gen/kernels/kernels.h"

#include "base/err.h"
#include "base/mem.h"
#include "gen/kernels/search.h"
#include "gen/kernels/settle.h"
#include <stdlib.h>
#include <sys/stat.h>

int kernels_of_versions(struct kernels *found, const struct home *home, const char *const *versions, size_t n,
			const struct kernels_opts *o, struct err *e)
{
	auto_search struct search s;

	if (search_open(&s, home, o, e) < 0 || (!n && search_version(&s, NULL, e) < 0))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct kernel_word w;

		if (kernel_word_parse(&w, versions[i], e) < 0 ||
		    (w.kind == KWORD_GIT ? search_git_word(&s, &w, e) : search_version(&s, &w, e)) < 0)
			return -1;
	}
	return search_settle(&s, found, e);
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
	search_tree(&s, dir, real);
	return search_settle(&s, w, e);
}

int kernels_of_git(struct kernels *w, const struct home *home, const char *url, const char *ref,
		   const struct kernels_opts *o, struct err *e)
{
	auto_search struct search s;

	if (search_open(&s, home, o, e) < 0 || search_git(&s, url, ref, e) < 0)
		return -1;
	return search_settle(&s, w, e);
}
