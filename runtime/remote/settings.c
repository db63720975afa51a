#include "remote/settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

#define PREFIX "KTSTR_REMOTE_CACHE"

enum { CONFIG_MAX = 1 << 20, SECRET_MAX = 64 << 10, SECRET_MIN = 4, WAIT_S = 5, WAIT_MAX_S = 3600 };

enum name { URL, LAYOUT, MODE, TOKEN, USER, PASSWORD, HEADER, CERT, KEY, HMAC_SECRET, SIGV4, WAIT, NAMES };

/* Addresses may have a password in them. */
static const struct {
	const char *name;
	bool secret, file;
} names[NAMES] = {
	[URL] = { PREFIX, true, false },
	[LAYOUT] = { PREFIX "_LAYOUT", false, false },
	[MODE] = { PREFIX "_MODE", false, false },
	[TOKEN] = { PREFIX "_TOKEN", true, true },
	[USER] = { PREFIX "_USER", true, true },
	[PASSWORD] = { PREFIX "_PASSWORD", true, true },
	[HEADER] = { PREFIX "_HEADER", true, true },
	[CERT] = { PREFIX "_CERT", true, true },
	[KEY] = { PREFIX "_KEY", true, true },
	[HMAC_SECRET] = { PREFIX "_HMAC", true, true },
	[SIGV4] = { PREFIX "_SIGV4", false, false },
	[WAIT] = { PREFIX "_WAIT", false, false },
};

static void blame(struct settings *s, char *why)
{
	if (s->problem)
		free(why);
	else
		s->problem = why;
}

static char *config_path(void)
{
	const char *own = getenv("KTSTR_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (own && *own)
		return xstrdup(own);
	if (xdg && *xdg)
		return xasprintf("%s/ktstr/config", xdg);
	return home && *home ? xasprintf("%s/.config/ktstr/config", home) : NULL;
}

/* One that was named must be there. "" when there is none. */
static char *read_config(struct settings *s)
{
	const char *own = getenv("KTSTR_CONFIG");
	auto_free char *path = config_path();
	char *text = NULL;
	struct err e;
	size_t n;

	if (!path)
		return xstrdup("");
	if (file_read(AT_FDCWD, path, CONFIG_MAX, &text, &n, &e) == 0)
		return text;
	if ((own && *own) || file_exists(path))
		blame(s, xasprintf("%s%s", own && *own ? "KTSTR_CONFIG: " : "", e.msg));
	return xstrdup("");
}

/* Of the last line NAME=VALUE. NULL: there is none. The caller frees. */
static char *config_value(const char *text, const char *name)
{
	size_t n = strlen(name);
	char *found = NULL;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, name, n) && line[n] == '=') {
			free(found);
			found = xstrndup(line + n + 1, strcspn(line + n + 1, "\r\n"));
		}
	return found;
}

/* The value itself lies where /proc/PID/environ looks, so it is wiped there. */
static char *environment_value(const char *name, bool secret)
{
	char *value = getenv(name);
	char *own = value && *value ? xstrdup(value) : NULL;

	if (value && secret) {
		explicit_bzero(value, strlen(value));
		unsetenv(name);
	}
	return own;
}

/* A secret in a file ends with its last line that has something. */
static char *file_value(struct settings *s, const char *name, const char *path)
{
	char *text = NULL;
	struct err e;
	size_t n;

	if (file_read(AT_FDCWD, path, SECRET_MAX, &text, &n, &e) < 0) {
		blame(s, xasprintf("%s_FILE: %s", name, e.msg));
		return NULL;
	}
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		text[--n] = '\0';
	/* Nobody who names a file means to do without what is in it. */
	if (!*text)
		blame(s, xasprintf("%s_FILE: there is nothing in %s", name, path));
	return text;
}

static char *value_of(struct settings *s, enum name i, const char *config)
{
	auto_free char *file_name = xasprintf("%s_FILE", names[i].name);
	char *value = environment_value(names[i].name, names[i].secret);
	auto_free char *path = names[i].file ? environment_value(file_name, true) : NULL;

	if (!value && !path) {
		value = config_value(config, names[i].name);
		path = value || !names[i].file ? NULL : config_value(config, file_name);
	}
	return !value && path ? file_value(s, names[i].name, path) : value;
}

static bool has_control(const char *text, const char *but)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' || *text == 0x7f) && !strchr(but, *text))
			return true;
	return false;
}

static void set_url(struct settings *s, char *url)
{
	size_t n = strlen(url), scheme = !strncasecmp(url, "http://", 7) ? 7 : !strncasecmp(url, "https://", 8) ? 8 : 0;

	if (!scheme || !url[scheme] || url[scheme] == '/' || has_control(url, "")) {
		blame(s, xstrdup(PREFIX " is not an http or https address"));
		free(url);
		return;
	}
	if (strstr(url, "{key") && !strstr(url, "{key}")) {
		blame(s, xstrdup(PREFIX " has no whole {key}: different results would have one address"));
		free(url);
		return;
	}
	while (n && url[n - 1] == '/')
		url[--n] = '\0';
	free(s->url);
	s->url = url;
}

static void set_layout(struct settings *s, const char *value)
{
	if (!strcmp(value, "bazel"))
		s->layout = LAYOUT_BAZEL;
	else if (!strcmp(value, "flat"))
		s->layout = LAYOUT_FLAT;
	else
		blame(s, xasprintf(PREFIX "_LAYOUT=%.50s: there are bazel and flat", value));
}

static void set_mode(struct settings *s, const char *value)
{
	s->write = !strcmp(value, "rw");
	if (!s->write && strcmp(value, "r") != 0)
		blame(s, xasprintf(PREFIX "_MODE=%.50s: there are r and rw", value));
}

static void set_wait(struct settings *s, const char *value)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || v > WAIT_MAX_S)
		blame(s, xasprintf(PREFIX "_WAIT=%.50s: it is a number of seconds up to %d", value, WAIT_MAX_S));
	else
		s->wait_s = (unsigned)v;
}

static char **place_of(struct settings *s, enum name i)
{
	switch (i) {
	case TOKEN:
		return &s->token;
	case USER:
		return &s->user;
	case PASSWORD:
		return &s->password;
	case HEADER:
		return &s->header;
	case CERT:
		return &s->cert;
	case KEY:
		return &s->key;
	case HMAC_SECRET:
		return &s->hmac;
	case SIGV4:
		return &s->sigv4;
	default:
		return NULL;
	}
}

/* Owns value. */
static void set(struct settings *s, enum name i, char *value)
{
	auto_free char *own = value;
	char **place = place_of(s, i);

	if (!own || !*own)
		return;
	if (i == URL) {
		set_url(s, TAKE(own));
	} else if (i == LAYOUT) {
		set_layout(s, own);
	} else if (i == MODE) {
		set_mode(s, own);
	} else if (i == WAIT) {
		set_wait(s, own);
	} else if (place) {
		if (has_control(own, i == CERT || i == KEY || i == HEADER ? "\r\n\t" : ""))
			blame(s, xasprintf("%s has control characters", names[i].name));
		free(*place);
		*place = TAKE(own);
	}
}

static void settle(struct settings *s)
{
	if (!s->url)
		return;
	if (s->token && s->user)
		blame(s, xstrdup(PREFIX "_TOKEN and " PREFIX "_USER exclude each other"));
	if (s->sigv4 && (!s->user || !s->password))
		blame(s, xstrdup(PREFIX "_SIGV4 needs " PREFIX "_USER (the access key) and " PREFIX "_PASSWORD"));
	if (!s->cert != !s->key)
		blame(s, xstrdup(PREFIX "_CERT and " PREFIX "_KEY go together"));
}

void settings_take(struct settings *s)
{
	*s = (struct settings){ .wait_s = WAIT_S };
	auto_free char *config = read_config(s);

	for (enum name i = 0; i < NAMES; i++)
		set(s, i, value_of(s, i, config));
	settle(s);
	explicit_bzero(config, strlen(config));
}

char *settings_pack(const struct settings *s, size_t *n)
{
	static const char *const layouts[] = { [LAYOUT_BAZEL] = "bazel", [LAYOUT_FLAT] = "flat" };
	struct settings copy = *s;
	char *text;
	FILE *f = xmemstream(&text, n);

	fprintf(f, "%s%c%s%c", names[URL].name, 0, s->url, 0);
	fprintf(f, "%s%c%s%c", names[LAYOUT].name, 0, layouts[s->layout], 0);
	fprintf(f, "%s%c%s%c", names[MODE].name, 0, s->write ? "rw" : "r", 0);
	fprintf(f, "%s%c%u%c", names[WAIT].name, 0, s->wait_s, 0);
	for (enum name i = 0; i < NAMES; i++) {
		char **place = place_of(&copy, i);

		if (place && *place)
			fprintf(f, "%s%c%s%c", names[i].name, 0, *place, 0);
	}
	fclose(f);
	return text;
}

int settings_unpack(struct settings *s, const char *packed, size_t n, struct err *e)
{
	*s = (struct settings){ .wait_s = WAIT_S };
	if (n && packed[n - 1])
		return err_set(e, X_USAGE, "the settings of the remote store have no end");
	for (const char *p = packed; p < packed + n;) {
		const char *value = p + strlen(p) + 1;

		if (value >= packed + n)
			return err_set(e, X_USAGE, "a setting of the remote store has no value");
		for (enum name i = 0; i < NAMES; i++)
			if (!strcmp(p, names[i].name))
				set(s, i, xstrdup(value));
		p = value + strlen(value) + 1;
	}
	settle(s);
	return s->problem ? err_set(e, X_USAGE, "%s", s->problem) : 0;
}

bool settings_anonymous(const struct settings *s)
{
	return !s->token && !s->user && !s->header && !s->cert && !strchr(s->url, '@');
}

static void hide(char *text, const char *secret)
{
	size_t n = secret ? strlen(secret) : 0;

	/* Less than that is no secret, and in every text. */
	for (char *at = text; n >= SECRET_MIN && (at = strstr(at, secret));) {
		*at = '*';
		memmove(at + 1, at + n, strlen(at + n) + 1);
		at++;
	}
}

void settings_hide(const struct settings *s, char *text)
{
	const char *const secrets[] = { s->token, s->password, s->hmac, s->header, s->key };

	for (size_t i = 0; i < countof(secrets); i++)
		hide(text, secrets[i]);
}

void settings_free(struct settings *s)
{
	char *const all[] = { s->url,  s->token, s->user, s->password, s->header,
			      s->cert, s->key,   s->hmac, s->sigv4,    s->problem };

	for (size_t i = 0; i < countof(all); i++) {
		if (all[i])
			explicit_bzero(all[i], strlen(all[i]));
		free(all[i]);
	}
	*s = (struct settings){ 0 };
}
