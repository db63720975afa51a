#include "letter/origin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/version.h"
#include "host/cpus.h"
#include "letter/letter.h"
#include "letter/label.h"
#include "text/text.h"

enum { ORIGIN_MAX = 4096, WORDS = 200 };

/* One line, as labels take them. */
static char *shown(const char *text)
{
	char buf[WORDS];

	return xstrdup(text && *text ? text_short(buf, sizeof(buf), text) : "-");
}

static char *host_facts(void)
{
	struct utsname u;
	auto_free char *text =
		uname(&u) < 0 ? NULL : xasprintf("%s %s %s, %u CPUs", u.sysname, u.release, u.machine, cpus_usable());

	return shown(text);
}

static char *write_it(const char *step, uint64_t made, uint64_t took, const char *tool, const char *host,
		      const char *from)
{
	return xasprintf("step %s\nmade %" PRIu64 "\ntook %" PRIu64 "\ntool %s\nhost %s\n%s%s%s", step, made, took,
			 tool, host, from ? "from " : "", from ? from : "", from ? "\n" : "");
}

char *origin_here(const char *step, uint64_t took)
{
	auto_free char *host = host_facts();

	return write_it(step, (uint64_t)time(NULL), took, ktstr_version, host, NULL);
}

char *origin_of(const struct label *r, const char *from)
{
	auto_free char *place = shown(from);

	return write_it(r->step, r->made, r->took, r->tool, r->host, place);
}

static char *fact(const char *text, size_t n, const char *name)
{
	auto_free char *value = facts_get(text, n, name);

	return shown(value);
}

static uint64_t number(const char *text, size_t n, const char *name)
{
	auto_free char *value = facts_get(text, n, name);
	uint64_t v = value ? strtoull(value, NULL, 10) : 0;

	return v <= INT64_MAX ? v : 0;
}

/* The strings behind one another, each ended by NUL. */
void origin_read(int dir, struct letter_facts *f, char **text)
{
	auto_free char *all = NULL;
	struct err ignored;
	size_t n = 0;

	if (file_read(dir, "origin", ORIGIN_MAX, &all, &n, &ignored) < 0) {
		all = xstrdup("");
		n = 0;
	}
	auto_free char *step = fact(all, n, "step"), *tool = fact(all, n, "tool"), *host = fact(all, n, "host");

	*text = xasprintf("%s%c%s%c%s", step, 0, tool, 0, host);
	*f = (struct letter_facts){ .made = number(all, n, "made"), .took = number(all, n, "took"), .step = *text };
	f->tool = f->step + strlen(step) + 1;
	f->host = f->tool + strlen(tool) + 1;
}

char *origin_shown(int dir)
{
	struct letter_facts f;
	auto_free char *text = NULL, *all = NULL, *from = NULL;
	struct err ignored;
	size_t n = 0;

	if (file_read(dir, "origin", ORIGIN_MAX, &all, &n, &ignored) < 0)
		return NULL;
	origin_read(dir, &f, &text);
	from = facts_get(all, n, "from");
	if (from) {
		char *plain = shown(from);

		free(from);
		from = plain;
	}
	const struct label r = { .made = f.made, .tool = (char *)f.tool, .host = (char *)f.host };
	auto_free char *how = label_origin(&r);

	return from ? xasprintf("%s" ORIGIN_FROM "%s", how, from) : TAKE(how);
}
