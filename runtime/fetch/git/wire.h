/* wire.h: ways to a repository's upload-pack: git://, http(s)://, ssh.
 *
 *   git://[user@]host[:port]/path   a socket of our own
 *   http://… https://…              libcurl; user and password from the URL or ~/.netrc
 *   ssh://… and host:path           $GIT_SSH, else ssh, in batch mode
 *   file://… and paths              no wire: open the repository
 *
 * Nobody is ever asked for a password. Every wait ends by a stop, or when the server was silent for stall_ms. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

enum wire_kind { WIRE_LOCAL, WIRE_GIT, WIRE_SSH, WIRE_HTTP };

struct wire_url {
	enum wire_kind kind;
	char *host, *port; /* GIT, SSH; port NULL: the usual one. SSH: host may begin with "user@" */
	char *path;        /* HTTP: the whole URL without a '/' at its end */
	char *shown;       /* for messages: without a password */
};

/* An address without user and password means the one of KTSTR_GIT_URL that is the same otherwise (base/url.h).
 * X_USAGE for what is no address of a repository, or one that a program might take for an option. */
int wire_url(struct wire_url *u, const char *url, struct err *e);
void wire_url_free(struct wire_url *u);
#define auto_wire_url __attribute__((unused, cleanup(wire_url_free)))

struct wire {
	/* Up to n bytes of the answer as they come, 0 at its end. */
	int (*read)(struct wire *w, void *buf, size_t n, struct err *e);
	/* A request. HTTP: what was not read of the last answer is forgotten. */
	int (*send)(struct wire *w, const void *data, size_t n, struct err *e);
	void (*close)(struct wire *w); /* and frees */
	bool apart;                    /* each request has an answer of its own */
};

/* Asks for the upload-pack of the repository; its greeting is what is read first. stall_ms 0: 60 s. */
int wire_open(struct wire **w, const struct wire_url *u, unsigned stall_ms, struct err *e);
static inline void wire_close(struct wire **w)
{
	if (*w)
		(*w)->close(*w);
}
#define auto_wire __attribute__((unused, cleanup(wire_close)))

int wire_git(struct wire **w, const struct wire_url *u, unsigned stall_ms, struct err *e);
int wire_ssh(struct wire **w, const struct wire_url *u, unsigned stall_ms, struct err *e);
int wire_http(struct wire **w, const struct wire_url *u, unsigned stall_ms, struct err *e);
