/* fuzz_event.c: packets on the generator's socket; one that is taken is encoded and decoded to the same bytes. */
#include "fuzz.h"

#include "progress/event.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct event events[] = {
		{ .kind = EV_START, .id = "initramfs" },
		{ .kind = EV_PROGRESS, .id = "kernel", .done = 3, .total = 7, .text = "note" },
		{ .kind = EV_NOTE, .id = "kernel", .text = "it waits" },
		{ .kind = EV_OUTPUT, .id = "cargo", .text = "a line\n" },
		{ .kind = EV_DONE, .id = "kernel", .how = HOW_CACHED, .ms = 12, .text = "why" },
		{ .kind = EV_FAIL, .id = "kernel", .code = 13, .ms = 12, .text = "it broke" },
	};

	(void)argc, (void)argv;
	for (size_t i = 0; i < countof(events); i++) {
		char buf[256];

		fuzz_seed((const char[]){ (char)('0' + i), 0 }, buf, event_encode(&events[i], buf, sizeof buf));
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct event ev, back;
	char once[4096], twice[4096];
	size_t len;

	if (event_decode(&ev, data, n) < 0)
		return 0;
	len = event_encode(&ev, once, sizeof once);
	MUST(len && event_decode(&back, once, len) == 0);
	MUST(event_encode(&back, twice, sizeof twice) == len && !memcmp(once, twice, len));
	return 0;
}
