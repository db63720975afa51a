#!/bin/sh
# The kernel tree's own example schedulers: those of a new tree on a new kernel, those of 6.12 refused by it with the
# reason. Every count is compared with what the guest's own kernel says.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
new=$O/sched/tools-new
old=$O/sched/tools-6.12
{
	KTSTR_LINUX_SOURCE=$(sh "$root/tests/fetch-kernel-tools.sh") sh "$root/tests/tools-schedulers.sh" "$new" "$key" \
		scx_simple scx_flatcg &&
		sh "$root/tests/tools-schedulers.sh" "$old" "$key"
} >&2 || exit 1

attaches() { # SCHEDULER PROGRAM…
	exits 0 ktstr verifier --scheduler-bin "$1" --kernel "$key" --cross-check || return
	shift
	has 'cross-check with bpf_prog_info: agrees' out || return
	for program in "$@"; do
		grep -q "^  $program .*verified_insns=[1-9]" out || { cat out; fail "no count of $program"; }
	done
}

simple() {
	attaches "$new/scx_simple" simple_enqueue simple_init
}

flatcg() {
	attaches "$new/scx_flatcg" fcg_enqueue fcg_dispatch fcg_init
}

bundled_with_flags() {
	attaches "$O/sched/scx_ktstr" ktstr_enqueue ktstr_dispatch ktstr_init ktstr_exit
	cp out plain
	exits 0 ktstr verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" -- --llc-aware --steal || return
	! cmp -s plain out || fail 'flags make no difference'
}

old_ones_are_refused() {
	for name in simple qmap central flatcg; do
		exits 3 ktstr verifier --scheduler-bin "$old/scx_$name" --kernel "$key" || return
		has "rejected: libbpf: extern (func ksym)" out && has 'why: the kernel' out || return
	done
}

# Which kernels have what it misses: that of the sweep, and another one of the cache.
missing_symbol() {
	cache=$XDG_CACHE_HOME/ktstr/kernels
	mkdir kernels && cp -a "$cache/$key" kernels/ && cp -a "$cache/$key" kernels/another || return
	sed -i 's/"version": "[^"]*"/"version": "7.99.1"/' kernels/another/metadata.json
	exits 3 env KTSTR_CACHE_DIR="$PWD/kernels" ktstr verifier --scheduler-bin "$old/scx_simple" --kernel "$key" --json &&
		has '"subject": "scx_bpf_consume"' out && grep -q '"missing_on": "7[0-9.]*, 7.99.1"' out &&
		has '"there_on": null' out
}

# Two kernels in one request: the one works although the other does not.
one_of_two() {
	cp "$(dirname "$(ktstr kernel list --json | sed -n 's/.*"image_path": "\(.*\)".*/\1/p' | head -n 1)")/bzImage" half
	truncate -s 3000000 half
	exits 13 ktstr verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" --kernel ./half &&
		has 'ktstr_enqueue' out && has 'not run' out && has 'attached' out
}

# It throws itself out while a cgroup is made, which then is refused: that is not the engine's failure, although it hears of that first.
a_cgroup_refused() {
	printf 'duration 1s\nsettle 50ms\nevery 20ms {\ncgroup dying\nwork dying spin n=2\nhold 10ms\nremove dying\n} for 100%%\n' >dying.ktstr
	exits 1 ktstr run dying.ktstr --kernel "$key" --scheduler-bin "$new/scx_flatcg" &&
		has 'thrown out by the kernel: scx_bpf_error: scx_flatcg' out && has 'unexpected !NULL cgv_node stash' out &&
		has 'mkdir /sys/fs/cgroup/ktstr/dying: Device or resource busy' out
}

run_tests simple flatcg a_cgroup_refused bundled_with_flags old_ones_are_refused missing_symbol one_of_two
