#include "kernel/image/filters.h"

#include "base/mem.h"
#include <archive.h>

void filters_add(struct archive *a)
{
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_lz4(a);
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
