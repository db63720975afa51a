/* fuzz_closure.c: a program that names any interpreter, search paths and libraries, each on a line of the input: interpreter,
 * DT_RUNPATH, DT_RPATH, LD_LIBRARY_PATH, and what it needs. What comes of it has its places in the guest. */
#include "place.h"

#include <elf.h>

#include "guest/payload.h"

#if defined(__aarch64__)
#define HERE EM_AARCH64
#else
#define HERE EM_X86_64
#endif

enum { BASE = 0x1000, DYN = 64 + 3 * 56, DYNS = 40, STR = DYN + DYNS * 16, ROOM = STR + 16384, NEEDED = 8 };

struct maker {
	char *p;
	size_t str, dyn;
};

static char *file;

static void dyn(struct maker *m, int64_t tag, uint64_t value)
{
	memcpy(m->p + m->dyn, &(Elf64_Dyn){ .d_tag = tag, .d_un.d_val = value }, sizeof(Elf64_Dyn));
	m->dyn += sizeof(Elf64_Dyn);
}

/* Offset in the string table. */
static size_t str(struct maker *m, const char *s, size_t n)
{
	size_t at = m->str;

	memcpy(m->p + STR + at, s, n);
	m->str += n + 1;
	return at;
}

static void head(struct maker *m, size_t interp, size_t interp_n)
{
	Elf64_Ehdr eh = {
		.e_type = ET_DYN, .e_machine = HERE, .e_phoff = 64, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3
	};
	const Elf64_Phdr ph[3] = {
		{ .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = ROOM },
		{ .p_type = PT_DYNAMIC, .p_offset = DYN, .p_vaddr = BASE + DYN, .p_filesz = DYNS * 16 },
		{ .p_type = PT_INTERP, .p_offset = STR + interp, .p_filesz = interp_n + 1 },
	};

	memcpy(eh.e_ident, ELFMAG "\2\1\1", 7);
	memcpy(m->p, &eh, sizeof(eh));
	memcpy(m->p + 64, ph, sizeof(ph));
}

static const char *line(const char **text, const char *end, size_t *n)
{
	const char *s = *text, *nl = s < end ? memchr(s, '\n', (size_t)(end - s)) : NULL;

	*n = (size_t)((nl ? nl : end) - s);
	*text = nl ? nl + 1 : end;
	return s;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char libc[] = "/lib64/ld-linux-x86-64.so.2\n$ORIGIN/../lib:/x\n\n/a:\nlibc.so.6\nlibm.so.6\n";
	static const char musl[] = "/lib/ld-musl-x86_64.so.1\n\n${LIB}/$PLATFORM\n\nlibc.so\n../x\n";

	(void)argc, (void)argv;
	place_make("fuzz-closure");
	file = place_path("program");
	fuzz_seed("glibc", libc, sizeof(libc) - 1);
	fuzz_seed("musl", musl, sizeof(musl) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t tags[] = { DT_RUNPATH, DT_RPATH };
	auto_free char *bytes = xcalloc(1, ROOM), *path = NULL;
	struct maker m = { .p = bytes, .dyn = DYN, .str = 1 };
	const char *text = (const char *)data, *end = text + size, *s;
	auto_payload struct payload p = { 0 };
	struct err e = { 0 };
	size_t n;

	if (size > 8192)
		return -1;
	s = line(&text, end, &n);
	head(&m, str(&m, s, n), n);
	dyn(&m, DT_STRTAB, BASE + STR);
	for (size_t i = 0; i < countof(tags); i++) {
		s = line(&text, end, &n);
		if (n)
			dyn(&m, tags[i], str(&m, s, n));
	}
	s = line(&text, end, &n);
	p.library_path = path = xstrndup(s, n);
	p.start = place;
	for (int i = 0; i < NEEDED && text < end; i++) {
		s = line(&text, end, &n);
		dyn(&m, DT_NEEDED, str(&m, s, n));
	}
	dyn(&m, DT_STRSZ, m.str);
	place_put("program", bytes, ROOM);
	if (payload_closure(&p, file, "/scheduler", HERE, &e) < 0)
		must_say_why(&e);
	for (size_t i = 0; i < p.n; i++) {
		const char *guest = p.v[i].guest;

		MUST(*guest == '/' && guest[1] && !strstr(guest, "/../") && !strstr(guest, "//"));
		MUST(!i || strcmp(p.v[i - 1].guest, guest) < 0);
	}
	return 0;
}
