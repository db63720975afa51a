#!/bin/sh
# A project in C goes on: what runs again after an edit, and what does not.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
KTSTR_KERNEL=$key
KTSTR_STORE=$base/store
export KTSTR_KERNEL KTSTR_STORE
make -s -C "$root" -o all O="$O" PREFIX="$base/prefix" install >"$base/install.log" 2>&1 || { cat "$base/install.log"; exit 1; }
PKG_CONFIG_PATH=$base/prefix/lib/pkgconfig
export PKG_CONFIG_PATH

# both CODE: the test of turns passes, that of weights ends with CODE. What was done is in the file told.
both() {
	exits 0 make && exits 0 ./tests --exact fair && cp "$work/err" told && exits "$1" ./tests --exact weights && cat "$work/err" >>told
}

# after CODE TEST…: guests ran for these TESTs alone, continued from what was booted before.
after() {
	both "$1" && hasnt ' boot ' told || return
	shift
	sed -n 's/^.* run \([a-z]*\) on .*/\1/p' told | sort -u >ran
	same "$*" "$(tr '\n' ' ' <ran | sed 's/ $//')" 'tests that ran'
}

edits() {
	exits 0 ktstr new scx_mine && cd scx_mine && both 1 && has ' boot ' told || return
	after 1 || return
	sed -i 's/"spin n=%u", ktstr_cpus(k)/"spin:us=200 n=%u", ktstr_cpus(k)/' tests.c && after 1 weights || return
	sed -i 's/{important} >= 60%/{important} >= 20%/' tests.c && after 0 || return
	sed -i 's|SLICE_NS, enq_flags|SLICE_NS * p->scx.weight / 100, enq_flags|' scx_mine.bpf.c && after 0 fair weights
}

run_tests edits
