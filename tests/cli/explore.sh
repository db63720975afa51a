#!/bin/sh
# explore without a guest: what is asked for wrongly, and what it makes of runs, from a ktstr that says what came of them.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/played.sh"

# says CODE WORDS ARGUMENT…
says() {
	code=$1
	words=$2
	shift 2
	exits "$code" ktstr explore "$@" && has "$words" err
}

mistakes() {
	says 2 'an argument is missing' && says 10 'neither a file nor a scenario' no_such &&
		says 2 'a count ("200") or a range' cgroup_steady --seeds 5..1 && says 2 'a count ("200") or a range' cgroup_steady --seeds 0 &&
		says 2 '1,x' cgroup_steady --topology 1,x &&
		says 2 'argument for the scheduler' cgroup_steady -- --fast && says 10 'scheduler binary' cgroup_steady --scheduler-bin ./none &&
		says 2 'out' cgroup_steady --keep-size --out x
}

# A ktstr whose steps are played (tests/fake-step.sh), with the kernels one and two, beside which a script stands for the "ktstr run" that tries smaller tests: it
# fails where the text has "work a" from seed 3 on.
place() {
	played cargo-ktstr && played_kernels one two || return
	FAKE_GO=$work/go
	export FAKE_GO
	cat >fake/out/ktstr <<-'END'
		#!/bin/sh
		file=$2
		seeds=$4
		into=$6
		echo "$seeds $(grep -c . "$file")" >>runs
		echo "$*" >said
		[ ! -e picky ] || grep -q 'work b' "$file" || { echo 'error: QEMU died' >&2; exit 6; }
		first=${seeds%..*}
		last=${seeds#*..}
		mkdir -p cell
		{
			printf '{ "format": 1, "test": "t", "kernel": "7.3.4", "topology": "1,1,2,1", "verdict": "fail", "seeds": ['
			comma=
			for s in $(seq "$first" "$last"); do
				verdict=pass
				if grep -q 'work a' "$file" && [ "$s" -ge 3 ]; then verdict=fail; fi
				printf '%s{ "seed": %d, "verdict": "%s" }' "$comma" "$s" $verdict
				comma=,
			done
			printf '], "checks": ['
			comma=
			for s in $(seq "$first" "$last"); do
				printf '%s{ "metric": "gap.max", "seed": %d, "verdict": "fail", "words": "it waited" }' "$comma" "$s"
				comma=,
			done
			printf '], "figures": [] }\n'
		} >cell/verdict.json
		printf '{ "format": 1, "tests": [{ "dir": "%s/cell" }] }\n' "$PWD" >"$into"
		exit 1
	END
	chmod +x fake/out/ktstr
	printf 'cgroup a\ncgroup b\nwork a spin n=4\nwork b spin\nhold 1s\nexpect gap.max <= 1s\n' >lost.ktstr
	printf 'work - spin\nhold 1s\n' >fine.ktstr
	: >steps
}

# explores CODE ARGUMENT…
explores() {
	code=$1
	shift
	exits "$code" fake/out/cargo-ktstr explore "$@"
}

smaller() {
	place || return
	explores 1 lost.ktstr --seeds 1..40 --until-fail --jobs 2 --topology 1,2,2,1 &&
		has 'FAIL lost/one/1n2l2c1t seed 3: gap.max: it waited' err && has 'FAIL lost on 6.3 on 1,2,2,1' out && has 'seeds 1 to 3: 2 of 3 pass, 1 fail: 3' out &&
		has '5 -> 3 lines, 6 -> 1 workers' out && has '4 -> 1 CPUs' out && has 'again: ktstr run lost.small.ktstr --kernel one' out &&
		has "again: ktstr run $PWD/lost.ktstr --kernel one --topology 1,2,2,1 --seed 3" out &&
		has 'work a spin' lost.small.ktstr && has 'seeds 1 first=3' lost.small.ktstr && hasnt 'work b' lost.small.ktstr && hasnt expect lost.small.ktstr &&
		explores 1 lost.ktstr --seeds 1..6 --jobs 2 --keep-size --json &&
		python3 -c 'import json; j = json.load(open("out"))["cells"]; assert len(j) == 1 and j[0]["tried"] == 6 and [f["seed"] for f in j[0]["failures"]] == [3, 4, 5, 6]'
}

# What a try came to is not what the exploration comes to, and is not the last run for replay; no part of it is larger than run takes.
apart() {
	place && touch picky || return
	explores 1 lost.ktstr --seeds 3 --jobs 2 --topology 1,1,1,1 && hasnt 'QEMU died' err && has ' --unrecorded' said || return
	rm picky && : >runs && explores 1 lost.ktstr --seeds 3..3 --jobs 2 --tries 1000 && has 'written: lost.small.ktstr' out || return
	while IFS=' .' read -r first _ last _; do
		[ $((last - first)) -lt 1000 ] || return
	done <runs
}

# What matrix takes: several tests, kernels, presets, profiles, and names of cells; all take turns, and one that failed is tried no more.
several() {
	place && printf 'work - spin\nhold 1s\nclock real\n' >real.ktstr && explores 2 real.ktstr && has 'a seed is not one schedule' err || return
	explores 1 lost.ktstr fine.ktstr --kernel one --kernel two --preset tiny-1llc --preset tiny-2llc --seeds 20 --until-fail --keep-size --jobs 2 || return
	same 4 "$(grep -c '^FAIL lost on' out)" && same 4 "$(grep -c '^PASS fine on' out)" && same 4 "$(grep -c '20 of 20 pass' out)" &&
		same 4 "$(grep -c 'seeds 1 to 3: 2 of 3 pass, 1 fail: 3' out)" && has 'FAIL lost/two/' err && has '4 of 8 cells go on' err || return
	same 0 "$(grep -c '^run lost on .* seed 1[0-9]' steps)" 'runs of what has failed' || return
	explores 0 lost.ktstr fine.ktstr --filter fine/ --seeds 2 && hasnt lost out && has 'PASS fine' out || return
	explores 10 lost.ktstr --filter none && has 'no cell has "none"' err || return
	explores 2 lost.ktstr fine.ktstr --out x && has 'one file, and there are 2 cells' err || return
	explores 1 lost.ktstr --preset tiny-1llc --preset tiny-2llc --seeds 3 && [ -e lost-one-1n1l4c1t.small.ktstr ]
}

# Where the smaller test cannot be written, all that was found is told, and that.
unwritten() {
	place && mkdir lost.small.ktstr || return
	explores 1 lost.ktstr fine.ktstr --seeds 3 --jobs 2 && has 'the smaller test' err && has 'FAIL lost on' out && has 'PASS fine on' out && hasnt 'written:' out || return
	explores 1 lost.ktstr fine.ktstr --seeds 3 --jobs 2 --json && has 'the smaller test' err &&
		python3 -c 'import json; j = json.load(open("out"))["cells"]; assert len(j) == 2 and len(j[0]["failures"]) == 1 and j[0]["smaller"]["file"] is None and j[0]["smaller"]["text"]'
}

# A program's tests; what cannot be explored is left out, and said to be.
programs() {
	place && cat >tests.c <<-'END' || return
		#include <ktstr.h>

		static void own(struct ktstr_verdict *v)
		{
			ktstr_check(v, true, "never");
		}
		KTSTR_SCENARIO(lost, .scenario = "cgroup a\nwork a spin\nwork - spin\nhold 100%");
		KTSTR_SCENARIO(lost_judged, .scenario = "work - spin\nhold 100%", .judge = own);
		KTSTR_SCENARIO(fine, .scenario = "work - spin\nhold 100%", .clock = KTSTR_BOTH);
		KTSTR_HOST_TEST(on_the_host)
		{
			(void)v;
		}
		KTSTR_MAIN
	END
	gcc -Wall -Wextra -Werror -I"$root/runtime/test" tests.c -o tests "$O/libktstr.a" -lm || return
	explores 1 ./tests --seeds 4 --until-fail && has 'FAIL lost on' out && has 'FAIL lost_judged on' out && has 'PASS fine on' out &&
		has '2 cells are left out' err && has 'a function of its program judges it' err && has 'written: lost.small.ktstr' out || return
	explores 0 ./tests --filter fine/ --seeds 2 && hasnt lost out
}

# What is known costs nothing: no step runs again.
known() {
	place && explores 0 fine.ktstr --seeds 200 --jobs 2 && has '200 of 200 pass' out && same 200 "$(grep -c '^run ' steps)" && : >steps || return
	began=$(date +%s%N)
	explores 0 fine.ktstr --seeds 200 --jobs 2 && has '200 of 200 pass' out && [ ! -s steps ] || return
	echo "200 known seeds took $((($(date +%s%N) - began) / 1000000)) ms"
}

# A failure is told while others of its round are still at work; with all seeds in front of it known, they are not waited for.
at_once() {
	place || return
	FAKE_TELLS=1 FAKE_WAIT=4 fake/out/cargo-ktstr explore lost.ktstr --seeds 1..6 --jobs 6 --keep-size >out 2>err &
	pid=$!
	within 30 grep -q 'seed 3: gap.max' err || return
	kill -0 $pid && : >go && wait $pid
	same 1 $? 'exit code' && has '4 fail: 3 4 5 6' out && rm -r go cache && : >steps || return
	FAKE_TELLS=1 FAKE_WAIT=4 explores 1 lost.ktstr --seeds 1..6 --until-fail --jobs 6 --keep-size && has 'seeds 1 to 3: 2 of 3 pass, 1 fail: 3' out && hasnt failed err
}

# Nothing fails; a run that comes to nothing; the end by a signal or by the clock keeps what was found.
ends() {
	place || return
	explores 0 fine.ktstr --seeds 1..2 --jobs 2 && has 'PASS fine' out || return
	FAKE_DEAD=1 explores 1 fine.ktstr --seeds 5..9 && has 'run fine on' err && hasnt PASS out || return
	FAKE_TELLS=1 FAKE_WAIT=7 fake/out/cargo-ktstr explore lost.ktstr --seeds 5..9 --jobs 2 --keep-size >out 2>err &
	pid=$!
	within 30 grep -q 'seed 6: gap.max' err || return
	kill -TERM $pid && wait $pid
	same 130 $? 'exit code' && has 'it ended before all seeds were tried' out && has 'seed 5: gap.max' out
}

run_tests mistakes smaller apart several unwritten programs known at_once ends
