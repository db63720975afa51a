/* address.c: only what is surely an address gets to git; what it does with it is git's business. */
#include "fetch/git/address.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/url.h"
#include "fetch/git/program.h"

enum { URL_MAX = 4096 };

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
static int host_port(const struct git_address *a, char *at, struct err *e)
{
	char *user = strrchr(at, '@'), *host = user ? user + 1 : at, *end, *port;

	if (*host == '[') {
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return bad(a->shown, "a bracket too few", e);
		port = end[1] ? end + 2 : NULL;
		*end = '\0';
		host++;
	} else {
		port = strchr(host, ':');
		if (port)
			*port++ = '\0';
	}
	/* Ssh would take it for an option. */
	if (!*host || *host == '-' || *at == '-')
		return bad(a->shown, "it names no host", e);
	if (port && (strspn(port, "0123456789") != strlen(port) || strlen(port) > 5))
		return bad(a->shown, "its port is no number", e);
	return 0;
}

static int with_scheme(struct git_address *a, const char *rest, struct err *e)
{
	auto_free char *at = xstrdup(rest);
	char *slash = strchr(at, '/');

	if (!slash || !slash[1])
		return bad(a->shown, "it has no path", e);
	auto_free char *path = xstrdup(slash);

	*slash = '\0';
	if (!decode(at) || !decode(path))
		return bad(a->shown, "a part of it cannot be", e);
	if (!a->local)
		return host_port(a, at, e);
	a->path = TAKE(path);
	return *at && strcmp(at, "localhost") != 0 ? bad(a->shown, "a file is on this machine", e) : 0;
}

/* The path of host:path and [host]:path as scp has them; a colon behind a slash belongs to a path. */
static const char *scp_path(const char *url)
{
	const char *at = strchr(url, '['), *end = at ? strchr(at, ']') : NULL;
	const char *colon = strchr(end && (at == url || at[-1] == '@') ? end : url, ':');
	const char *slash = strchr(url, '/');

	return colon && colon > url && (!slash || colon < slash) ? colon + 1 : NULL;
}

static int scp_like(const struct git_address *a, const char *url, const char *path, struct err *e)
{
	auto_free char *at = xstrndup(url, (size_t)(path - 1 - url));

	if (!*path || *path == '-')
		return bad(a->shown, "it has no path", e);
	return host_port(a, at, e);
}

/* What is before the last '@' of "user:password@host" is the login. */
static int login(struct git_address *a, const char *scheme, size_t n, char *at, struct err *e)
{
	char *end = strrchr(at, '@'), *colon;

	if (!end)
		return 0;
	*end = '\0';
	a->site = xasprintf("%.*s%s", (int)n, scheme, end + 1);
	colon = strchr(at, ':');
	a->password = colon ? xstrdup(colon + 1) : NULL;
	a->user = xstrndup(at, colon ? (size_t)(colon - at) : strlen(at));
	if (!decode(a->user) || (a->password && !decode(a->password)))
		return bad(a->shown, "a part of its login cannot be", e);
	return 0;
}

static int http_like(struct git_address *a, const char *url, struct err *e)
{
	size_t n = (size_t)(strstr(url, "://") + 3 - url);
	auto_free char *at = xstrndup(url + n, strcspn(url + n, "/?#"));

	if (strpbrk(url, "?#"))
		return bad(a->shown, "it has a query", e);
	for (size_t len = strlen(a->shown); len > n && a->shown[len - 1] == '/'; len--)
		a->shown[len - 1] = '\0';
	if (!*at)
		return bad(a->shown, "it names no host", e);
	return login(a, url, n, at, e);
}

/* An unknown scheme is fine when the user's configuration makes a known one of it. */
static int other_scheme(const struct git_address *a, struct err *e)
{
	bool rewritten;

	if (git_rewrites(a->shown, &rewritten, e) < 0)
		return -1;
	return rewritten ? 0 : bad(a->shown, "git, https, http, ssh and file are known", e);
}

static bool helper(const char *url)
{
	size_t n = strcspn(url, ":/[@");

	return !strncmp(url + n, "::", 2);
}

static int parse(struct git_address *a, const char *url, struct err *e)
{
	static const char *const schemes[] = { "git://", "ssh://", "git+ssh://", "ssh+git://", "file://" };
	const char *path;

	if (!*url || strlen(url) > URL_MAX)
		return bad(a->shown, "its length", e);
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			return bad("…", "it has control characters", e);
	if (!strncasecmp(url, "https://", 8) || !strncasecmp(url, "http://", 7))
		return http_like(a, url, e);
	for (size_t i = 0; i < countof(schemes); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i]))) {
			a->local = i == countof(schemes) - 1;
			return with_scheme(a, url + strlen(schemes[i]), e);
		}
	/* "helper::address" has git run a program of that name. */
	if (strstr(url, "://") || helper(url))
		return *url == '-' ? bad(a->shown, "it is an option", e) : other_scheme(a, e);
	path = scp_path(url);
	if (path)
		return scp_like(a, url, path, e);
	if (*url == '-')
		return bad(a->shown, "it is an option; a folder of that name is ./-…", e);
	a->local = true;
	a->path = xstrdup(url);
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

int git_address(struct git_address *a, const char *url, struct err *e)
{
	const char *full = in_full(url);

	*a = (struct git_address){ .shown = url_shown(full) };
	if (parse(a, full, e) == 0)
		return 0;
	git_address_free(a);
	return -1;
}

void git_address_free(struct git_address *a)
{
	free(a->path);
	free(a->shown);
	free(a->site);
	free(a->user);
	free(a->password);
	*a = (struct git_address){ 0 };
}
