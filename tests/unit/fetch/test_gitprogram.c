/* Git as a child: how long it is waited for, what it gets, and that nothing of it is left. A script stands in for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/stop.h"
#include "fetch/git/address.h"
#include "fetch/git/program.h"
#include "scratch.h"

/* From now on "git" is this script. */
static void stand_in(const char *dir, const char *script)
{
	auto_free char *text = xasprintf("#!/bin/sh\n%s\n", script);
	auto_free char *path = xasprintf("%s/git", dir);
	auto_free char *dirs = NULL;
	static char *before;

	if (!before)
		before = xstrdup(getenv("PATH"));
	scratch_text(dir, "git", text);
	chmod(path, 0755);
	dirs = xasprintf("%s:%s", dir, before);
	setenv("PATH", dirs, 1);
}

struct seen {
	unsigned progress;
	unsigned long done;
	char words[SAID_LINE];
};

static int on_progress(void *arg, const struct git_progress *p, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	s->progress++;
	s->done = p->done;
	return p->total == 13 ? err_set(e, X_DISK_FULL, "enough") : 0;
}

static void on_words(void *arg, const char *text)
{
	struct seen *s = arg;

	snprintf(s->words, sizeof(s->words), "%s", text);
}

/* Runs the stand-in as one that talks to a remote. */
static int talk(struct seen *s, char **text, struct err *e)
{
	static struct git_address a = { .shown = (char *)"git://h/x" };
	const struct git_how h = {
		.args = (const char *const[]){ "fetch", NULL },
		.remote = &a,
		.stall_ms = 300,
		.talk_ms = 1000,
		.max = 1000,
		.progress = on_progress,
		.words = on_words,
		.arg = s,
	};

	*s = (struct seen){ 0 };
	*e = (struct err){ 0 };
	return git_run(&h, text, NULL, e);
}

static void what_it_says(void **state)
{
	auto_free char *text = NULL;
	struct seen s;
	struct err e;

	stand_in(
		*state,
		"printf 'remote: one \\033[2J\\r\\nReceiving objects:  50%% (1/2)\\rReceiving objects: 100%% (2/2), done.\\n' >&2; "
		"echo answer");
	assert_int_equal(talk(&s, &text, &e), 0);
	assert_string_equal(text, "answer\n");
	assert_int_equal(s.progress, 2);
	assert_int_equal(s.done, 2);
	assert_string_equal(s.words, "remote: one  [2J");
}

static void how_it_fails(void **state)
{
	static const struct {
		const char *script;
		int code;
		const char *text;
	} cases[] = {
		{ "sleep 60", X_NETWORK, "git://h/x: silence for 0.3 s" },
		{ "exec >/dev/null 2>&1; sleep 60", X_NETWORK, "silence for 0.3 s" },
		{ "while :; do echo remote: x >&2; sleep 0.05; done", X_NETWORK, "nothing but words for 1 s" },
		{ "while :; do printf 'Receiving objects:  50%% (1/2)\\r' >&2; sleep 0.05; done", X_NETWORK,
		  "nothing but words for 1 s" },
		{ "yes", X_NETWORK, "more than 1000 bytes" },
		{ "yes | tr -d '\\n' >&2", X_NETWORK, "nothing but words for 1 s" },
		{ "exit 3", X_NETWORK, "exit status 3" },
		{ "kill -9 $$", X_NETWORK, "killed by SIGKILL" },
		{ "kill -PIPE $$", X_NETWORK, "does not speak git's protocol" },
		{ "printf 'Receiving objects:  50%% (1/13)\\r' >&2; sleep 60", X_DISK_FULL, "enough" },
		{ "echo 'fatal: could not fork' >&2; exit 128", X_NETWORK, "could not fork" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *text = NULL;
		long long start = now_ms();
		struct seen s;
		struct err e;

		stand_in(*state, cases[i].script);
		if (talk(&s, &text, &e) == 0)
			fail_msg("%s: no error", cases[i].script);
		if (e.code != cases[i].code || !strstr(e.msg, cases[i].text))
			fail_msg("%s: %d %s", cases[i].script, e.code, e.msg);
		assert_true(now_ms() - start < 20000);
	}
}

/* What it started is gone with it. */
static void nothing_is_left(void **state)
{
	auto_free char *script = xasprintf("sleep 1000 & echo $! >%s/pid; wait", (char *)*state);
	auto_free char *text = NULL, *pid = NULL;
	struct seen s;
	struct err e;
	long n;

	stand_in(*state, script);
	assert_true(talk(&s, &text, &e) < 0);
	auto_free char *path = xasprintf("%s/pid", (char *)*state);

	assert_int_equal(file_read(AT_FDCWD, path, 64, &pid, NULL, &e), 0);
	n = strtol(pid, NULL, 10);
	assert_true(n > 1);
	for (int i = 0; i < 100 && kill((pid_t)n, 0) == 0; i++)
		usleep(20000);
	auto_free char *stat = xasprintf("/proc/%ld/stat", n);
	auto_free char *what = NULL;

	/* Where nobody reaps orphans it stays as a zombie. */
	if (file_read(AT_FDCWD, stat, 4096, &what, NULL, &e) == 0)
		assert_non_null(strstr(what, ") Z "));
}

static void its_environment(void **state)
{
	auto_free char *text = NULL;
	struct seen s;
	struct err e;

	setenv("GIT_DIR", "/elsewhere", 1);
	setenv("GIT_INDEX_FILE", "/elsewhere", 1);
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "a.b", 1);
	setenv("GIT_CONFIG_VALUE_0", "c", 1);
	setenv("GIT_ALLOW_PROTOCOL", "https:ext", 1);
	stand_in(*state,
		 "echo $GIT_DIR,$GIT_INDEX_FILE,$GIT_CONFIG_COUNT,$GIT_ALLOW_PROTOCOL,$GIT_TERMINAL_PROMPT,$LC_ALL");
	assert_int_equal(talk(&s, &text, &e), 0);
	assert_string_equal(text, "/dev/null,,1,https:,0,C\n");
	unsetenv("GIT_DIR");
	unsetenv("GIT_INDEX_FILE");
	unsetenv("GIT_CONFIG_COUNT");
	unsetenv("GIT_ALLOW_PROTOCOL");
}

static void without_git(void **state)
{
	auto_free char *text = NULL;
	auto_free char *before = xstrdup(getenv("PATH"));
	struct seen s;
	struct err e;

	setenv("PATH", *state, 1);
	assert_true(talk(&s, &text, &e) < 0);
	setenv("PATH", before, 1);
	assert_int_equal(e.code, X_NO_TOOL);
	assert_non_null(strstr(e.msg, "apt-get install git"));
}

static void pipe_that_ends(void **state)
{
	const struct git_how h = { .args = (const char *const[]){ "cat-file", NULL } };
	struct git_pipe p;
	struct err e = { 0 };
	char line[16];

	stand_in(*state, "read -r x; echo \"<$x>\"; echo 'fatal: broken' >&2; exit 1");
	assert_int_equal(git_pipe_open(&p, &h, &e), 0);
	assert_int_equal(git_pipe_send(&p, "a\n", 2, &e), 0);
	assert_int_equal(git_pipe_line(&p, '\n', line, sizeof(line), &e), 3);
	assert_string_equal(line, "<a>");
	assert_true(git_pipe_line(&p, '\n', line, sizeof(line), &e) < 0);
	assert_int_equal(e.code, X_BAD_ARCHIVE);
	assert_non_null(strstr(e.msg, "broken"));
	git_pipe_close(&p);
	stand_in(*state, "yes | tr -d '\\n'");
	assert_int_equal(git_pipe_open(&p, &h, &e), 0);
	assert_true(git_pipe_line(&p, '\n', line, sizeof(line), &e) < 0);
	git_pipe_close(&p);
}

/* The real one, and a server that accepts and says nothing; the kernel does that for a socket nobody looks after. */
static void silent_server(void **state)
{
	static const char *const forms[] = { "git://127.0.0.1:%d/x", "http://127.0.0.1:%d/x" };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	for (size_t i = 0; i < countof(forms); i++) {
		auto_free char *url = xasprintf(forms[i], ntohs(a.sin_port));
		auto_git_address struct git_address there = { 0 };
		struct err e = { 0 };
		long long start = now_ms();

		assert_int_equal(git_address(&there, url, &e), 0);
		const struct git_how h = {
			.args = (const char *const[]){ "ls-remote", "--", there.shown, NULL },
			.remote = &there,
			.stall_ms = 400,
			.max = 1000,
		};
		assert_true(git_run(&h, NULL, NULL, &e) < 0);
		assert_int_equal(e.code, X_NETWORK);
		assert_non_null(strstr(e.msg, "silence for 0.4 s"));
		assert_in_range(now_ms() - start, 390, 10000);
	}
	close(fd);
}

int main(void)
{
	/* silent_server first: it wants the real git. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent_server), in_scratch(what_it_says),    in_scratch(how_it_fails),
		in_scratch(nothing_is_left),     in_scratch(its_environment), in_scratch(without_git),
		in_scratch(pipe_that_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
