/* fuzz_folder.c: any bytes as the list of sizes in a build folder, which may be anybody's. Files of the folder may go by it;
 * nothing outside of it does. */
#include "place.h"

#include "gen/graph/sizes.h"
#include "progress/log.h"

static const char *const files[] = { "folder/a", "folder/b/c", "outside", "there/d" };

static int dir = -1;
static struct timespec then;

/* The files as every input finds them, all of one time, and with a link that leads out. */
static void lay(void)
{
	auto_free char *path = place_path("folder"), *below = place_path("folder/b"), *out = place_path("folder/out");
	struct err e;

	MUST(rmtree(AT_FDCWD, path, &e) == 0);
	MUST(mkdir(path, 0755) == 0 && mkdir(below, 0755) == 0 && symlink("../there", out) == 0);
	for (size_t i = 0; i < countof(files); i++) {
		auto_free char *file = place_path(files[i]);

		place_put(files[i], "12345", 5);
		MUST(utimensat(AT_FDCWD, file, (const struct timespec[2]){ then, then }, 0) == 0);
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(dir >= 0);
}

static void seed(const char *name, const char *text)
{
	fuzz_seed(name, text, strlen(text));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	log_setup(LOG_QUIET, COLOR_NEVER);
	place_make("fuzz-folder");
	close(place_folder("there"));
	then = (struct timespec){ 1000000000, 5 };
	lay();
	sizes_record(dir);

	auto_free char *own = NULL, *boot = NULL;
	struct err e;

	MUST(file_read(dir, "sizes", 4096, &own, NULL, &e) == 0);
	seed("own", own);
	boot = xstrndup(own, strcspn(own, "\n"));
	auto_free char *lost = xasprintf("%s\n7 1000000000000000005 a\n7 1000000000000000005 b/c\nend\n", boot);
	auto_free char *link = xasprintf("%s\n7 1000000000000000005 out/d\n5 1 a/x\n5 1 b\nend\n", boot);

	seed("lost", lost);
	seed("link", link);
	close(dir);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *outside = place_path("outside"), *there = place_path("there/d");

	lay();
	place_put("folder/sizes", data, n);
	(void)sizes_check(dir, "folder");
	MUST(file_exists(outside) && file_exists(there));
	sizes_record(dir);
	MUST(sizes_check(dir, "folder"));
	close(dir);
	return 0;
}
