#!/bin/sh
# Programs of scenarios that do their worst to the guest they run in (tests/hostile.c): each run has a verdict or an error with a name,
# within its deadline, and the host goes on as before.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$base/hostile" "$root/tests/hostile.c" || exit 1

# beside WHAT: a run beside that program
beside() {
	printf 'cgroup a\ncgroup b\nwork a spin n=2\nwork b spin n=2\nprogram b %s/hostile %s\nhold 100%%\n' "$base" "$1" >t.ktstr
	timeout 600 ktstr run t.ktstr --kernel "$key" --topology tiny-2llc --force
}

# does CODE FILE WORDS WHAT: how that ends, with WORDS in out or err, and no process of it is left.
does() {
	exits "$1" beside "$4" && has "$3" "$2" && same '' "$(leftovers)" left
}

# What the engine's processes share is numbers, which are believed, and a text for each worker: verdicts are made of it, whatever they are.
seats() {
	beside seats >out 2>err
	code=$?
	case $code in 0) has 'PASS t ' out ;; 1) has 'FAIL t ' out ;; *) cat err && fail "exit code $code" ;; esac
}

# What PID 1 works with: the engine does not need it, or the kernel says who died.
board() {
	does 0 out 'PASS t ' boxes && does 1 out 'the kernel said: Kernel panic' board && does 1 out 'the kernel said: Kernel panic' memory &&
		does 6 err 'the guest rings out of turn' ports
}

everything_taken() {
	does 0 out 'PASS t ' bomb && does 0 out 'PASS t ' full
}

killed() {
	does 6 err 'the engine in the guest: killed by SIGKILL' kill
}

never_ends() {
	does 0 out 'PASS t ' forever
}

as_before() {
	does 0 out 'PASS t ' none
}

run_tests seats board everything_taken killed never_ends as_before
