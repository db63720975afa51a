/* test_image.c: boot images in every compression, made here; headers that lie; ELF kernels of all qualities. */
#include <elf.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernel/image/decompress.h"
#include "kernel/image/image.h"
#include "packers.h"

/* A made-up kernel: two program headers, four sections. */
struct kernel {
	Elf64_Ehdr h;
	Elf64_Phdr load, note;
	struct {
		Elf64_Nhdr h;
		char name[4];
		uint64_t entry;
	} pvh;
	char text[4096];
	char btf[24];
	char names[24];
	Elf64_Shdr s[4];
};
enum { S_NULL, S_BTF, S_TEXT, S_NAMES };

static void kernel_make(struct kernel *k)
{
	*k = (struct kernel){
		.h = { .e_ident = ELFMAG "\x02\x01\x01",
		       .e_type = ET_EXEC,
		       .e_machine = EM_X86_64,
		       .e_version = 1,
		       .e_phoff = offsetof(struct kernel, load),
		       .e_shoff = offsetof(struct kernel, s),
		       .e_ehsize = sizeof(Elf64_Ehdr),
		       .e_phentsize = sizeof(Elf64_Phdr),
		       .e_phnum = 2,
		       .e_shentsize = sizeof(Elf64_Shdr),
		       .e_shnum = 4,
		       .e_shstrndx = S_NAMES },
		.load = { .p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_offset = offsetof(struct kernel, text),
			  .p_filesz = sizeof(k->text),
			  .p_memsz = sizeof(k->text) },
		.note = { .p_type = PT_NOTE,
			  .p_offset = offsetof(struct kernel, pvh),
			  .p_filesz = sizeof(k->pvh),
			  .p_memsz = sizeof(k->pvh),
			  .p_align = 4 },
		.pvh = { .h = { .n_namesz = 4, .n_descsz = 8, .n_type = 18 }, .name = "Xen" },
		.btf = "\x9f\xeb\x01",
		.names = "\0.BTF\0.text\0.shstrtab",
		.s = { [S_BTF] = { .sh_name = 1,
				   .sh_type = SHT_PROGBITS,
				   .sh_offset = offsetof(struct kernel, btf),
				   .sh_size = sizeof(k->btf) },
		       [S_TEXT] = { .sh_name = 6,
				    .sh_type = SHT_PROGBITS,
				    .sh_offset = offsetof(struct kernel, text),
				    .sh_size = sizeof(k->text) },
		       [S_NAMES] = { .sh_name = 12,
				     .sh_type = SHT_STRTAB,
				     .sh_offset = offsetof(struct kernel, names),
				     .sh_size = sizeof(k->names) } },
	};
	for (size_t i = 0; i < sizeof(k->text); i++)
		k->text[i] = (char)(i * i >> 5);
	memcpy(k->text + 1000, "Linux version 6.12.1-test (x@y) #1 SMP", 39);
}

enum { SETUP = 3 * 512, PAYLOAD_AT = 64 };

static void set16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, 2);
}

static void set32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

/* A bzImage around a payload, with something behind it, as a signature would be. */
static struct bytes bzimage(const struct bytes *payload)
{
	struct bytes b = { .p = xcalloc(1, SETUP + PAYLOAD_AT + payload->n + 100) };

	b.n = SETUP + PAYLOAD_AT + payload->n + 100;
	b.p[0x1f1] = 2;
	set16(b.p + 0x1fe, 0xaa55);
	memcpy(b.p + 0x202, "HdrS", 4);
	set16(b.p + 0x206, 0x20f);
	set16(b.p + 0x20e, 0x300 - 0x200);
	memcpy(b.p + 0x300, "6.12.1-test (x@y) #1", 21);
	set32(b.p + 0x248, PAYLOAD_AT);
	set32(b.p + 0x24c, (uint32_t)payload->n);
	memcpy(b.p + SETUP + PAYLOAD_AT, payload->p, payload->n);
	memset(b.p + SETUP + PAYLOAD_AT + payload->n, 0xee, 100);
	return b;
}

static struct bytes pack(size_t format, const void *data, size_t n)
{
	struct bytes b = formats[format].pack(data, n);

	if (strcmp(formats[format].name, "gzip"))
		put(&b, &(uint32_t){ (uint32_t)n }, 4);
	return b;
}

static void unpacks(const struct bytes *image, const void *data, size_t n)
{
	struct err e = { 0 };
	void *out;
	size_t len;

	if (image_unpack(image->p, image->n, &out, &len, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(len, n);
	assert_memory_equal(out, data, n);
	free(out);
}

static void refused(const char *what, const struct bytes *image, const char *text)
{
	struct err e = { 0 };
	void *out = NULL;
	size_t len;

	if (image_unpack(image->p, image->n, &out, &len, &e) == 0)
		fail_msg("%s: unpacked", what);
	assert_int_equal(e.code, X_BAD_KERNEL);
	if (!strstr(e.msg, text))
		fail_msg("%s: \"%s\" has no \"%s\"", what, e.msg, text);
	assert_null(out);
}

static void test_unpack(void **state)
{
	struct kernel k;

	(void)state;
	kernel_make(&k);
	unpacks(&(struct bytes){ (uint8_t *)&k, sizeof(k) }, &k, sizeof(k));
	for (size_t i = 0; i < countof(formats); i++) {
		struct bytes p = pack(i, &k, sizeof(k)), image = bzimage(&p);

		assert_string_equal(decompress_format(p.p, p.n), formats[i].name);
		unpacks(&image, &k, sizeof(k));
		free(image.p);
		free(p.p);
	}
}

/* Half a payload with the right size behind it, and sizes that are not the payload's. */
static void test_unpack_lies(void **state)
{
	struct kernel k;

	(void)state;
	kernel_make(&k);
	for (size_t i = 0; i < countof(formats); i++) {
		const uint32_t sizes[] = { 0, 1, sizeof(k) - 1, sizeof(k) + 1, sizeof(k) * 2, 0x3fffffff, 0x40000001 };
		struct bytes p = pack(i, &k, sizeof(k)), half = { 0 }, image;

		put(&half, p.p, p.n / 2);
		put(&half, &(uint32_t){ sizeof(k) }, 4);
		image = bzimage(&half);
		refused(formats[i].name, &image, formats[i].name);
		free(image.p);
		free(half.p);
		for (size_t s = 0; s < countof(sizes); s++) {
			set32(p.p + p.n - 4, sizes[s]);
			image = bzimage(&p);
			refused(formats[i].name, &image, sizes[s] > 1u << 30 ? "more than 1 GiB" : "damaged");
			free(image.p);
		}
		free(p.p);
	}
}

static void test_unpack_no_kernel(void **state)
{
	static const char text[] = "there is no kernel in here, only text, only text, only text";

	(void)state;
	for (size_t i = 0; i < countof(formats); i++) {
		struct bytes p = pack(i, text, sizeof(text)), image = bzimage(&p);

		refused(formats[i].name, &image, "is not an ELF kernel");
		free(image.p);
		free(p.p);
	}
}

static void test_headers(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *text;
	} cases[] = {
		{ 0x1fe, 0, "neither" },
		{ 0x202, 0, "neither" },
		{ 0x206, 0x207, "2.07 is too old" },
		{ 0x248, 0x7fffffff, "truncated" },
		{ 0x248, 0xffffffff, "truncated" },
		{ 0x24c, 0xffffffff, "truncated" },
		{ 0x24c, 0, "truncated" },
		{ 0x24c, 7, "truncated" },
		{ 0x1f0, 0xffff, "truncated" }, /* 255 sectors of setup */
		{ SETUP + PAYLOAD_AT, 0, "in an unknown way" },
	};
	struct kernel k;
	struct bytes p, image;

	(void)state;
	kernel_make(&k);
	p = pack(0, &k, sizeof(k));
	image = bzimage(&p);
	for (size_t i = 0; i < countof(cases); i++) {
		struct bytes bad = { xmemdup(image.p, image.n), image.n };
		size_t width = cases[i].value > 0xffff ? 4 : 2;

		memcpy(bad.p + cases[i].at, &cases[i].value, cases[i].value == 0 || cases[i].at >= 0x248 ? 4 : width);
		refused(cases[i].text, &bad, cases[i].text);
		free(bad.p);
	}
	/* Up to the payload's end every prefix is refused. */
	for (size_t n = 0; n < SETUP + PAYLOAD_AT + p.n; n += 1 + n / 64) {
		struct bytes cut = { xmemdup(image.p, n ? n : 1), n };

		refused("prefix", &cut, n < 0x250 ? "neither" : "truncated");
		free(cut.p);
	}
	free(image.p);
	free(p.p);
}

static void no_change(struct kernel *k)
{
	(void)k;
}

static void arm(struct kernel *k)
{
	k->h.e_machine = EM_AARCH64;
}

static void other_note(struct kernel *k)
{
	k->pvh.h.n_type = 17;
}

static void other_owner(struct kernel *k)
{
	memcpy(k->pvh.name, "GNU", 4);
}

static void note_too_long(struct kernel *k)
{
	k->pvh.h.n_descsz = UINT32_MAX;
}

static void note_name_too_long(struct kernel *k)
{
	k->pvh.h.n_namesz = UINT32_MAX;
}

static void note_outside(struct kernel *k)
{
	k->note.p_offset = UINT64_MAX - 8;
}

static void symbols_only(struct kernel *k)
{
	k->s[S_TEXT].sh_type = k->s[S_BTF].sh_type = SHT_NOBITS;
}

static void no_bytes(struct kernel *k)
{
	k->load.p_filesz = 0;
}

static void bytes_outside(struct kernel *k)
{
	k->load.p_filesz = k->load.p_memsz = 1 << 20;
}

static void no_code(struct kernel *k)
{
	k->load.p_flags = PF_R;
}

static void no_sections(struct kernel *k)
{
	k->h.e_shnum = 0;
}

static void sections_outside(struct kernel *k)
{
	k->h.e_shoff = UINT64_MAX - 16;
}

static void names_outside(struct kernel *k)
{
	k->s[S_NAMES].sh_size = UINT64_MAX;
}

static void btf_outside(struct kernel *k)
{
	k->s[S_BTF].sh_offset = UINT64_MAX - 4;
}

static void banner_first_is_format(struct kernel *k)
{
	memcpy(k->text, "Linux version %s (%s)", 22);
}

static void banner_none(struct kernel *k)
{
	memset(k->text + 1000, 0, 100);
}

static void banner_endless(struct kernel *k)
{
	memset(k->text + 1014, '6', sizeof(k->text) - 1014);
}

static void test_inspect(void **state)
{
	static const struct {
		void (*change)(struct kernel *);
		uint16_t machine;
		bool pvh, loadable, btf;
		const char *release;
	} cases[] = {
		{ no_change, EM_X86_64, true, true, true, "6.12.1-test" },
		{ arm, EM_AARCH64, true, true, true, "6.12.1-test" },
		{ other_note, EM_X86_64, false, true, true, "6.12.1-test" },
		{ other_owner, EM_X86_64, false, true, true, "6.12.1-test" },
		{ note_too_long, EM_X86_64, false, true, true, "6.12.1-test" },
		{ note_name_too_long, EM_X86_64, false, true, true, "6.12.1-test" },
		{ note_outside, EM_X86_64, false, true, true, "6.12.1-test" },
		{ symbols_only, EM_X86_64, true, false, false, "6.12.1-test" },
		{ no_bytes, EM_X86_64, true, false, true, "6.12.1-test" },
		{ bytes_outside, EM_X86_64, true, false, true, "6.12.1-test" },
		{ no_code, EM_X86_64, true, false, true, "6.12.1-test" },
		{ no_sections, EM_X86_64, true, true, false, "6.12.1-test" },
		{ sections_outside, EM_X86_64, true, true, false, "6.12.1-test" },
		{ names_outside, EM_X86_64, true, true, false, "6.12.1-test" },
		{ btf_outside, EM_X86_64, true, true, false, "6.12.1-test" },
		{ banner_first_is_format, EM_X86_64, true, true, true, "6.12.1-test" },
		{ banner_none, EM_X86_64, true, true, true, "" },
		{ banner_endless, EM_X86_64, true, true, true, "" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct kernel k;
		struct image_info info;
		struct err e = { 0 };

		kernel_make(&k);
		cases[i].change(&k);
		if (image_inspect(&info, &k, sizeof(k), &e) < 0)
			fail_msg("case %zu: %s", i, e.msg);
		if (info.machine != cases[i].machine || info.pvh != cases[i].pvh || info.loadable != cases[i].loadable)
			fail_msg("case %zu: machine %u pvh %d loadable %d", i, info.machine, info.pvh, info.loadable);
		assert_string_equal(info.release, cases[i].release);
		assert_ptr_equal(info.btf, cases[i].btf ? k.btf : NULL);
		assert_int_equal(info.btf_n, cases[i].btf ? sizeof(k.btf) : 0);
	}
}

static void bits32(struct kernel *k)
{
	k->h.e_ident[EI_CLASS] = ELFCLASS32;
}

static void big_endian(struct kernel *k)
{
	k->h.e_ident[EI_DATA] = ELFDATA2MSB;
}

static void not_elf(struct kernel *k)
{
	k->h.e_ident[0] = 0;
}

static void headers_outside(struct kernel *k)
{
	k->h.e_phoff = UINT64_MAX - 8;
}

static void headers_odd(struct kernel *k)
{
	k->h.e_phentsize = 8;
}

static void test_inspect_refused(void **state)
{
	static void (*const change[])(struct kernel *) = { bits32, big_endian, not_elf, headers_outside, headers_odd };
	struct kernel k;
	struct image_info info;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < countof(change); i++) {
		kernel_make(&k);
		change[i](&k);
		assert_int_equal(image_inspect(&info, &k, sizeof(k), &e), -1);
		assert_int_equal(e.code, X_BAD_KERNEL);
	}
	kernel_make(&k);
	for (size_t n = 0; n < sizeof(k); n += n < 300 ? 1 : 97) {
		auto_free uint8_t *cut = xmemdup(&k, n ? n : 1);
		int r = image_inspect(&info, cut, n, &e);

		assert_int_equal(r, n < offsetof(struct kernel, pvh) ? -1 : 0);
		if (r == 0)
			assert_int_equal(info.loadable, n >= offsetof(struct kernel, btf));
	}
}

static void test_release(void **state)
{
	static const struct {
		const char *text;
		uint16_t at;
		size_t max;
		const char *want; /* NULL: none */
	} cases[] = {
		{ "6.12.1-test (x@y) #1", 0x100, 64, "6.12.1-test" },
		{ "7.3.4+deb13-cloud-amd64", 0x100, 64, "7.3.4+deb13-cloud-amd64" },
		{ "6.12.1 ", 0x100, 7, "6.12.1" },
		{ "6.12.1 ", 0x100, 6, NULL },
		{ "6.12.1 ", 0, 64, NULL },
		{ "6.12.1 ", SETUP - 0x200, 64, NULL },
		{ "6.12.1 ", 0xffff, 64, NULL },
		{ "", 0x100, 64, NULL },
		{ "../../etc ", 0x100, 64, NULL },
		{ "6/../../x ", 0x100, 64, NULL },
		{ "6.12\n ", 0x100, 64, NULL },
	};
	struct bytes p = { .p = (uint8_t *)"", .n = 0 };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct bytes image = bzimage(&p);
		char out[64] = "before";
		int r;

		memset(image.p + 0x300, 0, 64);
		memcpy(image.p + 0x300, cases[i].text, strlen(cases[i].text));
		set16(image.p + 0x20e, cases[i].at);
		r = image_release(image.p, image.n, out, cases[i].max);
		assert_int_equal(r, cases[i].want ? 0 : 1);
		assert_string_equal(out, cases[i].want ? cases[i].want : "before");
		assert_int_equal(image_release(image.p, 0x24f, out, sizeof(out)), 1);
		free(image.p);
	}
}

static void test_config(void **state)
{
	static const char text[] =
		"# comment\nCONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\n# CONFIG_X is not set\nCONFIG_LAST=m";
	static const struct {
		const char *line;
		bool has;
	} cases[] = {
		{ "CONFIG_BPF=y", true },    { "CONFIG_BPF_SYSCALL=y", true },
		{ "CONFIG_LAST=m", true },   { "# CONFIG_X is not set", true },
		{ "CONFIG_BPF=m", false },   { "CONFIG_X=y", false },
		{ "CONFIG_BPF", false },     { "BPF=y", false },
		{ "CONFIG_LAST=my", false }, { "", false },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(config_has(text, sizeof(text) - 1, cases[i].line), cases[i].has);
	assert_false(config_has(text, 0, "CONFIG_BPF=y"));
}

/* Section names are given with '_' for '.', or this program's own constants would be found in it. */
static bool has_name(const char *data, size_t n, const char *name)
{
	auto_free char *s = xstrdup(name);

	s[0] = '.';
	return memmem(data, n, s, strlen(s) + 1) != NULL;
}

/* This program stands in for a kernel: it has code, symbols and debug data. */
static void test_strip(void **state)
{
	struct err e = { 0 };
	auto_free char *dir = tmpdir_make("test_image", &e), *out = NULL, *bad = NULL, *before = NULL, *after = NULL;
	char self[PATH_MAX] = "";
	struct image_info info;
	size_t n, m;

	(void)state;
	assert_non_null(dir);
	assert_in_range(readlink("/proc/self/exe", self, sizeof(self) - 1), 1, sizeof(self) - 1);
	out = xasprintf("%s/out", dir);
	bad = xasprintf("%s/bad", dir);
	if (image_strip(self, out, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(file_read(AT_FDCWD, self, (size_t)1 << 28, &before, &n, &e), 0);
	assert_int_equal(file_read(AT_FDCWD, out, (size_t)1 << 28, &after, &m, &e), 0);
	assert_true(m <= n);
	assert_int_equal(image_inspect(&info, after, m, &e), 0);
	assert_true(info.loadable);
	assert_true(has_name(after, m, "_symtab"));
	assert_false(has_name(after, m, "_debug_loclists")); /* a name that no sanitizer runtime carries as text */

	assert_true(file_write(AT_FDCWD, bad, "no ELF", 6, &e) >= 0);
	assert_int_equal(unlink(out), 0);
	assert_int_equal(image_strip(bad, out, &e), -1);
	assert_int_equal(e.code, X_BAD_KERNEL);
	assert_false(file_exists(out));

	/* One that had no room: nothing is wrong with the kernel. */
	static const char full[] = "#!/bin/sh\necho 'strip: out[.text]: Disk quota exceeded' >&2\nexit 1\n";
	auto_free char *strip = xasprintf("%s/strip", dir);

	assert_true(file_write(AT_FDCWD, strip, full, sizeof(full) - 1, &e) >= 0);
	assert_int_equal(chmod(strip, 0755), 0);
	assert_int_equal(image_strip_by(strip, self, out, &e), -1);
	assert_int_equal(e.code, X_DISK_FULL);
	assert_int_equal(rmtree(AT_FDCWD, dir, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpack),
		cmocka_unit_test(test_unpack_lies),
		cmocka_unit_test(test_unpack_no_kernel),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_inspect),
		cmocka_unit_test(test_inspect_refused),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_strip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
