#include "kernel/cache/remote.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* NULL when it is empty. */
static const char *some(const char *value)
{
	return value && *value ? value : NULL;
}

enum remote remote_which(const char **url, const char **token, const char **lacks)
{
	const char *asked = some(getenv("KTSTR_GHA_CACHE")), *v1 = some(getenv("ACTIONS_CACHE_URL"));
	const char *v2 = some(getenv("ACTIONS_CACHE_SERVICE_V2")), *secret = some(getenv("ACTIONS_RUNTIME_TOKEN"));

	if (!asked || strcmp(asked, "1") != 0)
		return REMOTE_OFF;
	/* The runner says "True". */
	v2 = v2 && (!strcmp(v2, "1") || !strcasecmp(v2, "true")) ? some(getenv("ACTIONS_RESULTS_URL")) : NULL;
	if (lacks)
		*lacks = v1 || v2 ? "ACTIONS_RUNTIME_TOKEN" : "ACTIONS_CACHE_URL or ACTIONS_RESULTS_URL";
	if (!secret || (!v1 && !v2))
		return REMOTE_LACKS;
	if (url)
		*url = v2 ? v2 : v1;
	if (token)
		*token = secret;
	return v2 ? REMOTE_V2 : REMOTE_V1;
}
