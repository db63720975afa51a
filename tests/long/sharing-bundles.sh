#!/bin/sh
# cache export and import of what real guests came to: another machine has everything, and runs nothing (tests/cli/parcel.sh has the rest).
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1

# A machine with that store, and a kernel cache of its own: ktstr there, in a folder of that name.
on() {
	there=$1
	shift
	(cd "$there" && KTSTR_STORE=$PWD/store KTSTR_CACHE_DIR=$PWD/kernels && export KTSTR_STORE KTSTR_CACHE_DIR && "$@")
}

# program DIR: three tests, of which one has a scheduler
program() {
	mkdir -p "$1" && cp "$O/sched/scx_ktstr" "$1/scx_mine" && cat >"$1/t.c" <<-END || return
		#include <ktstr.h>
		KTSTR_SCHEDULER(mine, .binary = "./scx_mine", .topology = "1,1,1,1");
		#define TEST(name, ...) KTSTR_SCENARIO(name, .duration_ms = 100, .settle_ms = 20, __VA_ARGS__)
		TEST(one, .scenario = "work - spin:us=500\nhold 100%");
		TEST(two, .scenario = "work - bursty:run=1ms,sleep=1ms\nhold 100%");
		TEST(three, .scheduler = &mine, .scenario = "work - spin:us=510\nhold 100%");
		KTSTR_MAIN
	END
	gcc -I"$root/runtime/test" "$1/t.c" -o "$1/tests" "$O/libktstr.a" -lm || fail 't.c does not compile'
}

ran() { # MACHINE HOW-MANY WHAT
	exits 0 on "$1" ktstr runs last --json && same "$2" "$(python3 -c 'import json; print(json.load(open("out"))["ran"])')" "cells that ran: $3"
}

made_of_guests() {
	grep -lE '^step +(snapshot|run|verify|bootable) ' 'b/another place'/store/objects/*/*/recipe
}

# Results of guests and of the verifier, with their kernel: to a folder of another name, under another umask, with other times.
there() {
	program a && own_store "$work/a/store" "$key" && mkdir a/kernels && cp -r "$shared/ktstr/kernels/$key" a/kernels/ || return
	unset KTSTR_STORE
	for i in 1 2; do
		exits 0 on a ktstr matrix ./tests --shard $i/2 && exits 0 on a ktstr cache export --for matrix ./tests --shard $i/2 -o "$work/$i.parcel" &&
			has '1 kernels' out && hasnt 'no result' err || return
	done
	exits 0 on a ktstr verifier --scheduler-bin ./scx_mine && exits 0 on a ktstr cache export -o "$work/v.parcel" --for verifier --scheduler-bin ./scx_mine || return
	mkdir -p 'b/another place' && cp a/tests a/scx_mine 'b/another place/' && find b -exec touch -d '3 years ago' {} + && rm -rf a/store/graphs || return
	(umask 077 && exits 0 on 'b/another place' ktstr cache import "$work/1.parcel" "$work/2.parcel" "$work/v.parcel") && made_of_guests >before || return
	exits 0 on 'b/another place' ktstr matrix ./tests && ran 'b/another place' 0 'what was imported' || return
	exits 0 on 'b/another place' ktstr verifier --scheduler-bin ./scx_mine && hasnt 's boot ' err && has 'cached' err || return
	[ -s before ] && same "$(cat before)" "$(made_of_guests)" 'results of guests there' || return
	# A key alone brings what it was made of: the guest, the kernel.
	run=$(grep -lE '^step +run ' a/store/objects/*/*/recipe | head -n 1) && run=${run%/recipe} && mkdir c && exits 0 on a ktstr cache export "${run##*/}" -o "$work/one.parcel" &&
		has '1 kernels' out && exits 0 on c ktstr cache import "$work/one.parcel" && grep -lE '^step +snapshot ' c/store/objects/*/*/recipe >snapshots &&
		[ -d "c/kernels/$key" ] && exits 0 on c ktstr cache verify
}

run_tests there
