#include "inspect/queues.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { RQ, DSQ, SCHED, PCPU, HASH, TABLE, TASK, CFS, EVENTS, N_STRUCTS };
static const char *const structs[N_STRUCTS] = {
	[RQ] = "rq",
	[DSQ] = "scx_dispatch_q",
	[SCHED] = "scx_sched",
	[PCPU] = "scx_sched_pcpu",
	[HASH] = "rhashtable",
	[TABLE] = "bucket_table",
	[TASK] = "task_struct",
	[CFS] = "cfs_rq",
	[EVENTS] = "scx_event_stats",
};

static const struct member_row rows[] = {
#define AT(m) offsetof(struct queues, m)
	{ AT(nr_running), RQ, "nr_running", 4, 4, false },
	{ AT(curr), RQ, "curr", 8, 8, false },
	{ AT(idle), RQ, "idle", 8, 8, false },
	{ AT(clock), RQ, "clock", 8, 8, false },
	{ AT(online), RQ, "online", 4, 4, false },
	{ AT(cfs_tasks), RQ, "cfs_tasks", 16, 16, false },
	{ AT(run_delay), RQ, "rq_sched_info.run_delay", 8, 8, false },
	{ AT(pcount), RQ, "rq_sched_info.pcount", 8, 8, false },
	{ AT(cpu_time), RQ, "rq_cpu_time", 8, 8, false },
	{ AT(yld), RQ, "yld_count", 4, 4, false },
	{ AT(sched), RQ, "sched_count", 4, 4, false },
	{ AT(goidle), RQ, "sched_goidle", 4, 4, false },
	{ AT(ttwu), RQ, "ttwu_count", 4, 4, false },
	{ AT(ttwu_local), RQ, "ttwu_local", 4, 4, false },
	{ AT(scx_nr), RQ, "scx.nr_running", 4, 4, false },
	{ AT(scx_flags), RQ, "scx.flags", 4, 4, false },
	{ AT(scx_local), RQ, "scx.local_dsq", 16, 1024, false },
	{ AT(scx_runnable), RQ, "scx.runnable_list", 16, 16, false },
	{ AT(dsq_nr), DSQ, "nr", 4, 4, false },
	{ AT(dsq_id), DSQ, "id", 8, 8, false },
	{ AT(dsq_first), DSQ, "first_task", 8, 8, false },
	{ AT(dsq_list), DSQ, "list", 16, 16, false },
	{ AT(dsq_node), DSQ, "hash_node", 8, 8, false },
	{ AT(sch_hash), SCHED, "dsq_hash", 16, 4096, false },
	{ AT(sch_pcpu), SCHED, "pcpu", 8, 8, false },
	{ AT(sch_events), SCHED, "event_stats_cpu", 8, 8, false },
	{ AT(pcpu_events), PCPU, "event_stats", 8, 4096, false },
	{ AT(table), HASH, "tbl", 8, 8, false },
	{ AT(table_size), TABLE, "size", 4, 4, false },
	{ AT(table_nest), TABLE, "nest", 4, 4, false },
	{ AT(table_buckets), TABLE, "buckets", 0, 0, false },
	{ AT(table_next), TABLE, "future_tbl", 8, 8, false },
	{ AT(pid), TASK, "pid", 4, 4, false },
	{ AT(comm), TASK, "comm", 16, 64, false },
	{ AT(cpus_ptr), TASK, "cpus_ptr", 8, 8, false },
	{ AT(last_queued), TASK, "sched_info.last_queued", 8, 8, false },
	{ AT(task_runnable), TASK, "scx.runnable_node", 16, 16, false },
	{ AT(task_runnable_at), TASK, "scx.runnable_at", 8, 8, false },
	{ AT(task_dsq), TASK, "scx.dsq", 8, 8, false },
	{ AT(task_dsq_node), TASK, "scx.dsq_list.node", 16, 16, false },
	{ AT(task_dsq_flags), TASK, "scx.dsq_list.flags", 4, 4, false },
	{ AT(task_group_node), TASK, "se.group_node", 16, 16, false },
	{ AT(task_delayed), TASK, "se.sched_delayed", 1, 1, false },
	{ AT(task_cfs), TASK, "se.cfs_rq", 8, 8, false },
	{ AT(cfs_throttled), CFS, "throttle_count", 4, 4, false },
#undef AT
};
static const struct members table = { structs, N_STRUCTS, rows, countof(rows) };

static bool event_named(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return !strncmp(name, "SCX_EV_", 7) && n < QUEUES_NAME && !name[n];
}

/* False: it cannot be, or is there already. */
static bool event_add(struct queues *q, const char *name, int64_t off)
{
	if (q->n_events == QUEUES_EVENTS || off < 0 || off >= MEMBERS_OFFSET)
		return false;
	for (size_t i = 0; i < q->n_events; i++)
		if (!strcmp(q->events[i].name, name))
			return false;
	snprintf(q->events[q->n_events].name, QUEUES_NAME, "%s", name);
	q->events[q->n_events++].at = (struct member){ (int32_t)off, 8 };
	return true;
}

/* All members of that structure that are counters by their name. */
static void events_find(struct queues *q, const struct members_btf *t)
{
	const struct btf_type *s = btf__type_by_id(t->btf, t->id[EVENTS]);

	for (unsigned i = 0; t->id[EVENTS] && i < btf_vlen(s); i++) {
		const struct btf_member *m = btf_members(s) + i;
		const char *name = btf__name_by_offset(t->btf, m->name_off);
		uint32_t bits = btf_member_bit_offset(s, i);

		if (!name || !event_named(name) || btf_member_bitfield_size(s, i) || bits % 8 ||
		    btf__resolve_size(t->btf, m->type) != 8)
			continue;
		(void)event_add(q, name, bits / 8);
	}
}

int queues_from_btf(struct queues *q, const void *btf, size_t n, struct err *e)
{
	auto_members struct members_btf t = { 0 };
	struct queues found = { 0 };

	if (members_open(&t, btf, n, e) < 0 || members_find(&t, &table, &found, e) < 0)
		return -1;
	events_find(&found, &t);
	*q = found;
	return 0;
}

int queues_write(FILE *f, const struct queues *q)
{
	members_write(f, &table, q);
	for (size_t i = 0; i < q->n_events; i++)
		fprintf(f, "event.%s %" PRId32 "\n", q->events[i].name, q->events[i].at.off);
	return ferror(f) ? -1 : 0;
}

static int event_take(struct queues *q, const struct members_line *line)
{
	char name[QUEUES_NAME];

	if (line->n != 1 || line->len < 6 || memcmp(line->name, "event.", 6) != 0 || line->len - 6 >= sizeof(name))
		return -1;
	memcpy(name, line->name + 6, line->len - 6);
	name[line->len - 6] = '\0';
	return event_named(name) && event_add(q, name, line->v[0]) ? 0 : -1;
}

static int line_take(struct queues *q, const struct members_line *line, bool *seen)
{
	size_t row = members_row(&table, line);

	if (row == table.n_rows)
		return event_take(q, line);
	if (seen[row])
		return -1;
	seen[row] = true;
	return members_take(&rows[row], line, q);
}

int queues_parse(struct queues *q, const char *text, size_t n, struct err *e)
{
	bool seen[countof(rows)] = { false };
	struct queues got = { 0 };
	unsigned at = 0;

	_Static_assert(countof(rows) <= MEMBERS_ROWS, "rows");
	for (const char *p = text, *end = text + n; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct members_line line;

		at++;
		if (!nl || members_split(p, nl, &line) < 0 || line_take(&got, &line, seen) < 0)
			return err_set(e, X_FAIL, "line %u of where queues are makes no sense", at);
		p = nl + 1;
	}
	for (size_t i = 0; i < countof(rows); i++)
		if (!seen[i])
			return err_set(e, X_FAIL, "where queues are: %s.%s is missing", structs[rows[i].in],
				       rows[i].path);
	*q = got;
	return 0;
}
