/* seat.c: the stage: its head, cells, seats. */
#include "engine/worker/seat.h"
#include <sys/mman.h>

enum { PAGE = 4096 };

int stage_make(struct stage *s, unsigned seats, unsigned cells)
{
	size_t before = (PAGE + cells * sizeof(struct cell) + PAGE - 1) / PAGE * PAGE;
	size_t size = before + (size_t)seats * SEAT_SIZE;
	/* Workers are forked from here. Populated: none of them may wait for a page in what is timed. */
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED)
		return -1;
	*s = (struct stage){
		.head = (struct stage_head *)at,
		.cells = (struct cell *)(at + PAGE),
		.seats = at + before,
		.n_cells = cells,
		.n_seats = seats,
		.size = size,
	};
	return 0;
}

void stage_free(struct stage *s)
{
	if (s->head)
		munmap(s->head, s->size);
	*s = (struct stage){ 0 };
}
