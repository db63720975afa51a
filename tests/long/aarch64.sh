#!/bin/sh
# Guests of another architecture: everything from the packages of a kernel to a scheduler's programs in guest memory.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
if [ "$(uname -m)" != x86_64 ]; then
	echo "1..0 # SKIP this machine is no x86_64, to which aarch64 is foreign"
	exit 0
fi
key=$(sh "$root/tests/test-kernel.sh" --arch arm64) && native=$(sh "$root/tests/test-kernel.sh") &&
	KTSTR_BUSYBOX_AARCH64=$(sh "$root/tests/fetch-busybox.sh" arm64) || exit 1
export KTSTR_BUSYBOX_AARCH64
sched=$O/sched/scx_ktstr-aarch64

guest() {
	ktstr -q shell --kernel "$key" "$@"
}

imported() {
	entry=$XDG_CACHE_HOME/ktstr/kernels/$key
	has '"arch": "aarch64"' "$entry/metadata.json" && has '"image_name": "Image"' "$entry/metadata.json" &&
		test -s "$entry/Image" || return
	exits 0 ktstr kernel list && has "$key" out
}

exit_codes() {
	exits 0 guest --exec 'uname -m' && same aarch64 "$(cat out)" && exits 1 guest --exec false &&
		exits 42 guest --exec 'exit 42' && exits 127 guest --exec no-such-program
}

# shellcheck disable=SC2016 # $$ is the guest's
ended_by_signal() {
	exits 143 guest --exec 'kill $$'
}

bytes_unchanged() {
	head -c 4M /dev/urandom >sent
	guest --exec cat <sent >got || fail "exit code $?" || return
	cmp sent got
}

includes() {
	echo 'int main(void) { return 7; }' >seven.c && aarch64-linux-gnu-gcc -static -o static seven.c &&
		aarch64-linux-gnu-gcc -o dynamic seven.c && exits 7 guest -i static --exec static &&
		exits 7 guest -i dynamic --exec dynamic
}

tm() {
	tmux -S "$PWD/tmux" -f /dev/null "$@"
}

on_screen() {
	tm capture-pane -p -J -S - | grep -qF -- "$1"
}

shows() {
	within 120 on_screen "$1" || { tm capture-pane -p -S -; fail "'$1' is not on the screen"; }
}

enter() {
	tm send-keys -l "$1" && tm send-keys Enter
}

# The rest of what a terminal can do is shell-tty.sh's, and the same for all guests.
interactive() {
	printf 'cd "%s"\nstty -g >before\nktstr shell --kernel "%s"\necho $? >code\nstty -g >after\nexec sleep 1000\n' \
		"$PWD" "$key" >go
	tm new-session -d -x 100 -y 30 "sh $PWD/go" \; set-option -g status off || fail 'no tmux' || return
	shows 'to force-kill' && shows '# ' && enter 'uname -m; stty size' && shows aarch64 && shows '30 100' &&
		enter 'echo started; sleep 1000' && within 60 sleeping && tm send-keys C-c && enter 'echo answer=$?' &&
		shows 'answer=130' && enter 'exit 9' && within 60 test -s after &&
		same 9 "$(cat code)" 'exit code' && same "$(cat before)" "$(cat after)" terminal
	r=$?
	tm kill-server
	return $r
}

# "started" on a line of its own.
sleeping() {
	tm capture-pane -p | grep -qx started
}

# A guest that sees another topology than it was to have would be exit code 6.
topology() {
	exits 0 guest --topology "$1" --exec 'cd /sys/devices/system
		cat cpu/online cpu/cpu0/topology/core_cpus_list cpu/cpu0/cache/index*/shared_cpu_list node/online' || return
	same "$2" "$(tr '\n' ' ' <out | sed 's/ $//')" "topology $1"
}

topologies() {
	topology 1,1,4,2 '0-7 0-1 0 0 0-1 0-7 0' &&
		topology 2,4,2,1 '0-7 0 0 0 0 0-1 0-1' &&
		topology 2,3,1,2/llcs=2,1/mem=768,256/dist=10,21,31,10 '0-5 0-1 0 0 0-1 0-1 0-1'
}

# Sysrq as on any machine; PSCI resets it, which with panic=-1 is the end.
panic() {
	exits 6 guest --exec 'echo c >/proc/sysrq-trigger; sleep 60' && has 'guest panicked: sysrq triggered crash' err
}

switched_off() {
	exits 6 guest --exec 'echo o >/proc/sysrq-trigger; sleep 60' && has 'the guest switched itself off' err
}

attaches() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cross-check --force &&
		has 'ktstr_enqueue' out && has 'ktstr_dispatch' out && has 'verified_insns=' out &&
		has 'cross-check with bpf_prog_info: agrees' out && has 'accelerator tcg' out
}

attaches_cold() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cold --force --cross-check && has 'agrees' out
}

# evidence CODE WANTED ARGUMENT: the call that failed, as PID 1 saw it by the probes of this architecture
evidence() {
	exits "$1" ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json --workload 1000 -- "$3" &&
		same "$2" "$(python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))["cells"][0]
e = c["evidence"]
print(c["verdict"], *("none" if e is None else e[k] or "-" for k in ("by", "call", "errno", "program")))' out)" "evidence of $3"
}

rejected() {
	evidence 3 'rejected kernel BPF_PROG_LOAD EACCES ktstr_dispatch' --fail-verify &&
		evidence 3 'rejected kernel BPF_PROG_LOAD EPERM -' --unprivileged &&
		evidence 3 'rejected kernel struct_ops value E2BIG -' --patient &&
		evidence 4 'died kernel BPF_LINK_CREATE EBUSY -' --twice &&
		evidence 4 'died kernel BPF_MAP_CREATE ENOMEM ktstr_hungry' --hungry
}

scheduler_beside_a_shell() {
	exits 0 guest --scheduler-bin "$sched" --exec 'cat /sys/kernel/sched_ext/root/ops' && has ktstr out
}

# Each guest takes a scheduler of its architecture only.
wrong_architecture() {
	exits 11 ktstr verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" &&
		has "built for another machine (x86_64" err || return
	exits 11 ktstr verifier --scheduler-bin "$sched" --kernel "$native" && has 'built for another machine (aarch64' err
}

no_kvm() {
	exits 17 guest --accel kvm --exec true && has 'emulated on a machine of x86_64' err
}

no_busybox() {
	unset KTSTR_BUSYBOX_AARCH64
	XDG_DATA_HOME=$PWD/data
	export XDG_DATA_HOME
	exits 23 guest --exec true && has "$PWD/data/ktstr/busybox-aarch64" err || return
	mkdir -p data/ktstr && cp "$(sh "$root/tests/fetch-busybox.sh" arm64)" data/ktstr/busybox-aarch64 &&
		exits 0 guest --exec 'uname -m' && same aarch64 "$(cat out)" || return
	KTSTR_BUSYBOX_AARCH64=/bin/cat
	export KTSTR_BUSYBOX_AARCH64
	exits 11 guest --exec true && has 'built for another machine' err
}

# The distribution has no kernel with pages of 64 KiB.
pages_of_16k() {
	key=$(sh "$root/tests/test-kernel.sh" --arch arm64 --flavour arm64-16k) || return
	exits 0 guest --exec 'grep KernelPageSize /proc/self/smaps | head -n 1' && has '16 kB' out &&
		exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cross-check --force &&
		has 'cross-check with bpf_prog_info: agrees' out
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests imported exit_codes ended_by_signal bytes_unchanged includes interactive topologies panic switched_off attaches \
	attaches_cold rejected scheduler_beside_a_shell wrong_architecture no_kvm no_busybox pages_of_16k nothing_left
