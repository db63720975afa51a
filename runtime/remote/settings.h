/* settings.h: which remote store, and with what it is spoken to (docs/sharing.md). From the environment, or by the same names, as
 * lines NAME=VALUE, from $KTSTR_CONFIG, else $XDG_CONFIG_HOME/ktstr/config, else ~/.config/ktstr/config; the environment goes first.
 *
 * What is secret there is gone from our environment, and from what /proc shows of it, before any other program is started. It is handed
 * to the helper through a pipe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

enum layout { LAYOUT_BAZEL, LAYOUT_FLAT };

struct settings {
	char *url; /* without a '/' at its end; NULL: there is no remote store */
	enum layout layout;
	bool write;
	char *token, *user, *password, *header, *cert, *key, *hmac; /* header: one a line; cert, key: PEM. NULL: none */
	char *sigv4;                                                /* libcurl's "aws:amz:REGION:SERVICE" */
	unsigned wait_s; /* for what is still to be sent at the end of a run */
	char *problem;   /* what is wrong with them, told when they are wanted; NULL: nothing */
};

/* Once, first thing in the generator. Never fails: see problem. */
void settings_take(struct settings *s);
/* As one packet and back: names and values, each ended by NUL. The caller frees. */
char *settings_pack(const struct settings *s, size_t *n);
/* X_USAGE. */
int settings_unpack(struct settings *s, const char *packed, size_t n, struct err *e);
/* Whether anything is sent by which the server could know us. */
bool settings_anonymous(const struct settings *s);
/* text (a message) without what is secret; changed in place. */
void settings_hide(const struct settings *s, char *text);
void settings_free(struct settings *s);
