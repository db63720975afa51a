#!/bin/sh
# A hundred cold boots and a hundred restores in a row, and two hundred restores by four at once: none hangs, none leaves a
# process or a file behind, and the host has its memory back.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
sched=$O/sched/scx_ktstr
N=${N:-100}

# Of the store's places for work in progress and of the temporary folder, which is this test's alone.
files() {
	find "$XDG_CACHE_HOME/ktstr/store/drafts" "$XDG_CACHE_HOME/ktstr/store/locks" "$TMPDIR" | sort
}

series() { # OPTION…
	TMPDIR=$work/tmp
	export TMPDIR
	mkdir "$TMPDIR"
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" "$@" >/dev/null 2>&1
	files >before
	i=0
	while [ $i -lt "$N" ]; do
		i=$((i + 1))
		exits 0 ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" --force "$@" || {
			fail "run $i"
			return 1
		}
		has 'ktstr_dispatch' out || return
	done
	same '' "$(leftovers)" processes && files >after && diff before after
}

cold_boots() {
	series --cold
}

restores() {
	series
}

# Memory in use that is no living process's: other users of the machine come and go.
ownerless_mb() {
	awk '{ v[$1] = $2 } END { print int((v["MemTotal:"] - v["MemAvailable:"] - v["AnonPages:"] - v["Shmem:"]) / 1024) }' \
		/proc/meminfo
}

memory_back() {
	[ "$(ownerless_mb)" -le $((before + 256)) ]
}

worker() { # NAME
	i=0
	while [ $i -lt $((N / 2)) ]; do
		i=$((i + 1))
		ktstr -q shell --kernel "$key" --exec "echo run $i" >"$1.out" 2>&1
		same 0 $? "exit code of $1" && same "run $i" "$(cat "$1.out")" "output of $1" || return
	done
}

four_at_once() {
	ktstr -q shell --kernel "$key" --exec true || return
	before=$(ownerless_mb)
	workers=
	for name in a b c d; do
		worker $name >"$name.log" &
		workers="$workers $!"
	done
	failed=0
	for pid in $workers; do
		wait "$pid" || failed=1
	done
	cat ./*.log
	same 0 $failed 'failed workers' && same '' "$(leftovers)" processes || return
	within 60 memory_back || fail "$(ownerless_mb) MB are nobody's, $before before"
}

# shellcheck disable=SC2086 # words
run_tests ${ONLY:-cold_boots restores four_at_once}
