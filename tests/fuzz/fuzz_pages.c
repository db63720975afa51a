/* fuzz_pages.c: a file of pages is anything: the input's first byte says how many pages stand in front, the rest is numbers and foot.
 * With its right hash it is refused or every page of it is one of the guest's. */
#include "fuzz.h"

#include <unistd.h>

#include "attach/pages.h"
#include "base/file.h"
#include "base/syscalls.h"

enum { TOTAL = 1000, FRONT = 3 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct pages_foot foot = {
		.magic = PAGES_MAGIC, .size = PAGES_SIZE, .total = TOTAL, .n = 3, .stored = 1
	};
	const uint64_t number[3] = { 0 | PAGES_ZERO, 7, 999 | PAGES_ZERO };
	char seed[1 + sizeof(number) + sizeof(foot)] = { 1 };

	(void)argc, (void)argv;
	memcpy(seed + 1, number, sizeof(number));
	memcpy(seed + 1 + sizeof(number), &foot, sizeof(foot));
	fuzz_seed("three", seed, sizeof(seed));
	return 0;
}

static int file_of(const uint8_t *data, size_t n, bool sound)
{
	size_t front = n ? data[0] % (FRONT + 1) * PAGES_SIZE : 0, size = front + (n ? n - 1 : 0);
	auto_free char *text = xcalloc(1, size + NAME_LEN + 2);
	struct err e = { 0 };
	int fd = memory_file("pages", 0, 0, &e);

	if (n)
		memcpy(text + front, data + 1, n - 1);
	name_hex(text, size, text + size);
	text[size + NAME_LEN] = '\n';
	if (!sound && size)
		text[size / 2] ^= 1;
	MUST(fd >= 0 && write_all(fd, text, size + NAME_LEN + 1, "pages", &e) == 0);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_close int fd = file_of(data, n, true), other = file_of(data, n, false);
	auto_pages struct pages p = { 0 };
	struct err e = { 0 };
	uint64_t number, least = 0;
	const void *page;

	if (n > 1) {
		MUST(pages_open(&p, other, TOTAL, &e) < 0);
		must_say_why(&e);
	}
	if (pages_open(&p, fd, TOTAL, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	while (pages_next(&p, &number, &page) == PAGES_PAGE) {
		auto_free void *copy = xmemdup(page, PAGES_SIZE);

		MUST(number >= least && number < TOTAL);
		least = number + 1;
	}
	return 0;
}
