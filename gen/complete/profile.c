/* Profiles of the scheduler on the line: by --flags-file, or by what it answered when it was asked last. Nothing is run. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/complete/profile.h"
#include "gen/complete/word.h"
#include "gen/graph/plan.h"
#include "store/format.h"
#include "verifier/flags.h"
#include "verifier/profile.h"
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

/* The value of the first of these options on the line, or NULL. */
static const char *value_of(const char *option, const char *const *words, size_t n)
{
	size_t len = strlen(option);

	for (size_t i = 0; i + 1 < n; i++) {
		if (!strcmp(words[i], option))
			return words[i + 1];
		if (!strncmp(words[i], option, len) && words[i][len] == '=')
			return words[i] + len + 1;
	}
	return NULL;
}

static char *last_answer(const char *scheduler)
{
	struct err ignored;
	const char *slash = strrchr(scheduler, '/');
	auto_free char *slug = plan_slug(slash ? slash + 1 : scheduler);
	auto_free char *prefix = xasprintf("flags-%s-", slug);
	auto_free char *root = cache_path("KTSTR_STORE", "store", &ignored);
	auto_free char *store = root ? store_folder(root, &ignored) : NULL;
	auto_free char *graphs = store ? xasprintf("%s/graphs", store) : NULL;
	DIR *d = graphs ? opendir(graphs) : NULL;
	char *newest = NULL;
	time_t when = 0;

	if (!d)
		return NULL;
	for (const struct dirent *ent; (ent = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s/flags/flags.json", graphs, ent->d_name);
		struct stat st;

		if (strncmp(ent->d_name, prefix, strlen(prefix)) != 0 || stat(path, &st) < 0 || st.st_mtime < when)
			continue;
		when = st.st_mtime;
		free(newest);
		newest = TAKE(path);
	}
	closedir(d);
	return newest;
}

static int find_flags(struct flags *f, const char *const *words, size_t n)
{
	const char *file = value_of("--flags-file", words, n), *scheduler = value_of("--scheduler-bin", words, n);
	auto_free char *path = NULL, *text = NULL;
	struct err ignored;
	size_t size;

	if (!scheduler)
		scheduler = value_of("--scheduler", words, n);
	path = file ? xstrdup(file) : scheduler ? last_answer(scheduler) : NULL;
	if (!path || file_read(AT_FDCWD, path, FLAGS_TEXT, &text, &size, &ignored) < 0)
		return -1;
	return flags_parse(f, text, size, &ignored);
}

/* Whether name is one of the '+'-joined n characters. */
static bool among(const char *profile, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (const char *s = profile, *end = profile + n; s < end;) {
		size_t k = strcspn(s, "+");

		if (k > (size_t)(end - s))
			k = (size_t)(end - s);
		if (k == len && !memcmp(s, name, k))
			return true;
		s += k + 1;
	}
	return false;
}

static bool may_follow(const struct flag *flag, const char *profile, size_t n)
{
	for (size_t i = 0; i < flag->n_needs; i++) {
		if (!among(profile, n, flag->needs[i]))
			return false;
	}
	return !among(profile, n, flag->name);
}

void complete_profiles(FILE *f, const char *before, const char *typed, const char *const *words, size_t n)
{
	const char *comma = strrchr(typed, ','), *profile = comma ? comma + 1 : typed;
	const char *plus = strrchr(profile, '+'), *word = plus ? plus + 1 : profile;
	auto_free char *front = xasprintf("%s%.*s", before, (int)(word - typed), typed);
	auto_flags struct flags flags = { 0 };

	if (!plus)
		complete_word(f, front, PROFILE_DEFAULT, word, "no flag");
	if (find_flags(&flags, words, n) < 0)
		return;
	for (size_t i = 0; i < flags.n; i++) {
		if (may_follow(&flags.v[i], profile, plus ? (size_t)(plus - profile) : 0))
			complete_word(f, front, flags.v[i].name, word, "a flag of the scheduler");
	}
}
