#!/bin/sh
# A host that stands still: everything of a run is stopped for 45 seconds, or its QEMU alone, in each phase of it.
# KTSTR_TEST_STILL_S: for how long; longer than a scheduler's watchdog waits, which is 30 at most. ONLY: some of the tests.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr
still=${KTSTR_TEST_STILL_S:-45}
said="the host stood still for"
KTSTR_STORE=$base/store
export KTSTR_STORE

# A QEMU whose monitor can be held at one command.
mkdir "$base/bin"
KTSTR_TEST_QEMU=$(command -v qemu-system-x86_64)
export KTSTR_TEST_QEMU
printf '#!/bin/sh\nexec python3 "%s" "$@"\n' "$root/tests/monitor-hold.py" >"$base/bin/qemu-system-x86_64"
chmod +x "$base/bin/qemu-system-x86_64"
PATH=$base/bin:$PATH

pids() {
	leftovers | grep -F -- "${1-}" | cut -d' ' -f1
}

# Whether a guest is there whose arguments have this word.
guest_with() {
	leftovers | grep -F qemu-system | grep -qF -- "$1"
}

# shellcheck disable=SC2046 # one word each
stand_still() {
	set -- $(pids "${1-}")
	[ $# -gt 0 ] || fail "nothing to stop" || return
	kill -STOP "$@" && sleep "$still" && kill -CONT "$@"
}

# run CODE COMMAND…: in the background; ended() waits for it.
run() {
	want=$1
	shift
	"$@" >out 2>err </dev/null &
	job=$!
}

ended() {
	wait "$job"
	same "$want" $? 'exit code' || { cat out err; return 1; }
}

verify() {
	run "$1" ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force
}

# Nobody is blamed, the snapshot stays, and the user knows.
well() {
	ended && has "$said" err && has verified_insns= out && hasnt 'booted, because' err || return
	[ -n "${once-}" ] || same 1 "$(grep -c "$said" err)" 'notes'
}

booting() {
	run 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force
	within 60 guest_with -append && sleep 1.5 && stand_still && well && has 's boot' err
}

# at COMMAND: everything stands still while QEMU has not got this command.
at() {
	KTSTR_TEST_HOLD=$1
	KTSTR_TEST_HOLD_DIR=$PWD
	export KTSTR_TEST_HOLD KTSTR_TEST_HOLD_DIR
	verify 0
	within 120 test -e held && stand_still && : >go && well
}

restoring() {
	at migrate-incoming
}

stopping() {
	at stop
}

resuming() {
	at cont
}

# Its files take seconds to come.
pushing() {
	head -c 300M /dev/zero | tr '\0' x >large && echo end >>large
	run 0 ktstr shell --kernel "$key" -i ./large --exec 'tail -c 4 /include-files/large'
	within 120 guest_with -incoming && sleep 1 && stand_still && ended && has "$said" err && same end "$(cat out)"
}

# The time it is given is shorter than we stand still.
# shellcheck disable=SC2086 # words
loading() {
	objcopy -I binary -O elf64-x86-64 --rename-section .data=.rodata "$sched" sched.o || return
	cat >late.c <<'END'
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
extern char START[], END[];
int main(int argc, char **argv, char **env)
{
	int fd = memfd_create("scheduler", 0);
	sleep(5);
	(void)argc;
	return write(fd, START, END - START) == END - START && fexecve(fd, argv, env);
}
END
	name=$(nm sched.o | sed -n 's/.* \(_binary_.*\)_start$/\1/p')
	needs=$(ldd "$sched" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p')
	gcc -w "-DSTART=${name}_start" "-DEND=${name}_end" -o late late.c sched.o -Wl,--no-as-needed $needs || return
	run 0 ktstr verifier --scheduler-bin ./late --kernel "$key" --force --timeout $((still - 5))
	within 120 guest_with -incoming && sleep 3 && stand_still && well
}

# The kernel's watchdog throws it out then.
working() {
	run 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force --workload 8000
	within 120 guest_with -incoming && sleep 4 && stand_still && well && has 'runs again' err
}

qemu_alone() {
	run 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force --workload 8000
	within 120 guest_with -incoming && sleep 4 && stand_still qemu-system && well && has 'runs again' err
}

# Frozen in a control group of its own: its state says that it sleeps. Root of the host only.
# group: the folder of a new one; hold and release are then its two words
group() {
	for group in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/freezer; do
		group=$group/ktstr-test-$$
		mkdir "$group" 2>/dev/null || continue
		if [ -e "$group/cgroup.freeze" ]; then
			control=$group/cgroup.freeze hold=1 release=0
			return
		elif [ -e "$group/freezer.state" ]; then
			control=$group/freezer.state hold=FROZEN release=THAWED
			return
		fi
		rmdir "$group"
	done
	return 1
}

freeze() {
	for pid in $(pids qemu-system); do
		echo "$pid" >"$group/cgroup.procs" || return
	done
	echo "$hold" >"$control" && sleep "$still" && echo "$release" >"$control"
}

qemu_frozen() {
	group || return 0
	run 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force --workload 8000
	within 120 guest_with -incoming && sleep 4 && freeze && well && has 'runs again' err
	set -- $?
	rmdir "$group"
	return "$1"
}

again() {
	same "$1" "$(grep -c 'runs again' err)"
}

# Nothing is known, nothing is kept, and the snapshot is as good as before.
each_time() {
	: >mark
	run 6 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force --workload 8000
	for before in 0 1 2; do
		within 60 again "$before" && within 120 guest_with -incoming && sleep 4 && stand_still || return
	done
	ended && has 'each of 3 tries' err && hasnt died out || return
	same '' "$(find "$KTSTR_STORE/graphs" -path '*/cells/*/result.json' -newer mark)" 'kept results' &&
		exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force && hasnt 'booted, because' err
}

# The session goes on; the scheduler is gone, and who reads that learns why.
shell_beside_a_scheduler() {
	run 7 ktstr -q shell --kernel "$key" --scheduler-bin "$sched" --exec 'echo attached; sleep 8; date +%s; exit 7'
	within 120 grep -q attached out && sleep 2 && stand_still && now=$(date +%s) && ended && has "$said" err &&
		has 'threw scheduler' err && has 'may not be to blame' err || return
	[ "$(tail -n 1 out)" -ge "$now" ] || fail "the guest's clock says $(cat out) after $now"
}

# Its time is its own: it sees nothing of that.
virtual_time() {
	# shellcheck disable=SC2016 # the guest's
	set -- ktstr shell --kernel "$key" --clock virtual --exec \
		'i=0; while [ $i -lt 400000 ]; do i=$((i + 1)); done; echo; date; od -An -tx1 -N16 /dev/urandom; cat /proc/uptime /proc/schedstat'
	exits 0 "$@" && mv out first || return
	run 0 "$@"
	within 120 guest_with -incoming && sleep 1 && stand_still && ended && has "$said" err && cmp out first
}

nothing_left() {
	same '' "$(leftovers)" processes
}

# shellcheck disable=SC2086 # names
run_tests ${ONLY:-booting restoring stopping resuming pushing loading working qemu_alone qemu_frozen each_time shell_beside_a_scheduler virtual_time
	nothing_left}
