#!/bin/sh
# Virtual time, at length: machines × schedulers, N runs each while the host has other things to do; seeds; one machine many
# times; two stores made from nothing. Prints what it found as a table.
#
# BUSY: how many (10). N: runs of each row (20); MANY: of one of them (1000); SEEDS: how many (100); TOPOLOGIES, SCHEDULERS (paths): other rows.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
N=${N:-20} MANY=${MANY:-1000} SEEDS=${SEEDS:-100} BUSY=${BUSY:-10}
TOPOLOGIES=${TOPOLOGIES-1,1,1,1 1,1,2,1 1,1,4,1 1,2,4,1 2,4,2,1 1,1,16,1}
SCHEDULERS=${SCHEDULERS-none $O/sched/scx_ktstr}
gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$base/guest-times" "$root/tests/guest-times.c"
what='guest-times 200; dmesg; cat /proc/interrupts /proc/schedstat'

virtual() {
	ktstr -q shell --kernel "$key" --clock virtual -i "$base/guest-times" "$@"
}

busy() {
	load=
	for i in $(seq "$BUSY"); do
		timeout 20000 sh -c 'while :; do :; done' &
		load="$load $!"
	done
}

idle() {
	# shellcheck disable=SC2086 # numbers
	kill $load
}

# row TOPOLOGY SCHEDULER RUNS: prints how many different outputs there were.
row() {
	set -- "$1" "$2" "$3" "$base/rows/$(echo "$1-$2" | tr -c 'a-zA-Z0-9\n' -)"
	mkdir -p "$4"
	[ "$2" = none ] || bin="--scheduler-bin $2"
	i=0
	start=$(date +%s)
	while [ $i -lt "$3" ]; do
		i=$((i + 1))
		# shellcheck disable=SC2086 # two words or none
		virtual --topology "$1" ${bin-} --exec "$what" >"$4/out" 2>"$4/err" </dev/null || {
			cat "$4/err"
			fail "run $i of $1 with $2: exit code $?"
			return 1
		}
		md5sum <"$4/out" >>"$4/sums"
		cp "$4/out" "$4/$(md5sum <"$4/out" | cut -c-8)"
	done
	unset bin
	different=$(sort -u "$4/sums" | wc -l)
	echo "# $1 $(basename "$2"): $3 runs, $different different, $((($(date +%s) - start) * 1000 / $3)) ms a run"
	same 1 "$different" "different outputs of $1 with $2"
}

table() {
	busy
	for topology in $TOPOLOGIES; do
		for scheduler in $SCHEDULERS; do
			row "$topology" "$scheduler" "$N"
		done
	done
	idle
}

many() {
	row 1,1,2,1 none "$MANY"
}

# Each seed a schedule, and each twice the same.
seeds() {
	i=0
	while [ $i -lt "$SEEDS" ]; do
		virtual --topology 1,1,2,1 --seed $i --exec 'guest-times 100' >out.1 </dev/null || fail "seed $i" || return
		virtual --topology 1,1,2,1 --seed $i --exec 'guest-times 100' >out.2 </dev/null || fail "seed $i" || return
		cmp out.1 out.2 || fail "seed $i is not repeated" || return
		md5sum <out.1 >>sums
		i=$((i + 1))
	done
	echo "# $SEEDS seeds: $(sort -u sums | wc -l) schedules"
	[ "$(sort -u sums | wc -l)" -gt $((SEEDS * 9 / 10)) ]
}

# The memory of snapshots, and runs from them, of stores that know nothing of each other.
two_stores() {
	for store in one two; do
		KTSTR_STORE=$work/$store virtual --topology 1,1,2,1 --exec "$what" >$store.out </dev/null || fail "exit code $?" || return
		find "$work/$store" -name ram.sha256 -exec cat {} + >$store.ram
	done
	cmp one.ram two.ram && [ -s one.ram ] && cmp one.out two.out
}

# Booted and not continued: equal among themselves, for each seed.
cold() {
	for seed in 0 5; do
		set -- ktstr -q verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" --topology 1,1,2,1 --clock virtual --json
		exits 0 "$@" --cold --force --seed $seed && mv out first && has '"seed": '$seed first || return
		dir=$(sed -n 's/.*"dir": "\([^"]*\)".*/\1/p' first)
		cp "$dir/result.json" "$dir/sched.log" "$dir/console.log" . && exits 0 "$@" --cold --force --seed $seed && cmp out first &&
			cmp result.json "$dir/result.json" && cmp sched.log "$dir/sched.log" && cmp console.log "$dir/console.log" || return
	done
}

# A byte in the gate that nobody has rung for: neither clock of the guest ends it.
stray_byte() {
	printf '#include <sys/io.h>\nint main(void)\n{\n\tioperm(0xea, 1, 1);\n\toutb(0, 0xea);\n\treturn 0;\n}\n' >stray.c &&
		gcc -O2 -static -o stray stray.c || return
	start=$(date +%s)
	exits 6 virtual --topology 1,1,2,1 --exec-timeout 1h -i ./stray --exec 'stray; echo over' &&
		has 'wrote to the I/O port 0xea without a call' err && hasnt over out && [ $(($(date +%s) - start)) -lt 120 ]
}

run_tests table seeds two_stores cold stray_byte many
