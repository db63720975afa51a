/* The frame around steps: what a step's process says, leaves and returns. The frame belongs to a program, not to a
 * library, so its source is part of this file; every call runs in a process of its own, as under ninja. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "step/frame.c"

static struct {
	const char *in, *text;
	bool fail, hang, fill, spoil;
} o;

static const struct opt demo_opts[] = {
	{ .name = "in", .type = OPT_STR, .out = &o.in, .arg = "FILE", .help = "input" },
	{ .name = "text", .type = OPT_STR, .out = &o.text, .arg = "TEXT", .help = "text" },
	{ .name = "fail", .type = OPT_FLAG, .out = &o.fail, .help = "fail" },
	{ .name = "hang", .type = OPT_FLAG, .out = &o.hang, .help = "hang" },
	{ .name = "spoil", .type = OPT_FLAG, .out = &o.spoil, .help = "change the input" },
	{ .name = "fill", .type = OPT_FLAG, .out = &o.fill, .help = "write more than fits" },
	{ 0 },
};

static int demo_recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	recipe_str(r, "text", o.text);
	return o.in ? recipe_file(r, "in", o.in, h, e) : 0;
}

static int demo_run(int dir, const char *path, struct err *e)
{
	auto_free char *same = xasprintf("%s/.", path);
	auto_free char *big = o.fill ? xcalloc(1, 8 << 20) : NULL;
	struct stat a, b;

	assert_int_equal(fstat(dir, &a) | stat(same, &b), 0);
	assert_true(a.st_ino == b.st_ino);
	step_progress(1, 2, "half");
	if (o.hang)
		return stop_poll(NULL, 0, -1, e);
	if (o.spoil && file_write(AT_FDCWD, o.in, "other", 5, e) < 0)
		return -1;
	if (o.fail)
		return err_set(e, X_BUILD, "cc failed");
	if (o.fill && file_write(dir, "big", big, 8 << 20, e) < 0)
		return -1;
	return file_write(dir, "result", o.text ? o.text : "none", o.text ? strlen(o.text) : 4, e) < 0 ? -1 : 0;
}

static const struct step stored = {
	.name = "demo", .format = 1, .summary = "a demo", .opts = demo_opts, .recipe = demo_recipe, .run = demo_run
};
static const struct step bumped = {
	.name = "demo", .format = 2, .summary = "a demo", .opts = demo_opts, .recipe = demo_recipe, .run = demo_run
};
static const struct step unstored = {
	.name = "free", .format = 1, .summary = "a demo", .opts = demo_opts, .run = demo_run
};

struct place {
	char *dir;
	struct events events;
	struct event last; /* of the last call: EV_DONE or EV_FAIL */
	unsigned starts, notes;
	char *stderr_text;
};

static int enter(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct err e;

	p->dir = tmpdir_make("test", &e);
	*state = p;
	if (!p->dir || events_open(&p->events, &e) < 0)
		return -1;
	setenv("KTSTR_EVENTS", p->events.name, 1);
	return chdir(p->dir);
}

static int leave(void **state)
{
	struct place *p = *state;
	struct err e;
	int rc = chdir("/") | rmtree(AT_FDCWD, p->dir, &e);

	events_close(&p->events);
	unsetenv("KTSTR_EVENTS");
	free(p->stderr_text);
	free(p->dir);
	free(p);
	return rc;
}

static void listen_to(struct place *p)
{
	struct event ev;

	while (events_next(&p->events, &ev) == 1) {
		p->starts += ev.kind == EV_START;
		p->notes += ev.kind == EV_PROGRESS;
		if (ev.kind == EV_DONE || ev.kind == EV_FAIL)
			p->last = ev;
	}
}

static pid_t start(const struct step *s, const char *const *args)
{
	int argc = 0;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	while (args[argc])
		argc++;
	if (!freopen("stderr", "w", stderr))
		_exit(99);
	_exit(step_main(s, argc, args));
}

/* The exit code; events and stderr are in *p afterwards. */
static int finish(struct place *p, pid_t pid)
{
	int status = 0;
	struct err e;

	for (pid_t done = 0; done == 0;) {
		struct pollfd fds[8];
		size_t n = events_poll(&p->events, fds, countof(fds));

		poll(fds, n, 10);
		listen_to(p);
		done = waitpid(pid, &status, WNOHANG);
	}
	listen_to(p);
	free(TAKE(p->stderr_text));
	assert_int_equal(file_read(AT_FDCWD, "stderr", 1 << 16, &p->stderr_text, NULL, &e), 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define call(p, s, ...) \
	finish(p, start(s, (const char *const[]){ "demo", "--store", "store", "--out", "out", "--id", "an id", \
						  ##__VA_ARGS__, NULL }))

static void assert_last(const struct place *p, enum event_kind kind, enum event_how how, const char *text)
{
	assert_int_equal(p->last.kind, kind);
	assert_int_equal(p->last.how, how);
	assert_string_equal(p->last.text, text);
	assert_string_equal(p->last.id, "an id");
}

/* Where it was made stands behind that. */
static void assert_found(const struct place *p)
{
	static const char found[] = "found in the store; made 20";

	assert_int_equal(p->last.kind, EV_DONE);
	assert_int_equal(p->last.how, HOW_CACHED);
	assert_memory_equal(p->last.text, found, sizeof(found) - 1);
	assert_string_equal(p->last.id, "an id");
}

static void assert_result(const char *expected)
{
	auto_free char *text = NULL;
	struct err e;

	assert_int_equal(file_read(AT_FDCWD, "out/result", 4096, &text, NULL, &e), 0);
	assert_string_equal(text, expected);
}

static void says_why_it_ran(void **state)
{
	struct place *p = *state;
	struct err e;

	assert_int_equal(call(p, &stored, "--text", "one"), 0);
	assert_last(p, EV_DONE, HOW_RAN, "first time");
	assert_int_equal(p->starts, 1);
	assert_int_equal(p->notes, 1);
	assert_result("one");
	assert_int_equal(call(p, &stored, "--text", "one"), 0);
	assert_found(p);
	assert_int_equal(p->notes, 1);

	assert_int_equal(call(p, &stored, "--text", "two"), 0);
	assert_last(p, EV_DONE, HOW_RAN, "  text: str one -> str two\n");
	assert_result("two");
	assert_int_equal(call(p, &stored, "--text", "one"), 0);
	assert_found(p);
	assert_result("one");

	assert_int_equal(call(p, &bumped, "--text", "one"), 0);
	assert_last(p, EV_DONE, HOW_RAN, "  demo: step 1 -> step 2\n");
	assert_int_equal(call(p, &bumped, "--text", "one", "--force"), 0);
	assert_last(p, EV_DONE, HOW_RAN, "forced");
	assert_int_equal(rmtree(AT_FDCWD, "store/objects", &e), 0);
	assert_int_equal(call(p, &bumped, "--text", "one"), 0);
	assert_last(p, EV_DONE, HOW_RAN, "equal recipe, but its result was not in the store");
	assert_string_equal(p->stderr_text, "");
}

static void inputs_count_by_content(void **state)
{
	struct place *p = *state;
	struct err e;

	assert_int_equal(file_write(AT_FDCWD, "a", "abc", 3, &e), 1);
	assert_int_equal(file_write(AT_FDCWD, "b", "abc", 3, &e), 1);
	assert_int_equal(call(p, &stored, "--in", "a"), 0);
	assert_last(p, EV_DONE, HOW_RAN, "first time");
	assert_int_equal(call(p, &stored, "--in", "b"), 0);
	assert_found(p);
	assert_int_equal(file_write(AT_FDCWD, "b", "abd", 3, &e), 1);
	assert_int_equal(call(p, &stored, "--in", "b"), 0);
	assert_int_equal(p->last.how, HOW_RAN);
	assert_int_equal(strncmp(p->last.text, "  in: file ba7816bf8f01… -> file ", 32), 0);
}

/* Nothing is kept, and nothing is said of what was there for a moment. */
static void inputs_that_change(void **state)
{
	struct place *p = *state;
	struct err e;

	for (int fails = 0; fails < 2; fails++) {
		assert_true(file_write(AT_FDCWD, "a", fails ? "abd" : "abc", 3, &e) >= 0);
		assert_int_equal(call(p, &stored, "--in", "a", "--spoil", fails ? "--fail" : NULL), X_NO_INPUT);
		assert_non_null(strstr(p->last.text, "a changed while it was in use"));
	}
	assert_int_equal(call(p, &stored, "--in", "a", "--fail"), X_BUILD);
}

static void failures_are_told(void **state)
{
	static const struct {
		const char *args[3];
		int code;
		const char *words;
	} cases[] = {
		{ { "--fail" }, X_BUILD, "cc failed" },
		{ { "--in", "missing" }, X_NO_INPUT, "missing" },
	};
	struct place *p = *state;
	struct stat st;

	for (size_t i = 0; i < countof(cases); i++) {
		for (int again = 0; again < 2; again++) {
			assert_int_equal(call(p, &stored, cases[i].args[0], cases[i].args[1]), cases[i].code);
			assert_int_equal(p->last.kind, EV_FAIL);
			assert_int_equal(p->last.code, cases[i].code);
			assert_non_null(strstr(p->last.text, cases[i].words));
			assert_int_equal(strncmp(p->stderr_text, "error: ", 7), 0);
			assert_non_null(strstr(p->stderr_text, p->last.text));
		}
		assert_int_equal(rmdir("store/drafts") | rmdir("store/locks"), 0);
	}
	assert_int_equal(stat("out/result", &st), -1);
}

static void usage_errors(void **state)
{
	static const char *const cases[][5] = {
		{ "demo", NULL },
		{ "demo", "--out", NULL },
		{ "demo", "--out", "out", "--no-such", NULL },
		{ "demo", "--out", "out", "word", NULL },
	};
	struct place *p = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(finish(p, start(&stored, cases[i])), X_USAGE);
		assert_int_equal(strncmp(p->stderr_text, "error: ", 7), 0);
	}
	assert_int_equal(p->starts, 0);
}

static void unstored_steps_run_each_time(void **state)
{
	struct place *p = *state;
	struct stat st;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(call(p, &unstored, "--text", "one"), 0);
		assert_last(p, EV_DONE, HOW_RAN, "runs each time");
		assert_result("one");
		assert_int_equal(unlink("out/result"), 0);
	}
	assert_int_equal(stat("out/recipe", &st), -1);
}

static void wait_for_draft(void)
{
	struct stat st;

	/* "." and ".." and the draft */
	while (stat("store/drafts", &st) < 0 || st.st_nlink < 3)
		usleep(1000);
}

static void stops_leave_nothing(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct place *p = *state;

	for (size_t i = 0; i < countof(signals); i++) {
		pid_t pid = start(&stored, (const char *const[]){ "demo", "--store", "store", "--out", "out", "--id",
								  "an id", "--hang", NULL });

		wait_for_draft();
		kill(pid, signals[i]);
		assert_int_equal(finish(p, pid), X_INTERRUPTED);
		assert_int_equal(p->last.code, X_INTERRUPTED);
		assert_int_equal(rmdir("store/drafts") | rmdir("store/locks"), 0);
	}
}

/* The generator dies: its steps end. */
static void cut_lifeline_stops(void **state)
{
	struct place *p = *state;
	pid_t pid = start(&stored, (const char *const[]){ "demo", "--store", "store", "--out", "out", "--hang", NULL });

	while (p->notes == 0) {
		struct pollfd fds[8];

		poll(fds, events_poll(&p->events, fds, countof(fds)), 100);
		listen_to(p);
	}
	events_close(&p->events);
	assert_int_equal(finish(p, pid), X_INTERRUPTED);
	assert_int_equal(rmdir("store/drafts"), 0);
}

static void nobody_listens(void **state)
{
	struct place *p = *state;

	events_close(&p->events);
	assert_int_equal(call(p, &stored), X_INTERRUPTED);
	unsetenv("KTSTR_EVENTS");
	assert_int_equal(call(p, &stored), 0);
}

static void full_disk(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdir("store", 0700), 0);
	if (mount("none", "store", "tmpfs", 0, "size=1m") < 0) {
		assert_true(errno == EPERM || errno == EACCES);
		print_message("# cannot mount a small tmpfs here\n");
		return;
	}
	int code = call(p, &stored, "--fill");
	int left = rmdir("store/drafts") | rmdir("store/locks");
	int small = call(p, &stored, "--text", "fits");
	umount("store");
	assert_int_equal(code, X_DISK_FULL);
	assert_int_equal(left, 0);
	assert_int_equal(small, 0);
}

static void unusable_store(void **state)
{
	struct place *p = *state;
	struct err e;

	assert_int_equal(file_write(AT_FDCWD, "store", "x", 1, &e), 1);
	assert_int_equal(call(p, &stored), X_STORE);
	assert_non_null(strstr(p->stderr_text, "KTSTR_STORE"));
	assert_int_equal(p->last.code, X_STORE);
}

static void long_texts_are_cut_whole(void **state)
{
	static const struct {
		size_t letters, expected;
	} cases[] = { { 10, 12 }, { 2044, 2046 }, { 2045, 2047 }, { 2046, 2046 }, { 2047, 2047 }, { 3000, 2047 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *text = xcalloc(1, cases[i].letters + 3);
		struct event ev;

		memset(text, 'x', cases[i].letters);
		strcat(text, "é");
		set_text(&ev, text);
		assert_int_equal(strlen(ev.text), cases[i].expected);
		assert_memory_equal(ev.text, text, cases[i].expected);
	}
}

#define in_place(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(says_why_it_ran),     in_place(inputs_count_by_content),
		in_place(inputs_that_change),  in_place(failures_are_told),
		in_place(usage_errors),        in_place(unstored_steps_run_each_time),
		in_place(stops_leave_nothing), in_place(cut_lifeline_stops),
		in_place(nobody_listens),      in_place(full_disk),
		in_place(unusable_store),      cmocka_unit_test(long_texts_are_cut_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
