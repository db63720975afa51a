/* memory.h: where the memory of workers comes from, as set_mempolicy(2) has it: local, bind:NODES, interleave:NODES, preferred:NODE. */
#pragma once
#include "scenario/cpus.h"
#include "scenario/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum memory_kind {
	MEMORY_NONE /* nothing is said */,
	MEMORY_LOCAL,
	MEMORY_BIND,
	MEMORY_INTERLEAVE,
	MEMORY_PREFERRED,
	MEMORY_KINDS
};

struct memory {
	enum memory_kind kind;
	struct cpus nodes; /* none with LOCAL, one with PREFERRED */
};

bool memory_parse(struct memory *m, const char *text, size_t n, struct scenario_error *e);
void memory_write(FILE *f, const struct memory *m);
