#include "gen/complete/commands.h"

#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "text/name.h"
#include "store/store.h"
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

enum { COMMANDS_MAX = 256 << 20, OBJECTS_HEX = 16 };

/* Its objects lie in a folder named after the tree (runtime/step/fetch/kernel_build.c). */
static bool is_of(const char *commands, const char *tree)
{
	char hex[NAME_LEN + 1];

	name_hex(tree, strlen(tree), hex);
	auto_free char *objects = xasprintf("/trees/%.16s-", hex);

	return strstr(commands, objects);
}

static int copy(const char *made, const char *tree, struct err *e)
{
	auto_free char *there = xasprintf("%s/compile_commands.json", tree);
	auto_free char *text = NULL;
	size_t n;

	return file_read(AT_FDCWD, made, COMMANDS_MAX, &text, &n, e) < 0 || file_write(AT_FDCWD, there, text, n, e) < 0
		       ? -1
		       : 0;
}

/* Of the folders with objects of that tree, the one made last. Caller frees; NULL: none. */
static char *newest(const char *trees, const char *hex)
{
	DIR *d = opendir(trees);
	char *found = NULL;
	time_t when = 0;

	for (const struct dirent *ent; d && (ent = readdir(d));) {
		bool links = strstr(ent->d_name, "-links");
		auto_free char *file =
			xasprintf("%s/%s%s/compile_commands.json", trees, ent->d_name, links ? "/ktstr-out" : "");
		struct stat st;

		if (strncmp(ent->d_name, hex, OBJECTS_HEX) != 0 || ent->d_name[OBJECTS_HEX] != '-' ||
		    stat(file, &st) < 0 || (found && st.st_mtime <= when))
			continue;
		free(found);
		found = TAKE(file);
		when = st.st_mtime;
	}
	if (d)
		closedir(d);
	return found;
}

void commands_restore(const char *tree)
{
	auto_free char *there = xasprintf("%s/compile_commands.json", tree);
	struct err why = { 0 };
	auto_store struct store st = { .dir = -1 };
	char hex[NAME_LEN + 1];

	if (file_exists(there) || store_open(&st, NULL, &why) < 0)
		return;
	auto_free char *trees = xasprintf("%s/trees", st.path);

	name_hex(tree, strlen(tree), hex);
	auto_free char *made = newest(trees, hex);

	if (!made)
		log_note(
			"no compile_commands.json for %s: its kernel was there, and nothing in the store is left of a build of "
			"that tree; --force of kernel build and --make of test make one",
			tree);
	else if (copy(made, tree, &why) < 0)
		log_note("compile_commands.json is %s and not in the tree: %s", made, why.msg);
}

void commands_place(const char *build, const char *tree)
{
	auto_free char *made = xasprintf("%s/compile_commands.json", build);
	auto_free char *there = xasprintf("%s/compile_commands.json", tree);
	auto_free char *text = NULL;
	struct err why;
	size_t n;

	if (!file_exists(made))
		return;
	if (file_read(AT_FDCWD, made, COMMANDS_MAX, &text, &n, &why) == 0 && !is_of(text, tree)) {
		log_note(
			"no compile_commands.json for %s: an equal tree elsewhere was built, and its paths are other ones; "
			"--force of kernel build and --make of test make one",
			tree);
		return;
	}
	if (!text || file_write(AT_FDCWD, there, text, n, &why) < 0)
		log_note("compile_commands.json is %s and not in the tree: %s", made, why.msg);
}
