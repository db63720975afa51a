/* fuzz_image.c: boot images, uncompressed kernels and configurations from anybody.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iruntime tests/fuzz/fuzz_image.c \
 *	runtime/kernel/image.c runtime/kernel/decompress.c runtime/kernel/lzo.c runtime/base/[a-z]*.c -larchive
 *
 * Input of the first kind begins with 'z': the rest is the compressed payload, and the header around it is made here. */
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "kernel/decompress.h"
#include "kernel/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void inspect(const void *data, size_t n)
{
	struct image_info info;
	struct err e;
	const uint8_t *start = data;

	if (image_inspect(&info, data, n, &e) < 0)
		return;
	if (info.btf && ((const uint8_t *)info.btf < start || (const uint8_t *)info.btf + info.btf_n > start + n))
		abort();
	if (strlen(info.release) >= sizeof(info.release))
		abort();
}

static void unpack(const uint8_t *data, size_t n)
{
	auto_free void *out = NULL;
	struct err e;
	size_t len;

	/* A lie about the size is caught when the data ends; what it costs is memory nobody touched. */
	if (image_unpack(data, n, &out, &len, &e) == 0)
		inspect(out, len);
}

static void payload(const uint8_t *data, size_t n)
{
	enum { SETUP = 1024 };
	auto_free uint8_t *image = xcalloc(1, SETUP + n);
	uint32_t size = (uint32_t)n;
	auto_free void *out = NULL;
	struct err e;

	image[0x1f1] = 1;
	memcpy(image + 0x1fe, "\x55\xaa", 2);
	memcpy(image + 0x202, "HdrS\x0f\x02", 6);
	memcpy(image + 0x24c, &size, 4);
	memcpy(image + SETUP, data, n);
	if (n >= 2)
		memset(image + SETUP + n - 2, 0, 2); /* promises below 64 KiB: large ones only cost time */
	unpack(image, SETUP + n);
	(void)decompress(data, n, 4096, &out, &e); /* whatever the size it promises */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char release[40];

	if (n && data[0] == 'z') {
		payload(data + 1, n - 1);
		return 0;
	}
	unpack(data, n);
	inspect(data, n);
	if (image_release(data, n, release, sizeof(release)) == 0 && !*release)
		abort();
	(void)config_has((const char *)data, n, "CONFIG_BPF=y");
	return 0;
}
