/* fuzz_packed.c: any text as the head of a bundle, and as a command that a verdict keeps. What is taken says nothing but what a cell is. */
#include "fuzz.h"

#include <string.h>

#include "gen/replay/allowed.h"
#include "gen/replay/head.h"
#include "gen/replay/words.h"
#include "text/argv.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char head[] =
		"{\"format\":2,\"bytes\":9,\"test\":\"t\",\"seed\":3,\"kernel\":\"k\",\"scheduler\":\"s\",\"options\":[\"--shift\","
		"\"2\",\"--monitor\"]}",
			  command[] = "ktstr run 't x' --kernel k --topology 1,1,2,1 --expect-line 'it'\\''s' --dense";

	(void)argc, (void)argv;
	fuzz_seed("head", head, sizeof(head) - 1);
	fuzz_seed("command", command, sizeof(command) - 1);
	return 0;
}

static void check_head(const struct packed_head *h)
{
	const char *const names[] = { h->test, h->kernel, h->scheduler ? h->scheduler : "none" };

	for (size_t i = 0; i < 3; i++)
		MUST(*names[i] && !strchr(names[i], '/') && names[i][0] != '.' && names[i][0] != '-');
	for (size_t i = 0; i < h->options.n; i++) {
		const char *o = h->options.v[i];

		MUST(!strcmp(o, "--monitor") || !strcmp(o, "--dense") || !strcmp(o, "--shift") ||
		     !strcmp(o, "--timeout") || !strcmp(o, "--memory-mb") || strspn(o, "0123456789") == strlen(o));
	}
}

static void check_command(const char *line)
{
	auto_argv struct argv a = { 0 }, again = { 0 }, none = { 0 };
	struct err e = { 0 };

	if (!words_unquote(&a, line) || !a.n)
		return;
	auto_free char *quoted = argv_quote((const char *const *)a.v);

	MUST(words_unquote(&again, quoted) && again.n == a.n);
	for (size_t i = 0; i < a.n; i++)
		MUST(!strcmp(a.v[i], again.v[i]));
	if (allowed_check(&a, &none, false, &e) < 0) {
		must_say_why(&e);
		return;
	}
	MUST(a.n >= 3 && !strcmp(a.v[1], "run") && a.v[2][0] != '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *text = xstrndup((const char *)data, n);
	struct packed_head h = { 0 };
	struct err e = { 0 };

	if (packed_head_read(&h, text, strlen(text), &e) < 0)
		must_say_why(&e);
	else
		check_head(&h);
	packed_head_free(&h);
	check_command(text);
	return 0;
}
