#!/bin/sh
# Virtual time: the same guest three times, under load, is the same to the nanosecond; and what it says when it cannot be.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$base/guest-times" "$root/tests/guest-times.c"

virtual() {
	ktstr -q shell --kernel "$key" --clock virtual --topology 1,1,2,1 -i "$base/guest-times" "$@"
}

# Something for the host to do meanwhile.
busy() {
	for i in 1 2 3 4; do
		timeout 600 sh -c 'while :; do :; done' &
		load="${load-} $!"
	done
}

idle() {
	# shellcheck disable=SC2086 # numbers
	kill $load 2>/dev/null
	load=
}

# A host that lets QEMU wait in the wrong places, and whose clock it sees otherwise. The sanitizers' library wants to be first, and need
# not be.
other_host() {
	for what_else in small-tlb late-halt; do
		gcc -std=gnu17 -shared -fPIC -O2 -o $what_else.so "$root/tests/$what_else.c" || return
	done
	LD_PRELOAD=$work/small-tlb.so:$work/late-halt.so ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 exits "$@"
}

# Standard output, exit code and the kernel's log; the second and third run beside work of others.
three_times() {
	what='guest-times 300; guest-times 100 idle; guest-times 600 touch; dmesg; cat /proc/interrupts /proc/schedstat; date; od -An -tx1 -N16 /dev/urandom; exit 42'
	exits 42 virtual --exec "$what" && mv out first && has 'spins' first && has 'Linux version' first || return
	busy
	exits 42 virtual --exec "$what" && mv out second && other_host 42 virtual --exec "$what" && mv out third
	ran=$?
	idle
	[ $ran = 0 ] && cmp first second && cmp first third
}

# Lists of libraries are parted at blanks and colons.
odd_folder() {
	mkdir -p 'a b:c/out' && cp "$O/ktstr" "$O"/ktstr-* 'a b:c/out/' && cp -r "$root/rules" "$root/ktstr.kconfig" 'a b:c/' || return
	ktstr=$PWD/a\ b:c/out/ktstr
	exits 0 "$ktstr" shell --kernel "$key" --clock virtual --topology 1,1,2,1 --exec 'echo there' && has there out && hasnt ktstr-idle err
}

another_seed() {
	exits 0 virtual --exec 'guest-times 100' && mv out zero && exits 0 virtual --seed 1 --exec 'guest-times 100' && mv out one &&
		exits 0 virtual --seed 1 --exec 'guest-times 100' && cmp out one || return
	! cmp -s zero one || fail 'another seed changed nothing'
}

# However slowly it comes.
input() {
	seq 60000 >sent || return
	virtual --exec 'cat; cut -d. -f1 /proc/uptime' <sent >fast || fail "exit code $?" || return
	{ head -c 1000 sent && sleep 1 && tail -c +1001 sent; } | virtual --exec 'cat; cut -d. -f1 /proc/uptime' >slow ||
		fail "exit code $?" || return
	cmp fast slow && head -n 60000 fast | cmp - sent
}

# kept: the folder of the guest with its scheduler attached, in the store. Others have another seed.
kept() {
	grep -l '^step *attached ' "$shared"/ktstr/store/objects/*/*/recipe | while read -r recipe; do
		! grep -q '^u64 *seed 77$' "$recipe" || echo "${recipe%/recipe}"
	done
}

forget_kept() {
	kept | while read -r dir; do rm -rf "$dir"; done
}

with_scheduler() {
	exits 0 virtual --seed 77 --scheduler-bin "$O/sched/scx_ktstr" \
		--exec 'guest-times 100; cat /proc/schedstat /sys/kernel/sched_ext/root/ops'
}

# One that is not kept, the one that makes it, those that go on from it, and one that was damaged: the same run.
attached() {
	forget_kept
	(export KTSTR_ATTACHED_MB=0 && with_scheduler) && mv out alone && has ktstr alone && same '' "$(kept)" || return
	busy
	with_scheduler && cmp alone out && with_scheduler && cmp alone out && with_scheduler && cmp alone out
	ran=$?
	idle
	[ $ran = 0 ] || return
	pages=$(kept)/pages
	cp "$(kept)/ram.sha256" sum && chmod u+w "$pages" && printf x | dd of="$pages" bs=1 seek=5000 conv=notrunc 2>dd.err || return
	with_scheduler && cmp alone out && cmp sum "$(kept)/ram.sha256" || return
	same "$(cut -d' ' -f1 sum)" "$(sha256sum <"$(kept)/pages" | cut -d' ' -f1)" 'content of the pages'
	forget_kept
}

# Deadlines are the guest's own: a day is over in a moment.
time_flies() {
	exits 0 virtual --exec 'sleep 3600; echo awake' && has awake out &&
		exits 5 virtual --exec-timeout 5s --exec 'sleep 6' && has "the guest's own time" err &&
		exits 5 virtual --exec-timeout 2s --exec 'while :; do :; done' && has "the guest's own time" err
}

panics() {
	exits 6 virtual --exec 'echo c >/proc/sysrq-trigger' && has 'guest panicked: sysrq triggered crash' err
}

floods() {
	exits 0 virtual --exec 'head -c 20000000 /dev/zero | tr "\0" x' && same 20000000 "$(wc -c <out)" bytes
}

# A program that rings where PID 1 does.
lies() {
	printf '#include <sys/io.h>\nint main(void)\n{\n\tioperm(0xe9, 2, 1);\n\toutb(0x42, 0xe9);\n\treturn 0;\n}\n' >ring.c &&
		gcc -O2 -static -o ring ring.c && exits 6 virtual -i ./ring --exec 'ring; sleep 1' && has 'rings out of turn' err
}

# What finds the first difference, with a ktstr that makes some.
# shellcheck disable=SC2016 # the fake's
diverge() {
	mkdir fake && printf '#!/bin/sh\nn=$(cat "%s/n" 2>/dev/null)\necho x >>"%s/n"\nseq 5\necho "run $n"\nseq 7 9\n' "$work" "$work" >fake/ktstr &&
		chmod +x fake/ktstr || return
	O=$work/fake exits 1 sh "$root/tests/diverge.sh" --topology 1,1,2,1 && has 'different from line 6 on' out &&
		exits 0 sh "$root/tests/diverge.sh" --kernel "$key" --topology 1,1,2,1 -- guest-times 100 marks && has 'equal: ' out
}

refused() {
	exits 2 ktstr shell --kernel "$key" --clock virtual && has 'an interactive shell has a real clock' err &&
		exits 2 ktstr shell --kernel "$key" --seed 1 --exec true && has 'belongs to virtual time' err &&
		exits 2 virtual --accel kvm --exec true && has 'KVM has none' err &&
		exits 2 virtual --perf-mode --exec true && has 'exclude each other' err &&
		exits 2 virtual --shift 11 --exec true && has '--shift' err
}

old_qemu() {
	mkdir bin && printf '#!/bin/sh\necho "QEMU emulator version 7.1.0"\n' >bin/qemu-system-x86_64 && chmod +x bin/qemu-system-x86_64 &&
		exits 19 env PATH="$work/bin:$PATH" ktstr -q shell --kernel "$key" --clock virtual --exec true &&
		has 'virtual time takes QEMU 7.2 or later' err
}

# The whole result, which has nothing of the host.
verifier_twice() {
	set -- ktstr -q verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" --topology 1,1,2,1 --clock virtual --json
	exits 0 "$@" --force && mv out first && has '"clock": "virtual"' first || return
	dir=$(sed -n 's/.*"dir": "\([^"]*\)".*/\1/p' first)
	cp "$dir/result.json" result.json && cp "$dir/sched.log" sched.log && exits 0 "$@" --force && cmp out first &&
		cmp result.json "$dir/result.json" && cmp sched.log "$dir/sched.log"
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests three_times odd_folder another_seed attached input time_flies panics floods lies diverge refused old_qemu verifier_twice nothing_left
