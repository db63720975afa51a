/* fake_progs.h: programs of a guest that is none, and how a test reads them. */
#pragma once
#include "fake_guest.h"
#include "inspect/progs.h"

static inline void open_guest(struct fake_guest *g, struct kmem *m)
{
	auto_free char *hello = fg_hello();
	struct phys p;
	struct err e = { 0 };

	fg_open(g, 4);
	p = fg_phys(g);
	if (kmem_open(m, &p, hello, strlen(hello), &e) < 0)
		fail_msg("%s", e.msg);
}

static inline void read_fine(struct progs *p, const struct kmem *m, const struct layout *l)
{
	struct err e = { 0 };

	if (progs_read(p, m, l, &e) < 0)
		fail_msg("%s", e.msg);
}

static inline void add(struct fake_guest *g, uint64_t root, uint32_t id, const char *name)
{
	fg_enter(g, root, id, g->base + fg_prog(g, id, FG_STRUCT_OPS, name));
}
