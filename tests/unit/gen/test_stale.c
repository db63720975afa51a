#include "gen/graph/folder.h"
#include "gen/graph/plan.h"
#include "gen/graph/sizes.h"
#include "gen/graph/stale.h"
#include "scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	struct folder b;
	struct plan p;
	struct edge *kernel, *payload, *cell, *forced;
};

/* In the scratch folder: in/a/image, a build folder with everything made, and its plan. */
static struct place open_place(const char *dir)
{
	struct place x = { .b = FOLDER_NONE };

	scratch_text(dir, "in/a/image", "one");
	scratch_text(dir, "in/b/image", "two");
	scratch_text(dir, "out/tools/qemu", "qemu 1");
	plan_init(&x.p, "test");
	x.kernel = plan_edge(&x.p, "bootable", "kernel");
	edge_in(x.kernel, "%s/in/a/image", dir);
	edge_out(x.kernel, "kernel");
	x.payload = plan_edge(&x.p, "payload", "payload");
	edge_in(x.payload, "%s/in/a/image", dir);
	edge_out(x.payload, "pack");
	x.payload->always = true;
	x.cell = plan_edge(&x.p, "verify", "cell");
	edge_in(x.cell, "kernel");
	edge_needs(x.cell, "tools/qemu");
	edge_out(x.cell, "cell");
	x.forced = plan_edge(&x.p, "verify", "forced");
	edge_in(x.forced, "kernel");
	edge_out(x.forced, "forced");
	x.b.path = xasprintf("%s/out", dir);
	x.b.dir = open(x.b.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return x;
}

static void close_place(struct place *x)
{
	plan_free(&x->p);
	folder_release(&x->b);
}

/* What stays of "kernel pack cell forced" when all are there, as a letter each. */
static const char *left(struct place *x)
{
	static const char *const outs[] = { "kernel", "pack", "cell", "forced" };
	static char letters[8];
	char *at = letters;

	for (size_t i = 0; i < countof(outs); i++)
		scratch_text(x->b.path, outs[i], "made");
	stale_forget(&x->b, &x->p);
	for (size_t i = 0; i < countof(outs); i++)
		if (faccessat(x->b.dir, outs[i], F_OK, 0) == 0)
			*at++ = *outs[i];
	*at = '\0';
	return letters;
}

static void move(const char *dir, const char *from, const char *to)
{
	auto_free char *a = xasprintf("%s/%s", dir, from), *b = xasprintf("%s/%s", dir, to);

	assert_int_equal(rename(a, b), 0);
}

static void exchange(const char *dir, const char *a, const char *b)
{
	move(dir, a, "aside");
	move(dir, b, a);
	move(dir, "aside", b);
}

/* Nothing of the file that comes is younger than what was made: neither its times nor its ctime, and a link has no part in it. */
static void another_file(void **state)
{
	const char *dir = *state;
	struct place x = open_place(dir);

	assert_string_equal(left(&x), "pf"); /* nothing is known yet */
	assert_string_equal(left(&x), "kpcf");
	exchange(dir, "in/a", "in/b");
	assert_string_equal(left(&x), "pcf");
	assert_string_equal(left(&x), "kpcf");
	exchange(dir, "in/a", "in/b");
	assert_string_equal(left(&x), "pcf");
	auto_free char *a = xasprintf("%s/in/a", dir);

	move(dir, "in/a", "in/c");
	assert_int_equal(symlink("b", a), 0);
	assert_string_equal(left(&x), "pcf");
	assert_string_equal(left(&x), "kpcf");
	/* Back from one that was not there. */
	assert_int_equal(unlink(a), 0);
	assert_string_equal(left(&x), "pcf");
	assert_string_equal(left(&x), "kpcf");
	move(dir, "in/c", "in/a");
	assert_string_equal(left(&x), "pcf");
	close_place(&x);
}

static void same_size_and_time(void **state)
{
	const char *dir = *state;
	struct place x = open_place(dir);
	auto_free char *image = xasprintf("%s/in/a/image", dir);
	struct stat st;

	(void)left(&x);
	assert_int_equal(stat(image, &st), 0);
	auto_close int fd = open(image, O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(fd, "six", 3), 3);
	const struct timespec times[] = { st.st_atim, st.st_mtim };

	assert_int_equal(futimens(fd, times), 0);
	assert_string_equal(left(&x), "pcf");
	close_place(&x);
}

static void other_tool(void **state)
{
	const char *dir = *state;
	struct place x = open_place(dir);

	(void)left(&x);
	scratch_text(dir, "out/tools/qemu", "qemu 2");
	assert_string_equal(left(&x), "kpf");
	assert_string_equal(left(&x), "kpcf");
	x.forced->again = true;
	assert_string_equal(left(&x), "kpc");
	close_place(&x);
}

static void damaged_list(void **state)
{
	static const char *const lists[] = { "", "ktstr inputs 1\n", "ktstr inputs 2\n1 2 3 4 5\tx\n", "\n\n\t\n",
					     "ktstr inputs 1\n\t\n\t" };
	const char *dir = *state;
	struct place x = open_place(dir);

	(void)left(&x);
	for (size_t i = 0; i < countof(lists); i++) {
		scratch_text(x.b.path, "inputs", lists[i]);
		assert_string_equal(left(&x), "pf");
		assert_string_equal(left(&x), "kpcf");
	}
	/* Cut off within a line. */
	auto_free char *list = xasprintf("%s/inputs", x.b.path);
	struct stat st;

	assert_int_equal(stat(list, &st), 0);
	for (off_t n = st.st_size - 2; n >= 0; n--) {
		assert_int_equal(truncate(list, n), 0);
		assert_true(strlen(left(&x)) < 4);
	}
	close_place(&x);
}

/* What was made before the clock was set back is younger than what is changed after. */
static void clock_set_back(void **state)
{
	const char *dir = *state;
	struct place x = open_place(dir);
	const struct timespec ahead[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) + 3600 } };

	(void)left(&x);
	(void)left(&x);
	scratch_text(x.b.path, ".ninja_log", "log");
	sizes_record(x.b.dir);
	assert_true(sizes_check(x.b.dir, x.b.path));
	assert_int_equal(utimensat(x.b.dir, "cell", ahead, 0), 0);
	sizes_record(x.b.dir);
	assert_false(sizes_check(x.b.dir, x.b.path));
	assert_int_not_equal(faccessat(x.b.dir, "cell", F_OK, 0), 0);
	assert_int_equal(faccessat(x.b.dir, "kernel", F_OK, 0), 0);
	assert_int_not_equal(faccessat(x.b.dir, ".ninja_log", F_OK, 0), 0);
	close_place(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(another_file), in_scratch(same_size_and_time), in_scratch(other_tool),
		in_scratch(damaged_list), in_scratch(clock_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
