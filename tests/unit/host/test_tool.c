/* Programs known by who they are: exchanged, wrapped, not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "host/tool.h"
#include "scratch.h"

static void program(const char *dir, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	scratch_text(dir, name, text);
	assert_int_equal(chmod(path, 0755), 0);
}

static void programs(void **state)
{
	const char *dir = *state;
	auto_free char *path = xasprintf("%s/a:%s/b:/none", dir, dir), *link = xasprintf("%s/b/called", dir);
	auto_free char *before = NULL, *wrapped = NULL, *exchanged = NULL, *none = NULL, *linked = NULL;

	program(dir, "b/tool", "one");
	scratch_text(dir, "a/other", "");
	assert_int_equal(setenv("PATH", path, 1), 0);
	before = tool_facts("tool");
	assert_non_null(strstr(before, "/b/tool 3 "));
	program(dir, "a/tool", "wrapper");
	wrapped = tool_facts("tool");
	assert_non_null(strstr(wrapped, "/a/tool 7 "));
	assert_non_null(strstr(wrapped, before));
	/* Behind a wrapper, with the same size. */
	usleep(20000);
	program(dir, "b/tool", "two");
	exchanged = tool_facts("tool");
	assert_string_not_equal(exchanged, wrapped);
	assert_int_equal(symlink("tool", link), 0);
	linked = tool_facts("called");
	assert_non_null(strstr(linked, "/b/tool 3 "));
	none = tool_facts("no-such-tool");
	assert_string_equal(none, "");
}

/* What a script starts lies elsewhere. */
static void script(void **state)
{
	const char *dir = *state;
	auto_free char *path = xasprintf("%s/a:/usr/bin:/bin", dir),
		       *text = xasprintf("#!/bin/sh\nexec cat %s/version\n", dir);
	auto_free char *before = NULL, *after = NULL, *failing = NULL;

	program(dir, "a/tool", text);
	scratch_text(dir, "version", "tool 1\n");
	assert_int_equal(setenv("PATH", path, 1), 0);
	before = tool_facts("tool");
	assert_non_null(strstr(before, "\nsays tool 1\n"));
	scratch_text(dir, "version", "tool 2\n");
	after = tool_facts("tool");
	assert_non_null(strstr(after, "\nsays tool 2\n"));
	program(dir, "a/tool", "#!/bin/sh\nexit 3\n");
	failing = tool_facts("tool");
	assert_non_null(strstr(failing, "\nsays -\n"));
}

static void devices(void **state)
{
	auto_free char *null = tool_facts("/dev/null"), *none = tool_facts("/dev/no such device");

	(void)state;
	assert_memory_equal(null, "/dev/null ", 10);
	assert_non_null(strstr(null, " ours\n"));
	assert_string_equal(none, "/dev/no such device none\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(programs),
		in_scratch(script),
		cmocka_unit_test(devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
