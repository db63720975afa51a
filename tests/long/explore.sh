#!/bin/sh
# A scheduler that loses a task is explored as docs/replay.md has it: a seed that fails, a smaller test that fails the same way, and again
# from its file, equal to the byte.
#
# SEEDS, TRIES, MINUTES: how far it looks.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
export KTSTR_KERNEL="$key"

lost_task() {
	sh "$root/tests/ktstr-files.sh" "$root/docs/scenarios.md" && ln -s "$O/sched" sched || return
	exits 1 ktstr explore lost.ktstr --topology tiny-2llc --seeds 1.."${SEEDS:-200}" --until-fail --tries "${TRIES:-8}" \
		--minutes "${MINUTES:-60}" --scheduler-bin sched/bugs/lost_task && has 'written: lost.small.ktstr' out || return
	sed 's/^/# /' out >&3
	exits 1 ktstr run lost.small.ktstr --audit 100 && has "equal to the byte" err || return
	exits 0 ktstr replay --failed && has "the same, to the byte" out || return
	cell=$(sed -n 's/ seed .*//p' out | head -n 1)
	exits 0 ktstr replay "$cell" --watch --runs 5 && has "the longest wait that was seen: w" out || return
	sed 's/^/# /' out >&3
	exits 0 ktstr replay "$cell" --pack lost.bundle || return
	(
		own_store "$work/other" "$key" && KTSTR_CACHE_DIR=$work/nothing exits 0 ktstr replay lost.bundle && has "the same, to the byte" out
	) || return
	exits 0 ktstr explore lost.small.ktstr --seeds 4 --scheduler-bin sched/bugs/lost_task -- --fixed
}

exec 3>&1
run_tests lost_task
