/* scratch.h: a fresh folder for each test, gone afterwards. */
#pragma once
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include <stdlib.h>

static inline int scratch_enter(void **state)
{
	struct err e;

	*state = tmpdir_make("test", &e);
	return *state ? 0 : -1;
}

static inline int scratch_leave(void **state)
{
	struct err e;
	int r = rmtree(AT_FDCWD, *state, &e);

	free(*state);
	return r;
}

/* {dir}/{name} with this content; folders of name are made. */
static inline void scratch_file(const char *dir, const char *name, const void *data, size_t n)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *folder = xstrdup(path);
	struct err e;

	*strrchr(folder, '/') = '\0';
	if (mkdir_p(AT_FDCWD, folder, 0755, &e) < 0 || file_write(AT_FDCWD, path, data, n, &e) < 0) {
		fprintf(stderr, "%s: %s\n", path, e.msg);
		abort();
	}
}

static inline void scratch_text(const char *dir, const char *name, const char *text)
{
	scratch_file(dir, name, text, strlen(text));
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)
