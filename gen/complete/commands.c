#include "gen/complete/commands.h"

#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "store/recipe.h"

enum { COMMANDS_MAX = 256 << 20 };

/* Its objects lie in a folder named after the tree (runtime/step/fetch/kernel_build.c). */
static bool is_of(const char *commands, const char *tree)
{
	char hex[KEY_LEN + 1];

	hash_hex(tree, strlen(tree), hex);
	auto_free char *objects = xasprintf("/trees/%.16s-", hex);

	return strstr(commands, objects);
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
			"--force makes one",
			tree);
		return;
	}
	if (!text || file_write(AT_FDCWD, there, text, n, &why) < 0)
		log_note("compile_commands.json is %s and not in the tree: %s", made, why.msg);
}
