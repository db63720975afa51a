/* Kernels by path, and the one that runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "fake_kernel.h"
#include "kernel_words.h"
#include "kernel/name/id.h"
#include "kernel/name/locate.h"
#include "scratch.h"

static struct kernel_host here(const char *root)
{
	struct kernel_host h;

	kernel_host_here(&h);
	h.root = root;
	snprintf(h.release, sizeof(h.release), "6.99.1-test");
	return h;
}

static void make_trees(const char *dir)
{
	struct bytes elf = fake_elf("6.99.1-test", "sched_ext_ops", EM_X86_64);
	struct bytes image = fake_bzimage("6.99.1-test", elf);

	scratch_file(dir, "tree/arch/x86/boot/bzImage", image.p, image.n);
	scratch_file(dir, "tree/vmlinux", elf.p, elf.n);
	scratch_text(dir, "tree/.config", "CONFIG_A=y\n");
	scratch_text(dir, "tree/include/config/kernel.release", "6.99.1-tree\n");
	scratch_file(dir, "elf tree/vmlinux", elf.p, elf.n);
	scratch_file(dir, "boot/vmlinuz-6.99.1-test", image.p, image.n);
	scratch_text(dir, "boot/config-6.99.1-test", "CONFIG_A=y\n");
	scratch_file(dir, "flat/bzImage", image.p, image.n);
	scratch_file(dir, "flat/vmlinux", elf.p, elf.n);
	scratch_text(dir, "source/Makefile", "");
	scratch_text(dir, "source/Kconfig", "");
	scratch_file(dir, "both/arch/arm64/boot/Image", image.p, image.n);
	scratch_file(dir, "both/bzImage", image.p, image.n);
	scratch_file(dir, "foreign/arch/arm64/boot/Image", image.p, image.n);
	scratch_text(dir, "empty/x", "");
	scratch_text(dir, "text", "no kernel");
	free(elf.p);
	free(image.p);
}

static void by_path(void **state)
{
	static const struct {
		const char *id;
		const char *name, *label, *image, *vmlinux, *config; /* relative; "" none */
		int code;                                            /* or refused with */
	} cases[] = {
		{ "tree", "tree", "6.99.1-tree", "tree/arch/x86/boot/bzImage", "tree/vmlinux", "tree/.config", 0 },
		{ "tree/", "tree", "6.99.1-tree", "tree/arch/x86/boot/bzImage", "tree/vmlinux", "tree/.config", 0 },
		{ "tree/arch/x86/boot/bzImage", "tree", "6.99.1-tree", "tree/arch/x86/boot/bzImage", "tree/vmlinux",
		  "tree/.config", 0 },
		{ "elf tree", "elf-tree", "elf-tree", "elf tree/vmlinux", "elf tree/vmlinux", "", 0 },
		{ "boot/vmlinuz-6.99.1-test", "vmlinuz-6.99.1-test", "6.99.1-test", "boot/vmlinuz-6.99.1-test", "",
		  "boot/config-6.99.1-test", 0 },
		{ "flat/bzImage", "flat-bzImage", "6.99.1-test", "flat/bzImage", "flat/vmlinux", "", 0 },
		{ "flat/vmlinux", "flat-vmlinux", "flat-vmlinux", "flat/vmlinux", "flat/vmlinux", "", 0 },
		{ "flat", "flat", "flat", "flat/bzImage", "flat/vmlinux", "", 0 },
		{ "both", "both", "both", "both/bzImage", "", "", 0 },
		{ "foreign", "foreign", "foreign", "foreign/arch/arm64/boot/Image", "", "", 0 },
		{ "source", NULL, NULL, NULL, NULL, NULL, X_NO_KERNEL },
		{ "empty", NULL, NULL, NULL, NULL, NULL, X_NO_KERNEL },
		{ "missing", NULL, NULL, NULL, NULL, NULL, X_NO_INPUT },
		{ "text", NULL, NULL, NULL, NULL, NULL, X_BAD_KERNEL },
	};
	const char *dir = *state;

	make_trees(dir);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *id = xasprintf("%s/%s", dir, cases[i].id);
		auto_kernel struct kernel k = { 0 };
		struct err e = { 0 };
		struct kernel_host h = here("");

		snprintf(h.machine, sizeof(h.machine), "x86_64");
		int r = resolve_text_on(&h, &k, id, NULL, &e);

		assert_null(k.key);
		if (cases[i].code) {
			assert_true(r < 0);
			assert_int_equal(e.code, cases[i].code);
			continue;
		}
		const char *const have[] = { k.image, k.vmlinux, k.config };
		const char *const want[] = { cases[i].image, cases[i].vmlinux, cases[i].config };

		assert_int_equal(r, 0);
		assert_string_equal(k.name, cases[i].name);
		assert_string_equal(k.label, cases[i].label);
		for (size_t f = 0; f < countof(have); f++) {
			if (*want[f])
				assert_string_equal(have[f] + strlen(dir) + 1, want[f]);
			else
				assert_null(have[f]);
		}
	}
}

static void bare_names_and_home(void **state)
{
	auto_free char *cwd = getcwd(NULL, 0);
	auto_kernel struct kernel k = { 0 };
	struct err e = { 0 };

	make_trees(*state);
	setenv("KTSTR_CACHE_DIR", "/nonexistent", 1);
	setenv("HOME", *state, 1);
	assert_int_equal(chdir(*state), 0);
	assert_int_equal(resolve_text(&k, "tree", NULL, &e), 0);
	assert_int_equal(k.image[0], '/');
	kernel_free(&k);
	assert_int_equal(resolve_text(&k, "~/flat", NULL, &e), 0);
	assert_string_equal(k.name, "flat");
	kernel_free(&k);
	assert_true(resolve_text(&k, "~other/flat", NULL, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_int_equal(chdir(cwd), 0);
}

static void source_trees(void **state)
{
	static const struct {
		const char *path;
		bool source;
	} cases[] = {
		{ "source", true }, { "source/", true },  { "tree", false },  { "empty", false },
		{ "text", false },  { "missing", false }, { "built", false },
	};
	const char *dir = *state;

	make_trees(dir);
	scratch_text(dir, "built/Makefile", "");
	scratch_text(dir, "built/Kconfig", "");
	scratch_text(dir, "built/vmlinux", "");
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, cases[i].path);
		auto_free char *found = kernel_source_tree(path);

		assert_int_equal(found != NULL, cases[i].source);
		if (found)
			assert_string_equal(found + strlen(dir), "/source");
	}
}

/* In a child, because root can read everything. */
static bool refused_to_nobody(const struct kernel_host *h)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct kernel k;
		struct err e = { 0 };

		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		_exit(resolve_text_on(h, &k, "running", NULL, &e) < 0 && e.code == X_NO_INPUT &&
				      strstr(e.msg, "Permission denied")
			      ? 0
			      : 1);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void the_running_kernel(void **state)
{
	const char *dir = *state;
	struct kernel_host h = here(dir);
	auto_free char *boot = xasprintf("%s/boot/vmlinuz-6.99.1-test", dir);
	auto_kernel struct kernel k = { 0 };
	struct err e = { 0 };
	struct bytes elf = fake_elf("6.99.1-test", "sched_ext_ops", EM_X86_64);
	struct bytes image = fake_bzimage("6.99.1-test", elf);
	struct bytes other = fake_bzimage("6.99.2-test", elf);

	snprintf(h.machine, sizeof(h.machine), "x86_64");
	assert_true(resolve_text_on(&h, &k, "running", NULL, &e) < 0);
	assert_int_equal(e.code, X_NO_SCX);
	scratch_text(dir, "sys/kernel/sched_ext/state", "disabled\n");
	scratch_file(dir, "boot/vmlinuz", other.p, other.n);
	assert_true(resolve_text_on(&h, &k, "running", NULL, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_non_null(strstr(e.msg, "import"));
	scratch_file(dir, "boot/vmlinuz-6.99.1-test", image.p, image.n);
	scratch_text(dir, "boot/config-6.99.1-test", "");
	scratch_text(dir, "boot/vmlinux", "of another kernel");
	scratch_file(dir, "usr/lib/debug/boot/vmlinux-6.99.1-test", elf.p, elf.n);
	assert_int_equal(resolve_text_on(&h, &k, "running", NULL, &e), 0);
	assert_string_equal(k.name, "running-6.99.1-test");
	assert_string_equal(k.label, "6.99.1-test");
	assert_string_equal(k.image, boot);
	assert_string_equal(k.vmlinux + strlen(dir), "/usr/lib/debug/boot/vmlinux-6.99.1-test");
	assert_string_equal(k.config + strlen(dir), "/boot/config-6.99.1-test");
	assert_int_equal(chmod(boot, 0), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_true(refused_to_nobody(&h));
	free(elf.p);
	free(image.p);
	free(other.p);
}

/* An arm64 image has no BTF for us, so its build tree is asked as well. */
static void installed_kernels(void **state)
{
	static const struct {
		const char *machine, *image, *vmlinux, *config;
	} cases[] = {
		{ "x86_64", "lib/modules/6.99.1-test/vmlinuz", "", "lib/modules/6.99.1-test/config" },
		{ "aarch64", "lib/modules/6.99.1-test/vmlinuz", "lib/modules/6.99.1-test/build/vmlinux",
		  "lib/modules/6.99.1-test/config" },
		{ "aarch64", "elsewhere/vmlinuz-6.99.2-test", "boot/vmlinux-6.99.2-test",
		  "elsewhere/config-6.99.2-test" },
		{ "x86_64", "elsewhere/vmlinuz", "elsewhere/vmlinux", "" },
	};
	const char *dir = *state;
	struct bytes elf = fake_elf("6.99.1-test", "sched_ext_ops", EM_X86_64);
	struct bytes image = fake_bzimage("6.99.1-test", elf);

	scratch_text(dir, "lib/modules/6.99.1-test/build/vmlinux", "");
	scratch_text(dir, "lib/modules/6.99.1-test/config", "");
	scratch_text(dir, "boot/vmlinux-6.99.2-test", "");
	scratch_text(dir, "elsewhere/vmlinux", "");
	scratch_text(dir, "elsewhere/config-6.99.2-test", "");
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, cases[i].image);
		auto_kernel struct kernel k = { 0 };
		struct kernel_host h = here(dir);
		struct err e = { 0 };

		scratch_file(dir, cases[i].image, image.p, image.n);
		snprintf(h.machine, sizeof(h.machine), "%s", cases[i].machine);
		assert_int_equal(resolve_text_on(&h, &k, path, NULL, &e), 0);
		assert_string_equal(k.vmlinux ? k.vmlinux + strlen(dir) + 1 : "", cases[i].vmlinux);
		assert_string_equal(k.config ? k.config + strlen(dir) + 1 : "", cases[i].config);
	}
	free(elf.p);
	free(image.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(by_path),           in_scratch(bare_names_and_home),
		in_scratch(source_trees),      in_scratch(the_running_kernel),
		in_scratch(installed_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
