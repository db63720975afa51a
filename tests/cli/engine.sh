#!/bin/sh
# ktstr-engine, as far as it needs neither root nor cgroups: what it refuses, by which exit code, with which words.
. "$(dirname "$0")/../lib.sh"
engine=$O/ktstr-engine

# says CODE WORDS [OPTION…]: standard input is the scenario
says() {
	want=$1
	words=$2
	shift 2
	"$engine" "$@" >out 2>err
	got=$?
	[ "$got" = "$want" ] || { cat err; fail "exit code $got instead of $want: $*"; } || return
	[ ! -s out ] || fail "it printed something: $(head -c 200 out)" || return
	has "$words" err
}

arguments() {
	exits 0 "$engine" --help && has '--topology' out && has 'Exit codes' out || return
	says 2 'FILE is missing' --topology 1,1,2,1 </dev/null &&
		says 2 '--topology is missing' - </dev/null &&
		says 2 'lacks its value' --topology </dev/null &&
		says 2 'unknown option --sed' --sed 1 - </dev/null &&
		says 2 '--seed x is no number' --seed x - </dev/null &&
		says 2 '--seed -1 is no number' --seed -1 - </dev/null &&
		says 2 '--shift 11 is no number from 0 to 10' --shift 11 - </dev/null &&
		says 2 '--sample 0 is no number from 1 to 10000' --sample 0 - </dev/null &&
		says 2 '--sample is for guests' --host --sample 100 --topology 1,1,2,1 - </dev/null &&
		says 2 '--topology 1,1 is none' --topology 1,1 - </dev/null &&
		says 2 'is a second one' --topology 1,1,2,1 - - </dev/null &&
		says 2 'No such file' --topology 1,1,2,1 not/there </dev/null
}

texts() {
	printf 'test t\ncgroup a\nwrok a spin\n' | says 2 ':3:1' --topology 1,1,2,1 - || return
	printf 'test t\ncgroup a cpuset=llc:1\nwork a spin\nhold 10ms\n' | says 4 'llc' --topology 1,1,2,1 - || return
	{ printf 'test t\nwork - spin n=4000\n' && yes 'hold 1ms' | head -n 100; } |
		says 2 '4000 workers in 100 phases are too much' --topology 1,1,2,1 - || return
	for line in 'scheduler attach' 'cpu online all' freezer; do
		printf 'test t\nwork - spin\nhold 10ms\n%s\nhold 10ms\n' "$line" | says 2 'happens in guests only' --host --topology 1,1,2,1 - || return
	done
	says 2 'does not go with --host' --host --keeper --topology 1,1,2,1 - </dev/null || return
	head -c 70000 /dev/zero | tr '\0' '#' | says 2 '' --topology 1,1,2,1 -
}

# Where we are root somebody else is asked to.
without_rights() {
	printf 'test t\nwork - spin n=1\nhold 10ms\n' >t.ktstr
	if [ "$(id -u)" = 0 ]; then
		chmod 711 "$base" && chmod 755 . && cp "$engine" . || return
		setpriv --reuid 65534 --regid 65534 --clear-groups ./ktstr-engine --host --topology 1,1,2,1 t.ktstr >out 2>err
	else
		"$engine" --host --topology 1,1,2,1 t.ktstr >out 2>err
	fi
	same 3 $? 'exit code' || { cat err; return 1; }
	grep -qE 'need root|no cgroup2 is mounted' err || { cat err; fail 'it does not say what is missing'; }
}

run_tests arguments texts without_rights
