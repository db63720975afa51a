/* The folder of a kernel: what tests find it by. */
#include "base/err.h"
#include "base/facts.h"
#include "base/mem.h"
#include "gen/graph/run.h"
#include "gen/kernels/kernels.h"
#include <errno.h>

/* Where Linux leaves images in a build tree; the tree is what is named then, for its vmlinux and .config. */
static const char *const images[] = { "/arch/x86/boot/bzImage", "/arch/arm64/boot/Image", "/bzImage", "/Image",
				      "/vmlinux" };

static char *folder_of(const char *image, struct err *e)
{
	size_t n = strlen(image);

	for (size_t i = 0; i < countof(images); i++) {
		size_t len = strlen(images[i]);

		if (n > len && !strcmp(image + n - len, images[i]))
			return xstrndup(image, n - len);
	}
	err_set(e, X_NO_INPUT,
		"%s: tests look for a kernel in a folder, as bzImage, Image or arch/*/boot; make it an entry of the "
		"cache: cargo ktstr kernel import %s",
		image, image);
	return NULL;
}

/* Tests read the configuration under its usual name. */
static char *built_folder(const struct target *w, const struct run *r, struct err *e)
{
	auto_free char *dir = xasprintf("%s/build/%s", r->dir, w->brief);
	auto_free char *config = xasprintf("%s/.config", dir);

	if (symlink("config", config) < 0 && errno != EEXIST) {
		err_sys(e, "make %s", config);
		return NULL;
	}
	return TAKE(dir);
}

char *target_folder(const struct target *w, const struct run *r, struct err *e)
{
	char *dir;

	if (w->from == TARGET_READY && w->key)
		return xstrndup(w->k.image, (size_t)(strrchr(w->k.image, '/') - w->k.image));
	if (w->from == TARGET_READY)
		return folder_of(w->k.image, e);
	if (!w->key)
		return built_folder(w, r, e);
	auto_free char *entry = xasprintf("%s/entry/%s", r->dir, w->brief);

	return facts_file(entry, "entry", "dir", &dir, e) < 0 ? NULL : dir;
}
