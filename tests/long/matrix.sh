#!/bin/sh
# A matrix in real guests: what runs again when something changed, a sudden end in the middle, parts in stores of their own. SHOW=1 prints how
# many cells ran and how long each request took.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
KTSTR_KERNEL=$key
export KTSTR_KERNEL
cp "$O/sched/scx_ktstr" "$base/scx_mine"

# program NAME LIMIT US: with four tests, of which one has that limit and one does that much work; no two programs have a text in common, which
# would be one cell
program() {
	ms=100
	[ "$1" = a ] || ms=110
	cat >"$work/$1.c" <<-END
		#include <ktstr.h>
		KTSTR_SCHEDULER(mine, .binary = "$base/scx_mine", .topology = "1,1,2,1");
		#define TEST(name, ...) KTSTR_SCENARIO(name, .duration_ms = $ms, .settle_ms = 20, __VA_ARGS__)
		TEST($1_one, .scenario = "work - spin:us=$3\nhold 100%");
		TEST($1_two, .scenario = "work - bursty:run=1ms,sleep=1ms\nhold 100%", .expect = "gap.max <= $2");
		TEST($1_three, .scheduler = &mine, .scenario = "work - spin:us=110\nhold 100%");
		TEST($1_four, .scheduler = &mine, .scenario = "work - yield\nhold 100%");
		KTSTR_MAIN
	END
	gcc -I"$root/runtime/test" "$work/$1.c" -o "$work/$1" "$O/libktstr.a" -lm || fail "$1.c does not compile"
}

# ran N WHAT COMMAND…: that many cells in guests, and whatever passed
ran() {
	want_ran=$1 of=$2
	shift 2
	"$@" >out 2>err </dev/null || { cat out err && fail "$of: exit code $?" || return; }
	exits 0 ktstr runs last --json || return
	same "$want_ran" "$(python3 -c 'import json; print(json.load(open("out"))["ran"])')" "cells that ran: $of" || return
	[ -z "${SHOW-}" ] || echo "# $of: $want_ran cells ran, $(python3 -c 'import json; print(json.load(open("out"))["took_ms"])') ms" >&3
}

everything() {
	KTSTR_STORE=$work/store
	export KTSTR_STORE
	program a 90ms 100 && program b 90ms 100 || return
	ran 8 cold ktstr matrix ./a ./b && ran 0 unchanged ktstr matrix ./a ./b || return
	exits 0 ./a --exact a_one && hasnt ' run a_one' err && exits 0 ktstr affected ./a ./b && has '0 of 8 cells' out || return
	program a 90ms 120 && exits 0 ktstr affected ./a ./b && has '1 of 8 cells' out && has a_one/ out &&
		ran 1 'one test edited' ktstr matrix ./a ./b || return
	program a 80ms 120 && ran 0 'a limit edited' ktstr matrix ./a ./b || return
	printf ' ' >>"$base/scx_mine" && exits 0 ktstr affected ./a ./b && has '4 of 8 cells' out && has 'scheduler scx_mine: 4 of 4' out &&
		find store/objects -name state -newer "$base/scx_mine" >before && ran 4 'the scheduler edited' ktstr matrix ./a ./b || return
	same '' "$(find store/objects -name ram0 -newer "$base/scx_mine")" 'guests that were booted'
}

three_ran() {
	[ "$(find store/graphs -path '*/seed-*/recipe' | wc -l)" -ge 7 ]
}

# What was done before the end is not done again.
killed() {
	KTSTR_STORE=$work/store
	export KTSTR_STORE
	program a 90ms 100 && ran 4 cold ktstr matrix ./a || return
	ktstr matrix ./a --seeds 5..10 -j 1 >out 2>err </dev/null &
	pid=$!
	within 300 three_ran || fail 'nothing ran' || return
	kill -KILL $pid || return
	wait $pid
	exits 0 ktstr matrix ./a --seeds 5..10 --explain || return
	runs=$(grep -c '^ *[0-9.]*s run ' err)
	[ "$runs" -le 21 ] || fail "$runs of 24 runs, after three that were made"
}

# Parts know nothing of each other; together nothing is left to run.
parts() {
	KTSTR_STORE=$work/first
	export KTSTR_STORE
	program a 90ms 100 && program b 90ms 100 && ran 8 cold ktstr matrix ./a ./b || return
	for i in 1 2 3; do
		cp -a first "part$i" && KTSTR_STORE=$work/part$i ktstr matrix ./a ./b --seed 7 --shard $i/3 >>parts.out 2>&1 </dev/null || fail "part $i" || return
	done
	for i in 1 2 3; do
		cp -a -n "part$i/objects" first/ || fail "merge $i" || return
	done
	ran 0 'all parts together' ktstr matrix ./a ./b --seed 7
}

exec 3>&1
run_tests everything killed parts
