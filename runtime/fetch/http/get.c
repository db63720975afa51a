/* get.c: which failures are tried again, and when. */
#include "fetch/http/get.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "text/url.h"
#include "fetch/http/file.h"
#include "fetch/http/pause.h"
#include "fetch/http/state.h"
#include "fetch/http/try.h"

enum { TRIES = 4, LONGEST_PAUSE_MS = 30 * 1000, PROGRESS = 1 << 20 };

static int wait_for_next(struct http_state *s, unsigned failed, unsigned tries, struct err *e)
{
	struct err why = *e;
	int ms = http_pause_ms(failed, s->wait_ms, LONGEST_PAUSE_MS, e);

	if (ms < 0)
		return -1;
	if (failed >= tries || (s->deadline >= 0 && now_ms() + ms >= s->deadline)) {
		if (failed > 1)
			err_set(e, why.code, "%s (tried %u times)", why.msg, failed);
		return -1;
	}
	if (s->h->note) {
		auto_free char *text =
			xasprintf("%s; again in %g s (%u of %u)", why.msg, ms / 1000.0, failed + 1, tries);

		s->h->note(s->h->arg, text);
	}
	return stop_poll(NULL, 0, now_ms() + ms, e);
}

/* *e stays as it is when a later try succeeds. */
static int get(struct http_state *s, struct err *e)
{
	struct err why = { 0 };
	unsigned tries = s->h->tries ? s->h->tries : TRIES;
	unsigned failed = 0;
	uint64_t best = s->at;

	for (;;) {
		s->again = AGAIN_NO;
		s->wait_ms = 0;
		if (http_try(s, &why) == 0)
			return 0;
		if (s->again == AGAIN_NOW)
			continue;
		if (s->at >= best + PROGRESS) {
			best = s->at;
			failed = 0;
		}
		if (s->again == AGAIN_NO || wait_for_next(s, ++failed, tries, &why) < 0) {
			*e = why;
			return -1;
		}
	}
}

int http_get(const struct http *h, struct err *e)
{
	auto_free char *shown = url_shown(h->url);
	struct http_state s = {
		.h = h,
		.shown = shown,
		.at = h->have,
		.tag = h->have && h->tag && *h->tag ? xstrdup(h->tag) : NULL,
		.deadline = h->all_ms ? now_ms() + h->all_ms : -1,
	};
	int rc;

	s.blind = h->have && !s.tag;
	if (!strncasecmp(h->url, "file:", 5))
		rc = http_file(&s, e);
	else if (!strncasecmp(h->url, "https://", 8) || !strncasecmp(h->url, "http://", 7))
		rc = get(&s, e);
	else
		rc = err_set(e, X_USAGE, "'%s' is not an https, http or file URL", shown);
	free(s.tag);
	return rc;
}

struct text {
	const struct http *h;
	char *data;
	size_t n, room;
};

static int text_head(void *arg, const struct http_head *head, struct err *e)
{
	const struct text *t = arg;

	return t->h->head ? t->h->head(NULL, head, e) : 0;
}

static int text_start(void *arg, uint64_t offset, uint64_t total, struct err *e)
{
	struct text *t = arg;

	(void)total, (void)e;
	t->n = offset; /* never more than there is: it was ours */
	return 0;
}

static int text_body(void *arg, const void *data, size_t n, struct err *e)
{
	struct text *t = arg;

	(void)e;
	if (n >= t->room - t->n) {
		t->room = (t->n + n + 1) * 2;
		t->data = xreallocarray(t->data, t->room, 1);
	}
	memcpy(t->data + t->n, data, n);
	t->n += n;
	return 0;
}

static void text_note(void *arg, const char *text)
{
	const struct text *t = arg;

	if (t->h->note)
		t->h->note(NULL, text);
}

int http_text_of(const struct http *h, char **text, size_t *n, struct err *e)
{
	struct text t = { .h = h, .data = xmalloc(1), .room = 1 };
	struct http own = *h;

	own.have = 0;
	own.tag = NULL;
	own.head = text_head;
	own.start = text_start;
	own.body = text_body;
	own.note = text_note;
	own.arg = &t;
	if (http_get(&own, e) < 0) {
		free(t.data);
		return -1;
	}
	t.data[t.n] = '\0';
	*text = t.data;
	if (n)
		*n = t.n;
	return 0;
}

int http_text(const char *url, size_t max, char **text, size_t *n, struct err *e)
{
	return http_text_of(&(struct http){ .url = url, .max = max }, text, n, e);
}
