/* fuzz_incremental.c: any bytes as the list that stands beside objects of an earlier build. Whatever it is, the next build
 * may begin, and nothing but the objects goes. */
#include "place.h"

#include "fetch/tree/files.h"
#include "fetch/tree/incremental.h"
#include "fetch/tree/srctree.h"

static char hex[65], *store, *source, *out;
static struct source_files files = { .root = -1 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	auto_free char *list = NULL, *seed = NULL;
	struct err e;
	size_t n, size;

	(void)argc, (void)argv;
	place_make("fuzz-incremental");
	store = place_path("store");
	source = place_path("linux");
	out = place_path("out");
	close(place_folder("store"));
	close(place_folder("linux"));
	close(place_folder("linux/kernel"));
	close(place_folder("linux/arch"));
	place_put("linux/Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\nEXTRAVERSION =\n", 54);
	place_put("linux/Kconfig", "\n", 1);
	place_put("linux/kernel/a.c", "a\n", 2);
	if (srctree_list(store, source, &files, &list, &n, hex, NULL, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		abort();
	}
	FILE *f = xmemstream(&seed, &size);

	fprintf(f, "%lld 5\n", 4000000000ll);
	fwrite(list, 1, n, f);
	fclose(f);
	fuzz_seed("list", seed, size);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *config = place_path("out/.config"), *object = place_path("out/a.o"),
		       *list = place_path("out/ktstr-sources"), *code = place_path("linux/kernel/a.c");
	struct err e = { 0 };

	MUST(mkdir_p(AT_FDCWD, out, 0755, &e) == 0);
	place_put("out/.config", "x", 1);
	place_put("out/a.o", "x", 1);
	place_put("out/ktstr-sources", data, n);
	MUST(incremental_prepare(store, source, out, hex, &e) == 0);
	MUST(file_exists(list) && file_exists(code) && file_exists(config) == file_exists(object));
	return 0;
}
