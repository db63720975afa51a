/* seat.c: the stage: its head, cells, seats. */
#include "engine/worker/seat.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

int stage_make(struct stage *s, unsigned seats, unsigned cells)
{
	size_t before = (PAGE + cells * sizeof(struct cell) + PAGE - 1) / PAGE * PAGE;
	size_t size = before + (size_t)seats * SEAT_SIZE;
	int fd = memfd_create("ktstr-seats", MFD_CLOEXEC), kept;
	char *at = MAP_FAILED;

	if (fd < 0)
		return -1;
	/* Populated: a worker must not wait for a page in what is timed. */
	if (ftruncate(fd, (off_t)size) == 0)
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	kept = errno;
	close(fd);
	errno = kept;
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
