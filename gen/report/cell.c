#include "gen/report/cell.h"
#include "text/argv.h"
#include "text/text.h"
#include "base/mem.h"
#include "gen/report/report.h"

char *report_label(const struct report *r, const struct report_cell *c, bool kernel)
{
	const char *parts[3];
	size_t n = 0;

	if (kernel || r->many_kernels)
		parts[n++] = c->kernel;
	if (c->profile)
		parts[n++] = c->profile;
	if (c->topology)
		parts[n++] = c->topology;
	auto_free char *all = xasprintf("%s%s%s%s%s", n ? parts[0] : "", n > 1 ? " " : "", n > 1 ? parts[1] : "",
					n > 2 ? " " : "", n > 2 ? parts[2] : "");

	return text_plain(all, strlen(all), TEXT_LINE);
}

const char *report_outcome(const struct report_cell *c)
{
	if (c->have)
		return verdict_name(c->result.verdict);
	return c->not_run ? "not run" : "failed";
}

const char *report_reason(const struct report_cell *c)
{
	if (c->have && c->result.reason)
		return c->result.reason;
	return !c->failure ? "" : c->failure + (c->not_run ? strlen(REPORT_NOT_RUN) : 0);
}

char *report_again(const struct report *r, const struct report_cell *c)
{
	auto_argv struct argv a = { 0 };

	if (!r->command || c->not_run)
		return NULL;
	argv_add(&a, "--kernel");
	argv_add(&a, c->id);
	if (c->profile) {
		argv_add(&a, "--profiles");
		argv_add(&a, c->profile);
	}
	if (c->topology) {
		argv_add(&a, "--topology");
		argv_add(&a, c->topology);
	}
	auto_free char *cell = argv_quote((const char *const *)a.v);

	return xasprintf("%s %s%s%s", r->command, cell, r->args ? " " : "", r->args ? r->args : "");
}
