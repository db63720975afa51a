#include "remote/helper/sent.h"

#include "base/mem.h"
#include "remote/helper/layout.h"
#include "remote/helper/run.h"
#include "remote/helper/wire.h"
#include "letter/origin.h"

int sent_begin(struct sent *s, const struct wire *w, const struct job *j, uint64_t max, struct err *e)
{
	auto_free char *text = NULL;
	struct letter_facts facts;

	s->dir = j->dir;
	origin_read(j->dir, &facts, &text);
	if (letter_label(&s->label, j->dir, j->key, &facts, w->run->settings.hmac, e) < 0)
		return -1;
	s->limit = letter_limit(&s->label, max);
	return 0;
}

void sent_drop(struct sent *s)
{
	label_free(&s->label);
}
