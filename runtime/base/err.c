/* err.c: messages grow from the inside out in one fixed buffer, so that telling an error can never fail. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message that filled its buffer may end in the middle of a UTF-8 character: take that stump away. */
static void cut_stump(char *s, size_t max)
{
	size_t n = strlen(s), lead = n;

	if (n + 1 < max)
		return;
	while (lead > 0 && n - lead < 3 && ((unsigned char)s[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0)
		return;
	unsigned char c = s[lead - 1];
	size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	if (want > 1 && n - (lead - 1) < want)
		s[lead - 1] = '\0';
}

static void fill(struct err *e, int code, const char *msg)
{
	e->code = code ? code : X_FAIL;
	snprintf(e->msg, sizeof(e->msg), "%s", msg);
	cut_stump(e->msg, sizeof(e->msg));
}

/* The text is made aside because arguments may point into e->msg. */
static void prefix(struct err *e, int code, const char *context)
{
	char msg[sizeof(e->msg)];

	if (!e->msg[0]) {
		fill(e, code, context);
		return;
	}
	int n = snprintf(msg, sizeof(msg), "%s: %s", context, e->msg);
	fill(e, code, n < 0 ? context : msg);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	char msg[sizeof(e->msg)] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	fill(e, code, msg);
	return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int no = errno ? errno : EIO;
	char msg[sizeof(e->msg)] = "", why[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	snprintf(e->msg, sizeof(e->msg), "%s", strerror_r(no, why, sizeof(why)));
	prefix(e, no == ENOSPC || no == EDQUOT ? X_DISK_FULL : X_FAIL, msg);
	return -no;
}

bool err_full(const char *said)
{
	return said && (strstr(said, "No space left on device") || strstr(said, "Disk quota exceeded"));
}

int err_in(struct err *e, const char *fmt, ...)
{
	char context[sizeof(e->msg)] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	prefix(e, e->code, context);
	return -1;
}

int err_as(struct err *e, int code, const char *fmt, ...)
{
	char context[sizeof(e->msg)] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	prefix(e, code, context);
	return -1;
}
