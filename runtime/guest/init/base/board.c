/* board.c: memory the host finds, and two ports. x86 only: elsewhere there are no ports, and machines have no board.
 *
 * The kernel must leave the pages where they are: they are locked, compaction is told to leave locked pages alone, and a memory
 * policy of their own keeps them from being moved to the node of whoever reads them. */
#include "guest/init/base/board.h"
#include "guest/board.h"
#include "guest/init/base/crash.h"
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

#ifdef __x86_64__
#include <sys/io.h>

static char *inbox;

enum { MPOL_LOCAL_POLICY = 4, SETTLE_MS = 200 };
enum { PAGES = 1 + 2 * BOARD_BOX / BOARD_PAGE };

static uint64_t frame(int pagemap, const void *at)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof entry, (off_t)((uintptr_t)at / BOARD_PAGE * sizeof entry)) != sizeof entry ||
	    !(entry >> 63) || !(entry & ((1ull << 55) - 1)))
		die("cannot tell where the board is");
	return (entry & ((1ull << 55) - 1)) * BOARD_PAGE;
}

static void name_pages(void)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	address = frame(pagemap, head);
	for (unsigned i = 0; i < PAGES - 1; i++) {
		uint64_t gpa = frame(pagemap, outbox + (size_t)i * BOARD_PAGE);
		struct proto_run *last = &head->run[head->n_runs - 1];

		if (head->n_runs && last->gpa + last->len == gpa)
			last->len += BOARD_PAGE;
		else if (head->n_runs < BOARD_RUNS)
			head->run[head->n_runs++] = (struct proto_run){ gpa, BOARD_PAGE };
		else
			die("memory is too fragmented for a board");
	}
	close(pagemap);
}

static void make(void)
{
	char *at;

	(void)spit("/proc/sys/vm/compact_unevictable_allowed", "0"); /* kernels without compaction have no such file */
	at = mmap(NULL, (size_t)PAGES * BOARD_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		die("no memory for the board");
	(void)madvise(at, (size_t)PAGES * BOARD_PAGE, MADV_NOHUGEPAGE);
	(void)madvise(at, (size_t)PAGES * BOARD_PAGE, MADV_DONTFORK); /* a fork would make our next write a copy */
	syscall(SYS_mbind, at, (size_t)PAGES * BOARD_PAGE, MPOL_LOCAL_POLICY, NULL, 0, 0);
	if (mlock(at, (size_t)PAGES * BOARD_PAGE) < 0)
		die("lock the board: %s", strerror(errno));
	memset(at, 0, (size_t)PAGES * BOARD_PAGE);
	head = (struct board_head *)at;
	outbox = at + BOARD_PAGE;
	inbox = outbox + BOARD_BOX;
	*head = (struct board_head){ .magic = BOARD_MAGIC, .version = BOARD_VERSION };
	name_pages();
}

bool board_open(void)
{
	if (!getenv(BOARD_VARIABLE))
		return false;
	if (ioperm(BOARD_RING_PORT, 2, 1) < 0)
		die("virtual time needs a kernel with CONFIG_X86_IOPL_IOPERM: ioperm: %s", strerror(errno));
	make();
	outb(RING_BOARD, BOARD_RING_PORT);
	for (unsigned i = 0; i < 8; i++)
		outb((unsigned char)(address >> 8 * i), BOARD_RING_PORT);
	return true;
}

bool board_call(const void **in, size_t *n)
{
	head->in_n = 0;
	head->in_more = 0;
	__asm__ volatile("" ::: "memory");
	outb(RING_CALL, BOARD_RING_PORT);
	outb(0, BOARD_GATE_PORT);
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
