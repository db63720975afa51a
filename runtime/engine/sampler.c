#include "engine/sampler.h"
#include "engine/worker/look.h"
#include "guest/board.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __x86_64__
#include <sys/io.h>

static bool allow(bool yes)
{
	return ioperm(BOARD_RING_PORT, 2, yes) == 0;
}

/* The ports are ours for these two instructions only, so that no worker inherits them. */
static void ring(unsigned char what)
{
	if (!allow(true))
		return;
	__asm__ volatile("outb %0, %1\n\toutb %0, %2"
			 :
			 : "a"(what), "i"(BOARD_RING_PORT), "i"(BOARD_GATE_PORT)
			 : "memory");
	(void)allow(false);
}
#else
static bool allow(bool yes)
{
	(void)yes;
	errno = ENOSYS;
	return false;
}

static void ring(unsigned char what)
{
	(void)what;
}
#endif

/* Or most of what /proc/schedstat has stays 0. A kernel that cannot has no such file. */
static void count_schedstats(void)
{
	int fd = open("/proc/sys/kernel/sched_schedstats", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

int sampler_open(struct sampler *s, uint64_t every_ns, bool must, struct trouble *t)
{
	*s = (struct sampler){ .every_ns = every_ns };
	if (!every_ns)
		return 0;
	if (!allow(true) || !allow(false)) {
		s->every_ns = 0;
		return must ? trouble(t, ENDS_ENV, "samples need ports of this machine: %s", strerror(errno)) : 0;
	}
	count_schedstats();
	s->at_ns = calloc(SAMPLES_MAX, sizeof *s->at_ns);
	return s->at_ns ? 0 : trouble(t, ENDS_OWN, "out of memory");
}

void sampler_begin(struct sampler *s, uint64_t now_ns)
{
	if (s->every_ns)
		s->next_ns = now_ns + s->every_ns;
}

uint64_t sampler_until(const struct sampler *s, uint64_t until_ns)
{
	return s->next_ns && s->next_ns < until_ns ? s->next_ns : until_ns;
}

void sampler_take(struct sampler *s, uint64_t now_ns)
{
	if (!s->next_ns || now_ns < s->next_ns)
		return;
	s->at_ns[s->n++] = now_ns;
	s->next_ns = s->n < SAMPLES_MAX ? s->next_ns + ((now_ns - s->next_ns) / s->every_ns + 1) * s->every_ns : 0;
	ring(RING_SAMPLE);
}

void sampler_mark(const struct sampler *s)
{
	if (s->every_ns)
		ring(RING_MARK);
}

void sampler_close(struct sampler *s)
{
	free(s->at_ns);
	*s = (struct sampler){ 0 };
}
