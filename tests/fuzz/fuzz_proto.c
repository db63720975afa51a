/* fuzz_proto.c: frames, manifests and string tables from the other end of the channel. */
#include "fuzz.h"

#include "guest/proto.h"

static void manifest(const char *data, size_t n)
{
	struct proto_file f;
	const char *path, *target;
	size_t at = 0, last = 0;

	while (proto_file_next(data, n, &at, &f, &path, &target) == PROTO_FRAME) {
		MUST(at > last && at <= n);
		MUST(path >= data + last && path + f.path_len <= data + at);
		MUST(path[0] == '/' && f.path_len <= PROTO_PATH_MAX && !memmem(path, f.path_len, "/../", 4));
		MUST(!!target == !!(f.mode & PROTO_LINK));
		MUST(!target || (target >= path + f.path_len && target + f.size == data + at));
		last = at;
	}
}

static void strings(const char *data, size_t n)
{
	const char *v[16];

	for (size_t count = 1; count <= countof(v); count++) {
		if (proto_strings(data, n, v, count) < 0)
			continue;
		MUST(v[0] == data && v[count - 1] + strlen(v[count - 1]) + 1 == data + n);
	}
}

static void frame(const uint8_t *data, size_t n)
{
	auto_free uint8_t *sealed = xmalloc(sizeof(struct proto_head) + n);
	struct proto_head h;

	if (proto_peek(data, n, &h) == PROTO_FRAME)
		MUST(h.len <= PROTO_MAX && h.len <= n - sizeof h);
	proto_seal(&h, MSG_LOG, data, n);
	memcpy(sealed, &h, sizeof h);
	memcpy(sealed + sizeof h, data, n);
	MUST(proto_peek(sealed, sizeof h + n, &h) == PROTO_FRAME && h.type == MSG_LOG && h.len == n);
	/* Cut anywhere it wants more; changed anywhere in the payload it is broken. */
	MUST(proto_peek(sealed, sizeof h + n - 1, &h) == PROTO_MORE);
	if (n) {
		sealed[sizeof h + n / 2] ^= 1;
		MUST(proto_peek(sealed, sizeof h + n, &h) < 0);
	}
}

static void now(const uint8_t *data, size_t n)
{
	struct proto_now got = { .ns = UINT32_MAX };

	if (proto_now_parse(&got, data, n) == 0)
		MUST(n == sizeof got && got.ns < 1000000000 && got.s >= 0 && !memcmp(&got, data, n));
	else
		MUST(got.ns == UINT32_MAX);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char path[] = "/lib/libc.so.6", to[] = "libc.so";
	struct proto_file f = { 0755, sizeof path - 1, 4096 };
	struct proto_file l = { PROTO_LINK, sizeof path - 1, sizeof to - 1 };
	char text[128];
	char *end = text;

	(void)argc, (void)argv;
	end = mempcpy(end, &f, sizeof f);
	end = mempcpy(end, path, sizeof path - 1);
	end = mempcpy(end, &l, sizeof l);
	end = mempcpy(end, path, sizeof path - 1);
	end = mempcpy(end, to, sizeof to - 1);
	fuzz_seed("manifest", text, (size_t)(end - text));
	fuzz_seed("now", &(struct proto_now){ .s = 1700000000, .ns = 5 }, sizeof(struct proto_now));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	manifest((const char *)data, n);
	strings((const char *)data, n);
	frame(data, n);
	now(data, n);
	return 0;
}
