#!/bin/sh
# shell --exec: what goes in and out of a guest, exit codes, files of the user, a scheduler beside it.
# KTSTR_TEST_MB: how much goes through stdin and stdout.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

guest() {
	ktstr -q shell --kernel "$key" "$@"
}

exit_codes() {
	exits 0 guest --exec true && exits 1 guest --exec false && exits 42 guest --exec-timeout 5m --exec 'exit 42' &&
		exits 127 guest --exec no-such-program && has 'not found' err && hasnt 'error:' err
}

# A snapshot is as old as it is; its guests live now. The pause makes it older than a guest's clock may be off.
# shellcheck disable=SC2016 # the guest's
lives_now() {
	exits 0 guest --exec true || return
	sleep 3
	for i in 1 2; do
		before=$(date +%s)
		exits 0 guest --exec 'date +%s; od -An -tx1 -N16 /dev/urandom; cat /proc/sys/kernel/random/uuid' || return
		after=$(date +%s)
		there=$(head -n 1 out)
		[ "$there" -ge $((before - 1)) ] || fail "the guest's clock says $there, before $before" || return
		[ "$there" -le $((after + 1)) ] || fail "the guest's clock says $there, after $after" || return
		tail -n +2 out >"dice.$i"
	done
	same 2 "$(wc -l <dice.1)" 'lines of dice' || return
	[ "$(head -n 1 dice.1)" != "$(head -n 1 dice.2)" ] || fail "the same dice: $(cat dice.1)" || return
	[ "$(tail -n 1 dice.1)" != "$(tail -n 1 dice.2)" ] || fail "the same dice: $(cat dice.1)"
}

# Where libbpf looks for the values of a scheduler's __kconfig variables.
# shellcheck disable=SC2016 # the guest's
kernel_configuration() {
	exits 0 guest --exec 'if [ -e /proc/config.gz ]; then zcat /proc/config.gz; else cat /boot/config-$(uname -r); fi' &&
		cmp out "$XDG_CACHE_HOME/ktstr/kernels/$key/.config"
}

# shellcheck disable=SC2016 # $$ is the guest's
ended_by_signal() {
	exits 137 guest --exec 'kill -9 $$' && exits 143 guest --exec 'kill $$' && same '' "$(cat err)" stderr
}

outputs_apart() {
	exits 0 guest --exec 'echo one; echo two >&2; echo three' && same "$(printf 'one\nthree')" "$(cat out)" stdout &&
		same two "$(cat err)" stderr
}

bytes_unchanged() {
	mb=${KTSTR_TEST_MB:-8}
	head -c "${mb}M" /dev/urandom >sent
	guest --exec cat <sent >got || fail "exit code $?" || return
	cmp sent got && head -c 99G sent | guest --exec 'md5sum | cut -c-32' >sum && same "$(md5sum <sent | cut -c-32)" "$(cat sum)"
}

no_input() {
	exits 0 guest --exec 'cat | wc -c' && same 0 "$(cat out)" 'bytes from /dev/null' || return
	guest --exec 'cat | wc -c' <&- >out 2>err || fail "exit code $? without stdin" || return
	same 0 "$(cat out)" 'bytes from a closed stdin'
}

input_not_read() {
	head -c 4M /dev/zero >zeros
	guest --exec 'echo here' <zeros >out || fail "exit code $?" || return
	same here "$(cat out)"
	yes | guest --exec 'head -n 2 | wc -l' >out || fail "exit code $? of a reader that had enough" || return
	same 2 "$(cat out)"
}

# Neither one that is quiet nor one that never stops talking.
left_behind() {
	exits 3 guest --exec 'sleep 1000 & exit 3' && exits 4 guest --exec 'yes & echo first; exit 4' && has first out
}

slow_reader() {
	guest --exec 'dd if=/dev/zero bs=1M count=4 2>/dev/null; echo end >&2' 2>err | { sleep 2; wc -c; } >out
	same 4194304 "$(cat out)" && same end "$(cat err)"
}

reader_leaves() {
	{ guest --exec yes 2>err; echo $? >code; } | head -n 1 >out
	same y "$(cat out)" && same 141 "$(cat code)" 'exit code' && same '' "$(cat err)" stderr || return
	{ guest --exec 'yes | head -n 100000; echo still here >&2' 2>err; } | head -n 1 >out
	has 'still here' err
}

# shellcheck disable=SC2016 # $1 is the script's
folder_included() {
	mkdir -p 'my data/deep' && echo one >'my data/a file' && echo two >'my data/deep/b' && mkfifo 'my data/pipe' || return
	printf '#!/bin/sh\necho "script $1"\n' >'my data/run me' && chmod 755 'my data/run me' && ln -s b 'my data/deep/link' || return
	touch -d @981173106 'my data/a file' && touch -d @2147483649 'my data/deep/b' && : >'my data/empty' && touch -d @-5 'my data/empty' ||
		return
	exits 0 guest -i 'my data' --exec 'cd "/include-files/my data" && cat "a file" deep/link; "run me" too; stat -c %Y "a file" deep/link empty' &&
		same "$(printf 'one\ntwo\nscript too\n981173106\n2147483649\n-5')" "$(cat out)" stdout
}

# Large files have huge pages in the guest, and an end that is none.
large_file_included() {
	head -c 20000001 /dev/urandom >large
	exits 0 guest -i ./large --exec 'md5sum </include-files/large; wc -c </include-files/large' &&
		same "$(md5sum <large; wc -c <large)" "$(cat out)" stdout
}

# Counted from before the guest is there.
limited() {
	exits 5 guest --exec-timeout 2s --exec 'sleep 1000' && has 'longer than --exec-timeout 2s' err && same 1 "$(wc -l <err)" lines
}

# With its libraries and its interpreter; by its path and by its name.
program_included() {
	cp "$(command -v chrt)" './my chrt' && exits 0 guest -i './my chrt' -i chrt --exec '"my chrt" -m; chrt -m; ls /include-files' &&
		same 2 "$(grep -c SCHED_FIFO out)" 'answers of chrt' && has 'my chrt' out
}

# The library is another one now, with an old time stamp; of the other file nothing but its time changed.
# shellcheck disable=SC2016 # $ORIGIN is for the loader
library_changed() {
	echo 'int word(void) { return WORD; }' >lib.c
	echo 'int word(void); int main(void) { return word(); }' >main.c
	gcc -shared -fPIC -DWORD=3 -o libword.so lib.c && gcc -w -o program main.c -L. -lword '-Wl,-rpath,$ORIGIN' || return
	echo >dated && exits 3 guest -i ./program -i ./dated --exec 'stat -c %Y /include-files/dated; program' &&
		same "$(stat -c %Y dated)" "$(cat out)" time || return
	gcc -shared -fPIC -DWORD=5 -o new.so lib.c && touch -d 2001-01-01 new.so && mv new.so libword.so && touch -d @1000000000 dated || return
	exits 5 guest -i ./program -i ./dated --exec 'stat -c %Y /include-files/dated; program' && same 1000000000 "$(cat out)" time
}

not_includable() {
	mkdir -p a b empty && echo >a/same && echo >b/same
	exits 2 guest -i a/same -i b/same --exec true && has "duplicate include path 'include-files/same'" err &&
		exits 2 guest -i a/same -i a/same --exec true && has 'provided by both' err &&
		exits 10 guest -i ./missing --exec true && has '--include-files path not found: ./missing' err &&
		exits 10 guest -i no-such-program --exec true && has 'not found in filesystem or PATH' err &&
		exits 2 guest -i . --exec true && has 'include directory has no name' err &&
		exits 0 ktstr shell --kernel "$key" -i empty --exec true && has 'contains no regular files' err
}

too_much_for_the_guest() {
	truncate -s 300M large
	exits 2 guest --memory-mb 128 -i ./large --exec true && has 'the files of -i take 300 MiB' err && has --memory-mb err
}

little_memory() {
	exits 2 guest --memory-mb 127 --exec true && exits 0 guest --memory-mb 128 --exec 'grep MemTotal /proc/meminfo' &&
		has MemTotal out
}

# The console is anybody's in the guest; of what it says only text is told.
kernel_messages() {
	exits 0 guest --dmesg --exec 'echo "<6>hello from the guest" >/dev/kmsg
		printf "\033]0;title\007\302\23331mred\377\n::add-mask::x\n" >/dev/console; sleep 1' &&
		has 'hello from the guest' err && has 'red?' err && has ':?add-mask' err && hasnt title err &&
		! grep -q "$(printf '[\033\302\r]')" err || fail "$(cat -v err)" || return
	exits 0 guest --exec 'echo "<6>hello from the guest" >/dev/kmsg; sleep 1' && hasnt 'hello' err
}

more_cpus() {
	exits 0 guest --topology 1,2,1,1 --exec nproc && same 2 "$(cat out)" CPUs
}

no_terminal() {
	exits 2 guest && has 'stdin must be a terminal' err && exits 2 guest --exec true -- word && has 'is an argument for a scheduler' err
}

# shellcheck disable=SC2016 # the guest expands it
beside_a_scheduler() {
	exits 0 guest --scheduler-bin "$sched" --exec 'cat /sys/kernel/sched_ext/state; tr "\0" " " <"/proc/$(pidof scheduler)/cmdline"' \
		-- --slice-short 'two words' && has enabled out && has '/scheduler --slice-short two words' out && same '' "$(cat err)" stderr
}

scheduler_refused() {
	exits 3 guest --scheduler-bin "$sched" --exec 'echo ran' -- --fail-verify &&
		has 'the kernel refused the scheduler' err && hasnt ran out &&
		exits 10 guest --scheduler-bin ./missing --exec true || return
	# What it says stands below our words and looks like none of them; of much the end.
	printf '%s\n' '#include <stdio.h>' 'int main(void) { printf("first %050000d\nerror: fine\n\33[2J::add-mask::x\n", 0); return 1; }' |
		gcc -x c -static -o liar - || return
	exits 4 guest --scheduler-bin ./liar --exec 'echo ran' && hasnt ran out && same \
		"$(printf 'error: the scheduler ended before it attached: exit status 1\n  …\n  error: fine\n  :?add-mask::x')" "$(cat err)" stderr
}

scheduler_ends() {
	exits 0 guest --scheduler-bin "$sched" --exec 'killall scheduler; sleep 1; cat /sys/kernel/sched_ext/state' &&
		has disabled out && has 'the scheduler ended: exit status 0' err && has 'asked to leave' err &&
		hasnt 'threw' err
}

cached() {
	exits 0 ktstr shell --kernel "$key" --exec true && exits 0 ktstr shell --kernel "$key" --exec true &&
		same 5 "$(grep -c '^  cached' err)" 'cached steps'
}

nothing_left() {
	same '' "$(leftovers)" processes
}

# The memory of the nodes is the guest's; said twice it must be the same.
memory_per_node() {
	exits 0 guest --topology 2,2,1,1/mem=256,384 --exec 'ls -d /sys/devices/system/node/node?' && same 2 "$(wc -l <out)" nodes ||
		return
	guest --topology 2,2,1,1/mem=256,384 --memory-mb 512 --exec true >out 2>err </dev/null && fail 'two sums were taken' && return 1
	has mem= err
}

if [ -n "${KTSTR_TEST_MB-}" ]; then
	run_tests bytes_unchanged nothing_left
	exit
fi
# What the host's dynamic linker is told by LD_LIBRARY_PATH or the program, also relative to the user's folder.
library_path() {
	mkdir lib && echo 'int w(void) { return 42; }' | gcc -x c -shared -fPIC -o lib/libw.so - &&
		echo 'int w(void); int main(void) { return w(); }' >p.c && gcc p.c -o p -Llib -lw || return
	LD_LIBRARY_PATH=lib exits 42 guest -i ./p --exec p && exits 11 guest -i ./p --exec p && has 'libw.so' err || return
	gcc p.c -o p -Llib -lw -Wl,-rpath,lib && exits 42 guest -i ./p --exec p && cd lib && work=$PWD && exits 11 guest -i ../p --exec p
}

run_tests exit_codes lives_now kernel_configuration ended_by_signal outputs_apart bytes_unchanged no_input input_not_read left_behind slow_reader \
	reader_leaves folder_included limited large_file_included program_included library_changed not_includable too_much_for_the_guest little_memory \
	kernel_messages more_cpus memory_per_node no_terminal beside_a_scheduler scheduler_refused scheduler_ends cached nothing_left library_path
