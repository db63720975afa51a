/* url.h: addresses as they may be shown and stored. */
#pragma once

/* An address without its user and password. ssh needs its user, who is no secret, and has no use for a password. Caller frees. */
char *url_shown(const char *url);

/* Where a verb hands the address of --git with all that is in it to its steps: what is in a graph lies on disk. */
#define URL_SECRET_ENV "KTSTR_GIT_URL"
