/* seat.c: the stage: its head, cells, seats. */
#include "engine/worker/seat.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* Sealed, or who maps it could make it shorter, and reading it would be the director's end. */
static int make_file(size_t size)
{
	int fd = memfd_create("ktstr-stage", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int stage_make(struct stage *s, unsigned seats, unsigned cells, bool lent)
{
	size_t before = (PAGE + cells * sizeof(struct cell) + PAGE - 1) / PAGE * PAGE;
	size_t size = before + (size_t)seats * SEAT_SIZE;
	int file = lent ? make_file(size) : -1;
	char *at;

	if (lent && file < 0)
		return -1;
	/* Workers are forked from here. Populated: none of them may wait for a page in what is timed. */
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE | (lent ? 0 : MAP_ANONYMOUS), file, 0);
	if (at == MAP_FAILED) {
		if (file >= 0)
			close(file);
		return -1;
	}
	*s = (struct stage){
		.head = (struct stage_head *)at,
		.cells = (struct cell *)(at + PAGE),
		.seats = at + before,
		.n_cells = cells,
		.n_seats = seats,
		.size = size,
		.file = file,
	};
	for (unsigned i = 0; i < seats; i++)
		stage_seat(s, i)->guard = stage_seat(s, i)->guard_end = SEAT_GUARD;
	return 0;
}

void stage_free(struct stage *s)
{
	if (s->head)
		munmap(s->head, s->size);
	if (s->head && s->file >= 0)
		close(s->file);
	*s = (struct stage){ .file = -1 };
}
