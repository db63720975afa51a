#!/bin/sh
# A real scheduler on a real kernel, from the command line to guest memory and back.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

attaches() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cross-check --force &&
		has 'ktstr_enqueue' out && has 'ktstr_dispatch' out && has 'verified_insns=' out &&
		has 'cross-check with bpf_prog_info: agrees' out && has 'accelerator' out
}

cached() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" &&
		exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --explain &&
		same 6 "$(grep -c '^  cached' err)" 'cached steps' && hasnt 's verify' err
}

equal_content_is_cached() {
	cp "$sched" copy && touch copy
	exits 0 ktstr verifier --scheduler-bin copy --kernel "$key" && has 'cached  verify copy' err
}

older_content_is_seen() {
	cp "$sched" copy
	exits 0 ktstr verifier --scheduler-bin copy --kernel "$key" || return
	cp /bin/false copy && touch -d 2001-01-01 copy
	exits 4 ktstr verifier --scheduler-bin copy --kernel "$key"
}

# shellcheck disable=SC2016 # $ORIGIN is for the loader
older_library_is_seen() {
	cat >lib.c <<-END
		#include <stdio.h>
		void hello(void) { puts("libbpf: failed to load " WORD); }
	END
	echo 'void hello(void); int main(void) { hello(); return 1; }' >main.c
	mkdir lib
	gcc -shared -fPIC -DWORD='"first"' -o lib/libhello.so lib.c &&
		gcc -w -o libsched main.c -Llib -lhello '-Wl,-rpath,$ORIGIN/lib' || return
	exits 3 ktstr verifier --scheduler-bin libsched --kernel "$key" && has first out || return
	gcc -shared -fPIC -DWORD='"second"' -o new.so lib.c && touch -d 2001-01-01 new.so && mv new.so lib/libhello.so
	exits 3 ktstr verifier --scheduler-bin libsched --kernel "$key" && has second out
}

another_argument_runs() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force --explain -- --llc-aware &&
		has 'verified_insns=' out
}

json() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json && has '"verdict": "attached"' out &&
		has '"verified_insns": ' out
}

rejected() {
	exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" -- --fail-verify &&
		has 'scheduler log' out && has 'rejected' out && has 'processed=' out
}

rejected_loop() {
	exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" -- --verify-loop &&
		has 'identical iterations omitted' out &&
		exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --raw -- --verify-loop &&
		hasnt 'identical iterations omitted' out && has 'BEGIN PROG LOAD LOG' out
}

died() {
	exits 4 ktstr verifier --scheduler-bin /bin/false --kernel "$key" && has 'died' out &&
		exits 4 ktstr verifier --scheduler-bin /bin/false --kernel "$key" && has 'failed  verify' err &&
		has 'cached  scheduler false' err && hasnt 'not run' err && has 'logs of guest and scheduler: /' err
}

cold() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cold --force --cross-check &&
		has 'agrees' out
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests attaches cached equal_content_is_cached older_content_is_seen \
	older_library_is_seen another_argument_runs json rejected rejected_loop died cold nothing_left
