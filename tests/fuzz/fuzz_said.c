/* fuzz_said.c: what a guest's console, make, and compilers asked for their version print. The first byte chooses. */
#include "place.h"

#include "kernel/build/build.h"
#include "kernel/build/makelog.h"
#include "text/text.h"
#include "text/utf8.h"
#include "vm/console.h"
#include "vm/vm.h"

enum { LINES = 12 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char console[] =
		"c[    0.1] Linux version 6.12\r\n[    2.3][  T12] BUG: unable to handle page fault\r\n"
		"[    2.4] Kernel panic - not syncing: Attempted to kill init!\r\n";
	static const char make[] = "m  CC      kernel/fork.o\nIn file included from kernel/fork.c:14:\n"
				   "kernel/fork.c: In function 'copy_process':\nkernel/fork.c:12:3: error: no x\n"
				   "   12 |         return x;\n      |                ^\nmake: *** [x] Error 2\n";
	static const char tools[] = "tmake GNU Make 4.3\ncc gcc (Debian 12.2.0-14) 12.2.0\npahole v1.24\n";

	(void)argc, (void)argv;
	place_make("fuzz-said");
	fuzz_seed("console", console, sizeof(console) - 1);
	fuzz_seed("make", make, sizeof(make) - 1);
	fuzz_seed("tools", tools, sizeof(tools) - 1);
	return 0;
}

/* Text for people, of one line or of several. */
static void plain(const char *text, bool lines)
{
	auto_free char *again = text ? text_plain(text, strlen(text), lines ? TEXT_LINES : TEXT_LINE) : NULL;

	MUST(!text || !strcmp(text, again));
}

static void console(const char *text, size_t n)
{
	auto_free char *verdict = vm_console_verdict(text, n), *excerpt = NULL, *tail = NULL;
	struct vm vm = { .log = n ? xmemdup(text, n) : xmalloc(1), .log_n = n };

	excerpt = console_excerpt(&vm);
	tail = vm_console_tail(&vm, LINES);
	free(vm.log);
	plain(verdict, false);
	plain(excerpt, true);
	plain(tail, true);
}

static unsigned long steps;

static void step(unsigned long done, unsigned long total, const char *note)
{
	MUST(done == ++steps && total > done && *note);
}

/* In pieces of size bytes. */
static unsigned long make_in(const char *text, size_t n, size_t size, char *errors)
{
	auto_makelog struct makelog l = { 0 };
	auto_free char *count = place_path("count");
	struct err e = { 0 };

	steps = 0;
	MUST(makelog_open(&l, place, "x", count, step, &e) == 0);
	for (size_t at = 0; at < n; at += size)
		MUST(makelog_add(&l, text + at, n - at < size ? n - at : size, &e) == 0);
	strcpy(errors, makelog_errors(&l));
	MUST(strlen(errors) < sizeof(l.errors) && makelog_finish(&l, &e) == 0);
	return l.done;
}

static void make(const char *text, size_t n)
{
	char whole[sizeof(((struct makelog *)0)->errors)], pieces[sizeof(whole)];
	unsigned long done = make_in(text, n, n ? n : 1, whole);

	MUST(make_in(text, n, 7, pieces) == done && !strcmp(whole, pieces));
	/* As a count of the last build, which is a file that anybody may have written. */
	place_put("count", text, n);
	make_in(text, n, n ? n : 1, whole);
	auto_free char *count = place_path("count");

	(void)unlink(count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *rest = (const char *)data + 1;

	if (!n)
		return -1;
	if (*data == 'c') {
		console(rest, n - 1);
	} else if (*data == 'm') {
		make(rest, n - 1);
	} else if (*data == 't') {
		auto_free char *text = xstrndup(rest, n - 1), *identity = kbuild_identity(text, n % 2 ? "0123" : NULL);

		plain(identity, false);
	}
	return 0;
}
