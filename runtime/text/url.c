#include "text/url.h"

#include "base/mem.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_ssh(const char *url)
{
	static const char *const schemes[] = { "ssh://", "git+ssh://", "ssh+git://" };

	for (size_t i = 0; i < countof(schemes); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

char *url_shown(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at = NULL;
	int user;

	if (!host)
		return xstrdup(url);
	host += 3;
	for (const char *p = host; *p && !strchr("/?#", *p); p++)
		at = *p == '@' ? p : at;
	if (!at)
		return xstrdup(url);
	user = is_ssh(url) ? (int)strcspn(host, ":@") : 0;
	return xasprintf("%.*s%.*s%s%s", (int)(host - url), url, user, host, user ? "@" : "", at + 1);
}
