/* presets.c: few and many LLCs, odd counts, with and without SMT, up to what fits a guest. */
#include "topology/presets.h"

#include <stdlib.h>
#include <string.h>

const struct preset presets[PRESETS] = {
	{ "tiny-1llc", TOPOLOGY(1, 1, 4, 1) },         { "tiny-2llc", TOPOLOGY(1, 2, 2, 1) },
	{ "odd-3llc", TOPOLOGY(1, 3, 3, 1) },          { "odd-5llc", TOPOLOGY(1, 5, 3, 1) },
	{ "odd-7llc", TOPOLOGY(1, 7, 2, 1) },          { "smt-2llc", TOPOLOGY(1, 2, 2, 2) },
	{ "smt-3llc", TOPOLOGY(1, 3, 2, 2) },          { "medium-4llc", TOPOLOGY(1, 4, 4, 2) },
	{ "medium-8llc", TOPOLOGY(1, 8, 4, 2) },       { "large-4llc", TOPOLOGY(1, 4, 16, 2) },
	{ "large-8llc", TOPOLOGY(1, 8, 8, 2) },        { "near-max-llc", TOPOLOGY(1, 15, 8, 2) },
	{ "max-cpu", TOPOLOGY(1, 14, 9, 2) },          { "medium-4llc-nosmt", TOPOLOGY(1, 4, 8, 1) },
	{ "medium-8llc-nosmt", TOPOLOGY(1, 8, 8, 1) }, { "large-4llc-nosmt", TOPOLOGY(1, 4, 32, 1) },
	{ "large-8llc-nosmt", TOPOLOGY(1, 8, 16, 1) }, { "near-max-llc-nosmt", TOPOLOGY(1, 15, 16, 1) },
	{ "max-cpu-nosmt", TOPOLOGY(1, 14, 18, 1) },   { "numa2-4llc", TOPOLOGY(2, 4, 4, 1) },
	{ "numa2-8llc", TOPOLOGY(2, 8, 8, 2) },        { "numa2-8llc-nosmt", TOPOLOGY(2, 8, 16, 1) },
	{ "numa4-8llc", TOPOLOGY(4, 8, 4, 1) },        { "numa4-12llc", TOPOLOGY(4, 12, 8, 2) },
};

const struct preset *preset_find(const char *name, size_t n)
{
	for (size_t i = 0; i < PRESETS; i++)
		if (strlen(presets[i].name) == n && !memcmp(presets[i].name, name, n))
			return &presets[i];
	return NULL;
}

/* "32cpu" */
static bool count_of(const char **p, const char *unit, unsigned *v)
{
	size_t digits = strspn(*p, "0123456789"), len = strlen(unit);

	if (!digits || digits > 4 || strncmp(*p + digits, unit, len) != 0)
		return false;
	*v = (unsigned)strtoul(*p, NULL, 10);
	*p += digits + len;
	return true;
}

bool preset_shape(struct topology *t, const char *name, size_t n)
{
	char text[48];
	const char *p = text;
	unsigned nodes = 1, cpus, llcs, threads;

	if (n >= sizeof(text))
		return false;
	memcpy(text, name, n);
	text[n] = '\0';
	(void)count_of(&p, "numa-", &nodes);
	if (!count_of(&p, "cpu-", &cpus) || !count_of(&p, "llc-", &llcs))
		return false;
	if (strcmp(p, "smt") != 0 && strcmp(p, "nosmt") != 0)
		return false;
	threads = *p == 's' ? 2 : 1;
	if (!nodes || !llcs || !cpus || cpus % (llcs * threads))
		return false;
	*t = (struct topology)TOPOLOGY(nodes, llcs, cpus / (llcs * threads), threads);
	return true;
}
