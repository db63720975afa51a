/* fuzz_session.c: a guest that says anything, in any order, while somebody works in it. The loop is session.c's own and in no
 * header. */
#include "frames.h"

#include <fcntl.h>
#include <unistd.h>

#include "vm/session.c"

enum { GIVEN = 1000 };

static int nowhere = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct proto_exited gone = { .status = 256 };
	auto_free char *text = NULL;
	const uint32_t taken = 7;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	(void)argc, (void)argv;
	frame_put(f, MSG_OUT, "out", 3);
	frame_put(f, MSG_ERR, "err", 3);
	frame_put(f, MSG_TAKEN, &taken, sizeof(taken));
	frame_put(f, MSG_STATE, "", 0);
	frame_put(f, MSG_PONG, "", 0);
	frame_put(f, MSG_ENDED, &gone, sizeof(gone));
	fclose(f);
	fuzz_seed("all", text, n);
	fuzz_seed("fails", "\x08\2\0no", 5);
	nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	MUST(nowhere >= 0);
	return 0;
}

static int other(void *arg, const struct msg *m, struct err *e)
{
	(void)arg, (void)e;
	MUST(m->type != MSG_OUT && m->type != MSG_ENDED);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct machine machine = { .topo = TOPOLOGY(1, 1, 1, 1), .accel = ACCEL_KVM };
	const struct session s = { .in = nowhere, .out = nowhere, .err = nowhere, .deadline = -1, .other = other };
	const struct proto_exited gone = { .status = 0 };
	struct err e = { 0 };
	struct vm vm;
	int pair[2];

	if (n > 16384)
		return -1;
	frames_pair(pair);
	frames_say(pair[1], data, n);
	frame_say(pair[1], MSG_ENDED, &gone, sizeof(gone));
	vm_init(&vm, &machine);
	chan_open(&vm.chan, pair[0]);
	struct talk t = { .vm = &vm, .s = &s, .resize = -1, .ahead = GIVEN };

	if (drain(&t, &e) < 0)
		must_say_why(&e);
	else
		MUST(t.ended && !t.quit);
	MUST(t.ahead <= GIVEN);
	chan_close(&vm.chan);
	close(pair[1]);
	return 0;
}
