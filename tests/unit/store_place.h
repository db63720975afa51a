/* store_place.h: a store in a folder of its own for each test, and the shortest ways to put something into it. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "store/content.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include "store/store.h"

struct place {
	char *dir, *root, *out;
	struct store st;
};

static inline int enter(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct err e;

	p->dir = tmpdir_make("test", &e);
	if (!p->dir)
		return -1;
	p->root = xasprintf("%s/store", p->dir);
	p->out = xasprintf("%s/out", p->dir);
	*state = p;
	return store_open(&p->st, p->root, &e);
}

static inline int leave(void **state)
{
	struct place *p = *state;
	struct err e;
	int rc = rmtree(AT_FDCWD, p->dir, &e);

	store_close(&p->st);
	store_close(&p->st);
	free(p->dir);
	free(p->root);
	free(p->out);
	free(p);
	return rc;
}

static inline unsigned entries(const char *root, const char *folder)
{
	auto_free char *path = xasprintf("%s/%s", root, folder);
	DIR *list = opendir(path);
	unsigned n = 0;

	assert_non_null(list);
	while (readdir(list))
		n++;
	closedir(list);
	return n - 2;
}

static inline void assert_text(const char *dir, const char *name, const char *expected)
{
	auto_free char *path = xasprintf("%s/%s", dir, name), *text = NULL;
	struct err e = { 0 };

	if (file_read(AT_FDCWD, path, 1 << 20, &text, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(text, expected);
}

static inline void put(struct work *w, const char *name, const char *text)
{
	struct err e;

	assert_true(file_write(w->dir, name, text, strlen(text), &e) >= 0);
}

static inline int begin(struct store *st, struct recipe *r, const char *fact, bool force, struct work *w)
{
	struct err e = { 0 };
	int rc;

	recipe_open(r, "test", 1);
	recipe_str(r, "fact", fact);
	rc = store_begin(st, r, force, w, &e);
	if (rc < 0)
		fail_msg("%s", e.msg);
	return rc;
}

/* One whole result: file "a" with the given text. */
static inline void make(struct store *st, const char *fact, const char *text, bool force)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	struct err e = { 0 };

	assert_int_equal(begin(st, &r, fact, force, &w), STORE_MISS);
	put(&w, "a", text);
	assert_int_equal(work_publish(&w, &r, &e), 0);
}

#define in_place(f) cmocka_unit_test_setup_teardown(f, enter, leave)
