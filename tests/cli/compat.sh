#!/bin/sh
# What scripts written for ktstr 0.3.2 rely on: verbs, options, words in messages, exit codes. What needs a guest is in
# tests/vm/shell.sh.
. "$(dirname "$0")/../lib.sh"


top_level() {
	exits 0 cargo-ktstr ktstr --help || return
	for verb in test coverage test-stats kernel verifier completions shell; do has "  $verb" out || return; done
	exits 0 ktstr --help || return
	for verb in shell kernel completions; do has "  $verb" out || return; done
	hasnt build-kernel out
}

help_of_each() {
	for verb in test coverage test-stats shell kernel 'kernel list' 'kernel build' 'kernel clean' verifier completions; do
		# shellcheck disable=SC2086 # words
		exits 0 ktstr $verb --help && { [ "$verb" = kernel ] || has Examples: out; } || return
		for flag in --help -h; do
			# shellcheck disable=SC2086 # words
			exits 0 cargo-ktstr ktstr $verb $flag && has 'Usage: cargo ktstr' out && [ ! -s err ] || return
		done
		# shellcheck disable=SC2086
		exits 0 cargo-ktstr ktstr help $verb && has "Usage: cargo ktstr $verb" out || return
	done
	exits 0 ktstr shell --help && has --exec out && has --dmesg out && has --include-files out
}

no_verb() {
	for words in '' kernel; do
		# shellcheck disable=SC2086
		exits 2 cargo-ktstr ktstr $words && [ ! -s out ] && has Usage: err && exits 2 ktstr $words || return
	done
}

verifier_without_scheduler() {
	KTSTR_SCHEDULER=./nowhere exits 10 ktstr verifier && has "/nowhere\"" err || return
	exits 2 ktstr verifier && has --scheduler err && exits 10 ktstr verifier --scheduler-bin ./nowhere && has nowhere err
}

completion_scripts() {
	for shell in bash zsh fish elvish powershell; do
		exits 0 ktstr completions $shell && [ -s out ] && exits 0 cargo-ktstr ktstr completions $shell && [ -s out ] || return
	done
	exits 2 ktstr completions noshell && exits 0 cargo-ktstr ktstr completions bash --binary cargo
}

shell_arguments() {
	exits 10 ktstr shell --exec true -i /nonexistent/path/to/file && has 'not found' err || return
	exits 2 ktstr shell --exec true --topology abc && has 'invalid topology' err || return
	exits 2 ktstr shell --exec true --topology 0,1,1,1 && has 'must be >= 1' err || return
	exits 2 ktstr shell --exec true --memory-mb 127 && has 127 err || return
	exits 2 ktstr shell --exec-timeout 30s && has --exec err || return
	for bad in '' x 0s 30 -1s; do exits 2 ktstr shell --exec true "--exec-timeout=$bad" || return; done
	# Files lie in the guest's memory: told before anything is packed.
	truncate -s 2G big && exits 2 ktstr shell --exec true --memory-mib 1024 -i ./big && has 'take 2048 MiB' err && has --memory-mb err &&
		exits 2 ktstr shell --exec true --topology 2,2,1,1/mem=256,256 -i ./big && has --memory-mb err || return
	truncate -s 70G big && exits 2 ktstr shell --exec true -i ./big && has '65536 MiB' err && rm big || return
	exits 2 ktstr shell --exec true --topology 5cpu-2llc-smt && exits 20 ktstr shell --exec true --topology 4cpu-2llc-nosmt --kernel 6.99.1 || return
	mkdir -p a/same b/same && echo >a/same/f && echo >b/same/f || return
	exits 2 ktstr shell --exec true -i a/same -i b/same && has duplicate err || return
	# -i in its three spellings.
	for i in -i./no '-i=./no'; do exits 10 ktstr shell --exec true "$i" && has 'not found' err || return; done
}

lists_of_nothing() {
	exits 0 ktstr stats last-run --dir none && exits 0 ktstr test-stats && exits 0 ktstr kernel list && exits 0 ktstr kernel list --json && has '"entries"' out
}

parsing() {
	exits 2 ktstr kernel list --json --json && has "'--json' was given more than once" err || return
	exits 2 ktstr kernel list --jso && has "'--json'" err && exits 2 ktstr kern list && has "'kernel'" err || return
	exits 2 ktstr kernel build 6.14 --source . && exits 2 ktstr kernel build --git . && exits 2 ktstr kernel build --ref x || return
	exits 2 ktstr kernel clean --keep -1 && exits 2 ktstr kernel clean --keep=x && has "'x'" err || return
	# One format: error:, usage, the way to more.
	has 'error: ' err && has 'Usage: ktstr kernel clean' err && has "try '--help'" err && same 1 "$(grep -c '^error: ' err)" errors
}

# Words that are not results never come to stdout, nor colours where nobody looks at them.
streams() {
	unset NO_COLOR
	exits 20 ktstr verifier --scheduler-bin /bin/true --kernel 6.99.1 && [ ! -s out ] && same 1 "$(grep -c '^error: ' err)" errors || return
	exits 20 ktstr --color always verifier --scheduler-bin /bin/true --kernel 6.99.1 && grep -q "$(printf '\033')" err || return
	exits 20 ktstr --color auto verifier --scheduler-bin /bin/true --kernel 6.99.1 && hasnt "$(printf '\033')" err || return
	exits 0 ktstr -q kernel list && [ ! -s err ] && exits 2 ktstr -q -v kernel list && exits 2 ktstr --color blue kernel list &&
		has 'auto always never' err
}

deprecated_alias() {
	sh "$root/tests/fake-linux.sh" linux && exits 0 env KTSTR_CCACHE=0 cargo-ktstr ktstr build-kernel --kernel linux &&
		has 'deprecated, use `cargo ktstr kernel build --source' err
}

run_tests top_level help_of_each no_verb verifier_without_scheduler completion_scripts shell_arguments lists_of_nothing parsing \
	streams deprecated_alias
