/* What scx_mine is to do. `make test` runs all of it; ./tests --help says how to run less. */
#include <ktstr.h>

KTSTR_SCHEDULER(sched, .binary = "scx_mine", .topology = "1,1,2,1");

/* Passes: whoever waits is served in turn. A test may be a text: docs/scenarios.md has all that can stand in it. */
KTSTR_SCENARIO(fair, .scheduler = &sched, .summary = "four that compute have half a CPU each",
	       .scenario = "cgroup left\n"
			   "cgroup right\n"
			   "work left spin n=100%\n"
			   "work right spin n=100%\n"
			   "hold 100%",
	       .expect = "share.min >= 40%\n"
			 "gap.max <= 200ms");

/* Fails: turns are of the same length, whatever a task's weight is. To make it pass, change the scheduler: SLICE_NS * p->scx.weight / 100.
 * A test may be a body, which makes the text for the machine it is to run on. */
KTSTR_TEST(weights, .scheduler = &sched, .summary = "who is more important has more",
	   .expect = "share.min{important} >= 60%")
{
	const char *important = ktstr_cgroup(k, "important"), *other = ktstr_cgroup(k, "other");

	ktstr_work(k, important, "spin n=%u nice=-5", ktstr_cpus(k));
	ktstr_work(k, other, "spin n=%u", ktstr_cpus(k));
	ktstr_hold(k, "100%%");
}

KTSTR_MAIN
