#include "vm/board.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/syscalls.h"
#include "idle/idle.h"
#include "vm/park.h"
#include "vm/ram.h"
#include "vm/state.h"

enum { WAITING_MAX = 64 << 20, GATE_LEAST = BOARD_PARK, GATE_MOST = 4096 };

int board_pairs(int ring[2], int gate[2], struct err *e)
{
	int least = 1, n = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ring) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate) < 0)
		return err_sys(e, "socketpair");
	if (setsockopt(gate[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)) < 0)
		return err_sys(e, "make a gate for the guest");
	while (n < GATE_MOST && send(gate[1], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
		n++;
	if (n < GATE_LEAST || n == GATE_MOST)
		return err_set(e, X_HOST,
			       "a socket of this kernel takes %d single bytes, which makes no gate for a guest", n);
	return 0;
}

int board_idle(int idle[2], struct err *e)
{
	idle[0] = memory_file("how QEMU's main loop goes round", 0, sizeof(struct idle_page), e);
	if (idle[0] < 0)
		return -1;
	idle[1] = eventfd(0, EFD_CLOEXEC);
	return ftruncate(idle[0], sizeof(struct idle_page)) < 0 || idle[1] < 0 ? err_sys(e, "eventfd") : 0;
}

int board_use_idle(struct board *b, const int idle[2], struct err *e)
{
	void *map = mmap(NULL, sizeof(*b->idle), PROT_READ | PROT_WRITE, MAP_SHARED, idle[0], 0);

	if (map == MAP_FAILED)
		return err_sys(e, "share a page with QEMU");
	b->idle = map;
	b->news = fcntl(idle[1], F_DUPFD_CLOEXEC, 0);
	return b->news < 0 ? err_sys(e, "share an eventfd with QEMU") : 0;
}

void board_alone(struct board *b, bool alone)
{
	static const uint64_t one = 1;

	alone = alone && !b->asked;
	if (!b->idle || b->idle->alone == alone)
		return;
	b->idle->alone = alone;
	if (!alone)
		(void)!write(b->news, &one, sizeof(one));
}

void board_asked(struct board *b, bool asked)
{
	b->asked = asked;
	board_alone(b, !asked);
}

void board_open(struct board *b, struct vm *vm, int ring, int gate)
{
	*b = (struct board){ .vm = vm, .ring = ring, .gate = gate, .news = -1 };
	if (gate < 0 || ioctl(gate, FIONREAD, &b->full) < 0)
		b->full = INT_MAX;
}

void board_close(struct board *b)
{
	if (b->ring >= 0)
		close(b->ring);
	if (b->gate >= 0)
		close(b->gate);
	if (b->idle)
		munmap(b->idle, sizeof(*b->idle));
	if (b->news >= 0)
		close(b->news);
	free(b->to);
	free(b->page);
	*b = (struct board){ .ring = -1, .gate = -1, .news = -1 };
}

int board_pages(uint64_t page[BOARD_ALL_PAGES], const struct board_head *h, const struct machine *m, struct err *e)
{
	unsigned n = 0;

	if (h->magic != BOARD_MAGIC || h->version != BOARD_VERSION)
		return err_set(e, X_VM, "the guest's board is none of ours");
	if (h->n_runs > BOARD_RUNS)
		return err_set(e, X_VM, "the guest's board names %" PRIu32 " runs of pages", h->n_runs);
	for (unsigned i = 0; i < h->n_runs; i++) {
		const struct proto_run *r = &h->run[i];
		uint64_t offset, run;

		if (!r->len || r->gpa % BOARD_PAGE || r->len % BOARD_PAGE ||
		    r->len / BOARD_PAGE > BOARD_ALL_PAGES - n || !machine_ram_offset(m, r->gpa, &offset, &run) ||
		    run < r->len)
			return err_set(e, X_VM,
				       "the guest's board names pages it does not have: %#" PRIx64 " (+%" PRIu64 ")",
				       r->gpa, r->len);
		for (uint64_t at = 0; at < r->len; at += BOARD_PAGE)
			page[n++] = r->gpa + at;
	}
	if (n < BOARD_PAGES)
		return err_set(e, X_VM, "the guest's board has %u pages, not %d", n, BOARD_PAGES);
	return (int)(n - BOARD_PAGES);
}

int board_find(struct board *b, uint64_t address, struct err *e)
{
	struct board_head h;
	int tray;

	if (!address || address % BOARD_PAGE)
		return err_set(e, X_VM, "the guest's board cannot be at %#" PRIx64, address);
	if (!b->page)
		b->page = xcalloc(BOARD_ALL_PAGES, sizeof(*b->page));
	if (vm_read_phys(b->vm, address, &h, sizeof(h), e) < 0 || (tray = board_pages(b->page, &h, &b->vm->m, e)) < 0)
		return -1;
	b->address = address;
	b->tray = (uint32_t)tray;
	return 0;
}

int board_send(struct board *b, const void *data, size_t n, struct err *e)
{
	if (n > WAITING_MAX - b->to_n)
		return err_set(e, X_VM, "the guest takes no messages");
	if (b->to_cap - b->to_n < n) {
		b->to_cap = 2 * b->to_cap > b->to_n + n ? 2 * b->to_cap : b->to_n + n;
		b->to = xreallocarray(b->to, b->to_cap, 1);
	}
	if (n)
		memcpy(b->to + b->to_n, data, n);
	b->to_n += n;
	return 0;
}

/* n bytes of a box, from its first page on, in stretches of pages that lie side by side. */
static int transfer(struct board *b, const uint64_t *page, void *data, size_t n, bool write, struct err *e)
{
	char *p = data;

	while (n) {
		size_t pages = 1;

		while (pages * BOARD_PAGE < n && page[pages] == page[0] + pages * BOARD_PAGE)
			pages++;
		size_t now = pages * BOARD_PAGE < n ? pages * BOARD_PAGE : n;

		if (write ? vm_write_phys(b->vm, page[0], p, now, e) < 0 : vm_read_phys(b->vm, page[0], p, now, e) < 0)
			return -1;
		p += now;
		n -= now;
		page += pages;
	}
	return 0;
}

static int take_outbox(struct board *b, char **out, size_t *n, struct err *e)
{
	uint32_t out_n;

	if (vm_read_phys(b->vm, b->address + offsetof(struct board_head, out_n), &out_n, sizeof(out_n), e) < 0)
		return -1;
	if (out_n > BOARD_BOX)
		return err_set(e, X_VM, "the guest says that its outbox has %" PRIu32 " bytes", out_n);
	*out = xmalloc(out_n + 1);
	*n = out_n;
	if (transfer(b, b->page, *out, out_n, false, e) < 0) {
		free(*out);
		return -1;
	}
	b->called = true;
	return BOARD_CALLED;
}

/* Once: a board that moves is none. */
static int named(struct board *b, unsigned char byte, struct err *e)
{
	uint64_t address = 0;

	b->name[b->name_n++ - 1] = byte;
	if (b->name_n <= sizeof(b->name))
		return 0;
	b->name_n = 0;
	for (unsigned i = 0; i < sizeof(b->name); i++)
		address |= (uint64_t)b->name[i] << 8 * i;
	return board_find(b, address, e);
}

/* Another vCPU may have rung for a call between a look's ring and its gate, or the other way round: what stands in the gate is one of
 * them, and nothing moves when it does. */
static int look(struct board *b, int ring, struct err *e)
{
	if (b->gate >= 0 && park_wait_still(b->vm, e) < 0)
		return -1;
	if (b->look(b->look_arg, ring, e) < 0)
		return err_in(e, "look into the guest");
	b->looked += b->gate >= 0;
	return 0;
}

static bool is_look(const struct board *b, unsigned char byte)
{
	return (byte == RING_SAMPLE || byte == RING_MARK) && b->look && b->address && !b->parked && !b->name_n;
}

/* Those that were rung for since a call was. */
static int look_more(struct board *b, struct err *e)
{
	unsigned char byte;

	while (recv(b->ring, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1 && is_look(b, byte)) {
		(void)recv(b->ring, &byte, 1, MSG_DONTWAIT);
		if (look(b, byte, e) < 0)
			return -1;
	}
	return 0;
}

/* Nothing more was rung. */
static int let_looked_go(struct board *b, struct err *e)
{
	unsigned n = b->looked;

	b->looked = 0;
	if (!n)
		return 0;
	board_alone(b, true);
	return board_open_gate(b, n, e);
}

int board_listen(struct board *b, char **out, size_t *n, struct err *e)
{
	for (;;) {
		unsigned char byte;
		ssize_t r = recv(b->ring, &byte, 1, MSG_DONTWAIT);

		if (r == 0 || (r < 0 && errno == ECONNRESET))
			return BOARD_GONE;
		if (r < 0 && (errno == EAGAIN || errno == EINTR))
			return b->called || let_looked_go(b, e) == 0 ? BOARD_QUIET : -1;
		if (r < 0)
			return err_sys(e, "listen for the guest");
		if (b->name_n) {
			if (named(b, byte, e) < 0)
				return -1;
		} else if (byte == RING_BOARD && !b->address) {
			b->name_n = 1;
		} else if (is_look(b, byte)) {
			if (look(b, byte, e) < 0)
				return -1;
		} else if (byte == RING_CALL && b->address && !b->called) {
			if (b->look && b->gate >= 0 && park_wait_still(b->vm, e) < 0)
				return -1;
			return take_outbox(b, out, n, e);
		} else if (byte == RING_PARK && b->address && !b->called && !b->parked) {
			b->parked = true;
			return BOARD_QUIET;
		} else {
			return err_set(e, X_VM, "the guest rings out of turn (%#x)", byte);
		}
	}
}

/* A few at a time: it may never fall silent. */
int board_hear_bell(const struct board *b, int bell, struct err *e)
{
	unsigned char bytes[16];
	ssize_t n = recv(bell, bytes, sizeof(bytes), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++)
		if ((bytes[i] == RING_SAMPLE || bytes[i] == RING_MARK) && b->look(b->look_arg, bytes[i], e) < 0)
			return err_in(e, "look into the guest");
	return n == 0 ? BOARD_GONE : BOARD_QUIET;
}

static int fill_inbox(struct board *b, struct err *e)
{
	uint32_t in[2] = { (uint32_t)(b->to_n < BOARD_BOX ? b->to_n : BOARD_BOX), b->to_n > BOARD_BOX };

	if (!in[0])
		return 0;
	if (transfer(b, b->page + BOARD_PAGES / 2, b->to, in[0], true, e) < 0 ||
	    vm_write_phys(b->vm, b->address + offsetof(struct board_head, in_n), in, sizeof(in), e) < 0)
		return -1;
	b->to_n -= in[0];
	memmove(b->to, b->to + in[0], b->to_n);
	return 0;
}

/* Behind all that was written: the guest waits for this. */
static int answer(struct board *b, struct err *e)
{
	uint64_t calls = b->address + offsetof(struct board_head, calls);
	uint64_t answers = b->address + offsetof(struct board_head, answers);
	uint32_t n;

	return vm_read_phys(b->vm, calls, &n, sizeof(n), e) < 0 ? -1 : vm_write_phys(b->vm, answers, &n, sizeof(n), e);
}

int board_release(struct board *b, struct err *e)
{
	unsigned looked;

	if (!b->called)
		return 0;
	if (look_more(b, e) < 0 || fill_inbox(b, e) < 0)
		return -1;
	b->called = false;
	looked = b->looked;
	b->looked = 0;
	board_alone(b, true);
	return b->gate >= 0 ? board_open_gate(b, 1 + looked, e) : answer(b, e);
}

int board_passed(const struct board *b)
{
	int there;

	return b->full == INT_MAX || ioctl(b->gate, FIONREAD, &there) < 0 ? -1 : there + b->taken - b->full;
}

int board_open_gate(struct board *b, unsigned n, struct err *e)
{
	char byte;

	while (n) {
		ssize_t r = recv(b->gate, &byte, 1, MSG_DONTWAIT);

		if (r < 0 && errno == EINTR)
			continue;
		if (r == 0 || (r < 0 && errno == ECONNRESET))
			return 0; /* QEMU has ended, as whoever waits for it will see */
		if (r < 0)
			return errno == EAGAIN ? err_set(e, X_VM, "nothing stands in the guest's gate")
					       : err_sys(e, "open the guest's gate");
		b->taken++;
		n--;
	}
	return 0;
}
