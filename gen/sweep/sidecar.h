/* sidecar.h: a cell of a verifier sweep as a sidecar file, for test-stats. Members: docs/formats.md. */
#pragma once
#include "options/opt.h"
#include <stdio.h>
struct err;
struct report;
struct result;
struct sweep;

struct sidecar_cell {
	const char *test, *scheduler;
	const char *topology; /* "1n2l4c2t" */
	const char *preset;   /* its name, when it was asked for by that; else NULL */
	const char *flags;    /* of the profile; NULL: none */
	const char *kernel;
	const struct result *result;
};
void sidecar_cell_write(FILE *f, const struct sidecar_cell *c);

/* The folder, made when it is not there; a descriptor, or negative. */
int sidecar_folder(const char *path, struct err *e);
/* A file for each cell of the sweep that has a result: {test}.{topology}.{flags}.{kernel}.ktstr.json, replaced whole. That of a
 * cell which came to nothing this time goes. asked: topologies as they were given. */
int sidecar_cells(int dir, const struct sweep *s, const struct report *r, const struct opt_list *asked, struct err *e);
