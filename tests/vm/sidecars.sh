#!/bin/sh
# A sweep leaves sidecar files, and test-stats reads them.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

# A second of work, so that the three tasks meet on a busy machine, too.
sweep_to_stats() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --profiles default,llc --workload 1000 --sidecar-dir made/here || return
	same 2 "$(find made/here -name 'verifier_scx_ktstr.1n1l1c1t.*.ktstr.json' | wc -l)" files &&
		same 2 "$(find made/here | sed 1d | wc -l)" 'files in all' || return
	exits 0 ktstr test-stats --dir made/here && same '' "$(cat err)" || return
	for line in '  verifier_scx_ktstr        2/2 passed' '  default                   1/1 passed' '  llc ' \
		'  1n1l1c1t                  2/2 passed' '  ktstr_dispatch ' '  total verified insns: ' \
		'  verifier_scx_ktstr (1n1l1c1t, llc, '; do
		has "$line" out || return
	done
	exits 0 ktstr test-stats --dir made/here --json || return
	python3 - out <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert all(x["total_iterations"] > 0 and x["mean_run_delay_us"] > 0 for x in r["rows"]), r["rows"]
		for p in r["callback_profile"]:
		    counts = {c["name"]: c["cnt"] for c in p["programs"]}
		    assert counts["ktstr_enqueue"] > 0 and counts["ktstr_init"] == 0, p
	END
}

# What was known costs no guest, and the files are the same; a scheduler that stalls leaves one, too.
again_and_stalled() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --profiles default,llc --workload 1000 --sidecar-dir d &&
		has 'cached  verify' err && hasnt 's verify' err || return
	exits 4 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --profiles default --sidecar-dir d -- --stall-after 0 &&
		exits 0 ktstr test-stats --dir d && has '  verifier_scx_ktstr        1/2 passed' out && has 'stalls=1' out &&
		grep -q '"does not dispatch: none of 3 tasks ran in ' d/*.default.*.json
}

folder_that_is_none() {
	: >file
	exits 2 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --sidecar-dir '' &&
		exits 1 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --sidecar-dir file/below && has 'file/below' err &&
		hasnt 'verify scx_ktstr' err
}

run_tests sweep_to_stats again_and_stalled folder_that_is_none
