#!/bin/sh
# explore without a guest: what is asked for wrongly, and what it makes of runs, from a ktstr that says what came of them.
. "$(dirname "$0")/../lib.sh"

# says CODE WORDS ARGUMENT…
says() {
	code=$1
	words=$2
	shift 2
	exits "$code" ktstr explore "$@" && has "$words" err
}

mistakes() {
	printf 'work - spin\nhold 1s\nclock real\n' >real.ktstr
	says 2 'an argument is missing' && says 2 'name one scenario' a b && says 10 'neither a file nor a scenario' no_such &&
		says 2 'a count ("200") or a range' cgroup_steady --seeds 5..1 && says 2 'a count ("200") or a range' cgroup_steady --seeds 0 &&
		says 2 'a seed is not one schedule' real.ktstr && says 2 '1,x' cgroup_steady --topology 1,x &&
		says 2 'argument for the scheduler' cgroup_steady -- --fast && says 10 'scheduler binary' cgroup_steady --scheduler-bin ./none &&
		says 2 'out' cgroup_steady --keep-size --out x
}

# A copy of the tool, beside which a script stands for "ktstr run": it fails where the text has "bad" with an even seed, or with seed 3.
fake() {
	mkdir bin || return
	cp "$O/cargo-ktstr" "$O/ktstr-step" bin/ || return
	cat >bin/ktstr <<-'END'
		#!/bin/sh
		file=$2
		seeds=$4
		into=$6
		echo "$seeds $(grep -c . "$file")" >>runs
		echo "$*" >said
		[ ! -e picky ] || grep -q 'work b' "$file" || { echo 'error: QEMU died' >&2; exit 6; }
		[ ! -e slow ] || exec sleep 60
		[ ! -e usage ] || { echo 'error: no such kernel' >&2; exit 20; }
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
	chmod +x bin/ktstr
	printf 'cgroup a\ncgroup b\nwork a spin n=4\nwork b spin\nhold 1s\nexpect gap.max <= 1s\n' >t.ktstr
}

smaller() {
	fake || return
	exits 1 bin/cargo-ktstr explore t.ktstr --seeds 1..40 --until-fail --jobs 2 --topology 1,2,2,1 &&
		has 'seed 3: it waited' out && has '5 -> 3 lines, 6 -> 1 workers' out && has '4 -> 1 CPUs' out && has 'again: ktstr run t.small.ktstr' out &&
		has 'work a spin' t.small.ktstr && has 'seeds 1 first=3' t.small.ktstr && hasnt 'work b' t.small.ktstr && hasnt expect t.small.ktstr &&
		exits 1 bin/cargo-ktstr explore t.ktstr --seeds 1..6 --jobs 2 --keep-size --json &&
		python3 -c 'import json; j = json.load(open("out")); assert j["tried"] == 6 and [f["seed"] for f in j["failures"]] == [3, 4, 5, 6]'
}

# What a try came to is not what the exploration comes to, and is not the last run for replay; no batch is larger than run takes.
apart() {
	fake && touch picky || return
	exits 1 bin/cargo-ktstr explore t.ktstr --seeds 3 --jobs 2 --topology 1,1,1,1 && hasnt 'QEMU died' err && has ' --unrecorded' said || return
	rm picky && sed -i 's/work a/work b/' t.ktstr && : >runs || return
	exits 0 bin/cargo-ktstr explore t.ktstr --seeds 1..2100 --jobs 1024 && has '2100 of 2100 pass' out || return
	while IFS=' .' read -r first _ last _; do
		[ $((last - first)) -lt 1000 ] || return
	done <runs
}

# Nothing fails; a run that comes to nothing; the end by a signal keeps what was found.
ends() {
	fake || return
	exits 0 bin/cargo-ktstr explore t.ktstr --seeds 1..2 --jobs 2 && has 'PASS t' out || return
	touch usage && exits 20 bin/cargo-ktstr explore t.ktstr --seeds 1..2 && has 'no such kernel' err && rm usage || return
	touch slow && : >runs || return
	bin/cargo-ktstr explore t.ktstr --seeds 5..9 >out 2>err &
	pid=$!
	within 20 test -s runs || return
	kill -TERM $pid && wait $pid
	same 130 $? 'exit code' && has 'it ended before all seeds were tried' out
}

run_tests mistakes smaller apart ends
