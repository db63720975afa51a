#!/bin/sh
# Guests of several commands share the host: never more at once than it has, by turns, and nothing stays taken.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
XDG_RUNTIME_DIR=$base/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
export XDG_RUNTIME_DIR KTSTR_GUEST_CPUS=2 KTSTR_GUEST_MB=4000

guest() {
	ktstr shell --kernel "$key" "$@"
}

# hold FD NAME [OPTION…]: a guest that runs until let_go FD; its process id is $pid
hold() {
	fd=$1 name=$2
	shift 2
	mkfifo "$name.end" && eval "exec $fd<>$name.end" || return
	ktstr shell --kernel "$key" "$@" --exec 'echo up; read line; exit 7' <"$name.end" >"$name.out" 2>"$name.err" &
	pid=$!
}

is_up() {
	grep -q up "$1.out"
}

waits() {
	grep -q 'waiting for other guests to end' "$1.err"
}

let_go() {
	eval "echo >&$1"
}

# So that each of the guests below asks for its share once: a snapshot that must be made first asks too.
snapshots_made() {
	exits 0 guest --exec true && exits 0 guest --topology 1,1,3,1 --exec true && exits 0 guest --topology 1,2,1,1 --exec true &&
		exits 0 guest --memory-mb 3000 --exec true
}

# A guest of three on two CPUs has them alone; those who wait get in when they are free, and all end well.
cpus_shared() {
	hold 5 one && first=$pid && within 300 is_up one && hold 6 large --topology 1,1,3,1 && second=$pid && within 300 waits large &&
		has 'it needs 2 CPUs and 1280 MB, and 1 of 2 CPUs and' large.err || return
	hold 7 late && third=$pid && within 300 waits late || return
	is_up large && fail 'both run' && return 1
	let_go 5 && wait "$first"
	same 7 $? 'exit code of the first' && within 300 is_up large || return
	is_up late && fail 'the last one passed the large one' && return 1
	let_go 6 && wait "$second"
	same 7 $? 'exit code of the large one' && within 300 is_up late && let_go 7 && wait "$third"
	same 7 $? 'exit code of the last' && same '' "$(leftovers)" processes
}

memory_shared() {
	hold 5 big --memory-mb 3000 && first=$pid && within 300 is_up big && hold 6 small && second=$pid && within 300 waits small &&
		has 'it needs 1 CPU and 1280 MB' small.err && let_go 5 && wait "$first"
	same 7 $? 'exit code of the first' && within 300 is_up small && let_go 6 && wait "$second"
	same 7 $? 'exit code of the second' && exits 2 guest --memory-mb 3900 --exec true && has 'do not fit into the 4000 MB' err
}

killed_hard() {
	hold 5 all --topology 1,2,1,1 && first=$pid && within 300 is_up all && hold 6 next && second=$pid && within 300 waits next ||
		return
	kill -9 "$first" && within 60 is_up next && let_go 6 && wait "$second"
	same 7 $? 'exit code'
}

interrupted() {
	hold 5 all --topology 1,2,1,1 && first=$pid && within 300 is_up all && hold 6 next && second=$pid && within 300 waits next ||
		return
	kill -TERM "$second" && wait "$second"
	same 130 $? 'exit code' && let_go 5 && wait "$first"
	same 7 $? 'exit code of who was there'
}

# The steps of a request wait as well, and their command says so.
steps_wait() {
	hold 5 all --topology 1,2,1,1 && first=$pid && within 300 is_up all || return
	ktstr verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" --force >step.out 2>step.err &
	second=$!
	within 300 waits step && has "verify scx_ktstr on $key: waiting" step.err && let_go 5 || return
	wait "$first"
	same 7 $? 'exit code of who was there'
	wait $second
	same 0 $? 'exit code' && has verified_insns= step.out
}

nothing_left() {
	same '' "$(leftovers)" processes
}

bad_settings() {
	KTSTR_GUEST_CPUS=none exits 2 guest --exec true && has 'KTSTR_GUEST_CPUS is "none"' err
}

run_tests snapshots_made cpus_shared memory_shared killed_hard interrupted steps_wait bad_settings nothing_left
