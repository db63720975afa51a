#include "kernel/name/kernel.h"

#include <stdlib.h>

void kernel_free(struct kernel *k)
{
	free(k->name);
	free(k->label);
	free(k->image);
	free(k->vmlinux);
	free(k->config);
	free(k->key);
	*k = (struct kernel){ 0 };
}
