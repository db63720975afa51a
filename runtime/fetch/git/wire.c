/* wire.c: what an address means. */
#include "fetch/git/wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/url.h"
#include "fetch/http/get.h"

enum { STALL_MS = 60 * 1000, URL_MAX = 4096 };

static int bad(const char *shown, const char *why, struct err *e)
{
	return err_set(e, X_USAGE, "'%s' is no address of a git repository: %s", shown, why);
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* %41 is A. False for %00, for what is not hexadecimal, and for control characters, which a protocol of lines obeys. */
static bool decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		char c = *s;

		if (c == '%') {
			if (hex(s[1]) < 0 || hex(s[2]) < 0)
				return false;
			c = (char)(hex(s[1]) << 4 | hex(s[2]));
			s += 2;
		}
		if ((unsigned char)c < ' ' || c == 127)
			return false;
		*to++ = c;
	}
	*to = '\0';
	return true;
}

/* "[::1]:9418" "host" "user@host:22" */
static int host_port(struct wire_url *u, char *at, struct err *e)
{
	char *user = strrchr(at, '@'), *host = user ? user + 1 : at, *end, *port;

	if (*host == '[') {
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return bad(u->shown, "a bracket too few", e);
		port = end[1] ? end + 2 : NULL;
		*end = '\0';
		host++;
	} else {
		port = strchr(host, ':');
		if (port)
			*port++ = '\0';
	}
	if (user)
		*user = '\0';
	/* Ssh would take it for an option. */
	if (!*host || *host == '-' || *at == '-')
		return bad(u->shown, "it names no host", e);
	if (port && *port && (strspn(port, "0123456789") != strlen(port) || strlen(port) > 5))
		return bad(u->shown, "its port is no number", e);
	u->port = port && *port ? xstrdup(port) : NULL;
	/* The password of ssh://user:password@host has no use. */
	if (user && u->kind == WIRE_SSH)
		u->host = xasprintf("%.*s@%s", (int)strcspn(at, ":"), at, host);
	else
		u->host = xstrdup(host);
	return 0;
}

static int with_scheme(struct wire_url *u, const char *rest, struct err *e)
{
	auto_free char *at = xstrdup(rest);
	char *path = strchr(at, '/');

	if (!path || !path[1])
		return bad(u->shown, "it has no path", e);
	*path = '\0';
	u->path = xasprintf("/%s", path + 1);
	if (!decode(at) || !decode(u->path))
		return bad(u->shown, "a part of it cannot be", e);
	if (u->kind == WIRE_LOCAL)
		return *at && strcmp(at, "localhost") != 0 ? bad(u->shown, "a file is on this machine", e) : 0;
	/* "/~user/x" is below that user's home. */
	if (u->path[1] == '~')
		memmove(u->path, u->path + 1, strlen(u->path));
	return host_port(u, at, e);
}

/* host:path and [host]:path as scp has them; a colon behind a slash belongs to a path. */
static const char *scp_path(const char *url)
{
	const char *at = strchr(url, '['), *end = at ? strchr(at, ']') : NULL;
	const char *colon = strchr(end && (at == url || at[-1] == '@') ? end : url, ':');
	const char *slash = strchr(url, '/');

	return colon && colon > url && (!slash || colon < slash) ? colon + 1 : NULL;
}

static int scp_like(struct wire_url *u, const char *url, const char *path, struct err *e)
{
	auto_free char *at = xstrndup(url, (size_t)(path - 1 - url));

	u->kind = WIRE_SSH;
	u->path = xstrdup(path);
	if (!*path || *path == '-')
		return bad(u->shown, "it has no path", e);
	return host_port(u, at, e);
}

static int http_like(struct wire_url *u, const char *url, struct err *e)
{
	size_t n = strlen(url);

	if (strpbrk(url, "?#"))
		return bad(u->shown, "it has a query", e);
	while (n && url[n - 1] == '/')
		n--;
	u->kind = WIRE_HTTP;
	u->path = xstrndup(url, n);
	return 0;
}

static int parse(struct wire_url *u, const char *url, struct err *e)
{
	static const struct {
		const char *name;
		enum wire_kind kind;
	} schemes[] = {
		{ "git://", WIRE_GIT },     { "ssh://", WIRE_SSH },    { "git+ssh://", WIRE_SSH },
		{ "ssh+git://", WIRE_SSH }, { "file://", WIRE_LOCAL },
	};
	const char *path;

	if (!*url || strlen(url) > URL_MAX)
		return bad(u->shown, "its length", e);
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			return bad("…", "it has control characters", e);
	if (!strncasecmp(url, "https://", 8) || !strncasecmp(url, "http://", 7))
		return http_like(u, url, e);
	for (size_t i = 0; i < countof(schemes); i++)
		if (!strncasecmp(url, schemes[i].name, strlen(schemes[i].name))) {
			u->kind = schemes[i].kind;
			return with_scheme(u, url + strlen(schemes[i].name), e);
		}
	if (strstr(url, "://"))
		return bad(u->shown, "git, https, http, ssh and file are known", e);
	path = scp_path(url);
	if (path)
		return scp_like(u, url, path, e);
	u->kind = WIRE_LOCAL;
	u->path = xstrdup(url);
	return 0;
}

/* A verb keeps passwords out of its graph and hands them on here; programs that we start have no business with them. */
static const char *in_full(const char *url)
{
	static char *secret;
	const char *now = getenv(URL_SECRET_ENV);

	if (now) {
		free(secret);
		secret = xstrdup(now);
		unsetenv(URL_SECRET_ENV);
	}
	auto_free char *shown = secret ? url_shown(secret) : NULL;

	return shown && !strcmp(shown, url) ? secret : url;
}

int wire_url(struct wire_url *u, const char *address, struct err *e)
{
	const char *url = in_full(address);
	struct wire_url new = { .shown = url_shown(url) };

	if (parse(&new, url, e) < 0) {
		wire_url_free(&new);
		return -1;
	}
	*u = new;
	return 0;
}

void wire_url_free(struct wire_url *u)
{
	free(u->host);
	free(u->port);
	free(u->path);
	free(u->shown);
	*u = (struct wire_url){ 0 };
}

int wire_open(struct wire **w, const struct wire_url *u, unsigned stall_ms, struct err *e)
{
	unsigned stall = stall_ms ? stall_ms : STALL_MS;

	switch (u->kind) {
	case WIRE_GIT:
		return wire_git(w, u, stall, e);
	case WIRE_SSH:
		return wire_ssh(w, u, stall, e);
	case WIRE_HTTP:
		return wire_http(w, u, stall, e);
	case WIRE_LOCAL:
		break;
	}
	return err_set(e, X_USAGE, "%s is on this machine", u->shown);
}
