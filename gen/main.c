/* cargo-ktstr and ktstr: one program, two names. Cargo runs a plugin as "cargo-ktstr ktstr ARGS…". */
#include "base/err.h"
#include "progress/log.h"
#include "base/stop.h"
#include "progress/stream.h"
#include "gen/base/environment.h"
#include "gen/base/remote.h"
#include "gen/verb/verbs.h"
#include <string.h>

static const struct verb *const verbs[] = {
	&verb_run,      &verb_matrix, &verb_runs,  &verb_affected, &verb_explore,    &verb_replay, &verb_bisect,
	&verb_list,     &verb_new,    &verb_test,  &verb_coverage, &verb_test_stats, &verb_kernel, &verb_build_kernel,
	&verb_verifier, &verb_shell,  &verb_topo,  &verb_cleanup,  &verb_cache,      &verb_doctor, &verb_completions,
	&verb_complete, &verb_man,    &verb_stats, NULL,
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

int main(int argc, char **argv)
{
	const char *name = argc ? strrchr(argv[0], '/') : NULL;
	bool plugin = argc && !strcmp(name ? name + 1 : argv[0], "cargo-ktstr");
	struct err e = { 0 };

	stream_init();
	if (plugin && argc > 1 && !strcmp(argv[1], "ktstr")) {
		argv++;
		argc--;
	}
	/* Whoever types a command is not told of what is wrong at each key. */
	bool say = argc < 2 || strcmp(argv[1], verb_complete.name) != 0;

	if (stop_init(&e) < 0 || environment_settle(say, &e) < 0) {
		log_error("%s", e.msg);
		return X_FAIL;
	}
	int code = opt_main(&verb_root, plugin ? "cargo ktstr" : "ktstr", argc, (const char *const *)argv, &e);

	if (!code && (fflush(stdout) < 0 || ferror(stdout))) {
		if (stop_pending())
			(void)stop_err(&e);
		else
			(void)err_sys(&e, "write the output");
		code = e.code;
	}
	if (code && e.msg[0])
		log_error("%s", e.msg);
	remote_end();
	return code;
}
