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
