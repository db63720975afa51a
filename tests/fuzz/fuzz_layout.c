/* fuzz_layout.c: BTF and the layout's text form from anybody.
 *
 * clang -g -O1 -fsanitize=fuzzer,address -D_GNU_SOURCE -Iruntime tests/fuzz/fuzz_layout.c runtime/inspect/layout.c \
 *	runtime/inspect/members.c runtime/inspect/queues.c runtime/inspect/symbols.c \
 *	runtime/base/err.c runtime/base/mem.c -lbpf
 *
 * With KTSTR_FUZZ_SEEDS set to a folder, seeds are written there first. */
#include <stdint.h>

#include "../unit/small_btf.h"
#include "base/err.h"
#include "base/mem.h"
#include "inspect/layout.h"
#include "inspect/queues.h"
#include "inspect/symbols.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void seed(const char *dir, const char *name, const void *data, size_t n)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_file FILE *f = fopen(path, "we");

	if (!f || fwrite(data, 1, n, f) != n)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct small_btf how[] = { { 0 }, { .nested = true }, { .drop = "stack_depth" } };
	const char *dir = getenv("KTSTR_FUZZ_SEEDS");

	(void)argc, (void)argv;
	for (size_t i = 0; dir && i < countof(how); i++) {
		struct btf *b = small_btf(&how[i]);
		auto_free char *text = NULL;
		struct layout l;
		struct err e;
		uint32_t n;
		size_t len;
		const void *raw = btf__raw_data(b, &n);
		FILE *f = xmemstream(&text, &len);

		if (layout_from_btf(&l, raw, n, &e) < 0 || layout_write(f, &l) < 0)
			abort();
		fclose(f);
		seed(dir, (const char[]){ 'b', (char)('0' + i), 0 }, raw, n);
		seed(dir, (const char[]){ 't', (char)('0' + i), 0 }, text, len);
		btf__free(b);
	}
	return 0;
}

/* What one function gives the other must take. */
static void round_trip(const struct layout *l)
{
	auto_free char *text = NULL;
	struct layout back;
	struct err e;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	if (layout_write(f, l) < 0)
		abort();
	fclose(f);
	if (layout_parse(&back, text, n, &e) < 0 || memcmp(&back, l, sizeof(back)))
		abort();
}

static void queues_round_trip(const struct queues *q)
{
	auto_free char *text = NULL;
	struct queues back;
	struct err e;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	if (queues_write(f, q) < 0)
		abort();
	fclose(f);
	if (queues_parse(&back, text, n, &e) < 0 || memcmp(&back, q, sizeof(back)))
		abort();
}

/* A line each, none of them empty. */
static void names(const void *data, size_t n)
{
	auto_free char *text = NULL;
	struct err e;
	size_t len;
	FILE *f = xmemstream(&text, &len);
	int r = symbols_write(f, data, n, &e);

	fclose(f);
	if (r < 0)
		return;
	for (char *line = text, *next; *line; line = next) {
		next = strchr(line, '\n');
		if (!next || next == line)
			abort();
		*next++ = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct layout l;
	struct queues q;
	struct err e;

	names(data, n);
	if (queues_from_btf(&q, data, n, &e) == 0)
		queues_round_trip(&q);
	if (layout_from_btf(&l, data, n, &e) == 0)
		round_trip(&l);
	if (layout_parse(&l, (const char *)data, n, &e) == 0)
		round_trip(&l);
	return 0;
}
