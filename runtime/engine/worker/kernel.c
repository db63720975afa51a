#include "engine/worker/kernel.h"
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFRESH "/proc/sys/vm/stat_refresh"
enum { PAGE = 4096, BATCH = 512 /* pages of a call */ };

static long move_pages(unsigned long n, void **pages, const int *nodes, int *status)
{
	return syscall(SYS_move_pages, 0, n, pages, nodes, status, MPOL_MF_MOVE);
}

/* The kernel queues work to each CPU and waits for all of it, to add up its counts of memory; where it has no such file, to find the page
 * before it is moved. */
static bool visit_cpus(struct actor *a)
{
	int fd = open(REFRESH, O_RDONLY | O_CLOEXEC), node = 0, status;
	void *page = actor_buffer(a, 2 * PAGE / 1024);
	char none;
	bool done;

	if (fd < 0) {
		page = (void *)(((uintptr_t)page + PAGE - 1) / PAGE * PAGE);
		return move_pages(1, &page, &node, &status) >= 0;
	}
	done = read(fd, &none, 1) >= 0;
	close(fd);
	return done;
}

void kernel_kwork(struct actor *a, const struct act *act)
{
	uint64_t from = clock_now();
	struct moment m;

	(void)act;
	if (!visit_cpus(a))
		actor_fail(a, "work for kernel threads (" REFRESH ")");
	m = moment_now();
	a->seat->work++;
	look_woken(a->stage.head, a->seat, &a->seat->woken, &m, from);
}

void kernel_node(struct actor *a, const struct act *act)
{
	char *memory = actor_buffer(a, act->a);
	uintptr_t first = ((uintptr_t)memory + PAGE - 1) / PAGE * PAGE;
	size_t left = (size_t)act->a * 1024 / PAGE - (first != (uintptr_t)memory);
	int node = (int)(++a->moves % (a->plan->places.nodes ? a->plan->places.nodes : 1));
	void *pages[BATCH];
	int nodes[BATCH], status[BATCH];

	while (left && a->plan->places.nodes > 1) {
		size_t n = left < BATCH ? left : BATCH;

		for (size_t i = 0; i < n; i++) {
			pages[i] = (void *)(first + i * PAGE);
			nodes[i] = node;
		}
		if (move_pages(n, pages, nodes, status) < 0)
			actor_fail(a, "moving memory between nodes");
		actor_look(a, n);
		first += n * PAGE;
		left -= n;
	}
	actor_look(a, 0);
}
