/* cargo-ktstr and ktstr: one program, two names. Cargo runs a plugin as "cargo-ktstr ktstr ARGS…". */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/verb/verbs.h"

static const struct verb *const verbs[] = {
	&verb_test,  &verb_coverage, &verb_test_stats,  &verb_kernel,   &verb_build_kernel, &verb_verifier, &verb_shell,
	&verb_cache, &verb_doctor,   &verb_completions, &verb_complete, &verb_man,          NULL,
};

const struct verb verb_root = {
	.name = "ktstr",
	.args = "",
	.summary = "test harness for Linux process schedulers",
	.about =
		"Boots kernels in virtual machines of any topology, loads sched_ext schedulers in them, and reads from\n"
		"guest memory what the BPF verifier counted.",
	.examples = "  cargo ktstr kernel import linux-image-*.deb\n"
		    "  cargo ktstr kernel build 6.12\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_simple --kernel 6.12\n",
	.sub = verbs,
};

/* Steps run in a folder of their own; what the environment names relative to ours must be said absolutely. */
static int absolute_env(const char *name, struct err *e)
{
	const char *value = getenv(name);

	if (!value || !*value || *value == '/')
		return 0;
	auto_free char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_sys(e, "find the current folder for %s=%s", name, value);
	auto_free char *path = xasprintf("%s/%s", cwd, value);

	return setenv(name, path, 1) < 0 ? err_sys(e, "set %s", name) : 0;
}

/* Git's commands of the user's (GIT_SSH_COMMAND, core.sshCommand, credential helpers) are run there. */
static int start_dir(struct err *e)
{
	auto_free char *cwd = getcwd(NULL, 0);

	return cwd && setenv("KTSTR_START_DIR", cwd, 1) < 0 ? err_sys(e, "set KTSTR_START_DIR") : 0;
}

int main(int argc, char **argv)
{
	const char *name = argc ? strrchr(argv[0], '/') : NULL;
	bool plugin = argc && !strcmp(name ? name + 1 : argv[0], "cargo-ktstr");
	struct err e = { 0 };

	if (stop_init(&e) < 0 || absolute_env("KTSTR_CACHE_DIR", &e) < 0 || absolute_env("KTSTR_STORE", &e) < 0 ||
	    absolute_env("XDG_CACHE_HOME", &e) < 0 || start_dir(&e) < 0) {
		log_error("%s", e.msg);
		return X_FAIL;
	}
	if (plugin && argc > 1 && !strcmp(argv[1], "ktstr")) {
		argv++;
		argc--;
	}
	int code = opt_main(&verb_root, plugin ? "cargo ktstr" : "ktstr", argc, (const char *const *)argv, &e);

	if (!code && (fflush(stdout) < 0 || ferror(stdout))) {
		(void)err_sys(&e, "write the output");
		code = e.code;
	}
	if (code && e.msg[0])
		log_error("%s", e.msg);
	return code;
}
