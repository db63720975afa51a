/* filters.h: decompression by libarchive within this process.
 *
 * libarchive knows filters that start programs of PATH (lrzip, lzop, grzip), outside of what spawn.h promises; whoever
 * made the archive would choose them. So no stream from outside is opened with all filters, only with these. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct archive;

/* gzip, xz, lzma, zstd, bzip2, lz4. */
void filters_add(struct archive *a);
/* Why a failed for a reason of this machine, so that nothing is known of the archive: "not enough memory", or the words of a read
 * that failed. NULL: it is the archive. Lives as long as a and its error. */
const char *filters_ours(struct archive *a);
/* Whether data begins like one of theirs. 6 bytes are enough. */
bool filters_know(const void *head, size_t n);
