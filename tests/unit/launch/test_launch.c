/* test_launch.c: words of launchers, jobs on their way, and lines that come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "launch/command.h"
#include "launch/job.h"
#include "launch/line.h"

static char *filled(const char *text, const char *step)
{
	auto_launcher struct launcher l = { 0 };
	auto_argv struct argv a = { 0 };
	struct err e = { 0 };

	if (launcher_parse(&l, text, &e) < 0)
		return xasprintf("error: %s", e.msg);
	const struct argv *words = launcher_for(&l, step);

	if (!words)
		return xstrdup("none");
	launcher_fill(&a, words, step, 4, 1280);
	char *line = xstrdup("");

	for (size_t i = 0; i < a.n; i++) {
		char *more = xasprintf("%s[%s]", line, a.v[i]);

		free(line);
		line = more;
	}
	return line;
}

static void words(void **state)
{
	static const struct {
		const char *text, *step, *is;
	} cases[] = {
		{ "srun -n1 -c{cpus} --mem={mem_mb}M", "run", "[srun][-n1][-c4][--mem=1280M]" },
		{ "  ssh\t'a b'\"c\\\"d\"\\ e '' ", "run", "[ssh][a bc\"d e][]" },
		{ "a '$(b)' `c`; |d", "run", "[a][$(b)][`c`;][|d]" },
		{ "'\\' \"a\\b\"", "run", "[\\][ab]" },
		{ "x {step}{step} {} {a {A} }", "verify", "[x][verifyverify][{}][{a][{A}][}]" },
		{ "srun\nkernel-build=big -c{cpus}\n\nsnapshot=\n", "run", "[srun]" },
		{ "srun\nkernel-build=big -c{cpus}\n\nsnapshot=\n", "kernel-build", "[big][-c4]" },
		{ "srun\nkernel-build=big -c{cpus}\n\nsnapshot=\n", "snapshot", "none" },
		{ "kernel-build=big", "run", "none" },
		{ "x=y run", "run", "[x=y][run]" },
		{ "", "run", "none" },
		{ "  ", "run", "none" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *is = filled(cases[i].text, cases[i].step);

		assert_string_equal(is, cases[i].is);
	}
}

static void bad_words(void **state)
{
	static const char *const cases[] = { "ssh 'a", "ssh \"a", "srun {cpu}", "a\nb", "run=a\nrun=b" };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_launcher struct launcher l = { 0 };
		struct err e = { 0 };

		assert_int_equal(launcher_parse(&l, cases[i], &e), -1);
		assert_int_equal(e.code, X_USAGE);
	}
}

static bool same(const struct argv *a, const struct argv *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; equal && i < a->n; i++)
		equal = !strcmp(a->v[i], b->v[i]);
	return equal;
}

static void jobs(void **state)
{
	auto_job struct job j = { .folder = xstrdup("/a b/\nc") }, got = { 0 };
	struct err e = { 0 };
	size_t n;

	(void)state;
	setenv("SLURM_JOB_ID", "7", 1);
	setenv("KTSTR_LAUNCHER", "x", 1);
	setenv("A_NAME", "a\nb=c", 1);
	job_environment(&j);
	argv_add(&j.words, "run");
	argv_add(&j.words, "");
	argv_add(&j.words, "--x='$y'\n");
	auto_free char *text = job_write(&j, &n);
	char *body = strchr(text, '\n') + 1;

	body[-1] = '\0';
	size_t body_n = job_header(text);

	assert_int_equal(body_n, n - (size_t)(body - text));
	assert_int_equal(job_parse(&got, body, body_n, &e), 0);
	assert_string_equal(got.folder, j.folder);
	assert_true(same(&got.words, &j.words) && same(&got.env, &j.env));
	bool found = false;

	for (size_t i = 0; i < got.env.n; i++) {
		found |= !strcmp(got.env.v[i], "A_NAME=a\nb=c");
		assert_true(strncmp(got.env.v[i], "SLURM", 5) != 0 && strncmp(got.env.v[i], "KTSTR_LAUNCHER", 14) != 0);
	}
	assert_true(found);
	/* Cut anywhere it is none, or has fewer words. */
	for (size_t i = 0; i < body_n; i++) {
		auto_job struct job cut = { 0 };

		if (job_parse(&cut, body, i, &e) == 0)
			assert_true(cut.words.n && cut.words.n < j.words.n);
	}
}

static void bad_jobs(void **state)
{
	static const char *const headers[] = { "",
					       "ktstr-job 2 5",
					       "ktstr-job 1 ",
					       "ktstr-job 1 5x",
					       "ktstr-job 1 -5",
					       "ktstr-job 1 99999999999999",
					       "ktstr-job 1 900000000" };
	static const struct {
		const char *body;
		size_t n;
	} bodies[] = { { "", 0 },
		       { "/", 2 },
		       { "x\0000\0run", 8 },
		       { "/\0001\0run", 8 },
		       { "/\0-1\0run", 9 },
		       { "/\0009999999\0run", 14 },
		       { "/\0000", 4 },
		       { "/\0001\0=x\0run", 11 } };

	(void)state;
	for (size_t i = 0; i < countof(headers); i++)
		assert_int_equal(job_header(headers[i]), 0);
	for (size_t i = 0; i < countof(bodies); i++) {
		auto_job struct job j = { 0 };
		struct err e = { 0 };

		assert_int_equal(job_parse(&j, bodies[i].body, bodies[i].n, &e), -1);
	}
}

static void lines(void **state)
{
	struct line l = { .kind = LINE_EVENT,
			  .event = { .kind = EV_NOTE, .id = "run \\0 x", .text = "two\nlines\r\\n" } },
		    got;
	auto_free char *text = line_write(&l);

	(void)state;
	assert_true(text[strlen(text) - 1] == '\n' && strchr(text, '\n') == text + strlen(text) - 1);
	text[strlen(text) - 1] = '\0';
	line_read(&got, text);
	assert_int_equal(got.kind, LINE_EVENT);
	assert_string_equal(got.event.id, l.event.id);
	assert_string_equal(got.event.text, l.event.text);
	/* Through a terminal. */
	line_read(&got, "ktstr-launch end 130\r");
	assert_int_equal(got.kind, LINE_END);
	assert_int_equal(got.code, 130);
	line_read(&got, "ktstr-launch begin");
	assert_int_equal(got.kind, LINE_BEGIN);
	static const char *const others[] = { "",
					      "srun: job 7 queued",
					      "ktstr-launch",
					      "ktstr-launch ",
					      "ktstr-launch end",
					      "ktstr-launch end 256",
					      "ktstr-launch end -1",
					      "ktstr-launch end 1x",
					      "ktstr-launch event ",
					      "ktstr-launch event note\\0x\\0y",
					      "ktstr-launch event note\\0x\\0y\\0\\",
					      "ktstr-launch event note\\0x\\0y\\0\\q" };

	for (size_t i = 0; i < countof(others); i++) {
		line_read(&got, others[i]);
		assert_int_equal(got.kind, LINE_OTHER);
	}
	auto_free char *long_one = xcalloc(9000, 1);

	memset(long_one, 'x', 8999);
	memcpy(long_one, "ktstr-launch event ", 19);
	line_read(&got, long_one);
	assert_int_equal(got.kind, LINE_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),    cmocka_unit_test(bad_words), cmocka_unit_test(jobs),
		cmocka_unit_test(bad_jobs), cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
