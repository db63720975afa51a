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
		echo '{ "format": 1, "clock": "virtual", "seed": '$seed', "outcome": "ran", "end_ns": 0, "marks": [{ "name": "settle", "ns": 0, "line": 0 }],
			"workers": [{ "id": 4, "pid": 8, "type": "x", "group": "-" }] }' >"$cell/seed-$seed/run.json"
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
		[ ! -e changed ] || echo ' ' >>"$KTSTR_STORE/graphs/run-1/tests/t/7.3.4-k/1n1l2c1t/seed-3/run.json"
		before= halt= core= gdb=
		for word; do
			case $before in
			--halt) halt=$word ;;
			--core) core=$word ;;
			--gdb) gdb=$word ;;
			esac
			before=$word
		done
		case " $* " in *' --trace '*)
			for word; do
				[ "$before" != --json-file ] || into=$word
				before=$word
			done
			[ ! -e died ] || { echo 'error: this kernel has no events' >&2; exit 6; }
			traced=$KTSTR_STORE/graphs/run-2/tests/t/7.3.4-k/1n1l2c1t
			mkdir -p "$traced/seed-3" "$traced/seed-4" && sed 's/"seed": 2/"seed": 4/g' "$KTSTR_STORE/graphs/run-1/tests/t/7.3.4-k/1n1l2c1t/verdict.json" |
				if [ -e starved ]; then
					sed 's/"seed": 3, "verdict": "fail"/"seed": 3, "verdict": "broken", "words": "the shell did not run"/; s/"verdict": "fail"/"verdict": "broken"/'
				elif [ -e passes ]; then sed 's/"fail"/"pass"/g'; else cat; fi >"$traced/verdict.json"
			echo 'trace of 3' >"$traced/seed-3/trace"
			printf '{ "format": 1, "tests": [{ "dir": "%s" }] }\n' "$traced" >"$into"
			exit 1
			;;
		esac
		while [ "$1" != --seed ]; do shift; done
		seed=$2
		while [ "$1" != --json-file ]; do shift; done
		into=$2
		other=$KTSTR_STORE/graphs/run-1/audits/t/7.3.4-k/1n1l2c1t/seed-$seed
		mkdir -p "$other"
		[ -e stale ] || cp "$KTSTR_STORE/graphs/run-1/tests/t/7.3.4-k/1n1l2c1t/seed-$seed/run.json" "$other/"
		[ ! -e differs ] || echo ' ' >>"$other/run.json"
		echo '{"format": 1, "looks": [
		{"now": 500, "turns": 4, "director": false, "nr": [1, 0], "curr": [7, 0]},
		{"now": 900, "turns": 5, "director": false, "nr": [1, 0], "curr": [8, 0]},
		{"now": 1000900, "turns": 9, "director": false, "nr": [0, 0], "curr": [0, 0], "waiting": 1, "tasks": [{"pid": 7, "comm": "x", "cpu": 1, "ns": 1000, "dsq": 9, "cpus": "0-1"}]}
		], "thrown": 1}' >"$other/watch.json"
		[ ! -e full ] || [ -z "$core" ] || { echo 'error: a core takes 1024 MB, and 7 MB are free there' >&2; exit 15; }
		if [ -n "$gdb" ]; then
			[ ! -e died ] || { echo 'error: QEMU died' >&2; exit 6; }
			sleep 1000 &
			trap 'echo ended >>said; kill $!; exit 130' TERM
			echo now 5 >"$gdb.halted"
			wait
		fi
		if [ -n "$core" ]; then
			echo core >"$core"
			rm -f "$other/halted"
			[ ${#halt} -lt 10 ] || halt=5
			[ -e panics ] || printf 'now %s\nvmcoreinfo %s\n' $((halt + 400000)) "$([ -e bare ] && echo no || echo yes)" >"$other/halted"
		fi
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
	# shellcheck disable=SC2016 # no shell is to see it
	for command in 'rm -rf x' 'ktstr run x; touch owned' 'ktstr run $(touch owned)' ktstr; do
		cell "\"command\": \"$command\"," && says 10 'its command is none of ktstr' t/7.3.4-k/1n1l2c1t && [ ! -e owned ] || return
	done
	cell '"command": "ktstr run x", "command_rest": "-- ;touch owned",' && says 10 'its command is none of ktstr' t/7.3.4-k/1n1l2c1t && [ ! -e owned ] &&
		says 10 'was not run with seed 9' t/7.3.4-k/1n1l2c1t --seed 9 && says 10 'was not run with seed 8' t/7.3.4-k/1n1l2c1t#8 && echo '{' >"$cell/verdict.json" && says 1 'verdict.json' "$cell"
}

again() {
	fake && exits 0 bin/cargo-ktstr replay t/7.3.4-k/1n1l2c1t && has 'seed 3: the same, to the byte' out && has 'it waited' out &&
		has "run|t x.ktstr|--kernel|k|--seed|3|--audit|100|--unrecorded|--json-file|" said && has '|--|--fast|' said || return
	exits 0 bin/cargo-ktstr replay "$cell/seed-2/run.json" "$cell/verdict.json" && has 'seed 2: the same' out && has 'seed 3: the same' out || return
	touch differs && exits 32 bin/cargo-ktstr replay "$cell" && has 'DIFFERS' out && has '1 of 1 runs came out otherwise' err && rm differs || return
	touch broken && exits 6 bin/cargo-ktstr replay "$cell" && has 'QEMU died' err && rm broken || return
	touch stale && exits 1 bin/cargo-ktstr replay "$cell" && has 'it came to no other run' err && rm stale || return
	touch changed && exits 32 bin/cargo-ktstr replay "$cell" && has 'DIFFERS' out && rm changed || return
	mv "$cell/seed-2" away && exits 10 bin/cargo-ktstr replay "$cell" --seed 2 && has 'the run that is kept' err && mv away "$cell/seed-2" || return
	mkdir -p "$KTSTR_STORE/history" && : >"$KTSTR_STORE/history/last" && exits 0 bin/cargo-ktstr replay --failed && has 'everything passed' err || return
	echo "$cell" >"$KTSTR_STORE/history/last" && exits 0 bin/cargo-ktstr replay --failed && has 'seed 3: the same' out
}

watched() {
	fake && exits 0 bin/cargo-ktstr replay "$cell" --watch --runs 2 && has '3 looks in 2 runs' out && has '+1.000  ---- gap.max' out &&
		has 'x in DSQ 0x9 for 0.001 ms' out && has '|--spy|' said
}

# The scenario began at 900 of the guest's clock, by the last worker that was seen, and failed 1 ms behind it.
cores() {
	fake && exits 0 bin/cargo-ktstr replay "$cell" --core the.core && has 'the same, to the byte' out && [ "$(cat the.core)" = core ] &&
		has '|--spy|' said && has '|--audit|100|--unrecorded|--halt|1000900|--core|' said || return
	has 'the.core: 0 MB, the guest at +1.400 ms, where gap.max failed (asked for: +1.000 ms)' out && has 'gdb VMLINUX the.core' out &&
		hasnt VMCOREINFO out || return
	mkdir -p kernels/7.3.4-k && : >kernels/7.3.4-k/vmlinux && KTSTR_CACHE_DIR=$PWD/kernels exits 0 bin/cargo-ktstr replay "$cell" --at 5 --core the.core &&
		has '|--halt|5000900|' said && has "gdb $PWD/kernels/7.3.4-k/vmlinux the.core" out && has 'as asked for' out || return
	touch bare && exits 0 bin/cargo-ktstr replay "$cell" --core the.core && has 'no VMCOREINFO' out && rm bare || return
	touch differs && exits 32 bin/cargo-ktstr replay "$cell" --core the.core && has DIFFERS out && rm differs || return
	touch panics && exits 6 bin/cargo-ktstr replay "$cell" --core the.core && has 'gone before it could be stopped' err && rm panics || return
	touch full && rm the.core && exits 15 bin/cargo-ktstr replay "$cell" --core the.core && has '7 MB are free' err && [ ! -e the.core ] && rm full || return
	exits 10 bin/cargo-ktstr replay "$cell" --core none/the.core && has 'its folder' err && exits 2 bin/cargo-ktstr replay "$cell" --core bin && has 'no file' err ||
		return
	says 2 'say one of them' "$cell" --at 5 && says 2 'one cell into one file' "$cell" "$cell" --core the.core &&
		says 2 watch "$cell" --core the.core --watch && says 2 failed --failed --core the.core || return
	# Thrown out: then, whatever the time.
	sed 's/"at_ns": [0-9]*, //' "$cell/verdict.json" >v && mv v "$cell/verdict.json" && sed 's/"ran", "end_ns": 0,/"ejected",/' "$cell/seed-3/run.json" >v &&
		mv v "$cell/seed-3/run.json" && exits 0 bin/cargo-ktstr replay "$cell" --core the.core && has '|--halt|18446744073709551615|' said &&
		has 'when the kernel let go of the scheduler' out
}

# With the kernel's trace a cell is another one, which is judged anew.
traces() {
	fake && exits 0 bin/cargo-ktstr replay "$cell" --trace the.trace --seeds 8 && has "run|t x.ktstr|--kernel|k|--seeds|3..10|--trace|--unrecorded|" said || return
	has 'seed 3: fails with the kernel'"'"'s trace as well' out && has 'it waited' out && same 'trace of 3' "$(cat the.trace)" || return
	touch passes && exits 0 bin/cargo-ktstr replay "$cell" --trace the.trace && has 'no seed from 3 to 3 fails; --seeds N' out && rm passes || return
	touch starved && exits 6 bin/cargo-ktstr replay "$cell" --trace the.trace && has 'came to no run: the shell did not run' err && rm starved || return
	rm the.trace && touch died && exits 6 bin/cargo-ktstr replay "$cell" --trace the.trace && has 'no events' err && [ ! -e the.trace ] && rm died || return
	exits 10 bin/cargo-ktstr replay "$cell" --trace none/x && exits 2 bin/cargo-ktstr replay "$cell" --trace bin && says 2 trace "$cell" --seeds 4 &&
		says 2 watch "$cell" --watch --trace x && says 2 'one cell into one file' "$cell" "$cell" --trace x || return
	cell '"command": "ktstr matrix '"$PWD"'/tests --cell t",' && says 2 'a test of a program cannot be traced' "$cell" --trace x
}

# nothing_left: of the guest, of what ran it, of the folder with its socket
nothing_left() {
	has ended said && same '' "$(ls tmp)" 'what is left'
}

# A gdb that is none, and says what it was asked for.
debuggers() {
	fake && mkdir tmp few && TMPDIR=$PWD/tmp && PATH=$PWD/few:$PATH && export TMPDIR || return
	cat >few/gdb <<-'END'
		#!/bin/sh
		printf "%s|" "$@" >gdb-said
		[ ! -t 0 ] || { read -r line && echo "typed: $line" >>gdb-said; }
		[ ! -e fails ] || exit 3
	END
	chmod +x few/gdb && : >symbols || return
	exits 0 bin/cargo-ktstr replay "$cell" --gdb --vmlinux symbols --exec 'p 1' --exec bt && has 'the same, to the byte' out &&
		has 'the guest stands where gap.max failed' out && has "|p 1|-ex|bt|$PWD/symbols|" gdb-said && has '-q|-batch|-ex|target remote ' gdb-said &&
		has '|--halt|1000900|--gdb|' said && nothing_left || return
	: >said && touch fails && exits 1 bin/cargo-ktstr replay "$cell" --gdb --exec bt && has 'gdb ended with exit code 3' err && nothing_left && rm fails || return
	touch died && exits 6 bin/cargo-ktstr replay "$cell" --gdb --exec bt && has 'QEMU died' err && [ -z "$(ls tmp)" ] && rm died || return
	touch differs && exits 32 bin/cargo-ktstr replay "$cell" --gdb --exec bt && rm differs || return
	exits 10 bin/cargo-ktstr replay "$cell" --gdb --vmlinux none && has 'vmlinux' err && says 2 gdb "$cell" --exec bt && says 2 'takes one cell' "$cell" "$cell" --gdb ||
		return
	mkdir 'a b' && TMPDIR="$PWD/a b" exits 2 bin/cargo-ktstr replay "$cell" --gdb --exec bt && has 'without blanks' err && [ -z "$(ls 'a b')" ] || return
	# At a terminal its keys are gdb's.
	echo continue | timeout 100 python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
		bin/cargo-ktstr replay "$cell" --gdb >out 2>err || fail 'at a terminal' || return
	has 'typed: continue' gdb-said && hasnt '-batch' gdb-said && has 'has no symbols unless' out && nothing_left || return
	# Nobody who could type: how to connect is said, and the guest waits until it is told to stop.
	: >said && rm gdb-said && bin/cargo-ktstr replay "$cell" --gdb >out 2>err </dev/null &
	waits=$!
	within 60 grep -q 'target remote' err && kill "$waits" || fail 'it does not wait' || return
	wait "$waits"
	same 130 $? && [ ! -e gdb-said ] && nothing_left
}

# A kernel that is none, which nobody boots here.
kernel() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	mkdir -p "$KTSTR_CACHE_DIR/one" "$KTSTR_STORE/graphs/run-1/schedulers/0" && echo packed >"$KTSTR_STORE/graphs/run-1/schedulers/0/payload.pack" && echo 'no kernel' >"$KTSTR_CACHE_DIR/one/bzImage" &&
		printf '{ "version": "6.1", "source": "tarball", "arch": "%s", "image_name": "bzImage", "built_at": "%s" }\n' "$(uname -m)" \
			2026-01-01T00:00:00Z >"$KTSTR_CACHE_DIR/one/metadata.json"
}

bundles() {
	fake && kernel && printf 'scheduler ./scx --fast\nwork - spin\nhold 1s\n' >t.ktstr && cp /bin/true scx && truncate -s 2M scx || return
	cell '"command": "ktstr run '"$PWD"'/t.ktstr --kernel one --topology 1,1,2,1 --shift 2",'
	exits 0 bin/cargo-ktstr replay "$cell" --pack t.bundle && has 'again: ktstr replay t.bundle' out && : >said || return
	exits 0 bin/cargo-ktstr replay t.bundle && has 'the same, to the byte' out && has '/t.ktstr|--kernel|one|--seed|3|--no-build|--payload|' said &&
		has '/payload.pack|--shift|2|--unrecorded|' said && hasnt --library-path said || return
	exits 26 bin/cargo-ktstr replay t.bundle --unpack-mb 1 && has 'unpacks to 3 MB, and no more than 1 MB are taken; --unpack-mb' err || return
	for option in '--watch' '--seed 3' '--pack p' '--core c'; do
		# shellcheck disable=SC2086 # an option and its value
		says 2 'is a bundle' t.bundle $option || return
	done
	sed 's/"seed": 3/"seed": 0/' "$cell/verdict.json" >v && mv v "$cell/verdict.json" && cp -r "$cell/seed-3" "$cell/seed-0" || return
	exits 0 bin/cargo-ktstr replay "$cell" --seed 0 --pack 0.bundle && exits 0 bin/cargo-ktstr replay 0.bundle && has 'the same' out || return
	touch broken && exits 6 bin/cargo-ktstr replay t.bundle && rm broken || return
	echo ' ' >>"$cell/seed-3/run.json" && exits 32 bin/cargo-ktstr replay t.bundle && has DIFFERS out || return
	head -c 300 t.bundle >half && says 26 'damaged' half && { head -c 4 t.bundle && echo garbage; } >none && says 26 'no bundle' none || return
	cell '"command": "ktstr run '"$PWD"'/t.ktstr --kernel one --profiles a",' && says 2 'cannot be packed' "$cell" --pack p || return
	cell '"command": "ktstr run '"$PWD"'/t.ktstr --kernel gone",' && says 10 'not in the cache any more' "$cell" --pack p || return
	cell '"command": "ktstr run '"$PWD"'/t.ktstr --kernel ../x",' && says 2 'none of the cache' "$cell" --pack p || return
	cell '"command": "ktstr run '"$PWD"'/t.ktstr --kernel one a;b",' && says 2 'no bundle can have' "$cell" --pack p || return
	echo 'program - /bin/true' >>t.ktstr && cell '"command": "ktstr run '"$PWD"'/t.ktstr --kernel one",' &&
		says 2 'programs of this machine' "$cell" --pack p && says 2 'one cell into one file' a b --pack p && [ ! -e p ]
}

# What a verdict from elsewhere says reaches no file of this machine, starts none of its programs, and drives no terminal.
elsewhere() {
	fake && mkdir away && cp -r "$cell" away/c || return
	for command in 'ktstr run t.ktstr --json-file owned' 'ktstr run t.ktstr --host' 'ktstr run t.ktstr --clean' 'ktstr matrix ./owned --cell c' \
		'ktstr run t.ktstr --scheduler pkg'; do
		sed "s|\"command\": \"[^\"]*\"|\"command\": \"$command\"|" "$cell/verdict.json" >away/c/verdict.json
		: >said
		exits 10 bin/cargo-ktstr replay away/c && has 'in its command' err && [ ! -s said ] && [ ! -e owned ] || return
	done
	# A kernel to be built would run its makefiles here.
	sed 's|"command": "[^"]*"|"command": "ktstr run t.ktstr --kernel git+file:///owned"|' "$cell/verdict.json" >away/c/verdict.json
	: >said
	exits 0 bin/cargo-ktstr replay away/c && has '|--kernel|git+file:///owned|--no-build|' said && exits 0 bin/cargo-ktstr replay away/c --trace the.trace &&
		same 2 "$(grep -c '|--no-build|' said)" && : >said && exits 0 bin/cargo-ktstr replay "$cell" && hasnt no-build said || return
	sed 's/it waited/\\u001b]0;owned\\u0007it \\u202ewaited/; s/1000000, "verdict"/18446744073709551615, "verdict"/' "$cell/verdict.json" >v && mv v "$cell/verdict.json" || return
	exits 0 bin/cargo-ktstr replay "$cell" --watch && has 'it ?waited' out && hasnt "$(printf '\033')" out && hasnt "$(printf '\033')" err
}

# One that comes to nothing is told, and the others are run; the worst decides.
several() {
	fake || return
	exits 10 bin/cargo-ktstr replay none/k/x "$cell" && has 'no such cell has run' err && has 'seed 3: the same' out && has 'not all of 2 cells' err || return
	touch differs && exits 32 bin/cargo-ktstr replay none/k/x "$cell" && has '1 of 2 runs came out otherwise' err
}

run_tests mistakes again watched cores traces debuggers bundles elsewhere several
