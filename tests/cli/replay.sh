#!/bin/sh
# replay without a guest: what cells are called, what is asked for wrongly, and what it makes of other runs, from a ktstr that makes them.
. "$(dirname "$0")/../lib.sh"

KTSTR_STORE=$base/store
export KTSTR_STORE

# cell COMMAND: a cell that failed on seed 3 of 2.
cell() {
	cell=$KTSTR_STORE/graphs/run-1/tests/t/7.3.4-k/1n1l2c1t
	mkdir -p "$cell/seed-2" "$cell/seed-3" || return
	cat >"$cell/verdict.json" <<-END
		{ "format": 1, "test": "t", "kernel": "7.3.4", "topology": "1,1,2,1", "verdict": "fail", $1
		"seeds": [{ "seed": 2, "verdict": "pass" }, { "seed": 3, "verdict": "fail" }],
		"checks": [{ "metric": "gap.max", "seed": 3, "at_ns": 1000000, "verdict": "fail", "words": "it waited" }], "figures": [] }
	END
	for seed in 2 3; do
		echo '{ "format": 1, "clock": "virtual", "seed": '$seed', "outcome": "ran", "marks": [{ "name": "settle", "ns": 0, "line": 0, "schedstat": [[0, 0, 5, 0, 0, 0, 0, 0, 0]] }] }' >"$cell/seed-$seed/run.json"
	done
}

# A copy of the tool, beside which a script stands for "ktstr run": it makes the other run.
fake() {
	cell '"command": "ktstr run '"'t x'"'.ktstr --kernel k", "command_rest": "-- --fast",' && mkdir bin && cp "$O/cargo-ktstr" bin/ || return
	cat >bin/ktstr <<-'END'
		#!/bin/sh
		printf '%s|' "$@" >>said
		echo >>said
		[ ! -e broken ] || { echo 'error: QEMU died' >&2; exit 6; }
		while [ "$1" != --seed ]; do shift; done
		seed=$2
		while [ "$1" != --json-file ]; do shift; done
		into=$2
		other=$KTSTR_STORE/graphs/run-1/audits/t/7.3.4-k/1n1l2c1t/seed-$seed
		mkdir -p "$other"
		cp "$KTSTR_STORE/graphs/run-1/tests/t/7.3.4-k/1n1l2c1t/seed-$seed/run.json" "$other/"
		[ ! -e differs ] || echo ' ' >>"$other/run.json"
		echo '{"format": 1, "looks": [
		{"now": 500, "sched": 4, "nr": [1, 0], "curr": [7, 0]},
		{"now": 900, "sched": 5, "nr": [1, 0], "curr": [8, 0]},
		{"now": 1000900, "sched": 9, "nr": [0, 0], "curr": [0, 0], "waiting": 1, "tasks": [{"pid": 7, "comm": "x", "cpu": 1, "ns": 1000, "dsq": 9, "cpus": "0-1"}]}
		], "thrown": 1}' >"$other/watch.json"
		printf '{ "format": 1, "tests": [{ "dir": "%s" }] }\n' "$KTSTR_STORE/graphs/run-1/tests/t/7.3.4-k/1n1l2c1t" >"$into"
		exit 1
	END
	chmod +x bin/ktstr
}

# says CODE WORDS ARGUMENT…
says() {
	code=$1
	words=$2
	shift 2
	exits "$code" ktstr replay "$@" && has "$words" err
}

mistakes() {
	cell '' && says 2 'name a cell' && says 2 'name none beside it' --failed x && says 10 'no such cell has run' t/none/x &&
		says 10 'no such cell has run' '*/*/*' && says 10 'no such cell has run' ../../x/y && says 10 'no run is noted' --failed &&
		says 2 'watch' t/7.3.4-k/1n1l2c1t --runs 2 && says 10 'an older ktstr judged it' t/7.3.4-k/1n1l2c1t || return
	cell '"command": "rm -rf x",' && says 10 'its command is none of ktstr' t/7.3.4-k/1n1l2c1t &&
		says 10 'was not run with seed 9' t/7.3.4-k/1n1l2c1t --seed 9 && echo '{' >"$cell/verdict.json" && says 1 'verdict.json' "$cell"
}

again() {
	fake && exits 0 bin/cargo-ktstr replay t/7.3.4-k/1n1l2c1t && has 'seed 3: the same, to the byte' out && has 'it waited' out &&
		has "run|t x.ktstr|--kernel|k|--seed|3|--audit|100|--unrecorded|--json-file|" said && has '|--|--fast|' said || return
	exits 0 bin/cargo-ktstr replay "$cell/seed-2/run.json" "$cell/verdict.json" && has 'seed 2: the same' out && has 'seed 3: the same' out || return
	touch differs && exits 32 bin/cargo-ktstr replay "$cell" && has 'DIFFERS' out && has '1 of 1 runs came out otherwise' err && rm differs || return
	touch broken && exits 6 bin/cargo-ktstr replay "$cell" && has 'QEMU died' err && rm broken || return
	: >"$KTSTR_STORE/last-run" && exits 0 bin/cargo-ktstr replay --failed && has 'everything passed' err || return
	echo "$cell" >"$KTSTR_STORE/last-run" && exits 0 bin/cargo-ktstr replay --failed && has 'seed 3: the same' out
}

watched() {
	fake && exits 0 bin/cargo-ktstr replay "$cell" --watch --runs 2 && has '3 looks in 2 runs' out && has '+1.000  ---- gap.max' out &&
		has 'x in DSQ 0x9 for 0.001 ms' out && has '|--spy|' said
}

run_tests mistakes again watched
