#include "remote/helper/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "text/text.h"
#include "text/url.h"

enum { LINE_BYTES = 3000, SHORT_KEY = 12 };

long long run_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void run_init(struct run *r)
{
	r->shown = url_shown(r->settings.url);
	r->shown[strcspn(r->shown, "?")] = '\0';
	r->anonymous = settings_anonymous(&r->settings);
	pthread_mutex_init(&r->lock, NULL);
}

void run_tell(struct run *r, const char *kind, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	auto_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	settings_hide(&r->settings, text);
	text_short(line, sizeof(line), text);
	auto_free char *all = xasprintf("%s: %s\n", kind, line);
	struct err ignored;

	(void)write_all(STDERR_FILENO, all, strlen(all), "a message", &ignored);
}

bool run_asks(struct run *r, bool upload)
{
	pthread_mutex_lock(&r->lock);
	bool asks = !r->trust.off && (!upload || !r->trust.read_only);

	pthread_mutex_unlock(&r->lock);
	return asks;
}

void run_answered(struct run *r)
{
	pthread_mutex_lock(&r->lock);
	trust_fine(&r->trust);
	pthread_mutex_unlock(&r->lock);
}

static void tell_off(struct run *r, const char *why)
{
	run_tell(r, "warning", "the remote store %s is not asked any more in this run: %s", r->shown, why);
}

void run_failed(struct run *r, bool answered, const char *why)
{
	pthread_mutex_lock(&r->lock);
	r->trust.answered = r->trust.answered || answered;
	bool last = trust_failed(&r->trust);

	pthread_mutex_unlock(&r->lock);
	if (last)
		tell_off(r, why);
}

void run_never(struct run *r, const char *why)
{
	pthread_mutex_lock(&r->lock);
	bool was = r->trust.off;

	r->trust.off = true;
	pthread_mutex_unlock(&r->lock);
	if (!was)
		tell_off(r, why);
}

void run_read_only(struct run *r, const char *why)
{
	pthread_mutex_lock(&r->lock);
	bool was = r->trust.read_only;

	r->trust.read_only = true;
	pthread_mutex_unlock(&r->lock);
	if (!was)
		run_tell(r, "warning", "nothing more is sent to the remote store %s in this run: %s", r->shown, why);
}

void run_wrong(struct run *r, const char *key, const struct err *why)
{
	pthread_mutex_lock(&r->lock);
	bool was = r->count.wrong;

	r->wrong = xreallocarray(r->wrong, r->count.wrong + 1, sizeof(*r->wrong));
	snprintf(r->wrong[r->count.wrong++], KEY_LEN + 1, "%s", key);
	pthread_mutex_unlock(&r->lock);
	if (!was)
		run_tell(r, "warning", "the remote store %s has %.*s…, but wrong, so it is made here: %s", r->shown,
			 SHORT_KEY, key, why->msg);
}

bool run_was_wrong(struct run *r, const char *key)
{
	bool was = false;

	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; !was && i < r->count.wrong; i++)
		was = !strcmp(r->wrong[i], key);
	pthread_mutex_unlock(&r->lock);
	return was;
}

void run_lost(struct run *r, long long from, long long to)
{
	pthread_mutex_lock(&r->lock);
	bool last = trust_lost(&r->trust, from, to);

	pthread_mutex_unlock(&r->lock);
	if (last)
		tell_off(r, "steps waited for it in vain for five seconds");
}
