#!/bin/sh
# A hundred cold boots and a hundred restores in a row: none hangs, none leaves a process or a file behind.
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

run_tests cold_boots restores
