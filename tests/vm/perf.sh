#!/bin/sh
# Performance mode without KVM: where QEMU's threads may run, what the result says, and hosts that are too small.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
# The first two CPUs we may run on, so that every host is as small.
two=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status | tr , '\n' |
	awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }' | head -n 2 | paste -sd ' ')
case $two in *' '*) ;; *) echo '1..0 # SKIP one CPU is not enough' && exit ;; esac
# Guests of others in performance mode are no business of this test.
XDG_RUNTIME_DIR=$base
export XDG_RUNTIME_DIR

small() {
	taskset -c "$(echo "$two" | tr ' ' ,)" "$@"
}

shell() {
	small ktstr shell --kernel "$key" --accel tcg --perf-mode "$@"
}

# Where each thread of a process may run, each place once.
places() {
	sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$1"/task/*/status | sort -un | paste -sd ' '
}

# shellcheck disable=SC2016 # $word is the guest's
pinned() {
	mkfifo go && exec 8<>go || return
	shell --exec 'echo ready; read -r word; echo "got $word"' <go >said 2>told &
	session=$!
	within 900 grep -q ready said || { cat told; fail 'no session'; return; }
	guest=$(leftovers | sed -n 's/^\([0-9]*\) qemu.*/\1/p')
	places "$guest" >where
	# Both are taken now, so none is left for another.
	exits 29 shell --exec true
	refused=$?
	echo word >&8
	wait "$session" && same 'got word' "$(tail -n 1 said)" && same "$two" "$(cat where)" 'CPUs of its threads' &&
		[ $refused = 0 ] && has 'performance_mode: WARNING: without KVM vCPUs are pinned' told &&
		has 'need 2 CPUs (1 across 1 LLC + 1 service) but only 0 host CPUs available; 2 more are in use' err
}

# Locks go with their holder; the second run is the proof of the first one's end.
in_result() {
	exits 0 small ktstr verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" --accel tcg --perf-mode --json &&
		sed -n '/"perf_mode"/,/}/p' out | tr -d ' \n' >perf &&
		has "\"vcpus\":[${two% *}],\"service\":${two#* },\"huge_pages\":" perf && has '"fifo":false' perf &&
		exits 0 ktstr verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" --accel tcg --json &&
		hasnt perf_mode out
}

too_small() {
	exits 29 shell --topology 1,1,2,1 --exec true &&
		has 'performance_mode: need 3 CPUs (2 across 1 LLC + 1 service) but only 2 host CPUs available' err
}

run_tests pinned in_result too_small
