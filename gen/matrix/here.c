#include "gen/matrix/here.h"

#include <stdbool.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch/arch.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/kernels/target.h"
#include "host/cgroup.h"
#include "host/hostcpu.h"

/* Whether CPU i is thread i % threads of core i / threads, LLCs have CPUs in order and all as many, and nodes LLCs. */
static bool is_regular(const struct host_cpus *h, unsigned threads)
{
	unsigned of_llc = h->n / h->llcs, of_node = h->n / h->nodes;

	if (h->n % h->llcs || h->llcs % h->nodes || of_llc % threads)
		return false;
	for (unsigned i = 0; i < h->n; i++) {
		const struct host_cpu *c = &h->v[i];

		if (c->llc != i / of_llc || c->node != i / of_node || c->core != i - i % threads)
			return false;
	}
	return true;
}

static unsigned threads_of(const struct host_cpus *h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->n; i++)
		n += h->v[i].core == h->v[0].core;
	return n ? n : 1;
}

char *here_topology(struct err *e)
{
	auto_host_cpus struct host_cpus h = { 0 };

	if (host_cpus_read(&h, "", e) < 0)
		return NULL;
	for (unsigned i = 0; i < h.n; i++)
		if (h.v[i].id != i) {
			err_set(e, X_HOST,
				"CPU %u of this machine is offline, and scenarios count CPUs without gaps: switch it on, or run "
				"in a guest, without --host",
				i);
			return NULL;
		}
	unsigned threads = threads_of(&h), nodes = h.nodes ? h.nodes : 1;

	h.nodes = nodes;
	if (!h.llcs || !is_regular(&h, threads))
		return xasprintf("1,1,%u,1", h.n);
	return xasprintf("%u,%u,%u,%u", nodes, h.llcs, h.n / h.llcs / threads, threads);
}

void here_target(struct target *t)
{
	struct utsname uts;

	*t = (struct target){ .from = TARGET_READY };
	t->k.name = xstrdup("here");
	t->k.label = xstrdup(uname(&uts) == 0 ? uts.release : "here");
	t->k.arch = arch_host();
}

int here_allowed(char **groups, struct err *e)
{
	auto_free char *mount = cgroup_v2_mount();

	if (!mount)
		return err_set(
			e, X_FAIL,
			"--host takes control groups of version 2, and they are not mounted on this machine; without "
			"--host scenarios run in a guest");
	if (geteuid() != 0)
		return err_set(
			e, X_FAIL,
			"--host makes control groups and real-time processes on this machine, which takes root: sudo "
			"ktstr run --host …; without --host scenarios run in a guest");
	*groups = xasprintf("%s/ktstr", mount);
	return 0;
}
