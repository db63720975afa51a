/* ghacache.h: a client of the GitHub Actions cache, in both generations of its API.
 *
 * Entries are files under a key, in a namespace of ours ("version"). They cannot be changed: a key that is there stays as it
 * is. Which branches see which entries is the server's matter.
 *
 * What the server says is not trusted: it names no file of ours, no answer is long, and a key that only begins like ours
 * (it looks for those, too) is none. Neither the token nor the query of an address, which can hold a signature, is ever in
 * a message; the token goes to the API only and not where blobs lie. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;

struct gha {
	bool v2;
	const char *url;   /* of the API: ACTIONS_CACHE_URL, or ACTIONS_RESULTS_URL */
	const char *token; /* ACTIONS_RUNTIME_TOKEN */
	char space[65];    /* the "version" of entries, 64 hex digits; "": the usual one */
	uint64_t max;      /* bytes of an entry that may come; 0: 2 GiB */
	/* May be NULL. total 0: not known. note NULL: the one before stays. */
	void (*progress)(uint64_t done, uint64_t total, const char *note);
};

enum { GHA_MISS, GHA_HIT };
/* Only asks. */
int gha_has(const struct gha *g, const char *key, struct err *e);
/* The entry into the file open as fd, from its start. */
int gha_get(const struct gha *g, const char *key, int fd, struct err *e);

enum { GHA_STORED, GHA_EXISTS };
/* size bytes of fd. EXISTS: the key is there, or somebody else is about to put it there. */
int gha_put(const struct gha *g, const char *key, int fd, uint64_t size, struct err *e);
