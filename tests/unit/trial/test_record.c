/* test_record.c: run.json around what an engine printed, which may be anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "json/read.h"
#include "trial/kept.h"
#include "trial/record.h"

static struct trial_result ran(char *engine)
{
	return (struct trial_result){ .end = TRIAL_RAN,
				      .seed = 7,
				      .clock = { .virtual = true, .shift = 1 },
				      .topology = TOPOLOGY(1, 2, 2, 1),
				      .release = "7.3.4",
				      .engine = engine,
				      .engine_n = engine ? strlen(engine) : 0 };
}

/* NULL: refused. Caller frees. */
static char *text_of(const struct record *rec, const struct trial_result *r, struct err *e)
{
	char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	int ret = record_write(f, rec, r, e);

	fclose(f);
	if (ret == 0)
		return text;
	free(text);
	return NULL;
}

static void whole(void **state)
{
	struct trial_result r = ran(
		"{\"format\":9,\"seed\":9,\"outcome\":\"ended\",\"cpus\":4, \"workers\": [ {\"id\":0}] , \"end_ns\":5}");
	const struct record rec = { .scheduler = "scx \"a\"", .profile = "llc+steal" };
	struct err e = { 0 };
	auto_free char *text = text_of(&rec, &r, &e);

	(void)state;
	assert_string_equal(
		text, "{\"format\":1,\n\"clock\":\"virtual\",\n\"shift\":1,\n\"seed\":7,\n\"release\":\"7.3.4\",\n"
		      "\"topology\":\"1,2,2,1\",\n\"profile\":\"llc+steal\",\n\"scheduler\":\"scx \\\"a\\\"\",\n"
		      "\"outcome\":\"ran\",\n\"cpus\":4,\n\"workers\":[ {\"id\":0}],\n\"end_ns\":5}\n");
}

/* Samples are the host's to tell. */
static void sampled(void **state)
{
	struct trial_result r = ran("{\"samples\":[1],\"looked\":[],\"unlooked\":\"x\",\"sampled_ns\":[5]}");
	const struct record rec = { 0 };
	struct err e = { 0 };
	auto_free char *text = NULL;

	(void)state;
	r.samples = ",\n\"samples\":[null],\n\"looked\":[]";
	text = text_of(&rec, &r, &e);
	assert_non_null(
		strstr(text, "\"outcome\":\"ran\",\n\"sampled_ns\":[5],\n\"samples\":[null],\n\"looked\":[]}\n"));
}

/* Whatever a guest says, it is JSON with our members once, or refused. */
static void hostile(void **state)
{
	static const struct {
		const char *engine;
		bool fine;
	} all[] = {
		{ "{}", true },
		{ "", false },
		{ "[]", false },
		{ "7", false },
		{ "{\"a\":1", false },
		{ "{\"a\":1}{", false },
		{ "{\"a\":1,\"a\":2}", false },
		{ "{\"a\" 1}", false },
		{ "{\"see\\u0064\":1,\"b\":2}", true },
		{ "{\"host\":{\"accel\":\"kvm\"},\"skipped\":\"no\"}", true },
	};
	const struct record rec = { 0 };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		auto_free char *engine = xstrdup(all[i].engine);
		struct trial_result r = ran(engine);
		struct err e = { 0 };
		auto_free char *text = text_of(&rec, &r, &e);
		auto_json struct json j = { 0 };

		if (!all[i].fine) {
			assert_null(text);
			assert_int_equal(e.code, X_VM);
			continue;
		}
		assert_int_equal(json_parse(&j, text, strlen(text), &e), 0);
		assert_int_equal(json_get(&j, 0, "host"), -1);
		char *why;

		assert_int_equal(record_kind(text, strlen(text), &why), RECORD_RUN);
		assert_non_null(strstr(text, "\"scheduler\":\"eevdf\""));
	}
}

static void without_engine(void **state)
{
	struct trial_result r = ran(NULL);
	const struct record rec = { .scheduler = "a", .host = false };
	struct err e = { 0 };

	(void)state;
	r.end = TRIAL_STALLED;
	r.reason = "thrown out\n\x1b[31m";
	r.exit_kind = "runnable task stall";
	r.exit_code = 1026;
	auto_free char *text = text_of(&rec, &r, &e);

	assert_non_null(strstr(text, "\"outcome\":\"stalled\",\n\"reason\":\"thrown out\\n\\u001b[31m\",\n"
				     "\"exit_kind\":\"runnable task stall\",\n\"exit_code\":1026}\n"));
}

static void skipped(void **state)
{
	struct trial_result r = ran(NULL);
	const struct record rec = { 0 };
	struct err e = { 0 };

	(void)state;
	r.end = TRIAL_SKIPPED;
	r.reason = "no \"cpuset\"";
	auto_free char *text = text_of(&rec, &r, &e);
	auto_free char *why = NULL, *none = NULL;

	assert_int_equal(record_kind(text, strlen(text), &why), RECORD_SKIPPED);
	assert_string_equal(why, "no \"cpuset\"");
	free(why);
	free(text);
	r.end = TRIAL_UNFIT;
	text = text_of(&rec, &r, &e);
	assert_int_equal(record_kind(text, strlen(text), &why), RECORD_UNFIT);
	assert_string_equal(why, "no \"cpuset\"");
	assert_int_equal(record_kind("{\"skipped\":7}", 13, &none), RECORD_RUN);
	assert_int_equal(record_kind("nonsense", 8, &none), RECORD_RUN);
	assert_null(none);
}

static void broken(void **state)
{
	char dir[] = "/tmp/ktstr-record.XXXXXX", path[64];
	auto_free char *text = NULL, *why = NULL;
	struct err e = { 0 };
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(record_broken(fd, "the guest \"panicked\"", &e), 0);
	assert_int_equal(file_read(fd, "run.json", 1000, &text, &n, &e), 0);
	assert_int_equal(record_kind(text, n, &why), RECORD_BROKEN);
	assert_string_equal(why, "the guest \"panicked\"");
	snprintf(path, sizeof(path), "%s/run.json", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void on_this_machine(void **state)
{
	struct trial_result r = ran("{}");
	const struct record rec = { .host = true };
	struct err e = { 0 };

	(void)state;
	r.clock.virtual = false;
	auto_free char *text = text_of(&rec, &r, &e);

	assert_null(strstr(text, "scheduler"));
	assert_non_null(strstr(text, "\"host\":{\"accel\":\"host\"}"));
}

/* What the host took, and what KVM counted. */
static void by_a_real_clock(void **state)
{
	struct kvm_stat exits = { "exits", 12 };
	struct kvm_vcpu vcpu = { &exits, 1 };
	struct trial_result r = ran("{}");
	const struct record rec = { 0 };
	struct err e = { 0 };

	(void)state;
	r.clock.virtual = false;
	r.accel = ACCEL_KVM;
	r.stolen_known = true;
	r.stolen_ns = 77;
	r.kvm = (struct kvm_stats){ &vcpu, 1 };
	auto_free char *text = text_of(&rec, &r, &e);

	assert_non_null(strstr(
		text, "\"host\":{\"accel\":\"kvm\",\"stolen_ns\":77,\"kvm_stats\":{\"per_vcpu\":[{\"exits\":12}]}}"));
}

static char *kept_text(const struct kept *k)
{
	char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	kept_write(f, k);
	fclose(f);
	return text;
}

static void bytes_kept(void **state)
{
	auto_kept struct kept k = { .max = 10 };
	auto_free char *all = NULL, *cut = NULL;
	static char many[2 * KEPT_TAIL];

	(void)state;
	kept_add(&k, "0123456789", 10);
	kept_add(&k, "abc", 3);
	all = kept_text(&k);
	assert_string_equal(all, "0123456789abc");
	memset(many, 'x', sizeof(many));
	kept_add(&k, many, sizeof(many));
	kept_add(&k, "end", 3);
	cut = kept_text(&k);
	assert_int_equal(k.said, 16 + sizeof(many));
	assert_int_equal(strncmp(cut, "0123456789\n--- ", 15), 0);
	assert_non_null(strstr(cut, "bytes of output left out ---\nx"));
	assert_string_equal(cut + strlen(cut) - 4, "xend");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),           cmocka_unit_test(sampled),         cmocka_unit_test(hostile),
		cmocka_unit_test(without_engine),  cmocka_unit_test(skipped),         cmocka_unit_test(broken),
		cmocka_unit_test(on_this_machine), cmocka_unit_test(by_a_real_clock), cmocka_unit_test(bytes_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
