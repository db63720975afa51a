#include "gen/home.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

static int part(char **out, const char *dir, const char *const *places, struct err *e)
{
	for (size_t i = 0; places[i]; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, places[i]);

		if (file_exists(path)) {
			*out = TAKE(path);
			return 0;
		}
	}
	return err_set(e, X_FAIL, "%s/%s is missing: build everything with make, or install again", dir, places[0]);
}

int home_find(struct home *h, struct err *e)
{
	static const char *const step[] = { "ktstr-step", "../lib/ktstr/ktstr-step", NULL };
	static const char *const source[] = { "ktstr-source", "../lib/ktstr/ktstr-source", NULL };
	static const char *const init[] = { "ktstr-init", "../lib/ktstr/ktstr-init", NULL };
	static const char *const rules[] = { "../rules", "../lib/ktstr/rules", NULL };
	static const char *const fragment[] = { "../ktstr.kconfig", "../lib/ktstr/ktstr.kconfig", NULL };
	auto_free char *dir = self_dir(e);

	if (!dir)
		return -1;
	*h = (struct home){ 0 };
	if (part(&h->step, dir, step, e) < 0 || part(&h->source, dir, source, e) < 0 ||
	    part(&h->init, dir, init, e) < 0 || part(&h->rules, dir, rules, e) < 0 ||
	    part(&h->fragment, dir, fragment, e) < 0) {
		home_free(h);
		return -1;
	}
	return 0;
}

void home_free(struct home *h)
{
	free(h->step);
	free(h->source);
	free(h->init);
	free(h->rules);
	free(h->fragment);
	*h = (struct home){ 0 };
}
