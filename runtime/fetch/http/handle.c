#include "fetch/http/handle.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/version.h"

enum { CONNECT_MS = 15 * 1000, POLL_MS = 1000, WISH_MAX_S = 3600 };

void http_drop_curl(CURL **c)
{
	curl_easy_cleanup(*c);
}

void http_drop_multi(CURLM **m)
{
	curl_multi_cleanup(*m);
}

void http_drop_list(struct curl_slist **l)
{
	curl_slist_free_all(*l);
}

const char *http_status_name(long status)
{
	static const struct {
		long status;
		const char *name;
	} names[] = {
		{ 400, " Bad Request" },
		{ 401, " Unauthorized" },
		{ 403, " Forbidden" },
		{ 404, " Not Found" },
		{ 407, " Proxy Authentication Required" },
		{ 408, " Request Timeout" },
		{ 410, " Gone" },
		{ 416, " Range Not Satisfiable" },
		{ 429, " Too Many Requests" },
		{ 451, " Unavailable For Legal Reasons" },
		{ 500, " Internal Server Error" },
		{ 501, " Not Implemented" },
		{ 502, " Bad Gateway" },
		{ 503, " Service Unavailable" },
		{ 504, " Gateway Timeout" },
	};

	for (size_t i = 0; i < countof(names); i++)
		if (names[i].status == status)
			return names[i].name;
	return "";
}

unsigned http_wish_ms(CURL *c)
{
	curl_off_t s = 0;

	curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &s); /* negative for a date that is past */
	return s <= 0 ? 0 : 1000 * (unsigned)(s < WISH_MAX_S ? s : WISH_MAX_S);
}

void http_trust(CURL *c)
{
	const char *file = getenv("CURL_CA_BUNDLE"), *dir = getenv("SSL_CERT_DIR");

	if (!file || !*file)
		file = getenv("SSL_CERT_FILE");
	if (file && *file)
		curl_easy_setopt(c, CURLOPT_CAINFO, file);
	if (dir && *dir)
		curl_easy_setopt(c, CURLOPT_CAPATH, dir);
}

void http_handle(CURL *c, const char *url, char *why)
{
	const char *schemes = strncasecmp(url, "https:", 6) ? "http,https" : "https";
	auto_free char *agent = xasprintf("ktstr/%s", ktstr_version);

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_USERAGENT, agent);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	/* A name that is being looked up does not hold us at the end. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes);
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
	http_trust(c);
}

int http_no_library(struct err *e)
{
	return err_set(e, X_FAIL, "libcurl cannot be used");
}

int http_ready(struct err *e)
{
	static bool ready;

	/* TLS writes to sockets without MSG_NOSIGNAL. Children get the default back (spawn.h). */
	if (!ready && (signal(SIGPIPE, SIG_IGN) == SIG_ERR || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK))
		return http_no_library(e);
	ready = true;
	return 0;
}

/* Until something happens, but not for longer than the other side may be silent. */
static int wait_some(CURLM *m, unsigned stall_ms, struct err *e)
{
	struct pollfd fds[STOP_FDS];
	struct curl_waitfd stop[STOP_FDS];
	unsigned n = 0;
	int ms = (int)(stall_ms < POLL_MS ? stall_ms : POLL_MS);

	stop_fds(fds);
	for (size_t i = 0; i < STOP_FDS; i++)
		if (fds[i].fd >= 0)
			stop[n++] = (struct curl_waitfd){ .fd = fds[i].fd, .events = CURL_WAIT_POLLIN };
	(void)now_ms();
	CURLMcode rc = curl_multi_poll(m, stop, n, ms, NULL);
	still_woke(ms);
	if (rc != CURLM_OK)
		return err_set(e, X_NETWORK, "libcurl: %s", curl_multi_strerror(rc));
	return stop_pending() ? stop_err(e) : 0;
}

int http_run(CURLM *m, unsigned stall_ms, int (*clock)(void *arg), void *arg, CURLcode *rc, struct err *e)
{
	for (;;) {
		int running = 0, left;
		CURLMcode done = curl_multi_perform(m, &running);
		const CURLMsg *msg;

		if (done != CURLM_OK)
			return err_set(e, X_NETWORK, "libcurl: %s", curl_multi_strerror(done));
		while ((msg = curl_multi_info_read(m, &left))) {
			if (msg->msg != CURLMSG_DONE)
				continue;
			*rc = msg->data.result;
			return 0;
		}
		if (wait_some(m, stall_ms, e) < 0 || clock(arg) < 0)
			return -1;
	}
}
