#!/bin/sh
# Help, usage errors and what every verb does with nothing to work on.
. "$(dirname "$0")/../lib.sh"

help_everywhere() {
	for verb in '' kernel 'kernel list' 'kernel import' 'kernel build' verifier; do
		# shellcheck disable=SC2086
		exits 0 ktstr $verb --help || return
		has 'Usage: ktstr' out && [ ! -s err ] || return
		# shellcheck disable=SC2086
		exits 0 ktstr $verb -h || return
	done
	exits 0 ktstr help verifier && has '--scheduler-bin' out
}

plugin_name() {
	exits 0 cargo-ktstr ktstr kernel list --help && has 'Usage: cargo ktstr kernel list' out &&
		exits 0 cargo-ktstr kernel list --help && has 'Usage: cargo ktstr kernel list' out
}

no_verb() {
	exits 2 ktstr && has 'Usage:' err && [ ! -s out ] && exits 2 ktstr kernel && has 'import' err
}

mistyped() {
	exits 2 ktstr verfier && has "unrecognized subcommand 'verfier'" err && has "'verifier'" err &&
		exits 2 ktstr kernel list --jsn && has '--json' err &&
		exits 2 ktstr kernel list --json --json && exits 2 ktstr verifier --accel fast && has 'fast' err &&
		exits 2 ktstr verifier --memory-mb 12 && exits 2 ktstr verifier -j 1025 && exits 2 ktstr verifier --memory-mb many
}

accelerators() {
	for verb in 'verifier --scheduler-bin /bin/true' 'shell --exec true'; do
		# shellcheck disable=SC2086
		exits 2 ktstr $verb --require-kvm --accel tcg && has 'error: --require-kvm and --accel tcg exclude each other' err &&
			exits 2 ktstr $verb --perf-mode --no-perf-mode && has no-perf-mode err || return
	done
}

version() {
	exits 0 ktstr --version && has 'ktstr ' out
}

scheduler_required() {
	exits 2 ktstr verifier && has '--scheduler' err && exits 2 ktstr verifier ./scx_mine &&
		has '"./scx_mine" is an argument for the scheduler; name the scheduler itself with --scheduler-bin PATH' err
}

empty_list() {
	exits 0 ktstr kernel list && has 'no cached kernels' out && exits 0 ktstr kernel list --json &&
		has '"entries": []' out && [ ! -d cache/ktstr/kernels ]
}

import_needs_input() {
	exits 2 ktstr kernel import && exits 2 ktstr kernel import --running x.deb &&
		exits 10 ktstr kernel import missing.deb && has missing.deb err
}

run_tests help_everywhere plugin_name no_verb mistyped accelerators version scheduler_required empty_list import_needs_input
