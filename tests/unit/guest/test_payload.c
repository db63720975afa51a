/* Closures of real and of hand-made programs. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/elfneeds.h"
#include "guest/payload.h"
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <cmocka.h>

#if defined(__aarch64__)
#define HERE EM_AARCH64
#else
#define HERE EM_X86_64
#endif

/* What a made-up ELF file says; one PT_LOAD covers all of it at address 0x1000. */
struct made {
	uint16_t type, machine;
	const char *interp, *needed[4], *rpath, *runpath;
};

enum { BASE = 0x1000, STR = 64 + 3 * 56, STR_MAX = 256, DYN = STR + STR_MAX, SIZE = DYN + 10 * 16 };

struct maker {
	char *p;
	size_t str, dyn;
};

static void dyn(struct maker *m, int64_t tag, uint64_t value)
{
	memcpy(m->p + m->dyn, &(Elf64_Dyn){ .d_tag = tag, .d_un.d_val = value }, sizeof(Elf64_Dyn));
	m->dyn += sizeof(Elf64_Dyn);
}

static size_t str(struct maker *m, const char *s)
{
	size_t at = m->str;

	m->str += strlen(s) + 1;
	memcpy(m->p + at, s, m->str - at);
	return at;
}

static char *make(const struct made *what)
{
	struct maker m = { .p = xcalloc(1, SIZE), .str = STR + 1, .dyn = DYN };
	Elf64_Ehdr eh = { .e_type = what->type,
			  .e_machine = what->machine,
			  .e_phoff = 64,
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = what->interp ? 3 : 2 };
	Elf64_Phdr ph[3] = {
		{ .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = SIZE },
		{ .p_type = PT_DYNAMIC, .p_offset = DYN, .p_vaddr = BASE + DYN, .p_filesz = SIZE - DYN },
		{ .p_type = PT_INTERP },
	};

	memcpy(eh.e_ident, "\177ELF\2\1\1", 7);
	if (what->interp) {
		ph[2].p_offset = str(&m, what->interp);
		ph[2].p_filesz = strlen(what->interp) + 1;
	}
	dyn(&m, DT_STRTAB, BASE + STR);
	for (size_t i = 0; i < countof(what->needed) && what->needed[i]; i++)
		dyn(&m, DT_NEEDED, str(&m, what->needed[i]) - STR);
	if (what->rpath)
		dyn(&m, DT_RPATH, str(&m, what->rpath) - STR);
	if (what->runpath)
		dyn(&m, DT_RUNPATH, str(&m, what->runpath) - STR);
	memcpy(m.p, &eh, sizeof eh);
	memcpy(m.p + 64, ph, sizeof ph);
	return m.p;
}

static void write_file(const char *dir, const char *name, const void *data, size_t n)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	struct err e;

	assert_true(file_write(AT_FDCWD, path, data, n, &e) >= 0);
}

static void write_made(const char *dir, const char *name, struct made what)
{
	what.type = what.type ? what.type : ET_DYN;
	what.machine = what.machine ? what.machine : HERE;
	auto_free char *data = make(&what);

	write_file(dir, name, data, SIZE);
}

static int setup(void **state)
{
	struct err e;
	char *dir = tmpdir_make("test-payload", &e), *real = dir ? realpath(dir, NULL) : NULL;

	free(dir);
	*state = real;
	return real ? 0 : -1;
}

static int teardown(void **state)
{
	struct err e;
	int r = rmtree(AT_FDCWD, *state, &e);

	free(*state);
	return r;
}

static const struct payload_file *find(const struct payload *p, const char *guest)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i].guest, guest))
			return &p->v[i];
	return NULL;
}

static bool has_host(const struct payload *p, const char *host)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].host && !strcmp(p->v[i].host, host))
			return true;
	return false;
}

/* Sorted, no path twice, files with a size, links that lead to a file of the list. */
static void check_sound(const struct payload *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct payload_file *f = &p->v[i];

		assert_true(i == 0 || strcmp(p->v[i - 1].guest, f->guest) < 0);
		assert_true(f->guest[0] == '/' && !strstr(f->guest, "/../"));
		assert_true(!f->host == !!f->target);
		if (f->host)
			assert_true(f->size > 0);
		else if (f->target)
			assert_non_null(find(p, f->target));
	}
}

/* The closure of this very test has every file the dynamic linker mapped into it. */
static void own_closure(void **state)
{
	auto_free char *self = realpath("/proc/self/exe", NULL);
	auto_file FILE *maps = fopen("/proc/self/maps", "re");
	auto_payload struct payload p = { 0 };
	char line[4200];
	int libs = 0;
	struct err e;

	(void)state;
	if (payload_closure(&p, "/proc/self/exe", "/scheduler", HERE, &e) < 0)
		fail_msg("%s", e.msg);
	check_sound(&p);
	assert_string_equal(find(&p, "/scheduler")->host, self);
	assert_int_equal(find(&p, "/scheduler")->mode, 0755);
	while (fgets(line, sizeof line, maps)) {
		char *path = strchr(line, '/');

		if (!path || !strstr(path, ".so"))
			continue;
		path[strcspn(path, "\n")] = '\0';
		if (!has_host(&p, path))
			fail_msg("%s is mapped here and not in the payload", path);
		libs++;
	}
	assert_true(libs > 0);
}

static void known_program(void **state)
{
	auto_payload struct payload p = { 0 };
	struct err e;

	(void)state;
	if (payload_closure(&p, "/usr/bin/git", "/scheduler", HERE, &e) < 0)
		fail_msg("%s", e.msg);
	check_sound(&p);
	assert_non_null(find(&p, "/scheduler"));
	for (size_t i = 0, libc = 0; i <= p.n; i++) {
		assert_true(i < p.n || libc);
		libc += i < p.n && strstr(p.v[i].guest, "/libc.so.6");
	}
}

static void static_program(void **state)
{
	auto_free char *path = xasprintf("%s/static", (char *)*state);
	auto_payload struct payload p = { 0 };
	struct err e;

	write_made(*state, "static", (struct made){ .type = ET_EXEC });
	assert_int_equal(payload_closure(&p, path, "/scheduler", HERE, &e), 0);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.v[0].size, SIZE);
	assert_string_equal(p.v[0].host, path);
}

static void refused(void **state)
{
	static const struct {
		const char *name;
		struct made made;
		const char *text; /* instead of an ELF file */
		size_t cut;       /* of the ELF file; 0 whole */
		int code;
		const char *says;
	} cases[] = {
		{ "text", { 0 }, "just words\n", 0, X_BAD_SCHED, "is not an ELF file" },
		{ "empty", { 0 }, "", 0, X_BAD_SCHED, "is not an ELF file" },
		{ "script", { 0 }, "#!/bin/sh\nexit 0\n", 0, X_BAD_SCHED, "is a script" },
		{ "i386", { 0 }, "\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\3", 0, X_BAD_SCHED, "is not a 64-bit" },
		{ "cut", { .type = ET_EXEC }, NULL, SIZE / 2, X_BAD_SCHED, "is cut short" },
		{ "head", { .type = ET_EXEC }, NULL, 40, X_BAD_SCHED, "is cut short" },
		{ "riscv", { .type = ET_EXEC, .machine = EM_RISCV }, NULL, 0, X_BAD_SCHED, "another machine" },
		{ "object", { .type = ET_REL }, NULL, 0, X_BAD_SCHED, "neither a program nor" },
		{ "bpf", { .type = ET_REL, .machine = EM_BPF }, NULL, 0, X_BAD_SCHED, "is a BPF object; what starts" },
		{ "lib", { .type = ET_DYN }, NULL, 0, X_BAD_SCHED, "is a shared library" },
		{ "one", { .type = ET_EXEC, .needed = { "liba-x.so" } }, NULL, 0, X_BAD_SCHED, "library: liba-x.so" },
		{ "two", { .type = ET_EXEC, .needed = { "a-x.so", "b" } }, NULL, 0, X_BAD_SCHED, "ies: a-x.so, b" },
		{ "interp", { .type = ET_EXEC, .interp = "/no/ld" }, NULL, 0, X_BAD_SCHED, "/no/ld is missing" },
		{ "relative", { .type = ET_EXEC, .interp = "ld" }, NULL, 0, X_BAD_SCHED, "no absolute path" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *path = xasprintf("%s/%s", (char *)*state, cases[i].name);
		auto_payload struct payload p = { 0 };
		struct err e = { 0 };

		if (!cases[i].text)
			write_made(*state, cases[i].name, cases[i].made);
		else if (!strcmp(cases[i].name, "i386"))
			write_file(*state, cases[i].name, cases[i].text, 19);
		else
			write_file(*state, cases[i].name, cases[i].text, strlen(cases[i].text));
		if (cases[i].cut)
			assert_int_equal(truncate(path, (off_t)cases[i].cut), 0);
		assert_true(payload_closure(&p, path, "/scheduler", HERE, &e) < 0);
		assert_int_equal(e.code, cases[i].code);
		if (!strstr(e.msg, cases[i].says) || !strstr(e.msg, path))
			fail_msg("%s: \"%s\" does not name it and say \"%s\"", path, e.msg, cases[i].says);
	}
}

static void no_file(void **state)
{
	auto_free char *gone = xasprintf("%s/gone", (char *)*state), *fifo = xasprintf("%s/fifo", (char *)*state);
	const char *paths[] = { gone, fifo, *state };
	static const int codes[] = { X_NO_INPUT, X_BAD_SCHED, X_BAD_SCHED };

	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < countof(paths); i++) {
		auto_payload struct payload p = { 0 };
		struct err e = { 0 };

		assert_true(payload_closure(&p, paths[i], "/scheduler", HERE, &e) < 0);
		assert_int_equal(e.code, codes[i]);
	}
}

/* $ORIGIN of a program means its folder here while we search, and its folder there in the list. */
static void origin(void **state)
{
	static const char *const forms[] = { "$ORIGIN/../lib", "/nowhere:${ORIGIN}/../lib" };
	const char *dir = *state;
	auto_free char *bin = xasprintf("%s/o/bin", dir), *lib = xasprintf("%s/o/lib", dir);
	auto_free char *prog = xasprintf("%s/prog", bin), *one = xasprintf("%s/libone.so", lib);
	auto_free char *real = xasprintf("%s/libone.so.1.2", lib), *two = xasprintf("%s/libtwo.so", lib);
	struct err e;

	assert_int_equal(mkdir_p(AT_FDCWD, bin, 0755, &e), 0);
	assert_int_equal(mkdir_p(AT_FDCWD, lib, 0755, &e), 0);
	write_made(lib, "libone.so.1.2", (struct made){ .needed = { "libtwo.so" }, .runpath = "$ORIGIN" });
	write_made(lib, "libtwo.so", (struct made){ .needed = { "libone.so" } });
	assert_int_equal(symlink("libone.so.1.2", one), 0);
	for (size_t i = 0; i < countof(forms); i++) {
		auto_payload struct payload p = { 0 };

		write_made(bin, "prog",
			   (struct made){ .type = ET_EXEC, .needed = { "libone.so" }, .runpath = forms[i] });
		if (payload_closure(&p, prog, "/opt/s/bin/prog", HERE, &e) < 0)
			fail_msg("%s", e.msg);
		check_sound(&p);
		assert_int_equal(p.n, 5);
		assert_string_equal(find(&p, "/opt/s/bin/prog")->host, prog);
		assert_string_equal(find(&p, "/opt/s/lib/libone.so")->target, real);
		assert_string_equal(find(&p, "/opt/s/lib/libtwo.so")->target, two);
		assert_string_equal(find(&p, real)->host, real);
		assert_string_equal(find(&p, two)->host, two);
	}
}

/* LD_LIBRARY_PATH wins over DT_RUNPATH and not over DT_RPATH; the guest, which has no such variable, finds it by a link. */
static void library_path(void **state)
{
	static const struct {
		const char *list; /* with %s for the folder */
		const char *rpath, *runpath;
		const char *from; /* NULL: missing */
	} cases[] = {
		{ "%s/a", NULL, NULL, "a" },
		{ "/nowhere:%s/a", NULL, NULL, "a" },
		{ "%s/b:%s/a", NULL, NULL, "b" },
		{ "/nowhere;;%s/b", NULL, NULL, "b" },
		{ "%s/a", NULL, "$ORIGIN/../b", "a" },
		{ "%s/a", "$ORIGIN/../b", NULL, "b" },
		{ "%s/none", NULL, "$ORIGIN/../b", "b" },
		{ "", NULL, NULL, NULL },
		{ "", NULL, "b", NULL },
		{ "%s/a", "$ORIGIN/../b", "", "a" },
	};
	auto_free char *dir = xasprintf("%s/lp", (char *)*state);
	auto_free char *bin = xasprintf("%s/bin", dir), *prog = xasprintf("%s/prog", bin);
	struct err e;

	for (size_t i = 0; i < 3; i++) {
		auto_free char *lib = xasprintf("%s/%s", dir, (const char *const[]){ "bin", "a", "b" }[i]);

		assert_int_equal(mkdir_p(AT_FDCWD, lib, 0755, &e), 0);
		if (i)
			write_made(lib, "libours.so", (struct made){ 0 });
	}
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *list = xasprintf(cases[i].list, dir, dir);
		auto_payload struct payload p = { .library_path = list };

		write_made(bin, "prog",
			   (struct made){ .type = ET_EXEC,
					  .needed = { "libours.so" },
					  .rpath = cases[i].rpath,
					  .runpath = cases[i].runpath });
		int r = payload_closure(&p, prog, "/scheduler", HERE, &e);

		if (!cases[i].from) {
			assert_true(r < 0);
			assert_int_equal(e.code, X_BAD_SCHED);
			assert_non_null(strstr(e.msg, "LD_LIBRARY_PATH"));
			assert_int_equal(strstr(e.msg, "Relative") != NULL, cases[i].runpath != NULL);
			continue;
		}
		auto_free char *want = xasprintf("%s/%s/libours.so", dir, cases[i].from);

		if (r < 0 || !has_host(&p, want))
			fail_msg("case %zu: %s", i, r < 0 ? e.msg : want);
		check_sound(&p);
		if (!strcmp(cases[i].from, "a"))
			assert_string_equal(find(&p, "/lib/libours.so")->target, want);
	}
}

/* DT_RPATH also serves the libraries' own needs, DT_RUNPATH does not, and a library's DT_RUNPATH hides both. */
static void rpath_inherits(void **state)
{
	static const struct {
		struct made prog, lib;
		bool found;
	} cases[] = {
		{ { .rpath = "$ORIGIN" }, { 0 }, true },
		{ { .runpath = "$ORIGIN" }, { 0 }, false },
		{ { .rpath = "$ORIGIN" }, { .runpath = "/nowhere" }, false },
		{ { .rpath = "/nowhere", .runpath = "$ORIGIN" }, { .rpath = "$ORIGIN" }, true },
		{ { .rpath = "$ORIGIN", .runpath = "/nowhere" }, { 0 }, false },
	};
	auto_free char *dir = xasprintf("%s/r", (char *)*state), *path = xasprintf("%s/prog", dir);
	struct err e;

	assert_int_equal(mkdir_p(AT_FDCWD, dir, 0755, &e), 0);
	write_made(dir, "libdeep-x.so", (struct made){ 0 });
	for (size_t i = 0; i < countof(cases); i++) {
		auto_payload struct payload p = { 0 };
		struct made prog = cases[i].prog, lib = cases[i].lib;
		int r;

		prog.type = ET_EXEC;
		prog.needed[0] = "libtop-x.so";
		lib.needed[0] = "libdeep-x.so";
		write_made(dir, "libtop-x.so", lib);
		write_made(dir, "prog", prog);
		r = payload_closure(&p, path, "/scheduler", HERE, &e);
		if (!r != cases[i].found)
			fail_msg("case %zu: %s", i, r < 0 ? e.msg : "found");
	}
}

static void added_files(void **state)
{
	auto_free char *a = xasprintf("%s/text", (char *)*state), *b = xasprintf("%s/other", (char *)*state);
	auto_payload struct payload p = { 0 };
	struct err e;

	write_file(*state, "text", "abc", 3);
	write_file(*state, "other", "", 0);
	assert_int_equal(chmod(a, 0640), 0);
	assert_int_equal(payload_add_file(&p, a, "/z//./y/../text", 0, &e), 0);
	assert_int_equal(payload_add_file(&p, a, "/a", 0700, &e), 0);
	assert_int_equal(payload_add_file(&p, a, "/z/text", 0, &e), 0);
	assert_int_equal(p.n, 2);
	assert_string_equal(p.v[0].guest, "/a");
	assert_int_equal(p.v[0].mode, 0700);
	assert_string_equal(p.v[1].guest, "/z/text");
	assert_int_equal(p.v[1].mode, 0640);
	assert_int_equal(p.v[1].size, 3);
	assert_true(payload_add_file(&p, b, "/a", 0, &e) < 0);
	assert_true(payload_add_file(&p, "/nope/x", "/b", 0, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
}

static bool has_guest(const struct payload *p, const char *guest)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i].guest, guest))
			return true;
	return false;
}

/* A program or a library brings what it needs, all else comes as it is. */
static void included(void **state)
{
	struct made foreign = { .type = ET_EXEC, .machine = HERE == EM_X86_64 ? EM_AARCH64 : EM_X86_64 };
	struct made lacking = { .type = ET_DYN, .machine = HERE, .needed = { "libnosuch.so.7" } };
	auto_free char *script = xasprintf("%s/script", (char *)*state),
		       *other = xasprintf("%s/foreign", (char *)*state);
	auto_free char *lib = xasprintf("%s/lacking.so", (char *)*state);
	auto_free char *elf = make(&foreign), *so = make(&lacking);
	auto_payload struct payload p = { 0 };
	struct err e = { 0 };
	struct stat st;

	write_file(*state, "script", "#!/bin/sh\n", 10);
	write_file(*state, "foreign", elf, SIZE);
	write_file(*state, "lacking.so", so, SIZE);
	assert_int_equal(chmod(script, 0750), 0);
	assert_int_equal(stat(script, &st), 0);
	assert_int_equal(payload_include(&p, script, "/i/script", HERE, &e), 0);
	assert_int_equal(payload_include(&p, other, "/i/foreign", HERE, &e), 0);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.v[1].mode, 0750);
	assert_true(p.v[1].dated && p.v[1].mtime.tv_sec == st.st_mtim.tv_sec &&
		    p.v[1].mtime.tv_nsec == st.st_mtim.tv_nsec);
	assert_int_equal(payload_include(&p, "/bin/ls", "/i/ls", HERE, &e), 0);
	assert_true(has_guest(&p, "/i/ls") && p.n > 5);
	/* Not the libraries that it brings along: they are part of what stays cached. */
	for (size_t i = 0; i < p.n; i++)
		assert_int_equal(p.v[i].dated, !strncmp(p.v[i].guest, "/i/", 3));
	assert_true(payload_include(&p, lib, "/i/lib", HERE, &e) < 0);
	assert_int_equal(e.code, X_BAD_SCHED);
	assert_non_null(strstr(e.msg, "libnosuch.so.7"));
	assert_true(payload_include(&p, "/nope", "/i/nope", HERE, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
}

/* Whatever is cut off or changed, parsing ends, and in its own memory. */
static void hostile(void **state)
{
	struct made what = { ET_EXEC, HERE, "/lib64/ld.so", { "liba.so", "libb.so" }, "/r", "$ORIGIN" };
	static const char values[] = { 0, 1, 0x7f, (char)0x80, (char)0xff };
	auto_free char *whole = make(&what);
	struct elf_needs n = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(elf_needs_parse(&n, whole, SIZE, &e), 0);
	assert_true(n.dynamic && n.is_program && n.machine == HERE && n.n_needed == 2);
	assert_string_equal(n.interp, "/lib64/ld.so");
	assert_string_equal(n.needed[1], "libb.so");
	assert_string_equal(n.rpath, "/r");
	assert_string_equal(n.runpath, "$ORIGIN");
	elf_needs_free(&n);
	for (size_t cut = 0; cut < SIZE; cut++) {
		auto_free char *part = xmalloc(cut ? cut : 1);

		memcpy(part, whole, cut);
		assert_true(elf_needs_parse(&n, part, cut, &e) < 0);
		assert_int_equal(e.code, X_BAD_SCHED);
	}
	for (size_t i = 0; i < SIZE * countof(values); i++) {
		auto_free char *other = xmemdup(whole, SIZE);

		other[i / countof(values)] = values[i % countof(values)];
		if (elf_needs_parse(&n, other, SIZE, &e) == 0)
			elf_needs_free(&n);
		assert_null(n.needed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_closure),    cmocka_unit_test(known_program), cmocka_unit_test(static_program),
		cmocka_unit_test(refused),        cmocka_unit_test(no_file),       cmocka_unit_test(origin),
		cmocka_unit_test(rpath_inherits), cmocka_unit_test(added_files),   cmocka_unit_test(hostile),
		cmocka_unit_test(included),       cmocka_unit_test(library_path),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
