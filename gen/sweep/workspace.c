#include "gen/sweep/workspace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/elf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/cargo/cargo.h"
#include "gen/cargo/package.h"
#include "host/needs.h"
#include "process/spawn.h"
#include "progress/log.h"
#include "verifier/artifact.h"

#define SECTION "ktstr_tests" /* ktstr.h */
enum { MESSAGES_MAX = 64 << 20 };

bool workspace_here(void)
{
	auto_free char *dir = getcwd(NULL, 0);

	while (dir) {
		auto_free char *manifest = xasprintf("%s/Cargo.toml", dir);
		char *slash = strrchr(dir, '/');

		if (access(manifest, F_OK) == 0)
			return true;
		if (!slash)
			break;
		*slash = '\0';
	}
	return false;
}

bool workspace_is_test(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found = false;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return false;
	void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (at != MAP_FAILED) {
		struct elf f;
		Elf64_Shdr s;

		found = elf_open(&f, at, (size_t)st.st_size) == ELF_FINE && elf_section(&f, SECTION, &s);
		munmap(at, (size_t)st.st_size);
	}
	return found;
}

/* What it said of the code stands above; of a system call that it was refused it says little, or aborts. */
static int build_err(const char *how, struct err *e)
{
	struct need need;
	bool lacks = needs_lack(NEEDS_CARGO, &need);

	return err_set(e, X_BUILD, "cargo test --no-run failed: %s%s%s", how, lacks ? "; " : "",
		       lacks ? need.what : "");
}

int workspace_tests(struct argv *programs, const struct package_opts *o, struct err *e)
{
	auto_free char *cargo = cargo_program(e), *text = NULL;
	auto_artifacts struct artifacts made = { 0 };
	auto_argv struct argv words = { 0 };
	char how[64];
	int status;
	size_t n;

	if (!cargo)
		return -1;
	argv_add(&words, cargo);
	argv_add(&words, "test");
	argv_add(&words, "--no-run");
	argv_add(&words, "--workspace");
	if (o->release || o->profile)
		argv_opt(&words, "--profile", "%s", o->release ? "release" : o->profile);
	argv_add(&words, "--message-format=json-render-diagnostics");
	const struct spawn s = { .argv = (const char *const *)words.v, .in = SPAWN_NULL, .family = true };

	if (log_level() == LOG_QUIET)
		(void)setenv("CARGO_TERM_QUIET", "true", 0);
	log_command((const char *const *)words.v);
	if (spawn_capture(&s, false, MESSAGES_MAX, -1, &text, &n, &status, e) < 0)
		return err_in(e, "cargo test --no-run");
	if (status)
		return build_err(spawn_status(status, how, sizeof(how)), e);
	artifacts_read_tests(&made, text, n);
	for (size_t i = 0; i < made.n; i++)
		if (workspace_is_test(made.v[i].path))
			argv_add(programs, made.v[i].path);
	return 0;
}
