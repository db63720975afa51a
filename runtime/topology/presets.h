/* presets.h: topologies that have a name. */
#pragma once
#include "topology/topology.h"
#include <stddef.h>

struct preset {
	const char *name;
	struct topology topo;
};

#define PRESETS 24
extern const struct preset presets[PRESETS];

/* The preset whose name is these n characters, or NULL. */
const struct preset *preset_find(const char *name, size_t n);
/* What later versions of upstream call their presets, by shape: "4cpu-1llc-nosmt", "2numa-32cpu-2llc-smt". Whether these n
 * characters are such a name, of LLCs that are alike; t is filled then and may still have too much of something. */
bool preset_shape(struct topology *t, const char *name, size_t n);
