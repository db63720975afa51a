/* fuzz_board.c: a guest says anything through its board: the input is its head, its outbox, and behind them what it rings. The
 * host copies, refuses, or finds frames; it never reads or writes outside of the guest's memory. */
#include "fuzz.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest/board.h"
#include "guest/proto.h"
#include "vm/board.h"
#include "vm/ram.h"
#include "vm/vm.h"

enum { MB = 64, HEAD = 1 << 20, BOXES = 2 << 20, OUT = 256, CALLS = 20 };

static struct vm vm;
static char *ram;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct machine m = {
		.kind = MACHINE_MICROVM, .topo = TOPOLOGY(1, 1, 1, 1), .memory_mb = MB, .clock = { .virtual = true }
	};
	struct board_head h = { .magic = BOARD_MAGIC,
				.version = BOARD_VERSION,
				.n_runs = 1,
				.out_n = sizeof(struct proto_head),
				.run = { { BOXES, 2 * BOARD_BOX } } };
	char seed[sizeof(h) + OUT + 10] = { 0 };
	struct proto_head frame;
	struct err e = { 0 };

	(void)argc, (void)argv;
	proto_seal(&frame, MSG_HELLO, NULL, 0);
	memcpy(seed, &h, sizeof(h));
	memcpy(seed + sizeof(h), &frame, sizeof(frame));
	memcpy(seed + sizeof(h) + OUT, "B\0\0\x10\0\0\0\0\0c", 10);
	fuzz_seed("hello", seed, sizeof(seed));
	vm_init(&vm, &m);
	MUST(ram_create(&vm, NULL, &e) == 0);
	ram = mmap(NULL, MB << 20, PROT_READ | PROT_WRITE, MAP_SHARED, vm.ram[0], 0);
	MUST(ram != MAP_FAILED);
	vm.qemu.pid = getpid();
	return 0;
}

static void hear(void)
{
	struct err e = { 0 };
	struct msg m;
	int r = CHAN_MSG;

	for (int i = 0; i < CALLS && r == CHAN_MSG; i++) {
		r = chan_next(&vm.chan, &m, &e);
		if (r == CHAN_MSG)
			MUST(m.n <= PROTO_MAX && chan_send(&vm.chan, MSG_PING, m.data, m.n, -1, &e) == 0);
	}
	if (r < 0)
		must_say_why(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const size_t fixed = sizeof(struct board_head) + OUT;
	struct err e = { 0 };
	int ring[2], gate[2];

	if (n < fixed)
		return 0;
	memcpy(ram + HEAD, data, sizeof(struct board_head));
	memcpy(ram + BOXES, data + sizeof(struct board_head), OUT);
	MUST(board_pairs(ring, gate, &e) == 0);
	/* In real time there is no gate. */
	if (n % 2)
		close(gate[0]);
	board_open(&vm.board, &vm, ring[0], n % 2 ? -1 : gate[0]);
	chan_open_board(&vm.chan, &vm.board);
	MUST(n == fixed || send(ring[1], data + fixed, n - fixed, MSG_DONTWAIT) > 0);
	hear();
	for (uint32_t i = 0; vm.board.address && i < BOARD_PAGES + vm.board.tray; i++)
		MUST(vm.board.page[i] <= (MB << 20) - BOARD_PAGE && vm.board.page[i] % BOARD_PAGE == 0);
	chan_close(&vm.chan);
	board_close(&vm.board);
	close(ring[1]);
	close(gate[1]);
	return 0;
}
