#include "fetch/git/uploadpack.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/version.h"
#include "base/stop.h"
#include "base/utf8.h"

/* A million names take about that much. */
static const uint64_t names_max = 256 << 20;
/* Ten times a kernel of today; frames and messages come on top. */
static const uint64_t pack_max = (uint64_t)4 << 30;
static const uint64_t answer_max = (uint64_t)5 << 30;

enum { SAID_MAX = 200, NO_PACK_MS = 10 * 60 * 1000 };

char *upload_plain(const char *text, size_t n, char *out, size_t max)
{
	size_t to = 0, len;

	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	for (size_t i = 0; i < n; i += len) {
		bool good;

		len = utf8_len(text + i, n - i);
		good = len == 1 ? text[i] >= ' ' && text[i] != 127
				: len && !((unsigned char)text[i] == 0xc2 && (unsigned char)text[i + 1] < 0xa0);
		len = len ? len : 1;
		if (to + (good ? len : 1) >= max)
			break;
		if (good)
			memcpy(out + to, text + i, len);
		else
			out[to] = ' ';
		to += good ? len : 1;
	}
	out[to] = '\0';
	return out;
}

/* Writes a frame. */
static void put(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(FILE *f, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		fprintf(f, "%04x%s", (unsigned)n + 4, text);
}

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* Whether a list of words separated by spaces has this one. */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
			return true;
	return false;
}

/* The next frame as a line without its newline; an "ERR" in its place is the server's refusal. */
static int next_line(struct upload *u, struct err *e)
{
	char said[SAID_MAX];
	int kind = pkt_next(&u->in, e);

	if (kind != PKT_DATA)
		return kind;
	if (u->in.n && u->in.data[u->in.n - 1] == '\n')
		u->in.data[--u->in.n] = '\0';
	if (starts(u->in.data, "ERR ")) {
		upload_plain(u->in.data + 4, u->in.n - 4, said, sizeof(said));
		return err_set(e, X_NO_INPUT, "the server says: %s", said);
	}
	return PKT_DATA;
}

static int no_sense(struct err *e)
{
	return err_set(e, X_NETWORK, "the server's answer makes no sense");
}

static int other_hash(struct err *e)
{
	return err_set(e, X_NO_INPUT, "its objects are named by another hash than SHA-1, which is not supported");
}

static int capabilities(struct upload *u, const char *list, struct err *e)
{
	const char *head = strstr(list, "symref=HEAD:");

	if (strstr(list, "object-format=") && !has_word(list, "object-format=sha1"))
		return other_hash(e);
	u->shallow = has_word(list, "shallow") && has_word(list, "side-band-64k");
	u->ofs_delta = has_word(list, "ofs-delta");
	u->any_commit = has_word(list, "allow-reachable-sha1-in-want") || has_word(list, "allow-any-sha1-in-want");
	if (head) {
		head += strlen("symref=HEAD:");
		free(u->refs.head);
		u->refs.head = xstrndup(head, strcspn(head, " "));
	}
	return 0;
}

/* "{id} {name}", where "{name}^{}" tells what the tag before it stands for. */
static int name_line(struct upload *u, struct err *e)
{
	const char *line = u->in.data, *name = line + 41;
	size_t n;
	struct git_ref *last;

	if (u->in.n < 42 || line[40] != ' ')
		return no_sense(e);
	n = u->in.n - 41;
	if (n <= 3 || strcmp(name + n - 3, "^{}") != 0)
		return git_refs_add(&u->refs, line, name, n, e);
	last = u->refs.n ? &u->refs.v[u->refs.n - 1] : NULL;
	if (!last || strlen(last->name) != n - 3 || strncmp(last->name, name, n - 3) != 0 || !git_is_oid(line, 40))
		return no_sense(e);
	memcpy(last->peeled, line, 40);
	return 0;
}

/* The first line has a NUL behind the name, and what the server can do. */
static int greeting_old(struct upload *u, struct err *e)
{
	bool first = true;
	int kind = PKT_DATA;

	for (; kind == PKT_DATA; kind = next_line(u, e)) {
		size_t n = strlen(u->in.data);
		bool more = n < u->in.n;

		if (starts(u->in.data, "version ") || starts(u->in.data, "shallow "))
			continue;
		if (more != first)
			return no_sense(e);
		if (more && capabilities(u, u->in.data + n + 1, e) < 0)
			return -1;
		first = false;
		u->in.n = n;
		/* A repository without any name has one line to carry what the server can do. */
		if (n > 41 && !strcmp(u->in.data + 41, "capabilities^{}"))
			continue;
		if (name_line(u, e) < 0)
			return -1;
	}
	return kind < 0 ? -1 : kind == PKT_FLUSH ? 0 : no_sense(e);
}

static int greeting_2(struct upload *u, struct err *e)
{
	int kind;

	while ((kind = next_line(u, e)) == PKT_DATA) {
		const char *line = u->in.data;

		if (starts(line, "object-format=") && strcmp(line, "object-format=sha1") != 0)
			return other_hash(e);
		if (starts(line, "fetch="))
			u->shallow = has_word(line + strlen("fetch="), "shallow");
	}
	u->version = 2;
	u->any_commit = u->ofs_delta = true;
	return kind < 0 ? -1 : kind == PKT_FLUSH ? 0 : no_sense(e);
}

/* A frame or two that only HTTP has. */
static int preamble(struct upload *u, struct err *e)
{
	int kind = next_line(u, e);

	if (kind != PKT_DATA || !starts(u->in.data, "# service="))
		return kind;
	kind = next_line(u, e);
	return kind < 0 ? -1 : kind == PKT_FLUSH ? next_line(u, e) : no_sense(e);
}

int upload_greeting(struct upload *u, struct err *e)
{
	int kind;

	pkt_restart(&u->in, names_max);
	kind = preamble(u, e);
	if (kind == PKT_FLUSH) /* nothing in it yet, says an old server */
		return 0;
	if (kind > 0)
		kind = no_sense(e);
	else if (kind == 0)
		kind = strcmp(u->in.data, "version 2") ? greeting_old(u, e) : greeting_2(u, e);
	if (kind < 0 && e->code == X_NO_INPUT)
		return err_in(e, "there is no git repository at %s, or it is not given out", u->shown);
	return kind < 0 ? err_in(e, "%s", u->shown) : 0;
}

static int send(struct upload *u, FILE *f, char **text, uint64_t max, struct err *e)
{
	size_t n;

	fflush(f);
	n = (size_t)ftell(f);
	if (u->send(u->in.arg, *text, n, e) < 0)
		return -1;
	if (u->apart)
		pkt_restart(&u->in, max);
	u->in.max = max;
	return 0;
}

static void command(FILE *f, const char *name)
{
	put(f, "command=%s", name);
	put(f, "agent=ktstr/%s", ktstr_version);
	fputs("0001", f);
}

/* "{id} {name} symref-target:{name} peeled:{id}", the last two where there is something to say. */
static int ls_refs_line(struct upload *u, struct err *e)
{
	const char *line = u->in.data, *peeled = strstr(line, " peeled:"), *target = strstr(line, " symref-target:");
	size_t n;

	if (starts(line, "unborn "))
		return 0;
	if (u->in.n < 42 || line[40] != ' ' || strlen(line) != u->in.n)
		return no_sense(e);
	n = strcspn(line + 41, " ");
	if (git_refs_add(&u->refs, line, line + 41, n, e) < 0)
		return -1;
	if (peeled) {
		peeled += strlen(" peeled:");
		if (!git_is_oid(peeled, strnlen(peeled, 40)))
			return no_sense(e);
		memcpy(u->refs.v[u->refs.n - 1].peeled, peeled, 40);
	}
	if (target && !u->refs.head && !strcmp(u->refs.v[u->refs.n - 1].name, "HEAD")) {
		target += strlen(" symref-target:");
		u->refs.head = xstrndup(target, strcspn(target, " "));
	}
	return 0;
}

static int ask_refs(struct upload *u, const char *ref, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	auto_file FILE *f = xmemstream(&text, &n);
	int kind;

	command(f, "ls-refs");
	put(f, "peel");
	put(f, "symrefs");
	put(f, "ref-prefix HEAD");
	put(f, "ref-prefix refs/heads/");
	put(f, "ref-prefix refs/tags/");
	if (ref && !strpbrk(ref, "\n ") && strlen(ref) < 1024)
		put(f, "ref-prefix %s%s", starts(ref, "refs/") ? "" : "refs/", ref);
	fputs("0000", f);
	if (send(u, f, &text, names_max, e) < 0)
		return -1;
	while ((kind = next_line(u, e)) == PKT_DATA)
		if (ls_refs_line(u, e) < 0)
			return -1;
	return kind < 0 ? -1 : kind == PKT_FLUSH ? 0 : no_sense(e);
}

int upload_refs(struct upload *u, const char *ref, struct err *e)
{
	if (u->version != 2)
		return 0;
	git_refs_free(&u->refs);
	return ask_refs(u, ref, e) < 0 ? err_in(e, "%s", u->shown) : 0;
}

static int ask_pack(struct upload *u, const char *oid, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	auto_file FILE *f = xmemstream(&text, &n);

	if (u->version == 2) {
		command(f, "fetch");
		put(f, "ofs-delta");
		put(f, "want %s", oid);
		put(f, "deepen 1");
		put(f, "done");
		fputs("0000", f);
	} else {
		put(f, "want %s side-band-64k%s agent=ktstr/%s\n", oid, u->ofs_delta ? " ofs-delta" : "",
		    ktstr_version);
		put(f, "deepen 1");
		fputs("0000", f);
		put(f, "done\n");
	}
	return send(u, f, &text, answer_max, e);
}

/* Up to the pack: which commits have no parents now, and that there is nothing we had. */
static int before_pack_old(struct upload *u, struct err *e)
{
	int kind;

	while ((kind = next_line(u, e)) == PKT_DATA)
		if (!starts(u->in.data, "shallow ") && !starts(u->in.data, "unshallow "))
			return no_sense(e);
	if (kind == PKT_FLUSH)
		kind = next_line(u, e);
	if (kind == PKT_DATA && strcmp(u->in.data, "NAK") != 0)
		return no_sense(e);
	return kind < 0 ? -1 : kind == PKT_DATA ? 0 : no_sense(e);
}

static int before_pack_2(struct upload *u, struct err *e)
{
	int kind;

	while ((kind = next_line(u, e)) == PKT_DATA || kind == PKT_DELIM)
		if (kind == PKT_DATA && !strcmp(u->in.data, "packfile"))
			return 0;
	return kind < 0 ? -1 : no_sense(e);
}

struct pour {
	const struct upload_sink *sink;
	uint64_t bytes;
	long long last; /* when some of the pack came */
};

static int pour_pack(struct pour *p, const char *data, size_t n, struct err *e)
{
	if (n > pack_max - p->bytes)
		return err_set(e, X_NETWORK, "the server sends more than %llu MB for one commit",
			       (unsigned long long)(pack_max / 1000000));
	if (n)
		p->last = now_ms();
	p->bytes += n;
	return n ? p->sink->pack(p->sink->arg, data, n, e) : 0;
}

static void pour_words(struct pour *p, const char *text, size_t n)
{
	char line[SAID_MAX];

	while (n && p->sink->said) {
		size_t len = 0;

		while (len < n && text[len] != '\r' && text[len] != '\n')
			len++;
		if (len)
			p->sink->said(p->sink->arg, upload_plain(text, len, line, sizeof(line)));
		len += len < n;
		text += len;
		n -= len;
	}
}

/* Frames of three kinds: pack, words, and the server's last words. */
static int pour(struct upload *u, const struct upload_sink *sink, struct err *e)
{
	struct pour p = { .sink = sink, .last = now_ms() };
	char said[SAID_MAX];
	int kind;

	while ((kind = pkt_next(&u->in, e)) == PKT_DATA) {
		const char *data = u->in.data + 1;
		size_t n = u->in.n - 1;

		if (u->in.n == 0)
			return no_sense(e);
		if (u->in.data[0] == 1 && pour_pack(&p, data, n, e) < 0)
			return -1;
		if (u->in.data[0] == 2)
			pour_words(&p, data, n);
		if (u->in.data[0] == 3)
			return err_set(e, X_NETWORK, "the server gave up: %s",
				       upload_plain(data, n, said, sizeof(said)));
		if (u->in.data[0] < 1 || u->in.data[0] > 3)
			return no_sense(e);
		if (now_ms() - p.last > NO_PACK_MS)
			return err_set(e, X_NETWORK, "nothing but words for %d minutes", NO_PACK_MS / 60000);
	}
	return kind < 0 ? -1 : kind == PKT_FLUSH ? 0 : no_sense(e);
}

/* Its words differ between implementations, the word for it does not: not ours, not valid, not advertised. */
static int refused(struct upload *u, const char *oid, struct err *e)
{
	struct err cause = *e;

	if (cause.code != X_NO_INPUT)
		return err_in(e, "%s", u->shown);
	return err_set(e, X_NO_INPUT, "%s does not give out commit %s: %s\n  Ask for a branch or a tag that has it.",
		       u->shown, oid, cause.msg);
}

int upload_pack(struct upload *u, const char *oid, const struct upload_sink *sink, struct err *e)
{
	if (!u->shallow)
		return err_set(e, X_NETWORK, "%s: its server is too old to give out a commit without its history",
			       u->shown);
	if (ask_pack(u, oid, e) < 0 || (u->version == 2 ? before_pack_2(u, e) : before_pack_old(u, e)) < 0)
		return refused(u, oid, e);
	return pour(u, sink, e) < 0 ? err_in(e, "%s", u->shown) : 0;
}

void upload_end(struct upload *u)
{
	git_refs_free(&u->refs);
}
