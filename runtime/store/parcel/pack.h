/* pack.h: a parcel (list.h) written. */
#pragma once
#include "store/parcel/tally.h"
#include "store/digest.h"
#include <stddef.h>
struct err;
struct kernel_entry;
struct store;

struct packing {
	struct store *st;
	char (*keys)[KEY_LEN + 1]; /* in order, each once */
	size_t n;
	const struct kernel_entry *const *kernels; /* in order of their keys, each once */
	size_t n_kernels;
};

/* Whole or not at all. X_NO_INPUT: a result or kernel of these is not there, or damaged. */
int parcel_pack(const char *path, const struct packing *p, struct parcel_tally *t, struct err *e);
