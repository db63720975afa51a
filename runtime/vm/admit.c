#include "vm/admit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cpus.h"
#include "base/env.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "vm/machine.h"

enum {
	TURN = 0, /* bytes of the file: held by who is next */
	CPUS_AT = 1 << 20,
	MEMORY_AT = 1 << 21,
	UNIT_MB = 64,
	CPUS_MAX = CPUS_AT,
	ASK_AGAIN_MS = 50,
	TELL_MS = 500,
};
#define MB_MAX (1ull << 36)

/* What is given is rounded up, what there is down. */
static uint64_t units(uint64_t mb)
{
	return (mb + UNIT_MB - 1) / UNIT_MB;
}

int admit_room(struct admit_size *room, struct err *e)
{
	static const char cpus[] = "CPUs for all guests together", mb[] = "MB for all guests together";

	if (env_u64("KTSTR_GUEST_CPUS", cpus, cpus_usable(), 1, CPUS_MAX, &room->cpus, e) < 0)
		return -1;
	return env_u64("KTSTR_GUEST_MB", mb, memory_usable() >> 20, 1, MB_MAX, &room->mb, e);
}

int admit_ask(struct admit_size *ask, const struct machine *m, const struct admit_size *room, struct err *e)
{
	unsigned vcpus = machine_takes_turns(m) ? 1 : topology_cpus(&m->topo);

	*ask = (struct admit_size){ vcpus < room->cpus ? vcpus : room->cpus, m->memory_mb + ADMIT_QEMU_MB };
	if (units(ask->mb) <= room->mb / UNIT_MB)
		return 0;
	return err_set(e, X_USAGE,
		       "a guest of %u MB, and %d for QEMU, do not fit into the %" PRIu64
		       " MB there are for guests (KTSTR_GUEST_MB can say otherwise)",
		       m->memory_mb, ADMIT_QEMU_MB, room->mb);
}

/* ---- the file */

/* Where all processes of a user meet: a file that nobody else can lock bytes of. In a store, which users may share, each has one. */
static char *file(struct err *e)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (runtime && *runtime == '/' && stat(runtime, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
		return xasprintf("%s/ktstr/guests", runtime);
	auto_free char *store = cache_path("KTSTR_STORE", "store", e);

	return store ? xasprintf("%s/guests.%u", store, geteuid()) : NULL;
}

static int open_file(int *fd, struct err *e)
{
	auto_free char *path = file(e);
	auto_free char *dir = path ? xstrndup(path, (size_t)(strrchr(path, '/') - path)) : NULL;

	if (!dir || mkdir_p(AT_FDCWD, dir, 0700, e) < 0)
		return -1;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *fd < 0 ? err_sys(e, "open %s", path) : 0;
}

static struct flock bytes(short type, uint64_t at, uint64_t n)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = (off_t)n };
}

enum { TAKEN = 0, BUSY = 1 };

static int take(int fd, uint64_t at, uint64_t n, struct err *e)
{
	struct flock l = bytes(F_WRLCK, at, n);

	if (fcntl(fd, F_OFD_SETLK, &l) == 0)
		return TAKEN;
	return errno == EAGAIN || errno == EACCES || errno == EINTR ? BUSY
								    : err_sys(e, "lock a guest's share of the host");
}

static void give_back(int fd, uint64_t at, uint64_t n)
{
	struct flock l = bytes(F_UNLCK, at, n);

	(void)fcntl(fd, F_OFD_SETLK, &l);
}

/* ---- what is free */

struct spans {
	struct {
		uint64_t at, n;
	} * v;
	size_t n;
	uint64_t total;
};

static void spans_add(struct spans *s, uint64_t from, uint64_t to)
{
	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n].at = from;
	s->v[s->n++].n = to - from;
	s->total += to - from;
}

/* The kernel names one lock that is in the way, not the first: what lies before it is asked about again. */
static int find_free(int fd, uint64_t from, uint64_t to, struct spans *s, struct err *e)
{
	while (from < to) {
		struct flock l = bytes(F_WRLCK, from, to - from);

		if (fcntl(fd, F_OFD_GETLK, &l) < 0)
			return err_sys(e, "ask what other guests have");
		if (l.l_type == F_UNLCK) {
			spans_add(s, from, to);
			return 0;
		}
		uint64_t at = (uint64_t)l.l_start, end = l.l_len ? at + (uint64_t)l.l_len : to;

		if (at > from && find_free(fd, from, at, s, e) < 0)
			return -1;
		from = end;
	}
	return 0;
}

static int take_spans(int fd, const struct spans *s, uint64_t n, struct err *e)
{
	for (size_t i = 0; i < s->n && n; i++) {
		uint64_t now = s->v[i].n < n ? s->v[i].n : n;
		int r = take(fd, s->v[i].at, now, e);

		if (r)
			return r;
		n -= now;
	}
	return TAKEN;
}

/* Called in turn, so that what is free does not become less meanwhile. *free says what was. */
static int take_both(int fd, const struct admit_size *ask, const struct admit_size *room, struct admit_size *free_now,
		     struct err *e)
{
	struct spans cpus = { 0 }, memory = { 0 };
	int r = find_free(fd, CPUS_AT, CPUS_AT + room->cpus, &cpus, e);

	if (r == 0)
		r = find_free(fd, MEMORY_AT, MEMORY_AT + room->mb / UNIT_MB, &memory, e);
	*free_now = (struct admit_size){ cpus.total, memory.total * UNIT_MB };
	if (r == 0 && (cpus.total < ask->cpus || memory.total < units(ask->mb)))
		r = BUSY;
	if (r == 0)
		r = take_spans(fd, &cpus, ask->cpus, e);
	if (r == 0)
		r = take_spans(fd, &memory, units(ask->mb), e);
	if (r) {
		give_back(fd, CPUS_AT, CPUS_MAX);
		give_back(fd, MEMORY_AT, room->mb / UNIT_MB + 1);
	}
	free(cpus.v);
	free(memory.v);
	return r;
}

/* One attempt. What is free is found out also by those whose turn it is not. */
static int attempt(int fd, const struct admit_size *ask, const struct admit_size *room, bool *turn,
		   struct admit_size *free_now, struct err *e)
{
	static const struct admit_size all = { UINT64_MAX, UINT64_MAX / 2 };
	int r = *turn ? TAKEN : take(fd, TURN, 1, e);

	*turn = r == TAKEN;
	r = r ? r : take_both(fd, ask, room, free_now, e);
	if (r == BUSY && !*turn)
		return take_both(fd, &all, room, free_now, e) < 0 ? -1 : BUSY;
	return r;
}

static char *sentence(const struct admit_size *ask, const struct admit_size *room, const struct admit_size *free_now)
{
	return xasprintf("waiting for other guests to end: it needs %" PRIu64 " CPU%s and %" PRIu64 " MB, and %" PRIu64
			 " of %" PRIu64 " CPUs and %" PRIu64 " of %" PRIu64 " MB are free",
			 ask->cpus, ask->cpus == 1 ? "" : "s", ask->mb, free_now->cpus, room->cpus, free_now->mb,
			 room->mb);
}

int admit_wait(const struct admit_size *ask, const struct admit_size *room, long long deadline,
	       void (*tell)(const char *), int *fd, struct err *e)
{
	struct admit_size free_now = { 0 };
	long long began = now_ms();
	auto_close int file = -1;
	bool turn = false;
	int r;

	if (open_file(&file, e) < 0)
		return err_in(e, "the share of the host that guests have");
	while ((r = attempt(file, ask, room, &turn, &free_now, e)) == BUSY) {
		auto_free char *why = sentence(ask, room, &free_now);
		long long now = now_ms();

		if (deadline >= 0 && now >= deadline)
			return err_set(e, X_TIMEOUT, "timed out %s", why);
		if (tell && now - began >= TELL_MS) {
			tell(why);
			tell = NULL;
		}
		if (stop_poll(NULL, 0, now + ASK_AGAIN_MS, e) < 0)
			return err_in(e, "waiting for other guests to end");
	}
	if (r < 0)
		return -1;
	give_back(file, TURN, 1);
	*fd = TAKE_FD(file);
	return 0;
}
