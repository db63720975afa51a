#!/bin/sh
# Virtual time, at length: machines × schedulers, each run with one load after the other, N runs while the host has other things to
# do; seeds; one machine many times; stores made from nothing. Prints what it found as a table.
#
# BUSY: how many processes keep the host busy (10; 0: others do). N: runs of each row (20); MANY: of one of them (1000); SEEDS: how
# many (100). TOPOLOGIES, SCHEDULERS (paths), LOADS (of guest-times): other rows. KEEP: a folder for what was seen, which a
# later run goes on with; without it each starts anew. ONLY: which tests.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
N=${N:-20} MANY=${MANY:-1000} SEEDS=${SEEDS:-100} BUSY=${BUSY:-10}
# One LLC is a microvm, more are a q35.
TOPOLOGIES=${TOPOLOGIES-1,1,1,1 1,1,2,1 1,1,4,1 1,1,8,1 1,1,16,1 1,2,1,1 1,2,2,1 1,2,4,1 1,2,8,1 2,4,2,1}
LOADS=${LOADS-idle spin sleep pipe all}
if [ -z "${SCHEDULERS-}" ]; then
	# The kernel refuses a scx_qmap of clang 16 and of 19.
	new=$O/sched/tools-22
	source=$(sh "$root/tests/fetch-kernel-tools.sh") && sh "$root/tests/fetch-clang.sh" "$O/deps/clang-22" 22 &&
		PATH=$O/deps/clang-22/bin:$PATH CLANG_VERSION=22 KTSTR_LINUX_SOURCE=$source sh "$root/tests/tools-schedulers.sh" "$new" "$key" \
			scx_simple scx_qmap scx_flatcg >&2 || exit 1
	SCHEDULERS="none $new/scx_simple $new/scx_qmap $new/scx_flatcg $O/sched/scx_ktstr"
	# Those that tests/long/rust-schedulers.sh has built.
	for large in scx_bpfland scx_lavd; do
		[ ! -x "$O/deps/rust/bin/$large" ] || SCHEDULERS="$SCHEDULERS $O/deps/rust/bin/$large"
	done
fi
gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$base/guest-times" "$root/tests/guest-times.c" || exit 1
# With what the kernel keeps of time: its log, how often each CPU was interrupted, how long each task waited.
what="for load in $LOADS; do echo \$load; guest-times 40 \$load; done; dmesg; cat /proc/interrupts /proc/schedstat"
# What another init, kernel, QEMU or load made is not compared with.
keep=${KEEP:-$base/keep}/$({ cat "$O/ktstr-init" "$base/guest-times" && echo "$key $what" && qemu-system-x86_64 --version; } | sha256sum | cut -c-8)
mkdir -p "$keep" || exit 1
keep=$(cd "$keep" && pwd)
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
	[ -z "$load" ] || kill $load
}

# row TOPOLOGY SCHEDULER: the folder of what was seen there: "sums" has a line for each run, and a file of each sum its output.
row() {
	file=/dev/null
	[ "$2" = none ] || file=$2
	echo "$keep/$(echo "$1-${2##*/}-$(sha256sum <"$file" | cut -c-8)" | tr , .)"
}

# once TOPOLOGY SCHEDULER: another run of that row. The first one keeps no guest with its scheduler attached.
once() {
	dir=$(row "$@")
	[ "$(runs_of "$@")" = 0 ] && KTSTR_ATTACHED_MB=0 || KTSTR_ATTACHED_MB=4096
	export KTSTR_ATTACHED_MB
	set -- "$@" --topology "$1" --exec "$what"
	[ "$2" = none ] || set -- "$@" --scheduler-bin "$2"
	shift 2
	virtual "$@" >"$dir/out" 2>"$dir/err" </dev/null || { cat "$dir/err" && fail "a run: $*"; } || return
	sum=$(sha256sum <"$dir/out" | cut -c-16)
	mv "$dir/out" "$dir/$sum" && echo "$sum" >>"$dir/sums"
}

runs_of() {
	dir=$(row "$@")
	mkdir -p "$dir" && touch "$dir/sums" && wc -l <"$dir/sums"
}

# told TOPOLOGY SCHEDULER: its line of the table; fails where runs differ.
told() {
	different=$(sort -u "$(row "$@")/sums" | wc -l)
	case $1 in 1,1,*) machine=microvm ;; *) machine=q35 ;; esac
	echo "# $machine $1, $(basename "$2"): $(runs_of "$@") runs, $different different"
	same 1 "$different" "different outputs of $* in $(row "$@")"
}

# One run of each row after the other, so that whoever ends it early has some of all.
table() {
	busy
	for i in $(seq "$N"); do
		for topology in $TOPOLOGIES; do
			for scheduler in $SCHEDULERS; do
				[ "$(runs_of "$topology" "$scheduler")" -ge "$i" ] || once "$topology" "$scheduler"
			done
		done
	done
	idle
	for topology in $TOPOLOGIES; do
		for scheduler in $SCHEDULERS; do
			told "$topology" "$scheduler" >&3
		done
	done
}

many() {
	while [ "$(runs_of 1,1,2,1 none)" -lt "$MANY" ]; do
		once 1,1,2,1 none || return
	done
	told 1,1,2,1 none >&3
}

# Each seed a schedule, and each twice the same.
seeds() {
	mkdir -p "$keep/seeds" || return
	i=0
	while [ $i -lt "$SEEDS" ]; do
		if [ ! -e "$keep/seeds/$i" ]; then
			virtual --topology 1,1,2,1 --seed $i --exec 'guest-times 100' >out.1 </dev/null || fail "seed $i" || return
			virtual --topology 1,1,2,1 --seed $i --exec 'guest-times 100' >out.2 </dev/null || fail "seed $i" || return
			cmp out.1 out.2 || fail "seed $i is not repeated" || return
			mv out.1 "$keep/seeds/$i" || return
		fi
		i=$((i + 1))
	done
	schedules=$(sha256sum "$keep"/seeds/* | cut -c-64 | sort -u | wc -l)
	echo "# $SEEDS seeds, each twice the same: $schedules schedules" >&3
	[ "$schedules" -gt $((SEEDS * 9 / 10)) ]
}

# as_another COMMAND…: as a user who has nothing of ours, if we may.
as_another() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 4005 --regid 4005 --clear-groups "$@"
	else
		"$@"
	fi
}

# The memory of snapshots, and runs from them, of stores that know nothing of each other: another folder, user, kernel cache.
two_stores() {
	there=$(mktemp -d /tmp/ktstr-another.XXXXXX) || return
	equal_stores
	code=$?
	rm -rf "$there"
	return $code
}

equal_stores() {
	mkdir -p "$there/home" "$there/kernels" && cp -a "$XDG_CACHE_HOME/ktstr/kernels/$key" "$there/kernels/" &&
		cp "$base/guest-times" "$there/" && chmod -R a+rX "$there" || return
	[ "$(id -u)" != 0 ] || chown -R 4005:4005 "$there" || return
	for topology in 1,1,2,1 2,4,2,1; do
		KTSTR_STORE=$work/one virtual --topology $topology --exec "$what" >"one.$topology" </dev/null || fail "exit code $?" || return
		(cd "$there" && as_another env -i PATH="$PATH" HOME="$there/home" TMPDIR="$there" KTSTR_CACHE_DIR="$there/kernels" ktstr -q shell \
			--kernel "$key" --clock virtual -i ./guest-times --topology $topology --exec "$what") >"two.$topology" </dev/null ||
			fail "exit code $?" || return
		cmp "one.$topology" "two.$topology" || fail "runs of $topology" || return
	done
	for store in "$work/one" "$there"; do
		find "$store" -path '*/objects/*' -name ram.sha256 -exec cat {} + | sort >"$(basename "$store").ram"
	done
	set -- *.ram
	# One of the microvm, and one of each node of the q35.
	same 3 "$(wc -l <"$1")" memories && cmp "$@" || fail 'memory of snapshots' || return
	echo "# 2 stores, $([ "$(id -u)" = 0 ] && echo 2 users || echo 1 user), 2 machines: equal memory, equal runs" >&3
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

exec 3>&1
# shellcheck disable=SC2086 # names
run_tests ${ONLY:-table seeds two_stores cold stray_byte many}
