/* address.h: what an address of --git means: a repository on this machine, or one that git is asked to talk to.
 *
 *   git://[user@]host[:port]/path   http://… https://…   ssh://… and host:path   file://… and paths
 *   and whatever the user's configuration of git (url.*.insteadOf) makes one of these of */
#pragma once
#include <stdbool.h>
struct err;

struct git_address {
	bool local;
	char *path;  /* local: the folder */
	char *shown; /* without a password: for messages, command lines and what is stored */
	/* HTTP with a user in it, percent signs decoded; NULL: none */
	char *site; /* "https://host:port": where the login counts */
	char *user, *password;
};

/* An address without user and password means the one of KTSTR_GIT_URL that is the same otherwise (text/url.h).
 * X_USAGE for what is no address of a repository, or one that a program might take for an option. */
int git_address(struct git_address *a, const char *url, struct err *e);
void git_address_free(struct git_address *a);
#define auto_git_address __attribute__((unused, cleanup(git_address_free)))
