// SPDX-License-Identifier: GPL-2.0-only
/*
 * bug.c: loads one of the schedulers of this folder (SKELETON is the header that bpftool made of it) and keeps it attached.
 *
 *   mask_race [--fixed]
 *
 * Exit codes: 0 asked to leave, 1 not loaded or not attached, 2 wrong usage, 3 thrown out.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "scx_ktstr.h"
#include SKELETON

/* How soon its end is noticed. */
#define POLL_NS 250000000L

/* Until a signal comes (true) or the kernel lets go of the scheduler (false). */
static bool wait_for_end(struct bug *skel, const sigset_t *signals)
{
	static const struct timespec poll = { .tv_nsec = POLL_NS };

	while (!__atomic_load_n(&skel->bss->exit_info.kind, __ATOMIC_ACQUIRE))
		if (sigtimedwait(signals, NULL, &poll) > 0)
			return true;
	return false;
}

/* The map is found by name: skeletons of older bpftools do not list the callback table. */
static struct bpf_link *attach(struct bug *skel)
{
	struct bpf_map *ops = bpf_object__find_map_by_name(skel->obj, "bug_ops");

	return ops ? bpf_map__attach_struct_ops(ops) : NULL;
}

static int run(struct bug *skel, const sigset_t *signals)
{
	const struct ktstr_exit *e = &skel->bss->exit_info;
	struct bpf_link *link;
	int status = 0;

	if (bug__load(skel) || !(link = attach(skel))) {
		perror("not loaded");
		return 1;
	}
	if (!wait_for_end(skel, signals)) {
		printf("ended by the kernel (kind %u): %s: %s\n", e->kind, e->reason, e->msg);
		status = e->kind >= KTSTR_EXIT_ERROR ? 3 : 0;
	}
	bpf_link__destroy(link);
	return status;
}

int main(int argc, char **argv)
{
	bool fixed = argc == 2 && !strcmp(argv[1], "--fixed");
	int cpus = libbpf_num_possible_cpus(), status;
	struct bug *skel;
	sigset_t signals;

	if (argc > 1 && !fixed) {
		fprintf(stderr, "usage: %s [--fixed]\n", argv[0]);
		return 2;
	}
	/* Before loading: a signal that comes early then waits for wait_for_end(). */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	skel = bug__open();
	if (!skel || cpus < 1 || cpus > KTSTR_MAX_CPUS) {
		fprintf(stderr, "not opened, or not for %d CPUs\n", cpus);
		return 1;
	}
	skel->rodata->fixed = fixed;
	skel->rodata->nr_cpus = cpus;
	status = run(skel, &signals);
	bug__destroy(skel);
	return status;
}
