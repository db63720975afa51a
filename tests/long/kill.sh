#!/bin/sh
# kill -9 of the tool, of ninja, of a step and of QEMU at random moments: nothing of ours lives on, the next run works, and
# the store has no damaged entry.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
sched=$O/sched/scx_ktstr
N=${N:-50}

of_ours() { # NAME
	for p in /proc/[0-9]*; do
		[ "$(cat "$p/comm" 2>/dev/null)" = "$1" ] || continue
		grep -qzxF "KTSTR_TEST_RUN=$base" "$p/environ" 2>/dev/null && echo "${p#/proc/}"
	done
}

gone() {
	[ -z "$(leftovers)" ]
}

# Every object's files are as its list of contents says.
store_is_sound() {
	find "$XDG_CACHE_HOME/ktstr/store/objects" -mindepth 2 -maxdepth 2 -type d | while read -r dir; do
		[ -f "$dir/recipe" ] && [ -f "$dir/content" ] || echo "$dir: incomplete"
		while read -r _ size name; do
			[ "$(stat -c %s "$dir/$name" 2>/dev/null)" = "$size" ] || echo "$dir/$name: wrong size"
		done <"$dir/content"
	done >damage
	[ ! -s damage ] || { cat damage; fail 'damaged entries'; }
}

one_kill() { # VICTIM ROUND
	# Cold and restored runs alternate; a new argument each time so that there is something to do.
	option=
	[ $(($2 % 2)) != 0 ] || option=--cold
	# shellcheck disable=SC2086 # no option or one
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" --force $option -- --slow "$2" >run.log 2>&1 &
	pause=$(awk -v seed="$2$$" 'BEGIN { srand(seed); printf "%.2f", rand() * 3 }')
	sleep "$pause"
	for pid in $(of_ours "$1"); do
		kill -9 "$pid" 2>/dev/null
	done
	wait
	within 5 gone || { leftovers; fail "round $2: after kill -9 of $1 at $pause s"; }
}

random_kills() {
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" >/dev/null 2>&1
	i=0
	while [ $i -lt "$N" ]; do
		for victim in ktstr ninja ktstr-step qemu-system-x86; do
			[ $i -lt "$N" ] || break
			i=$((i + 1))
			one_kill $victim $i || return 1
		done
	done
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force && has ktstr_dispatch out
}

run_tests random_kills store_is_sound
