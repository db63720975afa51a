#!/bin/sh
# How a guest in virtual time ends when it does not end well: the verdict, and that it is the same each time.
# tests/vm/virtual.sh has what costs little. ONLY: some of the tests.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

virtual() {
	ktstr -q shell --kernel "$key" --clock virtual --topology 1,1,2,1 "$@"
}

# twice CODE OPTION…: both times with that exit code and the same words, which are in "out" and "err".
twice() {
	code=$1
	shift
	exits "$code" virtual "$@" && mv out first && mv err first.err && exits "$code" virtual "$@" || return
	if cmp out first; then
		cmp err first.err || fail "two runs say different things: $*"
	else
		fail "two runs end differently: $*"
	fi
}

panics() {
	twice 6 --exec 'echo c >/proc/sysrq-trigger' && has 'error: guest panicked: sysrq triggered crash' err && has 'console:' err
}

# The kernel throws the scheduler out, and the command goes on.
scheduler_stalls() {
	twice 9 --scheduler-bin "$sched" --exec 'sleep 8; echo went on; exit 9' -- --stall-after 1 && has 'went on' out &&
		has 'error: the kernel threw scheduler "ktstr" out: runnable task stall: ' err
}

verifier_stalls() {
	for n in 1 2; do
		exits 4 ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" --clock virtual --topology 1,1,2,1 --workload 8000 --force -- \
			--stall-after 1 && mv out out.$n && mv err err.$n || return
	done
	has 'runnable task stall' out.1 && diff out.1 out.2
}

never_ends() {
	twice 5 --exec-timeout 3s --exec 'sleep 100' && has "the guest's own time" err &&
		twice 5 --exec-timeout 3s --exec 'echo one; while :; do :; done' && has "the guest's own time" err && same one "$(cat out)" stdout
}

# shellcheck disable=SC2016 # the guest expands it
# No turn for init: its clock ends nothing, so the host's does, after 20 times that and a minute.
init_starved() {
	start=$(date +%s)
	exits 5 virtual -i chrt --exec-timeout 2s --exec 'echo -1 >/proc/sys/kernel/sched_rt_runtime_us
		for f in /sys/kernel/debug/sched/*_server/cpu*/runtime; do echo 0 >"$f"; done
		chrt -f 99 sh -c "while :; do :; done" & chrt -f 99 sh -c "while :; do :; done"' || return
	took=$(($(date +%s) - start))
	echo "after $took s"
	[ $took -ge 60 ] && [ $took -lt 400 ]
}

# A program that writes where only init may: nothing but its standing still tells.
at_the_gate() {
	printf '#include <sys/io.h>\nint main(void)\n{\n\tioperm(0xea, 1, 1);\n\toutb(0, 0xea);\n\treturn 0;\n}\n' >gate.c &&
		gcc -O2 -static -o gate gate.c || return
	exits 6 virtual -i ./gate --exec-timeout 2s --exec 'gate; echo through' && hasnt through out &&
		has 'the guest stands still: a program in it wrote to the I/O port 0xea' err
}

# More than the 4 MiB that are kept, and what comes behind it counts.
floods_console() {
	exits 6 virtual --exec 'head -c 5000000 /dev/zero | tr "\0" x >/dev/ttyS0; echo c >/proc/sysrq-trigger' &&
		has 'guest panicked: sysrq triggered crash' err && [ "$(wc -c <err)" -lt 100000 ]
}

# shellcheck disable=SC2016 # the guest expands it
floods_log() {
	twice 0 --exec 'echo on >/proc/sys/kernel/printk_devkmsg; i=0
		while [ $i -lt 1000 ]; do i=$((i + 1)); echo "line $i of many"; done >/dev/kmsg; dmesg | tail -n 1 | cut -d] -f2' &&
		has 'line 1000 of many' out
}

qemus() {
	leftovers | while read -r pid rest; do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != qemu-system-x86 ] || echo "$pid"
	done
}

runs() {
	[ -n "$(qemus)" ]
}

qemu_killed() {
	virtual --exec 'while :; do :; done' >out 2>err </dev/null &
	pid=$!
	# shellcheck disable=SC2046 # one number
	within 60 runs && kill -9 $(qemus) || fail 'no guest' || return
	wait $pid
	same 6 $? 'exit code' && has 'QEMU died (killed by SIGKILL)' err
}

interrupted() {
	for signal in INT TERM HUP; do
		# Shells start what is in the background with SIGINT ignored.
		python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' ktstr -q shell --kernel "$key" --clock virtual --exec 'while :; do :; done' >out 2>err </dev/null &
		pid=$!
		within 60 runs || fail 'no guest' || return
		kill -$signal $pid
		wait $pid
		same 130 $? "exit code with SIG$signal" && within 10 nothing_runs || fail 'something is left' || return
	done
}

nothing_runs() {
	[ -z "$(leftovers)" ]
}

# It is not booted instead, which would be another run; the next request makes it anew.
snapshot_damaged() {
	KTSTR_STORE=$work/store
	export KTSTR_STORE
	what='cat /proc/uptime; dmesg | sha256sum'
	exits 0 virtual --exec "$what" && mv out first || return
	state=$(echo store/graphs/shell-*/snapshots/*/state)
	head -c 30000 "$state" >short && rm -f "$state" && mv short "$state" || return
	exits 6 virtual --exec "$what" && has 'snapshot is made anew for the next run' err && exits 0 virtual --exec "$what" && cmp out first
}

# shellcheck disable=SC2086 # names
run_tests ${ONLY:-panics scheduler_stalls verifier_stalls never_ends init_starved at_the_gate floods_console floods_log qemu_killed interrupted \
	snapshot_damaged}
