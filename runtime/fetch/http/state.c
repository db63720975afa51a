#include "fetch/http/state.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

int http_begin(struct http_state *s, const struct http_head *head, uint64_t offset, uint64_t total, struct err *e)
{
	const struct http *h = s->h;

	if (total > h->max)
		return err_set(e, X_NETWORK, "%s has %llu bytes, more than the %llu such a file can have", s->shown,
			       (unsigned long long)total, (unsigned long long)h->max);
	if (h->head && h->head(h->arg, head, e) < 0)
		return -1;
	free(s->tag);
	s->tag = *head->tag ? xstrdup(head->tag) : NULL;
	s->at = offset;
	s->blind = s->blind && offset > 0;
	return h->start && h->start(h->arg, offset, total, e) < 0 ? -1 : 0;
}

int http_piece(struct http_state *s, const void *data, size_t n, struct err *e)
{
	if (n > s->h->max || s->at > s->h->max - n)
		return err_set(e, X_NETWORK, "%s goes on after %llu bytes, the most such a file can have", s->shown,
			       (unsigned long long)s->h->max);
	if (s->h->body(s->h->arg, data, n, e) < 0)
		return -1;
	s->at += n;
	return 0;
}
