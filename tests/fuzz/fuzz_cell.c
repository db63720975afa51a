/* fuzz_cell.c: a guest that says anything, in any order, while a scheduler is tried in it. The first byte chooses what is waited
 * for; the rest are messages: a type, a length of two bytes, and that many bytes. What comes of it is a result that can be read
 * back. The waits are cell.c's own and in no header. */
#include "frames.h"

#include <unistd.h>

#define listen cell_listen /* and not the socket's */
#include "verifier/cell.c"
#undef listen

#include "../unit/fake_guest.h"
#include "host/accel.h"

enum { ENDS = 6 };

static const struct machine machine = {
	.kind = MACHINE_MICROVM, .topo = TOPOLOGY(1, 1, 1, 1), .memory_mb = 64, .accel = ACCEL_KVM
};

static void seed(const char *name, char kind, void fill(FILE *f))
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fputc(kind, f);
	fill(f);
	fclose(f);
	fuzz_seed(name, text, n);
}

static void attaches(FILE *f)
{
	const struct proto_state on = { .state = SCX_ENABLED };
	char state[sizeof(on) + 5];

	memcpy(mempcpy(state, &on, sizeof(on)), "ktstr", 5);
	frame_put(f, MSG_LOG, "attached\n", 9);
	frame_put(f, MSG_STATE, state, sizeof(state));
}

static void refused(FILE *f)
{
	static const char words[] = "libbpf: prog 'x': BPF program load failed: Invalid argument\n";
	const struct {
		struct proto_calls head;
		struct proto_call v;
	} calls = { { 1, 1 }, { 5, 22, 27, "x_init" } };
	const struct proto_exited gone = { .status = 256 };

	frame_put(f, MSG_LOG, words, sizeof(words) - 1);
	frame_put(f, MSG_CALLS, &calls, sizeof(calls));
	frame_put(f, MSG_EXITED, &gone, sizeof(gone));
}

static void works(FILE *f)
{
	const struct {
		struct proto_worked head;
		struct proto_task v[2];
	} did = { { 50, 1 }, { { TASK_SPINS, 0, 7, 1, 1, 1, 0, 0 }, { .kind = TASK_SPINS, .cpu = 1 } } };

	frame_put(f, MSG_WORKED, &did, sizeof(did));
}

static void lists(FILE *f)
{
	static const char text[] = "7 27 100 35 21 3 900 x_init\n8 26 1 1 1 0 0 y\n";

	frame_put(f, MSG_PROGS_ARE, text, sizeof(text) - 1);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	seed("attaches", 'a', attaches);
	seed("refused", 'a', refused);
	seed("works", 'w', works);
	seed("gone", 'd', refused);
	seed("lists", 'p', lists);
	return 0;
}

static int try(struct run *x, uint8_t kind, struct err *e)
{
	static struct prog prog = { .name = "x_init", .id = 7, .verified_insns = 100, .xlated_len = 21 };
	const struct progs progs = { .v = &prog, .n = 1 };

	switch (kind) {
	case 'a':
		return await(x, e) < 0 ? -1 : 0;
	case 'w':
		return run_tasks(x, e) < 0 ? -1 : 0;
	case 'd':
		return departed(x, e);
	case 'p':
		return cross_check(x, &progs, e);
	default:
		return 0;
	}
}

/* It can be read back, but for an end without a verdict. */
static void check(const struct result *r)
{
	auto_result struct result back = { 0 };
	auto_free char *text = NULL;
	struct err e = { 0 };
	size_t n;
	FILE *f = xmemstream(&text, &n);

	result_write(f, r);
	fclose(f);
	if (result_parse(&back, text, n, &e) < 0) {
		fprintf(stderr, "%s\n%s\n", text, e.msg);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct cell c = { .machine = machine, .layout = &fg_layout, .load_s = 100, .work_ms = 10 };
	auto_free char *log = NULL;
	auto_result struct result r = { 0 };
	struct run x = { .c = &c, .r = &r };
	struct err e = { 0 };
	int pair[2];
	size_t log_n;

	if (!n || n > 16384)
		return -1;
	frames_pair(pair);
	frames_say(pair[1], data + 1, n - 1);
	/* And that it is too late, as often as anybody can be told. */
	for (int i = 0; i < ENDS; i++)
		frame_say(pair[1], MSG_LATE, "", 0);
	x.tail = xmalloc(REASON_LOG);
	x.log = xmemstream(&log, &log_n);
	vm_init(&x.vm, &machine);
	x.vm.qemu = (struct child){ .pid = getpid(), .pidfd = -1 };
	chan_open(&x.vm.chan, pair[0]);
	if (try(&x, *data, &e) < 0) {
		must_say_why(&e);
		MUST(accident(&x, &e) == 0);
	}
	end_log(&x);
	fclose(x.log);
	r.release = xstrdup("6.12.1");
	r.accel = xstrdup("kvm");
	if (r.reason)
		check(&r);
	chan_close(&x.vm.chan);
	close(pair[1]);
	exit_info_free(&x.left);
	calls_free(&x.calls);
	free(x.vm.log);
	free(x.tail);
	return 0;
}
