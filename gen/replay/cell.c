#include "gen/replay/cell.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

#define VERDICT "verdict.json"
#define TESTS "/tests/"
#define GRAPHS "/graphs/" /* of a store: build folders */

enum { VERDICT_MAX = 64 << 20, NAME_MAX_SHOWN = 200 };

/* Where the last n names of a path begin; NULL: it has fewer. */
static const char *last_names(const char *path, size_t n)
{
	const char *p = path + strlen(path);

	while (n && p > path)
		if (*--p == '/')
			n--;
	return n ? NULL : p;
}

const char *replay_tests(const char *dir)
{
	/* A folder may be called so above and below: TEST/KERNEL/TOPOLOGY/PROFILE, or without a profile. */
	for (size_t n = 5; n >= 4; n--) {
		const char *at = last_names(dir, n);

		if (at && !strncmp(at, TESTS, strlen(TESTS)))
			return at;
	}
	return NULL;
}

const char *replay_name(const char *dir)
{
	const char *tests = replay_tests(dir);

	return tests ? tests + strlen(TESTS) : dir;
}

/* What of it glob() would take for a pattern is itself. Caller frees. */
static char *literal(const char *name)
{
	char *out = xcalloc(2 * strlen(name) + 1, 1), *to = out;

	for (; *name; name++) {
		if (strchr("*?[]\\", *name))
			*to++ = '\\';
		*to++ = *name;
	}
	return out;
}

bool replay_ours(const char *dir)
{
	struct err ignored;
	auto_free char *store = cache_path("KTSTR_STORE", "store", &ignored),
		       *real = store ? realpath(store, NULL) : NULL, *at = realpath(dir, NULL);
	size_t n = real ? strlen(real) : 0;

	return n && at && !strncmp(at, real, n) && !strncmp(at + n, GRAPHS, strlen(GRAPHS));
}

static bool is_name(const char *word)
{
	size_t parts = 1;

	for (const char *p = word; *p; p++)
		parts += *p == '/';
	return *word && *word != '/' && parts >= 3 && parts <= 4 && !strstr(word, "..") && !strstr(word, "//");
}

/* The newest cell of that name; NULL: there is none. Caller frees. */
static char *by_name(const char *word, struct err *e)
{
	auto_free char *store = cache_path("KTSTR_STORE", "store", e), *name = literal(word);
	struct timespec newest = { 0 };
	char *found = NULL;
	glob_t g = { 0 };

	if (!store)
		return NULL;
	auto_free char *root = literal(store), *pattern = xasprintf("%s" GRAPHS "*" TESTS "%s/" VERDICT, root, name);

	if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++) {
			struct stat st;

			if (stat(g.gl_pathv[i], &st) < 0 ||
			    (found && (st.st_mtim.tv_sec < newest.tv_sec ||
				       (st.st_mtim.tv_sec == newest.tv_sec && st.st_mtim.tv_nsec < newest.tv_nsec))))
				continue;
			newest = st.st_mtim;
			free(found);
			found = xstrndup(g.gl_pathv[i], strlen(g.gl_pathv[i]) - strlen("/" VERDICT));
		}
	globfree(&g);
	return found;
}

/* A path: the folder, or a file in it. seed: of "…/seed-N/run.json". Caller frees; NULL: there is nothing. */
static char *by_path(const char *word, uint64_t *seed, bool *seed_said)
{
	auto_free char *path = realpath(word, NULL);
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return NULL;
	if (!S_ISDIR(st.st_mode))
		*strrchr(path, '/') = '\0';
	char *last = strrchr(path, '/'), *end;

	if (last && !strncmp(last, "/seed-", strlen("/seed-"))) {
		*seed = strtoull(last + strlen("/seed-"), &end, 10);
		*seed_said = !*end;
		*last = '\0';
	}
	auto_free char *verdict = xasprintf("%s/" VERDICT, path);

	return file_exists(verdict) ? TAKE(path) : NULL;
}

static int read_cell(struct replay_cell *c, struct err *e)
{
	auto_free char *path = xasprintf("%s/" VERDICT, c->dir), *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, VERDICT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "replay");
	if (verdict_read(&c->v, text, n, e) < 0)
		return err_in(e, "%s", path);
	if (!c->v.command)
		return err_set(e, X_NO_INPUT,
			       "%s does not say how it was run: an older ktstr judged it; run the test again first",
			       path);
	return 0;
}

static int settle_seed(struct replay_cell *c, bool said, struct err *e)
{
	const struct verdict_seed *worst = verdict_worst_seed(&c->v);

	if (!said && worst)
		c->seed = worst->seed;
	for (size_t i = 0; i < c->v.n_seeds; i++)
		if (c->v.seeds[i].seed == c->seed)
			return 0;
	return err_set(e, X_NO_INPUT, "%s was not run with seed %llu; ktstr run --seed %llu does that",
		       replay_name(c->dir), (unsigned long long)c->seed, (unsigned long long)c->seed);
}

/* "NAME#14": the name, and its seed. Caller frees. */
static char *split_seed(const char *word, uint64_t *seed, bool *said)
{
	const char *hash = strrchr(word, '#');

	if (!hash || !hash[1] || strspn(hash + 1, "0123456789") != strlen(hash + 1))
		return xstrdup(word);
	*seed = strtoull(hash + 1, NULL, 10);
	*said = true;
	return xstrndup(word, (size_t)(hash - word));
}

int replay_find(struct replay_cell *c, const char *named, const uint64_t *seed, struct err *e)
{
	uint64_t of_name = 0;
	bool said = false;
	auto_free char *word = split_seed(named, &of_name, &said);

	*c = (struct replay_cell){ .seed = seed ? *seed : of_name };
	said |= seed != NULL;
	if (is_name(word))
		c->dir = by_name(word, e);
	if (!c->dir) {
		uint64_t of_path;
		bool path_says = false;

		c->dir = by_path(word, &of_path, &path_says);
		if (path_says && !said) {
			c->seed = of_path;
			said = true;
		}
	}
	if (!c->dir)
		return err_set(
			e, X_NO_INPUT,
			"%.*s: no such cell has run; TEST/KERNEL/TOPOLOGY is wanted as verdicts name them, or a path to a "
			"run.json or verdict.json",
			NAME_MAX_SHOWN, word);
	return read_cell(c, e) < 0 || settle_seed(c, said, e) < 0 ? -1 : 0;
}

void replay_cell_free(struct replay_cell *c)
{
	verdict_free(&c->v);
	free(c->dir);
	*c = (struct replay_cell){ 0 };
}
