/* uploadpack.h: the client's side of git's upload-pack, protocols 0, 1 and 2: which names there are, and one commit
 * without its history ("deepen 1").
 *
 * The server is not trusted: what it sends is bounded, and what it says is printed only as plain text. Whether the pack holds
 * what was asked for is the caller's to see. */
#pragma once
#include "fetch/git/pktline.h"
#include "fetch/git/refs.h"
#include <stdbool.h>
#include <stddef.h>
struct err;

struct upload {
	/* Set by the caller: the rest zero. in.read and in.arg are the way from the server. */
	struct pkts in;
	int (*send)(void *arg, const void *data, size_t n, struct err *e); /* a request; arg is in.arg */
	bool apart;        /* each request has an answer of its own (HTTP) */
	const char *shown; /* the repository, for messages */

	/* Filled by upload_greeting() */
	int version;
	bool shallow;    /* gives out commits without history */
	bool any_commit; /* and takes other ids than those of its names */
	bool ofs_delta;
	struct git_refs refs; /* versions 0 and 1: all; 2: what upload_refs() asked for */
};

/* Reads what the server opens with. X_NO_INPUT when it says that there is no such repository. */
int upload_greeting(struct upload *u, struct err *e);
/* Makes sure that refs has HEAD, all branches and tags, and ref (may be NULL) if there is one of that full name. */
int upload_refs(struct upload *u, const char *ref, struct err *e);

struct upload_sink {
	int (*pack)(void *arg, const void *data, size_t n, struct err *e);
	/* What the server says about its work: a line, or what would overwrite the last one. Plain text. May be NULL. */
	void (*said)(void *arg, const char *text);
	void *arg;
};
/* Asks for oid (a commit, or a tag of one) and hands on the pack. X_NO_INPUT when the server refuses that id. */
int upload_pack(struct upload *u, const char *oid, const struct upload_sink *sink, struct err *e);
void upload_end(struct upload *u);

/* A server's words as plain text: cut, one line, nothing a terminal would obey. Returns out. */
char *upload_plain(const char *text, size_t n, char *out, size_t max);
