#!/bin/sh
# A matrix in real guests: what runs again when something changed, a sudden end in the middle, parts in stores of their own. SHOW=1 prints how
# many cells ran, how long each request took, what it took of the CPUs, and how busy these were. PER_PROGRAM=20 makes the large one what the
# figures in docs/performance.md are of: 3 programs with 20 tests on 4 presets with 2 profiles and 2 kernels. SHOW_LOCK=FILE takes turns with
# others: each request holds that lock.
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
		KTSTR_STORE=$work/part$i exits 0 ktstr cache export -o $i.parcel --for matrix ./a ./b --seed 7 --shard $i/3 || return
	done
	exits 0 ktstr cache import 1.parcel 2.parcel 3.parcel || return
	ran 0 'all parts together' ktstr matrix ./a ./b --seed 7
}

# The large one: three programs, two of them with one scheduler, whose texts are all different.
# tests_of PROGRAM SCHEDULER LIMIT US: its first test has that limit and does that much work
tests_of() {
	python3 -c 'import sys
program, scheduler, limit, us, n = sys.argv[1:]
base = 200 * (ord(program) - ord("a") + 1)
loads = ["spin:us=%d", "bursty:run=%dus,sleep=500us", "yield n=2\\n work - spin:us=%d", "spin:us=%d n=50%%"]
print("#include <ktstr.h>")
print("KTSTR_SCHEDULER(own, .binary = \"%s\", .topology = \"1,1,2,1\", .flags = KTSTR_FLAGS({ \"llc\", KTSTR_LIST(\"--llc-aware\") }));" % scheduler)
print("#define TEST(name, ...) KTSTR_SCENARIO(name, .scheduler = &own, .duration_ms = 30, .settle_ms = 10, __VA_ARGS__)")
print("TEST(%s_first, .scenario = \"work - spin:us=%s\\nhold 100%%\", .expect = \"gap.max <= %s\");" % (program, us, limit))
for i in range(1, int(n)):
    print("TEST(%s_%d, .scenario = \"work - %s\\nhold 100%%\");" % (program, i, loads[i % 4] % (base + i)))
print("KTSTR_MAIN")' "$1" "$work/$2" "$3" "$4" "$per_program" >"$1.c"
	gcc -I"$root/runtime/test" "$1.c" -o "$1" "$O/libktstr.a" -lm || fail "$1.c does not compile"
}

# What a command took, into the file "took", and how busy each CPU was meanwhile.
measure='import os, resource, subprocess, sys, time
def busy():
    lines = [l.split() for l in open("/proc/stat") if l[:3] == "cpu" and l[3] != " "]
    return {l[0]: (sum(map(int, l[1:9])), int(l[4]) + int(l[5])) for l in lines if int(l[0][3:]) in os.sched_getaffinity(0)}
before, began = busy(), time.monotonic()
code = subprocess.call(sys.argv[1:])
took, after, n = time.monotonic() - began, busy(), len(before)
u = resource.getrusage(resource.RUSAGE_CHILDREN)
cpus = ", ".join("%s %.0f %%" % (c, 100 - 100 * (after[c][1] - before[c][1]) / max(1, after[c][0] - before[c][0])) for c in sorted(before))
open("took", "w").write("%.2f s, CPU %.1f s, that is %.0f %% of %d; busy by whatever: %s" % (took, u.ru_utime + u.ru_stime,
    100 * (u.ru_utime + u.ru_stime) / took / n, n, cpus))
sys.exit(code)'

matrix_words='matrix ./a ./b ./c --preset tiny-1llc --preset tiny-2llc --preset odd-3llc --preset smt-2llc --all-profiles --shift 2'

# parcel FILE OPTION…: what the matrix came to
parcel() {
	to=$1
	shift
	# shellcheck disable=SC2086 # words
	exits 0 ktstr cache export -o "$to" --for $matrix_words "$@"
}

# everywhere OPTION…: the whole matrix, in place of this shell
everywhere() {
	# shellcheck disable=SC2086 # words
	set -- ktstr $matrix_words "$@"
	[ -z "${SHOW-}" ] || set -- python3 -c "$measure" "$@"
	[ -z "${SHOW_LOCK-}" ] || set -- flock -o "$SHOW_LOCK" "$@"
	exec "$@"
}

# phase WHAT OPTION…: $ran cells ran
phase() {
	what=$1
	shift
	(everywhere "$@") >out 2>err </dev/null || { cat out err && fail "$what: exit code $?" || return; }
	exits 0 ktstr runs last --json && ran=$(python3 -c 'import json; print(json.load(open("out"))["ran"])') || return
	[ -z "${SHOW-}" ] || echo "# $what: $ran cells ran, $(cat took)" >&3
}

ktstr_below() {
	below=$1
	until [ "$(cat "/proc/$below/comm")" = ktstr ]; do
		# It has no end of line.
		read -r below _ <"/proc/$below/task/$below/children" || [ -n "$below" ] || return
	done
	echo "$below"
}

# Runs on that kernel which are whole in a build folder, since "mark".
whole_on() {
	find store/graphs -path "*/$1/*/seed-*/recipe" -newer mark | wc -l
}

some_on() {
	[ "$(whole_on "$1")" -ge "$2" ]
}

whole() {
	per_program=${PER_PROGRAM:-2}
	# Beside the one of all tests, and not among those that others find.
	KTSTR_CACHE_DIR=$work/kernels KTSTR_STORE=$work/store
	export KTSTR_CACHE_DIR KTSTR_STORE
	first=$(sh "$root/tests/test-kernel.sh") && second=$(sh "$root/tests/test-kernel.sh" --below "${first%-import-*}") &&
		third=$(sh "$root/tests/test-kernel.sh" --below "${second%-import-*}") || fail kernels || return
	cells=$((per_program * 3 * 4 * 2 * 2))
	cp "$O/sched/scx_ktstr" scx_mine && cp scx_mine scx_other && printf ' ' >>scx_other || return
	tests_of a scx_mine 90ms 100 && tests_of b scx_mine 90ms 101 && tests_of c scx_other 90ms 102 || return
	set -- --kernel "$first" --kernel "$second"
	phase cold "$@" && same $cells "$ran" cold && phase unchanged "$@" && same 0 "$ran" unchanged || return
	tests_of a scx_mine 90ms 103 && phase 'one test edited' "$@" && same 16 "$ran" 'one test edited' || return
	tests_of a scx_mine 80ms 103 && phase 'one limit edited' "$@" && same 0 "$ran" 'one limit edited' || return
	: >mark
	printf ' ' >>scx_other && phase 'one of two schedulers edited' "$@" && same $((cells / 3)) "$ran" 'a scheduler edited' || return
	same '' "$(find store/objects -name ram0 -newer mark)" 'guests that were booted' || return

	# What was finished before the end is not run again.
	: >mark
	set -- --kernel "$first" --kernel "$third"
	(everywhere "$@") >out 2>err </dev/null &
	pid=$!
	within 3000 some_on "$third" $((cells / 8)) && kill -KILL "$(ktstr_below $pid)" || fail 'nothing ran' || return
	wait $pid
	made=$(whole_on "$third")
	phase "one kernel in place of another, $made of $((cells / 2)) cells before a sudden end" "$@" || return
	[ $((made + ran)) -le $((cells / 2)) ] && [ $((made + ran)) -ge $((cells / 2 - 8)) ] || fail "$made cells, then $ran, of $((cells / 2))" || return

	# Each part on a store of its own, which has guests and no result of that seed; then all of them in the first one.
	set -- --kernel "$first" --kernel "$second" --seed 7
	for i in 1 2 3; do
		mkdir "part$i" && cp -a store/format "part$i/" && cp -al store/objects "part$i/" || return
	done
	for i in 1 2 3; do
		KTSTR_STORE=$work/part$i phase "part $i of 3" "$@" --shard $i/3 || return
		KTSTR_STORE=$work/part$i parcel $i.parcel "$@" --shard $i/3 || return
	done
	exits 0 ktstr cache import 1.parcel 2.parcel 3.parcel || return
	phase 'all, after its parts' "$@" && same 0 "$ran" 'after its parts'
}

exec 3>&1
# shellcheck disable=SC2086 # words
run_tests ${ONLY:-everything killed parts whole}
