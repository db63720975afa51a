#!/bin/sh
# Faults put into a guest: each is named, has its exit code, and is told soon.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

guest() {
	ktstr -q shell --kernel "$key" "$@"
}

# milliseconds FROM: since then, of date +%s%N
milliseconds() {
	echo $((($(date +%s%N) - $1) / 1000000))
}

# told CODE SECONDS OPTION…: it ends with this code before that time has passed. A guest that does nothing takes less than a second; where
# it takes longer the host has little time for us, and the limit is longer by as much.
told() {
	code=$1
	limit=$2
	shift 2
	start=$(date +%s%N)
	exits "$code" guest "$@" || return
	ms=$(milliseconds "$start")
	echo "verdict after $ms ms"
	[ -z "${KTSTR_TEST_TIMES-}" ] || echo "$ms ms  $*" >>"$KTSTR_TEST_TIMES"
	[ "$ms" -ge $((limit * 1000)) ] || return 0
	start=$(date +%s%N)
	guest --exec true || return
	nothing=$(milliseconds "$start")
	[ "$ms" -lt $((limit * nothing)) ] || fail "the verdict took $ms ms, and a guest that does nothing $nothing ms"
}

panic() {
	exits 0 guest --exec true || return # whose snapshot the others continue: their time is not that of a boot
	told 6 30 --exec 'echo c >/proc/sysrq-trigger' && has 'error: guest panicked: sysrq triggered crash' err &&
		has 'console:' err
}

# Init may not die either.
init_killed() {
	told 6 30 --exec 'kill -SEGV 1; sleep 100' && has 'ktstr-init: killed by signal 11' err
}

switched_off() {
	told 6 30 --exec 'reboot -f; sleep 100' && has 'the guest switched itself off' err
}

command_out_of_memory() {
	told 137 60 --memory-mb 128 --exec 'tail /dev/zero' && same '' "$(cat out)" stdout &&
		exits 137 ktstr shell --kernel "$key" --memory-mb 128 --exec 'tail /dev/zero' &&
		has "the guest's console says: Out of memory: Killed process" err
}

all_out_of_memory() {
	told 6 60 --memory-mb 128 --exec 'echo -1000 >/proc/self/oom_score_adj; tail /dev/zero' &&
		has 'guest panicked: System is deadlocked on memory' err
}

# The command goes on: it is the scheduler that went.
scheduler_stalls() {
	told 9 60 --scheduler-bin "$sched" --exec 'sleep 8; echo went on; exit 9' -- --stall-after 1 && has 'went on' out &&
		has 'error: the kernel threw scheduler "ktstr" out: runnable task stall: ' err && has '(exit kind 1026)' err &&
		has 'scx_' err && has 'triggered exit kind 1026' err && has 'CPU states' err &&
		has 'the scheduler ended: exit status 3' err
}

scheduler_crashes() {
	told 0 30 --scheduler-bin "$sched" --exec 'killall -SEGV scheduler; sleep 1' &&
		has 'error: the scheduler ended: killed by SIGSEGV' err && hasnt 'threw' err
}

# shellcheck disable=SC2016 # the guest expands it
scheduler_out_of_memory() {
	told 0 60 --memory-mb 128 --scheduler-bin "$sched" \
		--exec 'echo 1000 >"/proc/$(pidof scheduler)/oom_score_adj"; echo f >/proc/sysrq-trigger; sleep 2' &&
		has 'the scheduler ended: killed by SIGKILL; the console says: Out of memory' err
}

sysrq_ends_it() {
	told 0 30 --scheduler-bin "$sched" --exec 'echo S >/proc/sysrq-trigger; sleep 2' &&
		has 'the kernel threw scheduler "ktstr" out: disabled by sysrq-S' err
}

# One that somebody started by hand is told as well.
scheduler_by_hand() {
	told 0 60 -i "$sched" --exec '/include-files/scx_ktstr --stall-after 1 >/dev/null & sleep 10' &&
		has 'the kernel threw scheduler "ktstr" out: runnable task stall' err
}

# What tests/guest-hang.c does to a kernel that complains after seconds, not minutes.
hang_program() {
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o guest-hang "$root/tests/guest-hang.c"
}

says() {
	grep -q "note: the guest's console says: $1" err && return
	cat err
	fail "the console is not told of: $1"
}

task_hangs() {
	hang_program && exits 137 ktstr shell --kernel "$key" -i ./guest-hang \
		--exec 'echo 1 >/proc/sys/kernel/hung_task_timeout_secs; exec guest-hang task 8' &&
		says 'INFO: task guest-hang:[0-9]* blocked for more than 1 sec'
}

# Beside real-time tasks kernels leave others some time, by a limit (to 6.11) or by servers (since), which are switched off.
# shellcheck disable=SC2016 # the guest expands it
rcu_stalls() {
	hang_program && exits 137 ktstr shell --kernel "$key" --topology 1,2,1,1 -i ./guest-hang --exec \
		'for f in /sys/kernel/debug/sched/*_server/cpu*/runtime; do echo 0 >"$f"; done; echo -1 >/proc/sys/kernel/sched_rt_runtime_us
		echo 3 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout; exec guest-hang rcu 5' &&
		says 'rcu: INFO: rcu_.* detected stalls on CPUs/tasks'
}

qemu_killed() {
	guest --exec 'echo up; sleep 100' >out 2>err &
	pid=$!
	within 60 grep -q up out || fail 'no guest' || return
	for p in $(leftovers | sed -n 's/^\([0-9]*\) .*qemu-system-x86_64.*/\1/p'); do
		[ "$(cat "/proc/$p/comm")" != qemu-system-x86 ] || kill -9 "$p" || return
	done
	wait $pid
	same 6 $? 'exit code' && has 'QEMU died (killed by SIGKILL)' err
}

# Who is stopped for a while has not found a dead guest when they go on.
stopped_for_a_while() {
	guest --exec 'echo up; sleep 8; echo done' >out 2>err &
	pid=$!
	within 60 grep -q up out || fail 'no guest' || return
	all=$(leftovers | cut -d' ' -f1)
	# shellcheck disable=SC2086 # numbers
	kill -STOP $all && sleep 3 && kill -CONT $all || return
	wait $pid
	same 0 $? 'exit code' && has 'done' out
}

nothing_left() {
	same '' "$(leftovers)" processes
}

# Minutes, because nothing but silence tells: tests/long/shell.sh asks for it.
init_starved() {
	told 5 200 -i chrt --exec 'echo -1 >/proc/sys/kernel/sched_rt_runtime_us; chrt -f 99 sh -c "while :; do :; done"' &&
		has "the guest's init has not answered for" err
}

if [ -n "${KTSTR_TEST_STARVED-}" ]; then
	run_tests init_starved nothing_left
	exit
fi
run_tests panic init_killed switched_off command_out_of_memory all_out_of_memory scheduler_stalls scheduler_crashes \
	scheduler_out_of_memory sysrq_ends_it scheduler_by_hand task_hangs rcu_stalls qemu_killed stopped_for_a_while nothing_left
