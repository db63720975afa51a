#include "kernel/name/word.h"
#include "base/err.h"
#include <ctype.h>
#include <string.h>

enum { MAJOR_DIGITS = 6 }; /* as many as kver.h takes */

/* "6" */
static bool is_major(struct kver *v, const char *text)
{
	size_t n = strspn(text, "0123456789");
	char with_minor[MAJOR_DIGITS + 3];

	if (!n || text[n] || n > MAJOR_DIGITS)
		return false;
	memcpy(with_minor, text, n);
	memcpy(with_minor + n, ".0", 3);
	if (!kver_parse(v, with_minor))
		return false;
	v->parts = 1;
	return true;
}

/* "https://…#tag=v6.14", behind "git+" */
static int repository(struct kernel_word *w, const char *text, struct err *e)
{
	static const char *const kinds[] = { "tag=", "branch=", "sha=", "ref=" };
	const char *hash = strchr(text, '#');

	w->kind = KWORD_GIT;
	w->url = text;
	w->url_n = hash ? (size_t)(hash - text) : 0;
	for (size_t i = 0; hash && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strncmp(hash + 1, kinds[i], strlen(kinds[i])))
			w->ref = hash + 1 + strlen(kinds[i]);
	}
	if (w->url_n && w->ref && *w->ref)
		return 0;
	return err_set(e, X_USAGE, "'%s' names no commit: git+URL#tag=TAG, git+URL#branch=BRANCH or git+URL#sha=COMMIT",
		       w->text);
}

int kernel_word_parse(struct kernel_word *w, const char *text, struct err *e)
{
	*w = (struct kernel_word){ .kind = KWORD_NAME, .text = text };
	if (!strncmp(text, "git+", 4))
		return repository(w, text + 4, e);
	if (strchr(text, '/') || *text == '.' || *text == '~') {
		w->kind = KWORD_PATH;
	} else if (!strcmp(text, "running")) {
		w->kind = KWORD_RUNNING;
	} else if (isdigit((unsigned char)*text) && strstr(text, "..")) { /* which no key may contain */
		w->kind = KWORD_RANGE;
		return kver_range(&w->from, &w->to, text, e);
	} else if (kver_parse(&w->from, text)) {
		w->kind = w->from.parts == 3 || w->from.rc ? KWORD_RELEASE : KWORD_SERIES;
	} else if (is_major(&w->from, text)) {
		w->kind = KWORD_MAJOR;
	} else {
		w->from = (struct kver){ 0 };
	}
	return 0;
}

bool kernel_word_is_version(const struct kernel_word *w)
{
	return w->kind == KWORD_RELEASE || w->kind == KWORD_SERIES;
}
