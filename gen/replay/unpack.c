#include "gen/replay/packed.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/room.h"
#include "bundle/bundle.h"
#include "gen/replay/again.h"
#include "gen/replay/head.h"
#include "progress/log.h"
#include "scenario/scenario.h"
#include "scenario/text/line.h"
#include "text/argv.h"

#define BYTES_PER_MB ((uint64_t)1 << 20)

enum { RUN_MAX = 256 << 20 };

/* A bundle unpacked: what of it is somebody else's word has been looked at. */
struct unpacked {
	char *dir; /* of all of it; ours */
	struct packed_head head;
};

static void unpacked_free(struct unpacked *u)
{
	struct err ignored;

	if (u->dir)
		(void)rmtree(AT_FDCWD, u->dir, &ignored);
	free(u->dir);
	packed_head_free(&u->head);
}
#define auto_unpacked __attribute__((unused, cleanup(unpacked_free)))

/* Before anything is written. */
static int check_room(const struct unpacked *u, const char *path, uint64_t most_mb, struct err *e)
{
	uint64_t mb = u->head.bytes / BYTES_PER_MB + (u->head.bytes % BYTES_PER_MB != 0);
	uint64_t room;

	if (mb > most_mb)
		return err_set(e, X_BAD_ARCHIVE,
			       "%s unpacks to %" PRIu64 " MB, and no more than %" PRIu64
			       " MB are taken; --unpack-mb N takes more",
			       path, mb, most_mb);
	if (room_at(u->dir, &room) && room < u->head.bytes)
		return err_set(e, X_DISK_FULL,
			       "%s unpacks to %" PRIu64
			       " MB, and there is no such room in %s; TMPDIR names another folder",
			       path, mb, u->dir);
	return 0;
}

/* Nothing of this machine is to get into a guest by somebody else's text. */
static int check_text(const struct unpacked *u, struct err *e)
{
	auto_free char *path = xasprintf("%s/test.ktstr", u->dir), *text = NULL;
	auto_free char *want = u->head.scheduler ? xasprintf("./bin/%s", u->head.scheduler) : NULL;
	struct scenario s = { 0 };
	struct scenario_error why = { 0 };
	size_t n;

	if (file_read(AT_FDCWD, path, SCENARIO_TEXT_MAX, &text, &n, e) < 0)
		return -1;
	bool ok = scenario_parse(&s, text, n, &why) == SCENARIO_OK && !s.functions.text &&
		  s.clock == SCENARIO_VIRTUAL && !s.scheduler.n == !want &&
		  (!want || !strcmp(s.scheduler.at[0].text, want));

	for (size_t i = 0; ok && i < s.n_lines; i++)
		ok = s.lines[i].kind != LINE_PROGRAM;
	scenario_free(&s);
	return ok ? 0 : packed_bad("its scenario", e);
}

static int move(const struct unpacked *u, const char *from, const char *to, struct err *e)
{
	auto_free char *a = xasprintf("%s/%s", u->dir, from), *b = xasprintf("%s/%s", u->dir, to);

	return rename(a, b) < 0 ? err_sys(e, "unpack %s", to) : 0;
}

/* As a kernel cache, a program and a scenario beside it. */
static int arrange(const struct unpacked *u, const bool there[BUNDLE_PARTS], struct err *e)
{
	static const enum bundle_part parts[] = { BUNDLE_META, BUNDLE_BZIMAGE, BUNDLE_IMAGE, BUNDLE_VMLINUX,
						  BUNDLE_CONFIG };
	auto_free char *kernel = xasprintf("%s/kernels/%s", u->dir, u->head.kernel), *bin = xasprintf("%s/bin", u->dir),
		       *file = xasprintf("%s.ktstr", u->head.test),
		       *program = xasprintf("bin/%s", u->head.scheduler ? u->head.scheduler : "");

	if (there[BUNDLE_SCHEDULER] != !!u->head.scheduler)
		return packed_bad("its scheduler", e);
	if (mkdir_p(AT_FDCWD, kernel, 0755, e) < 0 || mkdir_p(AT_FDCWD, bin, 0755, e) < 0)
		return -1;
	for (size_t i = 0; i < countof(parts); i++) {
		const char *name = strrchr(bundle_names[parts[i]], '/') + 1;
		auto_free char *to = xasprintf("kernels/%s/%s", u->head.kernel, name);

		if (there[parts[i]] && move(u, name, to, e) < 0)
			return -1;
	}
	if (u->head.scheduler && move(u, "scheduler", program, e) < 0)
		return -1;
	return !strcmp(file, "test.ktstr") ? 0 : move(u, "test.ktstr", file, e);
}

static int unpack(struct unpacked *u, const char *path, uint64_t most_mb, struct err *e)
{
	auto_free char *head = NULL;
	bool there[BUNDLE_PARTS];
	size_t n;

	if (bundle_head(path, &head, &n, e) < 0 || packed_head_read(&u->head, head, n, e) < 0)
		return -1;
	if (!(u->dir = tmpdir_make("bundle", e)))
		return -1;
	auto_close int dir = open(u->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(e, "open %s", u->dir);
	if (check_room(u, path, most_mb, e) < 0 || bundle_read(path, dir, u->head.bytes, there, e) < 0 ||
	    check_text(u, e) < 0)
		return -1;
	return arrange(u, there, e);
}

bool packed_is(const char *path)
{
	static const unsigned char zstd[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char head[sizeof(zstd)];

	return fd >= 0 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) && !memcmp(head, zstd, sizeof(zstd));
}

static int compare(const struct unpacked *u, const char *dir, struct err *e)
{
	auto_free char *was = xasprintf("%s/run.json", u->dir),
		       *is = xasprintf("%s/seed-%" PRIu64 "/run.json", dir, u->head.seed), *a = NULL, *b = NULL;
	size_t n, m;

	if (file_read(AT_FDCWD, was, RUN_MAX, &a, &n, e) < 0 || file_read(AT_FDCWD, is, RUN_MAX, &b, &m, e) < 0)
		return -1;
	return n != m || memcmp(a, b, n) != 0;
}

int packed_run(const char *path, uint64_t most_mb, struct err *e)
{
	auto_unpacked struct unpacked u = { 0 };
	auto_argv struct argv words = { 0 };
	auto_free char *dir = NULL;

	if (unpack(&u, path, most_mb, e) < 0)
		return -1;
	auto_free char *cache = xasprintf("KTSTR_CACHE_DIR=%s/kernels", u.dir);

	argv_fmt(&words, "%s/%s.ktstr", u.dir, u.head.test);
	argv_opt(&words, "--kernel", "%s", u.head.kernel);
	argv_opt(&words, "--seed", "%" PRIu64, u.head.seed);
	argv_add(&words, "--no-build");
	if (u.head.scheduler)
		argv_opt(&words, "--payload", "%s/payload.pack", u.dir);
	if (u.head.options.n)
		argv_addv(&words, (const char *const *)u.head.options.v);
	log_info("%s: %s with seed %" PRIu64 " on kernel %s", path, u.head.test, u.head.seed, u.head.kernel);
	dir = again_words(&words, NULL, cache, e);
	return dir ? compare(&u, dir, e) : -1;
}
