/* Framing, manifests and string lists, intact and damaged. */
#include "base/mem.h"
#include "guest/proto.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void crc_is_zlibs(void **state)
{
	static const struct {
		const char *in;
		uint32_t crc;
	} cases[] = {
		{ "", 0 },
		{ "a", 0xe8b7be43 },
		{ "123456789", 0xcbf43926 },
		{ "The quick brown fox jumps over the lazy dog", 0x414fa339 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(proto_crc(cases[i].in, strlen(cases[i].in)), cases[i].crc);
}

static void frames(void **state)
{
	static const char text[] = "hello";
	char buf[sizeof(struct proto_head) + sizeof text];
	struct proto_head h, got = { 0 };

	(void)state;
	proto_seal(&h, MSG_LOG, text, sizeof text);
	memcpy(buf, &h, sizeof h);
	memcpy(buf + sizeof h, text, sizeof text);
	for (size_t n = 0; n < sizeof buf; n++)
		assert_int_equal(proto_peek(buf, n, &got), PROTO_MORE);
	assert_int_equal(got.magic, 0); /* untouched until there is a frame */
	assert_int_equal(proto_peek(buf, sizeof buf, &got), PROTO_FRAME);
	assert_int_equal(got.type, MSG_LOG);
	assert_int_equal(got.len, sizeof text);

	proto_seal(&h, MSG_PUSHED, NULL, 0);
	assert_int_equal(proto_peek(&h, sizeof h, &got), PROTO_FRAME);
	assert_int_equal(got.len, 0);
}

/* One changed bit anywhere but in the type makes a frame no frame. */
static void damaged_frames(void **state)
{
	static const char text[] = "payload";
	char buf[sizeof(struct proto_head) + sizeof text];
	struct proto_head h, got;

	(void)state;
	proto_seal(&h, MSG_HELLO, text, sizeof text);
	memcpy(buf, &h, sizeof h);
	memcpy(buf + sizeof h, text, sizeof text);
	for (size_t bit = 0; bit < sizeof buf * 8; bit++) {
		if (bit / 8 >= offsetof(struct proto_head, type) && bit / 8 < offsetof(struct proto_head, len))
			continue;
		buf[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_not_equal(proto_peek(buf, sizeof buf, &got), PROTO_FRAME);
		buf[bit / 8] ^= (char)(1 << bit % 8);
	}
	h.len = PROTO_MAX + 1;
	assert_true(proto_peek(&h, sizeof h, &got) < 0); /* known from the head alone: nobody waits for 4 GiB */
	h.len = PROTO_MAX;
	assert_int_equal(proto_peek(&h, sizeof h, &got), PROTO_MORE);
}

struct record {
	uint32_t mode;
	const char *path;
	uint64_t size;
	const char *target;
};

static size_t record_put(char *buf, const struct record *r)
{
	struct proto_file f = { .mode = r->mode, .path_len = (uint32_t)strlen(r->path), .size = r->size };
	char *p = mempcpy(buf, &f, sizeof f);

	p = mempcpy(p, r->path, f.path_len);
	if (r->target)
		p = mempcpy(p, r->target, strlen(r->target));
	return (size_t)(p - buf);
}

static void manifest(void **state)
{
	static const struct record records[] = {
		{ 0755, "/scheduler", 1ull << 33, NULL },
		{ PROTO_LINK, "/lib64/ld.so", 14, "/usr/lib/ld.so" },
		{ 0644, "/usr/lib/..a/b...", 0, NULL },
	};
	char buf[512];
	size_t n = 0, at = 0, ends[countof(records) + 1] = { 0 };
	const char *path, *target;
	struct proto_file f;

	(void)state;
	for (size_t i = 0; i < countof(records); i++) {
		n += record_put(buf + n, &records[i]);
		ends[i + 1] = n;
	}
	for (size_t i = 0; i < countof(records); i++) {
		assert_int_equal(proto_file_next(buf, n, &at, &f, &path, &target), PROTO_FRAME);
		assert_int_equal(f.mode, records[i].mode);
		assert_true(f.size == records[i].size);
		assert_int_equal(f.path_len, strlen(records[i].path));
		assert_memory_equal(path, records[i].path, f.path_len);
		assert_true(!target == !records[i].target);
		if (target)
			assert_memory_equal(target, records[i].target, f.size);
		assert_int_equal(at, ends[i + 1]);
	}
	assert_int_equal(proto_file_next(buf, n, &at, &f, &path, &target), PROTO_MORE);

	for (size_t cut = 1; cut < n; cut++) { /* an end that is no record's end is damage */
		int r = PROTO_FRAME;

		for (at = 0; r == PROTO_FRAME;)
			r = proto_file_next(buf, cut, &at, &f, &path, &target);
		assert_int_equal(r, cut == ends[1] || cut == ends[2] ? PROTO_MORE : -1);
	}
}

static void damaged_manifests(void **state)
{
	static const struct record bad[] = {
		{ 0755, "", 1, NULL },
		{ 0755, "/", 1, NULL },
		{ 0755, "scheduler", 1, NULL },
		{ 0755, "/a/../b", 1, NULL },
		{ 0755, "/..", 1, NULL },
		{ 0755, "/./a", 1, NULL },
		{ 0755, "//a", 1, NULL },
		{ 0755, "/a/", 1, NULL },
		{ 010755, "/a", 1, NULL },
		{ PROTO_LINK, "/a", 0, NULL },
		{ PROTO_LINK, "/a", 9, "/short" },
		{ PROTO_LINK, "/a", UINT64_MAX, "/short" },
	};
	const char *path, *target;
	struct proto_file f;
	char buf[8192], *long_path;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		size_t n = record_put(buf, &bad[i]), at = 0;

		assert_int_equal(proto_file_next(buf, n, &at, &f, &path, &target), -1);
	}
	for (size_t len = 254; len <= 258; len++) { /* a name has at most 255 bytes */
		size_t n, at = 0;

		long_path = xasprintf("/%0*d", (int)len, 0);
		n = record_put(buf, &(struct record){ 0644, long_path, 1, NULL });
		assert_int_equal(proto_file_next(buf, n, &at, &f, &path, &target), len <= 255 ? PROTO_FRAME : -1);
		free(long_path);
	}
	size_t n = record_put(buf, &(struct record){ 0644, "/nul", 1, NULL }), at = 0;

	buf[n - 1] = '\0';
	assert_int_equal(proto_file_next(buf, n, &at, &f, &path, &target), -1);
}

static void strings(void **state)
{
	static const struct {
		const char *data;
		size_t n, count;
		int r;
	} cases[] = {
		{ "a\0bc\0\0", 6, 3, 0 }, { "a\0bc\0\0", 6, 2, -1 }, { "a\0bc\0\0", 6, 4, -1 }, { "a\0bc", 4, 2, -1 },
		{ "", 0, 0, 0 },          { "", 0, 1, -1 },          { "x\0", 2, 1, 0 },
	};
	const char *v[8];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(proto_strings(cases[i].data, cases[i].n, v, cases[i].count), cases[i].r);
	assert_int_equal(proto_strings("a\0bc\0\0", 6, v, 3), 0);
	assert_string_equal(v[0], "a");
	assert_string_equal(v[1], "bc");
	assert_string_equal(v[2], "");
}

static void times(void **state)
{
	static const struct {
		struct proto_now now;
		size_t n;
		int r;
	} cases[] = {
		{ { .s = 1700000000, .ns = 999999999 }, sizeof(struct proto_now), 0 },
		{ { .s = 0 }, sizeof(struct proto_now), 0 },
		{ { .s = -1 }, sizeof(struct proto_now), -1 },
		{ { .s = 1, .ns = 1000000000 }, sizeof(struct proto_now), -1 },
		{ { .s = 1 }, sizeof(struct proto_now) - 1, -1 },
		{ { .s = 1 }, 0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct proto_now got = { .s = 77 };

		assert_int_equal(proto_now_parse(&got, &cases[i].now, cases[i].n), cases[i].r);
		assert_true(got.s == (cases[i].r ? 77 : cases[i].now.s));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_zlibs),
		cmocka_unit_test(frames),
		cmocka_unit_test(damaged_frames),
		cmocka_unit_test(manifest),
		cmocka_unit_test(damaged_manifests),
		cmocka_unit_test(strings),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
