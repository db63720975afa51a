/* topo: which CPUs of this machine share what. */
#include "base/err.h"
#include "gen/verb/verbs.h"
#include "host/hostcpu.h"
#include "json/write.h"

static struct {
	bool json;
} o;

static const struct opt opts[] = {
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print it as JSON" },
	{ 0 },
};

/* CPUs of that LLC, and the node of the first of them. */
static unsigned node_of(const struct host_cpus *h, unsigned llc)
{
	for (unsigned i = 0; i < h->n; i++)
		if (h->v[i].llc == llc)
			return h->v[i].node;
	return 0;
}

static void print_text(const struct host_cpus *h)
{
	printf("CPUs:       %u\nLLCs:       %u\nNUMA nodes: %u\n", h->n, h->llcs, h->nodes);
	for (unsigned llc = 0; llc < h->llcs; llc++) {
		const char *comma = "";

		printf("  LLC %u (node %u): [", llc, node_of(h, llc));
		for (unsigned i = 0; i < h->n; i++) {
			if (h->v[i].llc != llc)
				continue;
			printf("%s%u", comma, h->v[i].id);
			comma = ", ";
		}
		puts("]");
	}
}

static void print_json(const struct host_cpus *h)
{
	struct jsonw w;

	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_ku64(&w, "cpus", h->n);
	jsonw_ku64(&w, "nodes", h->nodes);
	jsonw_karr(&w, "llcs");
	for (unsigned llc = 0; llc < h->llcs; llc++) {
		jsonw_obj(&w);
		jsonw_ku64(&w, "llc", llc);
		jsonw_ku64(&w, "node", node_of(h, llc));
		jsonw_karr(&w, "cpus");
		for (unsigned i = 0; i < h->n; i++)
			if (h->v[i].llc == llc)
				jsonw_u64(&w, h->v[i].id);
		jsonw_end_arr(&w);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static int topo_run(int n, const char *const *args, struct err *e)
{
	auto_host_cpus struct host_cpus h = { 0 };

	(void)n, (void)args;
	if (host_cpus_read(&h, "", e) < 0)
		return e->code;
	if (o.json)
		print_json(&h);
	else
		print_text(&h);
	return X_SUCCESS;
}

const struct verb verb_topo = {
	.name = "topo",
	.args = "",
	.summary = "show this machine's CPUs, last-level caches and NUMA nodes",
	.about = "Lists the CPUs of this machine that run, by last-level cache, as `ktstr run --host` sees them.",
	.examples = "  ktstr topo\n  ktstr topo --json\n",
	.opts = opts,
	.run = topo_run,
};
