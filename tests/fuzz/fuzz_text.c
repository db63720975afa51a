/* fuzz_text.c: whatever goes in, what comes out drives nothing. */
#include "fuzz.h"

#include "text/text.h"
#include "text/utf8.h"

static void check(const char *text, size_t max, enum text_form form)
{
	size_t n = strlen(text), len;
	auto_free char *again = text_plain(text, n, form);

	MUST(n <= max && !strcmp(text, again) && !strstr(text, "##[") && strncmp(text, "::", 2) != 0);
	for (size_t i = 0; i < n; i += len) {
		unsigned char c = (unsigned char)text[i];

		len = utf8_len(text + i, n - i);
		MUST(len && c != 0x7f);
		MUST(c >= ' ' || (form != TEXT_LINE && (c == '\n' || c == '\t')) ||
		     (form == TEXT_COLORED && c == 0x1b && text[i + 1] == '['));
		MUST(len != 2 || c != 0xc2 || (unsigned char)text[i + 1] >= 0xa0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *s = (const char *)data;
	auto_free char *indented = NULL;
	size_t size, fit = n ? text_fit(s, n, n / 2) : 0;

	for (int form = TEXT_LINE; form <= TEXT_COLORED; form++) {
		auto_free char *text = text_plain(s, n, form);

		check(text, n, form);
	}
	MUST(fit <= n / 2 && fit + 3 >= n / 2);
	FILE *f = xmemstream(&indented, &size);

	text_indent(f, s, n, 2);
	fclose(f);
	for (size_t i = 0; i < size; i++)
		MUST(i && indented[i - 1] != '\n' ? 1 : indented[i] == ' ' || indented[i] == '\n');
	return 0;
}
