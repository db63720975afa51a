/* globals.h: what the BPF programs in a scheduler's file call their own: global variables and maps.
 *
 * A scheduler has the objects that it loads in itself, as they were compiled, and each tells by its BTF. The file may be anything. */
#pragma once
#include "text/argv.h"
#include <stdbool.h>
#include <stddef.h>

struct globals {
	struct argv vars, maps;
	struct argv
		sections; /* of variables; libbpf puts a part of the object's name in front when it makes maps of them */
};

/* False: it has no such object, or one that does not tell, so that nothing is known. */
bool globals_read(struct globals *n, const void *file, size_t size);
bool globals_has_var(const struct globals *n, const char *name);
/* One whose name ends so in the kernel, which keeps 15 characters. When in doubt there is one. */
bool globals_has_map(const struct globals *n, const char *ending);
void globals_free(struct globals *n); /* {0} too, and twice */
#define auto_globals __attribute__((unused, cleanup(globals_free)))
