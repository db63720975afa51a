/* fuzz_image.c: boot images, uncompressed kernels and configurations from anybody.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iruntime tests/fuzz/fuzz_image.c \
 *	runtime/kernel/image/image.c runtime/kernel/image/decompress.c runtime/kernel/image/lzo.c runtime/base/[a-z]*.c -larchive
 *
 * Input that begins with 'z' is a compressed payload, and the header around it is made here; with 'a' what lies behind the
 * header of an arm64 Image, with 'e' the stream in an EFI program for arm64. */
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "kernel/image/decompress.h"
#include "kernel/image/image.h"
#include "kernel/image/uki.h"

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

static void arm(const uint8_t *data, size_t n, bool zboot)
{
	enum { HEAD = 128 };
	auto_free uint8_t *image = xcalloc(1, HEAD + n);
	uint32_t at = HEAD, pe = 64, size = (uint32_t)(n > 4 ? n - 4 : n);

	memcpy(image, "MZ", 2);
	if (zboot) {
		memcpy(image + 4, "zimg", 4);
		memcpy(image + 8, &at, 4);
		memcpy(image + 12, &size, 4);
		memcpy(image + 60, &pe, 4);
		memcpy(image + pe, "PE\0\0\x64\xaa", 6);
	} else {
		memcpy(image + 56, "ARM\x64", 4);
	}
	memcpy(image + HEAD, data, n);
	if (zboot && n >= 6)
		memset(image + HEAD + n - 2, 0, 2), memset(image + HEAD + n - 6, 0, 2); /* below 64 KiB, as above */
	if (image_arch(image, HEAD + n) == NULL)
		abort();
	unpack(image, HEAD + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const void *kernel;
	char release[40];
	struct err e;
	size_t len;

	if (n && data[0] == 'z') {
		payload(data + 1, n - 1);
		return 0;
	}
	if (n && (data[0] == 'a' || data[0] == 'e')) {
		arm(data + 1, n - 1, data[0] == 'e');
		return 0;
	}
	unpack(data, n);
	inspect(data, n);
	(void)image_arch(data, n);
	if (uki_kernel(data, n, &kernel, &len, &e) == 0 &&
	    ((const uint8_t *)kernel < data || (const uint8_t *)kernel + len > data + n))
		abort();
	if (image_release(data, n, release, sizeof(release)) == 0 && !*release)
		abort();
	(void)config_has((const char *)data, n, "CONFIG_BPF=y");
	return 0;
}
