#include "remote/helper/got.h"

#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "remote/helper/layout.h"
#include "remote/helper/run.h"
#include "remote/helper/wire.h"

void got_begin(struct got *g, const struct wire *w, const struct job *j)
{
	*g = (struct got){
		.arrival = { .dir = j->dir, .key = j->key, .secret = w->run->settings.hmac, .file = { .fd = -1 } },
		.patience = { .began = j->began }
	};
	sha_begin(&g->sum);
}

int got_letter(void *arg, const void *data, size_t n, struct err *e)
{
	struct got *g = arg;

	sha_add(&g->sum, data, n);
	g->bytes += n;
	if (arrival_bytes(&g->arrival, data, n, e) < 0)
		return -1;
	/* The label says what waiting is worth. */
	if (*g->arrival.label.key && !g->patience.bytes) {
		g->patience.took = g->arrival.label.took;
		g->patience.bytes = g->arrival.label.bytes;
	}
	return 0;
}

bool got_all(struct got *g, struct wire *w, const struct job *j)
{
	auto_free char *text = label_text(&g->arrival.label);
	struct err e;

	if (file_write(j->dir, "origin", text, strlen(text), &e) >= 0)
		return true;
	run_wrong(w->run, j->key, &e);
	return false;
}

void got_drop(struct got *g)
{
	arrival_drop(&g->arrival);
}
