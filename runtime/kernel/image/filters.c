#include "kernel/image/filters.h"

#include "base/mem.h"
#include <archive.h>
#include <errno.h>
#include <string.h>

void filters_add(struct archive *a)
{
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_lz4(a);
}

/* zstd's filter has no errno for it. */
const char *filters_ours(struct archive *a)
{
	const char *said = a ? archive_error_string(a) : NULL;

	if (!said)
		return NULL;
	if (archive_errno(a) == ENOMEM || strstr(said, "not enough memory") || strstr(said, "annot allocate memory") ||
	    strstr(said, "an't allocate"))
		return "not enough memory (ulimit -v, or a control group's limit)";
	return archive_errno(a) > 0 && !strncmp(said, "Error reading", strlen("Error reading")) ? said : NULL;
}

bool filters_know(const void *head, size_t n)
{
	static const struct {
		const char *magic;
		size_t n;
	} kinds[] = {
		{ "\x1f\x8b", 2 },
		{ "\xfd"
		  "7zXZ",
		  5 },
		{ "\x5d\0\0", 3 },
		{ "\x28\xb5\x2f\xfd", 4 },
		{ "BZh", 3 },
		{ "\x04\x22\x4d\x18", 4 },
	};

	for (size_t i = 0; i < countof(kinds); i++)
		if (n >= kinds[i].n && !memcmp(head, kinds[i].magic, kinds[i].n))
			return true;
	return false;
}
