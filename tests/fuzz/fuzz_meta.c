/* fuzz_meta.c: a metadata.json from anybody; one that is taken is written and read back the same. */
#include "fuzz.h"

#include "json/write.h"
#include "kernel/cache/entry.h"

static char *written(const struct kernel_meta *m, size_t *n)
{
	char *text;
	struct jsonw w;

	jsonw_init(&w, xmemstream(&text, n));
	kernel_meta_write(&w, m);
	jsonw_done(&w);
	MUST(fclose(w.f) == 0);
	return text;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct kernel_meta m = { .version = "6.12.117",
				 .source = "import",
				 .arch = "x86_64",
				 .image_name = "bzImage",
				 .config_hash = "01234567",
				 .built_at = "2026-04-15T12:34:56Z",
				 .vmlinux_name = "vmlinux",
				 .release = "6.12.117" };
	size_t n;
	auto_free char *text = written(&m, &n);

	(void)argc, (void)argv;
	fuzz_seed("import", text, n);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct kernel_meta m = { 0 }, back = { 0 };
	struct err e = { 0 };
	size_t n_once, n_twice;

	if (kernel_meta_parse(&m, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	MUST(m.source && m.arch && m.built_at && m.image_name && !strchr(m.image_name, '/'));
	auto_free char *once = written(&m, &n_once);

	MUST(kernel_meta_parse(&back, once, n_once, &e) == 0);
	auto_free char *twice = written(&back, &n_twice);

	MUST(n_once == n_twice && !memcmp(once, twice, n_once));
	kernel_meta_free(&m);
	kernel_meta_free(&back);
	return 0;
}
