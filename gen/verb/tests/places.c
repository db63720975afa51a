#include "gen/verb/tests/places.h"

#include <string.h>

#include "arch/arch.h"
#include "base/err.h"
#include "base/mem.h"
#include "topology/presets.h"

static void add(struct opt_list *to, const char *name)
{
	to->v = xreallocarray(to->v, to->n + 1, sizeof(*to->v));
	to->v[to->n++] = name;
}

int places_settle(struct err *e)
{
	const struct opt_list *said = &tests_asked.presets;

	for (size_t i = 0; i < said->n; i++) {
		bool all = !strcmp(said->v[i], "all");

		if (!all && !preset_find(said->v[i], strlen(said->v[i])))
			return err_set(e, X_USAGE, "--preset %s: there is none such; ktstr topo shows those there are",
				       said->v[i]);
		for (size_t k = 0; all && k < PRESETS; k++)
			if (presets[k].topo.threads < 2 || arch_host() == &arch_x86_64)
				add(&tests_asked.topologies, presets[k].name);
		if (!all)
			add(&tests_asked.topologies, said->v[i]);
	}
	return 0;
}
