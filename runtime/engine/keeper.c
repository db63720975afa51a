#include "engine/keeper.h"
#include "engine/director.h"
#include "engine/worker/look.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAVOURS_MAX = 4096, WORDS_MAX = 256 };

static bool send_line(const char *text)
{
	size_t n = strlen(text);

	return write(STDOUT_FILENO, text, n) == (ssize_t)n;
}

/* A line of at most n - 1 characters, without its end. False: it did not come in time, or nobody is there any more. */
static bool read_line(struct director *d, char *line, size_t n)
{
	uint64_t until = clock_now() + d->keeper.patience_ns;
	size_t have = 0;

	while (director_await(d, STDIN_FILENO, until)) {
		ssize_t got = read(STDIN_FILENO, line + have, n - 1 - have);
		char *end;

		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return false;
		have += (size_t)got;
		end = memchr(line, '\n', have);
		if (end) {
			*end = '\0';
			return true;
		}
		if (have == n - 1)
			return false;
	}
	return false;
}

static void ask(struct director *d, struct favour *f)
{
	char words[WORDS_MAX], line[KEEPER_ANSWER] = "";

	snprintf(words, sizeof words, "?%s%s%s\n", plan_deeds[f->deed], f->profile ? " " : "",
		 f->profile ? f->profile : "");
	if (d->keeper.lost) {
		snprintf(f->answer, sizeof f->answer, "nobody answered the line before");
	} else if (d->keeper.there && (!send_line(words) || !read_line(d, line, sizeof line))) {
		d->keeper.lost = true;
		(void)send_line("?late\n");
		snprintf(f->answer, sizeof f->answer, "nothing came of it in %u s",
			 (unsigned)(d->keeper.patience_ns / 1000000000));
	} else if (!d->keeper.there || !strcmp(line, "done")) {
		f->done = true;
	} else {
		snprintf(f->answer, sizeof f->answer, "%s", !strncmp(line, "no ", 3) ? line + 3 : line);
	}
}

int keeper_ask(struct director *d, const struct plan_step *s)
{
	uint64_t from = clock_now();
	struct favour *grown, *f;

	if (d->keeper.n == FAVOURS_MAX)
		return 0;
	grown = realloc(d->keeper.favours, (d->keeper.n + 1) * sizeof *grown);
	if (!grown)
		return trouble(d->trouble, ENDS_OWN, "out of memory");
	d->keeper.favours = grown;
	f = &grown[d->keeper.n++];
	*f = (struct favour){
		.deed = s->deed, .profile = s->name, .line = s->line, .ns = d->going ? from - d->go_ns : 0
	};
	ask(d, f);
	f->took_ns = clock_now() - from;
	return 0;
}
