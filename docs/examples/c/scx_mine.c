/* Loads the scheduler and keeps it attached until a signal comes (exit code 0) or the kernel lets go of it (1). */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "scx_mine.skel.h"

static bool signalled(const sigset_t *signals)
{
	static const struct timespec poll = { .tv_nsec = 100000000 };

	return sigtimedwait(signals, NULL, &poll) > 0;
}

static int run(struct scx_mine *s, const sigset_t *signals)
{
	struct bpf_map *ops = bpf_object__find_map_by_name(s->obj, "sched_ops");
	struct bpf_link *link = ops ? bpf_map__attach_struct_ops(ops) : NULL;
	unsigned int kind = 0;

	if (!link) {
		perror("scx_mine: cannot be attached");
		return 1;
	}
	while (!(kind = __atomic_load_n(&s->bss->ended.kind, __ATOMIC_ACQUIRE)) && !signalled(signals))
		;
	if (kind)
		fprintf(stderr, "scx_mine: thrown out (exit kind %u): %s\n", kind, s->bss->ended.msg);
	bpf_link__destroy(link);
	return kind ? 1 : 0;
}

int main(void)
{
	struct scx_mine *s;
	sigset_t signals;
	int code = 1;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	s = scx_mine__open_and_load();
	if (s)
		code = run(s, &signals);
	else
		perror("scx_mine: cannot be loaded");
	scx_mine__destroy(s);
	return code;
}
