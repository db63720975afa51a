/* idle.h: what ktstr-idle.so and who starts QEMU with it have in common.
 *
 * QEMU inherits two descriptors, which the variable names: "PAGE,NEWS". PAGE is mapped by both; NEWS is an eventfd, to which is written
 * after the page was changed. Without the variable the library does nothing. */
#pragma once
#include <stdint.h>

#define IDLE_VARIABLE "KTSTR_IDLE"

struct idle_page {
	/* 1: the guest runs by itself, so the main loop goes round only where that cannot be seen. 0: its monitor may be asked. */
	_Atomic uint32_t alone;
};
