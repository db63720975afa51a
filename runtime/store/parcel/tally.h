/* tally.h: how much there was of a parcel. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct parcel_tally {
	size_t results, kernels;
	size_t new_results, new_kernels; /* that were not there before; of a parcel that was read */
	uint64_t bytes;                  /* of the file */
};
