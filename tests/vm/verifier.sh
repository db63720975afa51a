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
	cp "$sched" copy && touch copy || return
	exits 0 ktstr verifier --scheduler-bin copy --kernel "$key" && has 'cached  verify copy' err
}

older_content_is_seen() {
	cp "$sched" copy
	exits 0 ktstr verifier --scheduler-bin copy --kernel "$key" || return
	cp /bin/false copy && touch -d 2001-01-01 copy || return
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
	gcc -shared -fPIC -DWORD='"second"' -o new.so lib.c && touch -d 2001-01-01 new.so && mv new.so lib/libhello.so || return
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

# The counts of the cell that was run last: programs that ran, in the report; tasks, in its folder.
callbacks_are_counted() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json --workload 100 --cross-check &&
		has '"cross_check": ""' out || return
	python3 - out <<-'END'
		import json, sys
		cell = json.load(open(sys.argv[1]))["cells"][0]
		ran = {p["name"]: (p["run_cnt"], p["run_ns"]) for p in cell["programs"]}
		assert ran["ktstr_enqueue"][0] > 0 and ran["ktstr_enqueue"][1] > 0, ran
		assert ran["ktstr_dispatch"][0] > 0 and ran["ktstr_init"] == (0, 0), ran
		d = json.load(open(cell["dir"] + "/result.json"))["dispatches"]
		assert d["progress"] and d["attached"] and d["ms"] >= 100, d
		assert [t["kind"] for t in d["tasks"]] == ["spin", "sleep", "yield"], d
		assert d["tasks"][0]["turns"] > 0 and 0 < d["tasks"][0]["wall_ns"], d
	END
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json --workload 0 && has '"run_cnt": null' out
}

does_not_dispatch() {
	exits 4 ktstr verifier --scheduler-bin "$sched" --kernel "$key" -- --stall-after 0 &&
		has 'stalled: does not dispatch: none of 3 tasks ran in ' out && has 'ktstr_enqueue' out
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
	older_library_is_seen another_argument_runs json callbacks_are_counted does_not_dispatch rejected rejected_loop died cold nothing_left
