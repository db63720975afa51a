#include "fetch/git/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/utf8.h"

/* "https://user:password@host" → "https://host": where the text goes on behind a login, else at. */
static const char *behind_login(const char *at, const char *end)
{
	const char *login = NULL;

	if (end - at < 3 || memcmp(at, "://", 3) != 0)
		return at;
	for (const char *p = at + 3; p < end && !strchr("/?#'\" \t", *p); p++)
		login = *p == '@' ? p : login;
	return login ? login + 1 : at;
}

char *git_plain(const char *text, size_t n, char *out, size_t max)
{
	const char *end = text + n;
	size_t to = 0, len;

	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	for (const char *p = text; p < end; p += len) {
		const char *next = behind_login(p, end);
		bool good;

		if (next != p) {
			if (to + 3 >= max)
				break;
			memcpy(out + to, "://", 3);
			to += 3;
			p = next;
			len = 0;
			continue;
		}
		len = utf8_len(p, (size_t)(end - p));
		/* 0xc2 and less than 0xa0: control characters of Latin 1, which some terminals obey. */
		good = len == 1 ? *p >= ' ' && *p != 127
				: len && !((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0);
		len = len ? len : 1;
		if (to + (good ? len : 1) >= max)
			break;
		if (good)
			memcpy(out + to, p, len);
		else
			out[to] = ' ';
		to += good ? len : 1;
	}
	out[to] = '\0';
	return out;
}

static uint64_t size_of(const char *text)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { " bytes", 1 }, { " KiB", 1 << 10 }, { " MiB", 1 << 20 }, { " GiB", 1 << 30 } };
	char *end;
	double v = strtod(text, &end);

	if (end == text || !(v >= 0 && v < 1e9))
		return 0;
	for (size_t i = 0; i < countof(units); i++)
		if (!strncmp(end, units[i].unit, strlen(units[i].unit)))
			return (uint64_t)(v * units[i].factor);
	return 0;
}

bool git_progress_parse(const char *line, size_t n, struct git_progress *p)
{
	char text[160];
	char *colon, *rest;
	int at = 0, len;

	if (n >= sizeof(text) || memchr(line, '\0', n))
		return false;
	memcpy(text, line, n);
	text[n] = '\0';
	colon = strchr(text, ':');
	if (!colon || colon == text || (size_t)(colon - text) >= sizeof(p->what) || !strncmp(text, "remote", 6))
		return false;
	*p = (struct git_progress){ .done = 0 };
	if (sscanf(colon + 1, " %*3u%% (%9lu/%9lu)%n", &p->done, &p->total, &at) != 2 || !at)
		return false;
	for (len = 0; len < colon - text; len++)
		if ((unsigned char)text[len] < ' ' || (unsigned char)text[len] > '~')
			return false;
	memcpy(p->what, text, (size_t)len);
	p->what[len] = '\0';
	rest = colon + 1 + at;
	p->bytes = *rest == ',' ? size_of(rest + 1) : 0;
	return p->done <= p->total;
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static const char *without_kind(const char *line)
{
	static const char *const kinds[] = { "fatal: ", "error: ", "remote error: ", "upload-pack: ", "remote: " };

	for (size_t i = 0; i < countof(kinds); i++) {
		size_t word = strlen(kinds[i]) - 1;

		if (begins(line, kinds[i]))
			line += word + 1;
		else if (!line[strnlen(line, word)] && !strncmp(line, kinds[i], word))
			line += strlen(line); /* and nothing behind it */
	}
	return line;
}

/* One that says no more than that it is an error says nothing. */
void git_said_add(struct git_said *s, const char *line, size_t n)
{
	char *kept = s->lines[s->n++ % SAID_LINES];

	git_plain(line, n, kept, SAID_LINE);
	const char *rest = without_kind(kept);

	if (!rest[strspn(rest, " ")])
		*kept = '\0';
}

static const char *line_at(const struct git_said *s, size_t i)
{
	return s->lines[i % SAID_LINES];
}

/* What git says when what it talked through ended; the reason is in the line before, if anybody gave one. */
static bool only_the_end(const char *line)
{
	return begins(line, "fatal: Could not read from remote repository") ||
	       begins(line, "fatal: the remote end hung up") || begins(line, "fatal: unable to fork") ||
	       begins(line, "fatal: fetch-pack: invalid index-pack output") || begins(line, "fatal: early EOF");
}

/* The line that tells why, first of all "fatal:", else "error:", else the last that says anything. */
static size_t reason(const struct git_said *s, size_t first)
{
	static const char *const kinds[] = { "error: ", "fatal: " };
	size_t found = s->n;

	for (size_t i = first; i < s->n; i++)
		if (*line_at(s, i) && !begins(line_at(s, i), "hint: "))
			found = i;
	for (size_t k = 0; k < countof(kinds); k++)
		for (size_t i = s->n; i > first; i--)
			if (begins(line_at(s, i - 1), kinds[k]))
				found = i - 1;
	if (found == s->n || !only_the_end(line_at(s, found)))
		return found;
	for (size_t i = found; i > first; i--)
		if (*line_at(s, i - 1) && !begins(line_at(s, i - 1), "Please make sure"))
			return i - 1;
	return found;
}

static bool has_both(const char *line, const char *one, const char *other)
{
	return strstr(line, one) && strstr(line, other);
}

struct known {
	int code;
	const char *words, *too; /* too: NULL, or what the line must have as well */
};

/* Git has no other way to tell. The first that fits any line wins: a transfer that broke off leaves a damaged pack, so what
 * is damage for certain comes before what tells of an end, and what only sounds like damage behind. */
static const struct known known[] = {
	{ X_DISK_FULL, "No space left on device", NULL },
	{ X_DISK_FULL, "Disk quota exceeded", NULL },
	{ X_NO_TOOL, "cannot run ", NULL },
	{ X_NO_TOOL, "cannot exec ", NULL },
	{ X_NO_TOOL, "is not a git command", NULL },
	{ X_USAGE, "transport '", "' not allowed" },
	{ X_USAGE, "nable to find remote helper", NULL },
	{ X_NO_INPUT, "repository '", "' not found" },
	{ X_NO_INPUT, "not our ref", NULL },
	{ X_NO_INPUT, "unadvertised object", NULL },
	{ X_NO_INPUT, "access denied or repository not exported", NULL },
	{ X_NO_INPUT, "not valid: is this a git repository", NULL },
	{ X_NO_INPUT, "not a git repository", NULL },
	{ X_NO_INPUT, "find remote ref", NULL },
	{ X_BAD_ARCHIVE, "fsck error", NULL },
	{ X_BAD_ARCHIVE, "pack has ", NULL },
	{ X_BAD_ARCHIVE, "pack signature", NULL },
	{ X_BAD_ARCHIVE, "pack version", NULL },
	{ X_BAD_ARCHIVE, "pack is corrupted", NULL },
	{ X_BAD_ARCHIVE, "pack exceeds", NULL },
	{ X_BAD_ARCHIVE, "inflate", NULL },
	{ X_BAD_ARCHIVE, "COLLISION", NULL },
	{ X_BAD_ARCHIVE, "over limit", NULL },
	{ X_NETWORK, "unexpected disconnect", NULL },
	{ X_NETWORK, "early EOF", NULL },
	{ X_NETWORK, "hung up", NULL },
	{ X_NETWORK, "RPC failed", NULL },
	{ X_BAD_ARCHIVE, "index-pack failed", NULL },
	{ X_BAD_ARCHIVE, "invalid index-pack output", NULL },
	{ X_BAD_ARCHIVE, "did not send all necessary objects", NULL },
};

/* The server's own words decide nothing. */
static int code_of(const struct git_said *s, size_t first, int otherwise)
{
	for (size_t k = 0; k < countof(known); k++)
		for (size_t i = first; i < s->n; i++) {
			const char *line = line_at(s, i);

			if (!begins(line, "remote: ") && !begins(line, "warning: ") &&
			    has_both(line, known[k].words, known[k].too ? known[k].too : ""))
				return known[k].code;
		}
	return otherwise;
}

int git_said_err(const struct git_said *s, int code, const char *otherwise, struct err *e)
{
	size_t first = s->n > SAID_LINES ? s->n - SAID_LINES : 0, at = reason(s, first);
	auto_free char *text = NULL;
	size_t n;

	if (at == s->n)
		return err_set(e, code, "%s", otherwise);
	auto_file FILE *f = xmemstream(&text, &n);

	fputs(without_kind(line_at(s, at)), f);
	/* Some of its reasons have several lines: all addresses that were tried. */
	for (size_t i = at + 1; i < s->n && begins(line_at(s, at), "fatal: "); i++) {
		const char *line = line_at(s, i);

		if (!*line || begins(line, "fatal: ") || begins(line, "error: ") || begins(line, "remote: "))
			break;
		fprintf(f, " %s", line);
	}
	fflush(f);
	return err_set(e, code_of(s, first, code), "%s", text);
}
