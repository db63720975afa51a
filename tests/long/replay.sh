#!/bin/sh
# The guest at the moment of a failure, as docs/replay.md has it: a core in drgn and in gdb. What is in it is what the verdict and --watch say.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
export KTSTR_KERNEL="$key"
vmlinux=$shared/ktstr/kernels/$key/vmlinux
export debug="$root/docs/examples/debug"

# types: vmlinux.debug, from this kernel's BTF and symbols
types() {
	ktstr -q shell --kernel "$key" --exec 'cat /proc/kallsyms' >kallsyms || fail 'no kallsyms' || return
	sh "$debug/vmlinux-debug.sh" "$vmlinux" kallsyms vmlinux.debug || fail 'no vmlinux.debug'
}

# stuck ARGUMENT…: four workers, two CPUs, and a scheduler that may run nobody from some moment on
stuck() {
	ln -sfn "$O/sched" sched
	cat >stuck.ktstr <<-END
		scheduler ./sched/scx_ktstr $*
		cgroup a
		work a spin n=4
		hold 3s
		expect gap.max <= ${limit:-500ms}
	END
	ktstr run stuck.ktstr --topology 1,1,2,1 --json-file result.json >run.out 2>&1
	cell=$(sed -n 's/.*"dir": "\(.*\)".*/\1/p' result.json | head -n 1)
	[ -n "$cell" ] || { cat run.out && fail 'it did not run'; }
}

# at: the first member of .bss, in the bytes that queues.py shows
stalls() {
	at=$(readelf -sW "$O/sched/scx_ktstr.bpf.o" | awk '$8 == "stall" { print $2 }')
	byte=$((0x$at * 2 + 1))
	sed -n 's/^map scx_ktst.bss: //p' drgn.out | cut -c "$byte-$((byte + 1))"
}

in_drgn() {
	stuck --stall-after 1 || return
	exits 0 ktstr replay "$cell" --core the.core && has 'the same, to the byte' out && has 'in the middle of what gap.max found' out || return
	stood=$(sed -n 's/.*the guest at +\([0-9]*\)\..*/\1/p' out)
	sed 's/^/# /' out >&3
	[ "$(du -m the.core | cut -f 1)" -lt 500 ] || fail 'a core without holes' || return
	types || return
	drgn -c the.core -s vmlinux.debug "$debug/queues.py" >drgn.out 2>drgn.err || { cat drgn.out drgn.err && fail 'drgn'; } || return
	sed 's/^/# /' drgn.out >&3
	# The worker of the verdict waits, in the scheduler's queue, and has as long as the verdict says.
	found=$(sed -n 's/.*gap.max{a} .*worker \([0-9]*\) (spin) waited for cpu[0-9]* from +\([0-9]*\)\.\([0-9]*\) s.*/\1 \2\3/p' run.out | head -n 1)
	pid=$(python3 -c 'import json, sys
print(next(w["pid"] for w in json.load(open(sys.argv[1]))["workers"] if w["id"] == int(sys.argv[2])))' "$cell/seed-1/run.json" "${found% *}") || fail 'no pid' || return
	from=$(echo "${found#* }" | sed 's/^0*//')
	waits=$(sed -n "s/^spin pid $pid: waits for \([0-9]*\)\..*, in DSQ 0x0\$/\1/p" drgn.out)
	[ -n "$waits" ] || fail "pid $pid does not wait" || return
	off=$((stood - ${from:-0} - waits))
	[ "$off" -ge -20 ] && [ "$off" -le 20 ] || fail "waits $waits ms at $stood ms, and the verdict says from $from ms" || return
	# And so has --watch.
	exits 0 ktstr replay "$cell" --watch --runs 3 --around 1000 && has 'spin in DSQ 0 for' out && same 01 "$(stalls)" 'stall' || return
	# Two of four want each CPU; gdb reads what drgn does.
	gdb -q -batch -ex 'p init_task.comm' -ex 'p ((struct rq *)((char *)&runqueues + __per_cpu_offset[0]))->nr_running' \
		-ex 'p ((struct rq *)((char *)&runqueues + __per_cpu_offset[1]))->nr_running' -ex 'info threads' vmlinux.debug the.core >gdb.out 2>&1
	has 'swapper/0' gdb.out || return
	for cpu in 0 1; do
		same "$(sed -n "s/^cpu$cpu: nr_running \([0-9]*\),.*/\1/p" drgn.out)" "$(sed -n "s/^\\\$$((cpu + 2)) = //p" gdb.out)" "nr_running of cpu$cpu" || return
	done
}

# shellcheck disable=SC2016 # gdb's variables
# gdb on the guest as it stands, and as it goes on; nothing of it is left.
in_gdb() {
	stuck --stall-after 1 || return
	types && exits 0 ktstr replay "$cell" --gdb --vmlinux vmlinux.debug --exec 'p init_task.comm' --exec 'hbreak __schedule' --exec continue \
		--exec 'p ((struct rq *)((char *)&runqueues + __per_cpu_offset[0]))->nr_running' || return
	sed 's/^/# /' out >&3
	has 'swapper/0' out && grep -q 'Breakpoint 1, .* in __schedule ()' out && grep -q '^\$2 = [1-9]' out && same '' "$(leftovers)" 'what is left'
}

# The kernel's own trace: another schedule, and judged anew. What passes without it may pass with it; two that share a CPU wait in any schedule.
traced() {
	stuck || return
	exits 0 ktstr replay "$cell" --trace the.trace && has 'no seed from 1 to 1 fails' out || return
	stuck --stall-after 1 || return
	exits 0 ktstr replay "$cell" --trace the.trace && has "fails with the kernel's trace as well" out || return
	limit=10ms
	stuck || return
	exits 0 ktstr replay "$cell" --trace the.trace --seeds 2 && has "seed 1: fails with the kernel's trace as well" out && has 'gap.max{a}' out || return
	sed 's/^/# /' out >&3
	for event in sched_switch sched_waking sched_wakeup; do
		[ "$(grep -c " $event: .*spin" the.trace)" -gt 5 ] || { head -n 30 the.trace && fail "no $event"; } || return
	done
}

# Nothing failed: shortly before its end. It is the same scheduler, that is not told to stall.
passed() {
	stuck || return
	exits 0 ktstr replay "$cell" --core the.core && has 'since nothing failed' out && types || return
	# A moment behind the end is the end, and there it stands as well.
	exits 0 ktstr replay "$cell" --gdb --vmlinux vmlinux.debug --at 3600000 --exec 'p init_task.comm' && has 'swapper/0' out || return
	drgn -c the.core -s vmlinux.debug "$debug/queues.py" >drgn.out 2>drgn.err && same 00 "$(stalls)" 'stall' && grep -q '^spin pid .*: runs' drgn.out
}

# Thrown out: the core is of that moment, and the kernel has let go of it.
# Of all that fails under one that runs nobody only that the kernel let go of it is asked for, which it does after some five seconds.
thrown_out() {
	ln -sfn "$O/sched" sched
	cat >gone.ktstr <<-END
		scheduler ./sched/scx_ktstr --stall-after 0
		cgroup a
		work a spin n=1
		hold 8s
		expect gap.max off
		expect progress off
		expect reaped off
	END
	exits 1 ktstr run gone.ktstr --topology 1,1,2,1 --json-file result.json && has attached out || return
	exits 0 ktstr replay "$(sed -n 's/.*"dir": "\(.*\)".*/\1/p' result.json | head -n 1)" --core the.core && has 'when the kernel let go of the scheduler' out
}

# On a disk that is too small there is no core, nor a part of one, and why is said with its exit code.
no_room() {
	stuck || return
	mkdir small
	# shellcheck disable=SC2016 # of that shell
	exits 15 own_mounts sh -c 'mount -t tmpfs -o size=20m none small && { ktstr replay "$1" --core small/the.core; code=$?; ls -A small >left; exit $code; }' - "$cell" &&
		has 'MB are free there' err && same '' "$(cat left)" 'what is left'
}

exec 3>&1
run_tests in_drgn in_gdb traced passed thrown_out no_room
