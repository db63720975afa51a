/* ask.c: policies, nice values, masks. */
#include "engine/worker/ask.h"
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	CLASS_NORMAL,
	CLASS_FIFO,
	CLASS_RR,
	CLASS_BATCH,
	CLASS_IDLE = 5,
	CLASS_DEADLINE,
	CLASS_EXT
}; /* sched(7), Linux 6.12 */
enum { RESET_ON_FORK = 1, ABOVE = 50 };

/* As the kernel has it since 3.14. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int set(pid_t tid, struct attr *a)
{
	a->size = sizeof *a;
	return (int)syscall(SYS_sched_setattr, tid, a, 0);
}

int ask_policy(pid_t tid, const struct policy *p)
{
	struct attr a = { .nice = getpriority(PRIO_PROCESS, (id_t)tid), .priority = p->priority };

	switch (p->kind) {
	case POLICY_NORMAL:
		break;
	case POLICY_BATCH:
		a.policy = CLASS_BATCH;
		break;
	case POLICY_IDLE:
		a.policy = CLASS_IDLE;
		break;
	case POLICY_FIFO:
	case POLICY_RR:
		a.policy = p->kind == POLICY_FIFO ? CLASS_FIFO : CLASS_RR;
		break;
	case POLICY_DEADLINE:
		a.policy = CLASS_DEADLINE;
		a.flags = RESET_ON_FORK; /* or it could not fork at all */
		a.runtime = p->runtime_ns;
		a.deadline = p->deadline_ns;
		a.period = p->period_ns;
		break;
	case POLICY_NONE:
	case POLICY_EXT:
		a.policy = CLASS_EXT;
		if (set(tid, &a) == 0)
			return 0;
		if (errno != EINVAL)
			return -1;
		a.policy = CLASS_NORMAL;
		break;
	}
	return set(tid, &a);
}

int ask_nice(pid_t tid, int nice)
{
	return setpriority(PRIO_PROCESS, (id_t)tid, nice);
}

int ask_cpus(pid_t tid, const struct cpus *mask)
{
	return (int)syscall(SYS_sched_setaffinity, tid, sizeof mask->bits, mask->bits) < 0 ? -1 : 0;
}

int ask_above(void)
{
	struct attr a = { .policy = CLASS_FIFO, .priority = ABOVE, .flags = RESET_ON_FORK };

	return set(0, &a);
}

int ask_memory(const struct memory *m)
{
	static const int modes[MEMORY_KINDS] = { [MEMORY_LOCAL] = MPOL_LOCAL,
						 [MEMORY_BIND] = MPOL_BIND,
						 [MEMORY_INTERLEAVE] = MPOL_INTERLEAVE,
						 [MEMORY_PREFERRED] = MPOL_PREFERRED };
	unsigned long nodes[CPUS_MAX / (8 * sizeof(long))] = { 0 };
	bool named = cpus_count(&m->nodes) != 0;
	long r;

	if (m->kind == MEMORY_NONE)
		return 0;
	for (int i = cpus_next(&m->nodes, -1); i >= 0; i = cpus_next(&m->nodes, i))
		nodes[(unsigned)i / (8 * sizeof *nodes)] |= 1ul << ((unsigned)i % (8 * sizeof *nodes));
	/* The kernel counts one bit more than it looks at. */
	r = syscall(SYS_set_mempolicy, modes[m->kind], named ? nodes : NULL, named ? CPUS_MAX + 1 : 0);
	return r < 0 && errno != ENOSYS ? -1 : 0;
}
