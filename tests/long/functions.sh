#!/bin/sh
# Work functions that do their worst (tests/functions.c), each beside one that does not: what is said names the worker, the line and the
# function, the other one's figures are as ever, and the guest ends in time.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
KTSTR_KERNEL=$key
export KTSTR_KERNEL
gcc -std=c11 -D_DEFAULT_SOURCE -O2 -I"$root/runtime/test" "$root/tests/functions.c" -o "$base/f" "$O/libktstr.a" -lm || exit 1

# fails NAME WORDS
fails() {
	exits 1 timeout 300 "$base/f" --exact "wrong_$1" && has "(fn:$1) of \"work a fn:$1 n=1\": $2" out && hasnt '(fn:steady)' out && hasnt "gap.max{" out &&
		same '' "$(leftovers)" left
}

crash() {
	fails crashes 'killed by signal 11'
}

hang() {
	fails spins 'it hung' && fails sleeps 'it hung'
}

# The cgroup's pids= ends that, and what it says it did is progress.
fork_on() {
	exits 0 timeout 500 "$base/f" --exact wrong_forks_on && has 'PASS wrong_forks_on' out && same '' "$(leftovers)" left
}

print() {
	exits 0 timeout 500 "$base/f" --exact wrong_prints && has 'PASS wrong_prints' out
}

run_tests crash hang fork_on print
