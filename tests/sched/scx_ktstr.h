/* SPDX-License-Identifier: GPL-2.0-only */
/* scx_ktstr.h: what the two halves of the scheduler, BPF program and loader, agree on. */
#pragma once

/* A power of two: the BPF half masks CPU numbers with it, which the verifier understands. */
#define KTSTR_MAX_CPUS 1024
#define KTSTR_MAX_LLCS 64

#define KTSTR_TIMEOUT_MS 5000

/* Why the kernel let go of the scheduler, written once by the exit callback. */
struct ktstr_exit {
	unsigned int kind; /* the kernel's enum scx_exit_kind; 0 while the scheduler runs */
	char reason[128];
	char msg[512];
};

/* From this kind on the kernel threw the scheduler out; below it, somebody asked it to leave. */
#define KTSTR_EXIT_ERROR 1024
