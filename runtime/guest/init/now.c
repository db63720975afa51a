#include "guest/init/now.h"
#include "guest/init/base/port.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int urandom = -1;

/* Credited, and then asked for at once: what was drawn before the snapshot is not drawn again. */
static int reseed(const unsigned char *seed)
{
	struct {
		struct rand_pool_info head;
		unsigned char bytes[PROTO_SEED];
	} pool = { .head = { .entropy_count = 8 * PROTO_SEED, .buf_size = PROTO_SEED } };

	if (urandom < 0) {
		errno = ENODEV;
		return -1;
	}
	memcpy(pool.bytes, seed, sizeof pool.bytes);
	return ioctl(urandom, RNDADDENTROPY, &pool) == 0 ? ioctl(urandom, RNDRESEEDCRNG) : -1;
}

void now_open(void)
{
	urandom = open("/dev/urandom", O_RDWR | O_CLOEXEC);
}

void now_set(const void *data, size_t n)
{
	struct proto_now now;
	struct timespec ts;

	if (proto_now_parse(&now, data, n) < 0) {
		port_failed("NOW is damaged");
		return;
	}
	ts = (struct timespec){ .tv_sec = (time_t)now.s, .tv_nsec = now.ns };
	if (clock_settime(CLOCK_REALTIME, &ts) < 0)
		port_failed("set the clock: %s", strerror(errno));
	if (reseed(now.seed) < 0)
		port_failed("new random numbers: %s", strerror(errno));
	/* Whatever comes now meets another tick. */
	ts = (struct timespec){ .tv_nsec = now.delay_ns };
	if (now.delay_ns)
		nanosleep(&ts, NULL);
}
