#include "inspect/kmem.h"

#include <string.h>

#include "inspect/paging.h"

#define HOLE ((uint64_t)4 << 30) /* RAM above a hole has addresses beyond its size */

bool kmem_in_ram(const struct kmem *m, uint64_t gpa)
{
	return gpa < m->phys.size + HOLE;
}

bool kmem_in_image(const struct kmem *m, uint64_t va)
{
	return va >= m->text_va && va < m->paging->image_end && kmem_in_ram(m, va - m->text_va + m->text_pa);
}

int kmem_phys_u64(const struct kmem *m, uint64_t gpa, uint64_t *out, struct err *e)
{
	uint64_t v;

	if (m->phys.read(m->phys.ctx, gpa, &v, sizeof(v), e) < 0)
		return -1;
	*out = v;
	return 0;
}

uint64_t kmem_symbol(const struct kmem *m, const char *name)
{
	for (size_t i = 0; i < m->n_sym; i++)
		if (!strcmp(m->sym[i].name, name))
			return m->sym[i].va;
	return 0;
}
