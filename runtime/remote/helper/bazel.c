/* bazel.c: /cas/{SHA-256} has bytes, /ac/{key} the ActionResult that names them: the letter as "ktstr/letter", larger files by their own
 * names below "files/". What is named goes first, so that a server that looks finds it. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "remote/helper/got.h"
#include "remote/helper/layout.h"
#include "remote/helper/run.h"
#include "remote/helper/sent.h"
#include "remote/helper/wire.h"
#include "remote/reapi.h"

#define LETTER "ktstr/letter"

/* Inside a letter; and from what size on it is worth asking whether the server has it already. */
enum { INSIDE_MAX = 1 << 20, ASK_FROM = 64 << 10 };

static char *address(const struct wire *w, const char *kind, const char *hex)
{
	return xasprintf("%s/%s/%s", w->run->settings.url, kind, hex);
}

struct text {
	char *v;
	size_t n;
};

static int take_text(void *arg, const void *data, size_t n, struct err *e)
{
	struct text *t = arg;

	if (n > REAPI_MAX - t->n)
		return err_set(e, X_BAD_ARCHIVE, "its ActionResult has no end");
	t->v = xreallocarray(t->v, t->n + n + 1, 1);
	memcpy(t->v + t->n, data, n);
	t->n += n;
	return 0;
}

static const struct reapi_file *find(const struct reapi *r, const char *path)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->v[i].path, path))
			return &r->v[i];
	return NULL;
}

/* ANSWER_FINE: hex is the letter's. */
static enum answer get_result(struct wire *w, const struct job *j, struct got *g, char hex[KEY_LEN + 1], struct err *e)
{
	auto_free char *url = address(w, "ac", j->key);
	auto_reapi struct reapi r = { 0 };
	struct text t = { .v = xmalloc(1) };
	const struct ask a = { .method = "GET", .url = url, .sink = take_text, .arg = &t, .patience = &g->patience };
	enum answer answer = wire_ask(w, &a, e);
	const struct reapi_file *letter;

	if (answer == ANSWER_FINE && reapi_decode(&r, t.v, t.n, e) < 0)
		answer = ANSWER_MISS;
	free(t.v);
	if (answer != ANSWER_FINE)
		return answer;
	letter = find(&r, LETTER);
	if (!letter) {
		err_set(e, X_BAD_ARCHIVE, "its ActionResult is none of ktstr's");
		return ANSWER_MISS;
	}
	memcpy(hex, letter->hex, KEY_LEN + 1);
	return ANSWER_FINE;
}

static enum answer get_letter(struct wire *w, struct got *g, const char *hex, struct err *e)
{
	auto_free char *url = address(w, "cas", hex);
	const struct ask a = { .method = "GET", .url = url, .sink = got_letter, .arg = g, .patience = &g->patience };
	enum answer answer = wire_ask(w, &a, e);
	char sum[KEY_LEN + 1];

	if (answer != ANSWER_FINE)
		return answer;
	sha_end(&g->sum, sum);
	if (strcmp(sum, hex) != 0) {
		err_set(e, X_CHECKSUM, "the letter is not the one that its ActionResult names");
		return ANSWER_MISS;
	}
	return arrival_end(&g->arrival, e) < 0 ? ANSWER_MISS : ANSWER_FINE;
}

static int take_file(void *arg, const void *data, size_t n, struct err *e)
{
	return arriving_bytes(arg, data, n, e);
}

static enum answer get_file(struct wire *w, struct got *g, const struct label_file *f, struct err *e)
{
	auto_free char *url = address(w, "cas", f->blob);
	struct arriving file;
	const struct ask a = { .method = "GET",
			       .url = url,
			       .sink = take_file,
			       .arg = &file,
			       .patience = &g->patience,
			       .before = g->bytes };
	enum answer answer;

	if (arriving_begin(&file, g->arrival.dir, f, e) < 0)
		return ANSWER_MISS;
	answer = wire_ask(w, &a, e);
	if (answer == ANSWER_FINE && arriving_end(&file, e) < 0)
		answer = ANSWER_MISS;
	arriving_drop(&file);
	g->bytes += f->bytes;
	return answer;
}

static enum answer get(struct wire *w, const struct job *j, struct got *g, struct err *e)
{
	char hex[KEY_LEN + 1];
	enum answer answer = get_result(w, j, g, hex, e);

	if (answer == ANSWER_FINE)
		answer = get_letter(w, g, hex, e);
	for (size_t i = 0; answer == ANSWER_FINE && i < g->arrival.label.n; i++)
		if (arrival_elsewhere(&g->arrival, i))
			answer = get_file(w, g, &g->arrival.label.v[i], e);
	return answer;
}

bool bazel_get(struct wire *w, const struct job *j)
{
	struct err e = { 0 };
	struct got g;

	got_begin(&g, w, j);
	enum answer answer = get(w, j, &g, &e);
	bool all = answer == ANSWER_FINE && got_all(&g, w, j);

	if (answer == ANSWER_MISS && e.code)
		run_wrong(w->run, j->key, &e);
	got_drop(&g);
	return all;
}

static enum answer put(struct wire *w, const char *url, struct body *b, const char *sum, struct err *e)
{
	const struct ask a = { .method = "PUT", .url = url, .body = b, .sum = sum };

	return wire_ask(w, &a, e);
}

static bool is_there(struct wire *w, const char *url)
{
	const struct ask a = { .method = "HEAD", .url = url };
	struct err ignored;

	return wire_ask(w, &a, &ignored) == ANSWER_FINE;
}

/* key: of the result that it belongs to. */
static enum answer put_blob(struct wire *w, struct body *b, const char *hex, const char *key, struct err *e)
{
	auto_free char *url = address(w, "cas", hex);

	if (b->size >= ASK_FROM && !run_was_wrong(w->run, key) && is_there(w, url))
		return ANSWER_THERE;
	return put(w, url, b, hex, e);
}

static bool done(enum answer answer)
{
	return answer == ANSWER_FINE || answer == ANSWER_THERE;
}

static enum answer put_files(struct wire *w, const struct sent *s, struct reapi *r, struct err *e)
{
	enum answer answer = ANSWER_FINE;

	for (size_t i = 0; done(answer) && i < s->label.n; i++) {
		const struct label_file *f = &s->label.v[i];
		auto_body struct body b = { 0 };
		auto_free char *path = xasprintf("files/%s", f->name);

		if (f->bytes <= s->limit)
			continue;
		if (body_file(&b, s->dir, f->name, f->sparse, e) < 0)
			return ANSWER_UNWANTED;
		reapi_add(r, path, f->blob, f->bytes, f->program);
		answer = put_blob(w, &b, f->blob, s->label.key, e);
	}
	return answer;
}

static enum answer put_result(struct wire *w, const struct sent *s, const struct reapi *r, struct err *e)
{
	auto_free char *url = address(w, "ac", s->label.key);
	auto_body struct body b = { 0 };
	char sum[KEY_LEN + 1];
	size_t n;
	auto_free char *text = reapi_encode(r, s->label.host, &n);

	body_text(&b, text, n);
	hash_hex(text, n, sum);
	return put(w, url, &b, sum, e);
}

bool bazel_put(struct wire *w, const struct job *j)
{
	__attribute__((cleanup(sent_drop))) struct sent s = { 0 };
	auto_reapi struct reapi r = { 0 };
	auto_body struct body b = { 0 };
	char hex[KEY_LEN + 1];
	struct err e = { 0 };

	if (sent_begin(&s, w, j, INSIDE_MAX, &e) < 0 || !done(put_files(w, &s, &r, &e)) ||
	    letter_body(&b, &s.label, s.dir, s.limit, &e) < 0 || body_sum(&b, hex, &e) < 0)
		return false;
	reapi_add(&r, LETTER, hex, b.size, false);
	return done(put_blob(w, &b, hex, j->key, &e)) && done(put_result(w, &s, &r, &e));
}
