#include "trial/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "json/read.h"
#include "json/scan.h"
#include "json/write.h"
#include "text/text.h"
#include "host/accel.h"

enum { FORMAT = 1, VALUES_MAX = 4000000, NONE_MAX = 64 << 10 };

/* Members that are the host's to say, whatever a guest says. */
static const char *const ours[] = { "format",    "clock",   "shift",    "seed",      "release",   "topology", "profile",
				    "scheduler", "outcome", "reason",   "exit_kind", "exit_code", "skipped",  "unfit",
				    "broken",    "host",    "restarts", "samples",   "looked",    "unlooked" };

static bool is_ours(struct json_text key)
{
	/* One that is written in another way is none of the engine's. */
	if (key.escaped)
		return true;
	for (size_t i = 0; i < countof(ours); i++)
		if (key.n == strlen(ours[i]) && !memcmp(key.s, ours[i], key.n))
			return true;
	return false;
}

/* Member by member as it stands there. */
static int add_engine(FILE *f, const char *text, size_t n, struct err *e)
{
	auto_json_keys struct json_keys keys = { 0 };
	struct json_scan s;
	struct json_text key;
	int more;

	json_scan_init(&s, text, n, VALUES_MAX, &keys, e);
	if (json_scan_kind(&s) != JSON_OBJECT)
		return err_set(e, X_VM, "it is no object");
	if (json_scan_enter(&s) < 0)
		return -1;
	while ((more = json_scan_next(&s, &key)) > 0) {
		const char *from = s.at;

		if (json_scan_skip(&s) < 0)
			return -1;
		while (json_space(*from))
			from++;
		if (!is_ours(key))
			fprintf(f, ",\n\"%.*s\":%.*s", (int)key.n, key.s, (int)(s.at - from), from);
	}
	return more < 0 ? -1 : json_scan_end(&s);
}

static void add_text(FILE *f, const char *name, const char *value)
{
	struct jsonw w;

	if (!value)
		return;
	fprintf(f, ",\n\"%s\":", name);
	jsonw_init(&w, f);
	w.compact = true;
	jsonw_str(&w, value);
}

static void add_topology(FILE *f, const struct topology *t)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *to = xmemstream(&text, &n);

	topology_write(to, t);
	fclose(to);
	add_text(f, "topology", text);
}

static void add_machine(FILE *f, const struct record *rec, const struct trial_result *r)
{
	struct jsonw w;

	fputs(",\n\"host\":", f);
	jsonw_init(&w, f);
	w.compact = true;
	jsonw_obj(&w);
	jsonw_kstr(&w, "accel", rec->host ? "host" : accel_name(r->accel));
	if (r->stolen_known)
		jsonw_ku64(&w, "stolen_ns", r->stolen_ns);
	kvm_stats_write(&w, &r->kvm);
	jsonw_end_obj(&w);
}

static void add_host(FILE *f, const struct record *rec, const struct trial_result *r)
{
	auto_free char *release = r->release ? text_plain(r->release, strlen(r->release), TEXT_LINE) : NULL;

	fprintf(f, "{\"format\":%d,\n\"clock\":\"%s\"", FORMAT, r->clock.virtual ? "virtual" : "real");
	if (r->clock.virtual)
		fprintf(f, ",\n\"shift\":%u", r->clock.shift);
	fprintf(f, ",\n\"seed\":%llu", (unsigned long long)r->seed);
	add_text(f, "release", release);
	add_topology(f, &r->topology);
	add_text(f, "profile", rec->profile);
	add_text(f, "scheduler", rec->scheduler ? rec->scheduler : rec->host ? NULL : "eevdf");
	add_text(f, "outcome", trial_end_names[r->end]);
	add_text(f, "reason", r->reason);
	add_text(f, "exit_kind", r->exit_kind);
	if (r->exit_code)
		fprintf(f, ",\n\"exit_code\":%u", r->exit_code);
	if (r->restarts)
		fprintf(f, ",\n\"restarts\":%u", r->restarts);
	if (!r->clock.virtual)
		add_machine(f, rec, r);
}

static void write_none(FILE *f, const char *kind, const char *why)
{
	fprintf(f, "{\"format\":%d", FORMAT);
	add_text(f, kind, why);
	fputs("}\n", f);
}

int record_write(FILE *f, const struct record *rec, const struct trial_result *r, struct err *e)
{
	if (r->end == TRIAL_SKIPPED || r->end == TRIAL_UNFIT) {
		write_none(f, trial_end_names[r->end], r->reason);
		return 0;
	}
	add_host(f, rec, r);
	if (r->engine && add_engine(f, r->engine, r->engine_n, e) < 0)
		return err_as(e, X_VM, "what the engine in the guest printed");
	if (r->samples)
		fputs(r->samples, f);
	fputs("}\n", f);
	return 0;
}

int record_file(int dir, const struct record *rec, const struct trial_result *r, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	int ret = record_write(f, rec, r, e);

	fclose(f);
	return ret < 0 || file_write(dir, "run.json", text, n, e) < 0 ? -1 : 0;
}

int record_broken(int dir, const char *why, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	write_none(f, "broken", why);
	fclose(f);
	return file_write(dir, "run.json", text, n, e) < 0 ? -1 : 0;
}

enum record_kind record_kind(const char *text, size_t n, char **why)
{
	static const char *const names[] = {
		[RECORD_SKIPPED] = "skipped", [RECORD_UNFIT] = "unfit", [RECORD_BROKEN] = "broken"
	};
	auto_json struct json j = { 0 };
	struct err ignored;

	*why = NULL;
	/* Who says no more than why is brief. */
	if (n > NONE_MAX || json_parse(&j, text, n, &ignored) < 0)
		return RECORD_RUN;
	for (int kind = RECORD_SKIPPED; kind <= RECORD_BROKEN; kind++) {
		if (json_str(&j, json_get(&j, 0, names[kind]), why, &ignored) == 0 && *why)
			return (enum record_kind)kind;
	}
	return RECORD_RUN;
}
