/* releases: kernel.org's list of releases as it is now, or the last good one when it cannot be had.
 *
 *   releases.json  the list, valid by kernel/name/releases.h
 *   facts          url; fetched: when the list came; from: network or cache; problem: why it is not today's, or "-"
 *
 * Asked each time, so not stored by content. The last good answer of each URL is {store}/releases/{hash}.json; its time
 * of modification is when it came. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "text/text.h"
#include "text/url.h"
#include "kernel/name/releases.h"
#include "fetch/http/get.h"
#include "step/step.h"
#include "step/steps.h"
#include "text/name.h"
#include "store/error.h"
#include "store/store.h"
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The real file has 10 KB. Who has an answer from before does not wait for the network as long as who has none. */
enum { LIST_MAX = 4 << 20, TRIES = 4, TRIES_KNOWN = 3, LIMIT_MS = 120 * 1000, LIMIT_KNOWN_MS = 20 * 1000 };

static struct {
	const char *url;
} o;

static const struct opt opts[] = {
	{ .name = "url", .type = OPT_STR, .out = &o.url, .arg = "URL", .help = "of releases.json" },
	{ 0 },
};

struct answer {
	char *text;
	size_t n;
	time_t came;
};

static void drop_answer(struct answer *a)
{
	free(a->text);
	*a = (struct answer){ 0 };
}
#define auto_answer __attribute__((unused, cleanup(drop_answer)))

static int head(void *arg, const struct http_head *h, struct err *e)
{
	(void)arg;
	if (strcasestr(h->type, "text/html"))
		return err_set(e, X_NETWORK, "a web page came instead of the list of releases from %s", o.url);
	return 0;
}

static void note(void *arg, const char *text)
{
	(void)arg;
	step_progress(0, 0, text);
}

static int check(const struct answer *a, struct err *e)
{
	auto_releases struct releases r = { 0 };

	if (releases_parse(&r, a->text, a->n, e) < 0)
		return err_as(e, X_NETWORK, "what came from %s is not a list of releases", o.url);
	if (!r.n)
		return err_set(e, X_NETWORK, "the list of releases from %s is empty", o.url);
	return 0;
}

static int fetch(struct answer *a, bool known, struct err *e)
{
	const struct http h = {
		.url = o.url,
		.max = LIST_MAX,
		.tries = known ? TRIES_KNOWN : TRIES,
		.all_ms = known ? LIMIT_KNOWN_MS : LIMIT_MS,
		.head = head,
		.note = note,
	};

	if (http_text_of(&h, &a->text, &a->n, e) < 0 || check(a, e) < 0)
		return -1;
	a->came = time(NULL);
	return 0;
}

static char *cache_name(void)
{
	char hex[NAME_LEN + 1];

	name_hex(o.url, strlen(o.url), hex);
	return xasprintf("releases/%s.json", hex);
}

/* False for one that is not there or that we do not read any more. */
static bool recall(struct answer *a, const char *name)
{
	auto_close int fd = openat(step_store()->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct err ignored;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    file_read_fd(fd, name, LIST_MAX, &a->text, &a->n, &ignored) < 0)
		return false;
	a->came = st.st_mtim.tv_sec;
	return check(a, &ignored) == 0;
}

static int remember(const struct answer *a, const char *name, struct err *e)
{
	auto_draft struct draft d = { 0 };
	struct store *st = step_store();

	if (mkdir_p(st->dir, "releases", 0777, e) < 0 || draft_open(&d, st->dir, name, e) < 0)
		return store_err(st, e);
	fwrite(a->text, 1, a->n, d.f);
	return draft_publish(&d, name, true, e) < 0 ? store_err(st, e) : 0;
}

static int write_out(int dir, const struct answer *a, const char *problem, struct err *e)
{
	auto_free char *shown = url_shown(o.url);
	char came[32];
	struct tm tm;

	gmtime_r(&a->came, &tm);
	strftime(came, sizeof(came), "%Y-%m-%dT%H:%M:%SZ", &tm);
	auto_free char *facts = xasprintf("url %s\nfetched %s\nfrom %s\nproblem %s\n", shown, came,
					  problem ? "cache" : "network", problem ? problem : "-");

	if (file_write(dir, "releases.json", a->text, a->n, e) < 0 ||
	    file_write(dir, "facts", facts, strlen(facts), e) < 0)
		return -1;
	return 0;
}

static int without_answer(struct err *e)
{
	struct err why = *e;

	if (why.code != X_NETWORK && why.code != X_NO_INPUT)
		return -1;
	return err_set(e, X_NETWORK,
		       "%s. Name a full version (ktstr kernel build 6.12.43), which needs no list, or let "
		       "KTSTR_RELEASES_URL name one that can be reached",
		       why.msg);
}

static int run(int dir, const char *path, struct err *e)
{
	auto_answer struct answer last = { 0 }, now = { 0 };

	(void)path;
	if (!o.url)
		return err_set(e, X_USAGE, "--url is required");
	auto_free char *name = cache_name();
	bool known = recall(&last, name);

	if (fetch(&now, known, e) == 0)
		return remember(&now, name, e) < 0 ? -1 : write_out(dir, &now, NULL, e);
	if (e->code == X_INTERRUPTED || e->code == X_USAGE)
		return -1;
	if (!known)
		return without_answer(e);
	auto_free char *problem = text_plain(e->msg, strlen(e->msg), TEXT_LINE);

	return write_out(dir, &last, problem, e);
}

const struct step step_releases = {
	.name = "releases",
	.format = 1,
	.summary = "ask which kernels are released",
	.opts = opts,
	.run = run,
};
