#include "guest/exit_info.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/text.h"
#include "guest/proto.h"

enum { WHY_MAX = 300 };

void exit_info_free(struct exit_info *l)
{
	free(l->ops);
	free(l->kind);
	free(l->why);
	free(l->log);
	free(l->dump);
	*l = (struct exit_info){ 0 };
}

/* What stands between the first a of a line and the b behind it. Caller frees; NULL when they are not there. */
static char *between(const char *line, const char *a, const char *b)
{
	size_t n = strcspn(line, "\n");
	const char *from = memmem(line, n, a, strlen(a));

	if (!from)
		return NULL;
	from += strlen(a);
	n -= (size_t)(from - line);
	const char *end = memmem(from, n, b, strlen(b));

	return end ? xstrndup(from, (size_t)(end - from)) : NULL;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

/* 'sched_ext: BPF scheduler "ktstr" disabled (runnable task stall)', then perhaps 'sched_ext: ktstr: {why}'. */
static void read_log(struct exit_info *l)
{
	for (const char *line = l->log; *line; line = next_line(line)) {
		auto_free char *kind = between(line, "\" disabled (", ")");
		auto_free char *ops = between(line, "BPF scheduler \"", "\"");

		if (!kind || !ops)
			continue;
		free(l->kind);
		free(l->ops);
		l->kind = TAKE(kind);
		l->ops = TAKE(ops);
	}
	if (!l->kind)
		return;
	auto_free char *head = xasprintf("sched_ext: %s: ", l->ops);

	for (const char *line = l->log; *line && !l->why; line = next_line(line)) {
		size_t n = strcspn(line, "\n");

		if (n > strlen(head) && !strncmp(line, head, strlen(head)))
			l->why = xstrndup(line + strlen(head), n - strlen(head) < WHY_MAX ? n - strlen(head) : WHY_MAX);
	}
}

int exit_info_parse(struct exit_info *l, const void *data, size_t n, struct err *e)
{
	static const char mark[] = "triggered exit kind ";
	struct proto_exit_info h;
	const char *at;

	if (n < sizeof(h) || (memcpy(&h, data, sizeof(h)), h.log_len > n - sizeof(h)))
		return err_set(e, X_VM, "the guest sent a damaged reason for a scheduler's end");
	const char *log = (const char *)data + sizeof(h);

	*l = (struct exit_info){ .log = text_plain(log, h.log_len, TEXT_LINES),
				 .dump = text_plain(log + h.log_len, n - sizeof(h) - h.log_len, TEXT_LINES) };
	read_log(l);
	at = strstr(l->dump, mark);
	if (at)
		l->code = (unsigned)strtoul(at + strlen(mark), NULL, 10);
	if (!l->ops)
		l->ops = xstrdup("");
	if (!l->kind)
		l->kind = xstrdup("for a reason the kernel did not give");
	if (!l->why)
		l->why = xstrdup("");
	return 0;
}

bool exit_info_is_error(const struct exit_info *l)
{
	return strncmp(l->kind, "unregistered", strlen("unregistered")) != 0;
}

/* The kernel has no other reason to unregister one itself. */
bool exit_info_asks_restart(const struct exit_info *l)
{
	return !strcmp(l->kind, "unregistered from the main kernel");
}

char *exit_info_reason(const struct exit_info *l)
{
	auto_free char *code = l->code ? xasprintf(" (exit kind %u)", l->code) : xstrdup("");

	return xasprintf("%s%s%s%s", l->kind, *l->why ? ": " : "", l->why, code);
}
