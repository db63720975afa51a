/* flat.c: one file a result, at the address with "{key}" in it, or "{key:N}" for its first N digits; else behind a '/'. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "remote/helper/got.h"
#include "remote/helper/layout.h"
#include "remote/helper/run.h"
#include "remote/helper/sent.h"
#include "remote/helper/wire.h"

#define MARK "{key"

static char *address(const struct wire *w, const char *key)
{
	const char *url = w->run->settings.url;
	char *text;
	size_t n;

	if (!strstr(url, MARK))
		return xasprintf("%s/%s", url, key);
	FILE *f = xmemstream(&text, &n);

	while (*url) {
		unsigned digits = KEY_LEN;
		int end = 0;

		if (!strncmp(url, MARK "}", 5))
			end = 5;
		else if (!strncmp(url, MARK ":", 5))
			(void)sscanf(url, MARK ":%2u}%n", &digits, &end);
		if (end)
			fprintf(f, "%.*s", (int)(digits < KEY_LEN ? digits : KEY_LEN), key);
		else
			fputc(*url, f);
		url += end ? end : 1;
	}
	fclose(f);
	return text;
}

/* There is no elsewhere here. */
static bool all_inside(const struct arrival *a, struct err *e)
{
	if (arrival_end((struct arrival *)a, e) < 0)
		return false;
	for (size_t i = 0; i < a->label.n; i++)
		if (arrival_elsewhere(a, i)) {
			err_set(e, X_BAD_ARCHIVE, "some of its files are not in the letter");
			return false;
		}
	return true;
}

bool flat_get(struct wire *w, const struct job *j)
{
	auto_free char *url = address(w, j->key);
	struct err e = { 0 };
	struct got g;

	got_begin(&g, w, j);
	const struct ask a = { .method = "GET", .url = url, .sink = got_letter, .arg = &g, .patience = &g.patience };
	enum answer answer = wire_ask(w, &a, &e);
	bool all = answer == ANSWER_FINE && all_inside(&g.arrival, &e) && got_all(&g, w, j);

	if (!all && e.code && (answer == ANSWER_MISS || answer == ANSWER_FINE))
		run_wrong(w->run, j->key, &e);
	got_drop(&g);
	return all;
}

bool flat_put(struct wire *w, const struct job *j)
{
	__attribute__((cleanup(sent_drop))) struct sent s = { 0 };
	auto_free char *url = address(w, j->key);
	auto_body struct body b = { 0 };
	const struct ask head = { .method = "HEAD", .url = url };
	char sum[KEY_LEN + 1] = "";
	struct err e = { 0 };

	if (!run_was_wrong(w->run, j->key) && wire_ask(w, &head, &e) == ANSWER_FINE)
		return true;
	if (sent_begin(&s, w, j, UINT64_MAX, &e) < 0 || letter_body(&b, &s.label, s.dir, UINT64_MAX, &e) < 0 ||
	    (w->run->settings.sigv4 && body_sum(&b, sum, &e) < 0))
		return false;
	const struct ask a = { .method = "PUT", .url = url, .body = &b, .sum = *sum ? sum : NULL };
	enum answer answer = wire_ask(w, &a, &e);

	return answer == ANSWER_FINE || answer == ANSWER_THERE;
}
