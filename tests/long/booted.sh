#!/bin/sh
# Guests that a test wants booted with sysctls and parameters: what a real kernel lacks, does not know, or refuses, is said by its name.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }

# run CODE LINE…: a scenario with these lines
run() {
	code=$1
	shift
	printf '%s\n' 'duration 100ms' 'settle 10ms' "$@" 'work - spin n=1' 'hold 100%' >t.ktstr
	exits "$code" ktstr run t.ktstr --kernel "$key" --topology 1,1,1,1
}

# The first time a guest is booted to find that out, and the second time nothing is done.
skips() {
	words=$1
	shift
	run 0 "$@" && has 'SKIP t ' out && has "$words" out && run 0 "$@" && has "$words" out && hasnt ' boot ' err && hasnt ' run t ' err
}

lacking_sysctl() {
	skips 'this kernel has no sysctl vm.none_such' 'sysctls vm.swappiness=13 vm.none_such=1'
}

unknown_parameter() {
	skips 'this kernel does not know the parameter none_such=1' 'kargs nohz=on none_such=1'
}

refused_value() {
	run 2 'sysctls vm.swappiness=9999' && has 'INCONCLUSIVE t ' out && has 'the kernel refuses sysctl vm.swappiness' out
}

# A parameter of a module that is not there is none that the kernel would tell of.
known() {
	run 0 'sysctls vm.swappiness=13' 'kargs nohz=on none.such=1' && has 'PASS t ' out
}

run_tests lacking_sysctl unknown_parameter refused_value known
