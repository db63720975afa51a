#include "trial/looks.h"

#include "base/err.h"
#include "base/mem.h"
#include "guest/board.h"
#include "vm/ram.h"
#include "vm/vm.h"

/* What cannot be read is told with the samples, and ends nothing. */
static int look(void *arg, int ring, struct err *e)
{
	struct looks *l = arg;

	(void)e;
	/* A guest that goes on has left its mark when it is looked at. */
	if (ring == RING_MARK && !l->watch.moves)
		series_mark(&l->series, &l->watch);
	else if (ring == RING_SAMPLE)
		series_sample(&l->series, &l->watch);
	return 0;
}

int looks_begin(struct looks *l, struct vm *vm, const char *boot, struct err *e)
{
	const struct phys phys = { vm_read_phys, vm, machine_end(&vm->m) };
	struct err dark = { 0 };

	if (watch_load(&l->watch, boot, e) < 0)
		return err_in(e, "look into the guest");
	series_open(&l->series);
	/* A guest in which nothing can be found has its scenario all the same. */
	if (watch_open(&l->watch, &phys, vm->hello, !vm->m.clock.virtual, &dark) < 0)
		series_trouble(&l->series, dark.msg);
	l->open = true;
	l->vm = vm;
	vm->board.look = look;
	vm->board.look_arg = l;
	return 0;
}

char *looks_end(struct looks *l)
{
	char *text = NULL;
	size_t n;

	if (!l->open)
		return NULL;
	l->vm->board.look = NULL;
	FILE *f = xmemstream(&text, &n);

	series_write(f, &l->series);
	fclose(f);
	series_free(&l->series);
	watch_close(&l->watch);
	l->open = false;
	return text;
}
