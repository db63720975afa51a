/* board.c: memory the host finds, and two ports. x86 only: elsewhere there are no ports, and machines have no board.
 *
 * The kernel must leave the pages where they are: they are locked, compaction is told to leave locked pages alone, and a memory
 * policy of their own keeps them from being moved to the node of whoever reads them. */
#include "guest/init/base/board.h"
#include "guest/board.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/mounts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct board_head *head; /* NULL: none */
static char *outbox;
static uint64_t address;
static const char *tray[BOARD_TRAY / BOARD_PAGE];
static uint32_t tray_pages; /* of it, what the head has room to name */

#ifdef __x86_64__
#include <sys/io.h>

static char *inbox;
static bool gate; /* virtual time */

enum { MPOL_LOCAL_POLICY = 4, SETTLE_MS = 200 };
enum { BOXES = 2 * BOARD_BOX / BOARD_PAGE, TRAY = BOARD_TRAY / BOARD_PAGE, PAGES = 1 + BOXES + TRAY };
/* Looking costs a CPU, and going to sleep a way through the kernel. The host answers at once as a rule; in the first call, HELLO,
 * a guest is saved. */
enum { LOOK_MS = 5, LOOK_FIRST_MS = 1000, LOOKS = 20000 };

static uint64_t frame(int pagemap, const void *at)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof entry, (off_t)((uintptr_t)at / BOARD_PAGE * sizeof entry)) != sizeof entry ||
	    !(entry >> 63) || !(entry & ((1ull << 55) - 1)))
		die("cannot tell where the board is");
	return (entry & ((1ull << 55) - 1)) * BOARD_PAGE;
}

static bool name_page(uint64_t gpa)
{
	struct proto_run *last = head->n_runs ? &head->run[head->n_runs - 1] : NULL;

	if (last && last->gpa + last->len == gpa) {
		last->len += BOARD_PAGE;
		return true;
	}
	if (head->n_runs == BOARD_RUNS)
		return false;
	head->run[head->n_runs++] = (struct proto_run){ gpa, BOARD_PAGE };
	return true;
}

struct page {
	uint64_t gpa;
	const char *at;
};

static int by_place(const void *one, const void *other)
{
	const struct page *a = one, *b = other;

	return a->gpa < b->gpa ? -1 : a->gpa > b->gpa;
}

/* Memory comes in pieces, and backwards as often as not. The tray's pages are taken as they lie. */
static void name_tray(int pagemap)
{
	static struct page page[TRAY];
	const char *at = inbox + BOARD_BOX;

	for (unsigned i = 0; i < TRAY; i++, at += BOARD_PAGE)
		page[i] = (struct page){ frame(pagemap, at), at };
	qsort(page, TRAY, sizeof *page, by_place);
	while (tray_pages < TRAY && name_page(page[tray_pages].gpa)) {
		tray[tray_pages] = page[tray_pages].at;
		tray_pages++;
	}
}

/* Whether all pages of the boxes could be named. */
static bool name_pages(void)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned i = 0;

	address = frame(pagemap, head);
	while (i < BOXES && name_page(frame(pagemap, outbox + (size_t)i * BOARD_PAGE)))
		i++;
	if (i == BOXES)
		name_tray(pagemap);
	close(pagemap);
	return i == BOXES;
}

/* NULL, or what is in the way. */
static const char *make(void)
{
	char *at;

	(void)spit("/proc/sys/vm/compact_unevictable_allowed", "0"); /* kernels without compaction have no such file */
	at = mmap(NULL, (size_t)PAGES * BOARD_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return "no memory for the board";
	(void)madvise(at, (size_t)PAGES * BOARD_PAGE, MADV_NOHUGEPAGE);
	(void)madvise(at, (size_t)PAGES * BOARD_PAGE, MADV_DONTFORK); /* a fork would make our next write a copy */
	syscall(SYS_mbind, at, (size_t)PAGES * BOARD_PAGE, MPOL_LOCAL_POLICY, NULL, 0, 0);
	if (mlock(at, (size_t)PAGES * BOARD_PAGE) < 0)
		return "the board cannot be locked";
	memset(at, 0, (size_t)PAGES * BOARD_PAGE);
	head = (struct board_head *)at;
	outbox = at + BOARD_PAGE;
	inbox = outbox + BOARD_BOX;
	*head = (struct board_head){ .magic = BOARD_MAGIC, .version = BOARD_VERSION };
	if (name_pages())
		return NULL;
	head = NULL;
	return "memory is too fragmented for a board";
}

bool board_open(void)
{
	const char *clock = getenv(BOARD_VARIABLE), *why;

	if (!clock)
		return false;
	gate = !strcmp(clock, BOARD_VIRTUAL);
	if (ioperm(BOARD_RING_PORT, 2, 1) < 0) {
		if (!gate)
			return false;
		die("virtual time needs a kernel with CONFIG_X86_IOPL_IOPERM: ioperm: %s", strerror(errno));
	}
	why = make();
	if (why && gate)
		die("%s", why);
	if (why)
		return false;
	outb(RING_BOARD, BOARD_RING_PORT);
	for (unsigned i = 0; i < 8; i++)
		outb((unsigned char)(address >> 8 * i), BOARD_RING_PORT);
	return true;
}

bool board_is_all(void)
{
	return head && gate;
}

/* In a guest that was saved meanwhile, the first look finds the answer. No pause instruction: each would have an emulated CPU take
 * the lock that QEMU's monitor waits for. */
static void look_for_answer(void)
{
	const volatile uint32_t *answers = &head->answers;
	const struct timespec moment = { .tv_nsec = 1000000 };
	long long tired = now_ms() + (head->calls == 1 ? LOOK_FIRST_MS : LOOK_MS);

	while (*answers != head->calls) {
		for (int i = 0; i < LOOKS && *answers != head->calls; i++)
			;
		if (*answers != head->calls && now_ms() > tired)
			nanosleep(&moment, NULL);
	}
}

bool board_call(const void **in, size_t *n)
{
	head->in_n = 0;
	head->in_more = 0;
	head->calls++;
	__asm__ volatile("" ::: "memory");
	outb(RING_CALL, BOARD_RING_PORT);
	if (gate)
		outb(0, BOARD_GATE_PORT);
	else
		look_for_answer();
	__asm__ volatile("" ::: "memory");
	head->out_n = 0;
	if (head->in_n > BOARD_BOX)
		die("the host put more into the inbox than fits");
	*in = inbox;
	*n = head->in_n;
	return head->in_more;
}

/* Unrolled by hand: an instruction between two of them is one more place to be stopped at. */
void board_park(void)
{
	struct timespec settle = { .tv_nsec = SETTLE_MS * 1000000L };

	while (nanosleep(&settle, &settle) < 0 && errno == EINTR)
		;
	_Static_assert(BOARD_PARK == 6, "as many as follow");
	__asm__ volatile("outb %0, %1\n\toutb %0, %2\n\toutb %0, %2\n\toutb %0, %2\n\t"
			 "outb %0, %2\n\toutb %0, %2\n\toutb %0, %2"
			 :
			 : "a"((unsigned char)RING_PARK), "i"(BOARD_RING_PORT), "i"(BOARD_GATE_PORT)
			 : "memory");
}

void board_drop(void)
{
	if (head)
		(void)ioperm(BOARD_RING_PORT, 2, 0); /* taking away is never refused */
}
#else
bool board_open(void)
{
	return false;
}

bool board_is_all(void)
{
	return false;
}

bool board_call(const void **in, size_t *n)
{
	*in = NULL;
	*n = 0;
	return false;
}

void board_park(void)
{
}

void board_drop(void)
{
}
#endif

const char *const *board_tray(uint32_t *pages)
{
	*pages = tray_pages;
	return tray;
}

uint64_t board_address(void)
{
	return head ? address : 0;
}

size_t board_put(const void *data, size_t n)
{
	size_t room = head ? BOARD_BOX - head->out_n : 0;

	if (n > room)
		n = room;
	if (!n)
		return 0;
	memcpy(outbox + head->out_n, data, n);
	head->out_n += (uint32_t)n;
	return n;
}
