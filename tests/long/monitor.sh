#!/bin/sh
# What the host reads in the memory of a guest with several CPUs is what the guest's own files say at the same mark. The director reads these one
# after the other while all other CPUs go on, so that they are compared where nothing goes on: at marks at which all workers are frozen.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

# Twice as many that spin as there are CPUs, others that sleep, and four marks. Between two of them all were awake.
scenario() {
	printf 'cgroup a\nwork a spin n=200%%\nwork a bursty:run=1ms,sleep=1ms n=100%%\nwork a futex n=2\n' >t.ktstr
	for mark in 1 2 3 4; do
		printf 'hold 100ms\nfreeze a\nhold 20ms\nmark still%s\nthaw a\n' $mark
	done >>t.ktstr
	echo 'hold 50ms' >>t.ktstr
}

# TOPOLOGY [SCHEDULER]
equal_on() {
	scenario && exits 0 ktstr run t.ktstr --kernel "$key" --topology "$1" ${2:+--scheduler-bin "$2"} --monitor --json || return
	python3 - "$(sed -n 's/.*"dir": "\([^"]*\)".*/\1/p' out)/seed-1/run.json" "${2-}" <<-'EOT'
		import json, sys
		r = json.load(open(sys.argv[1]))
		whats = ["schedstat"] + (["events", "programs"] if sys.argv[2] else [])
		still = [(m, l) for m, l in zip(r["marks"], r["looked"], strict=True) if m["name"].startswith("still")]
		assert len(still) == 4, r["marks"]
		for what in whats:
		    for mark, look in still:
		        if not mark[what] or mark[what] != look[what]:
		            sys.exit("%s: %s: %s, but in memory %s" % (mark["name"], what, mark[what], look[what]))
		    before = still[0][0][what]
		    for mark, _ in still[1:]:
		        assert mark[what] != before, (what, before)
		        before = mark[what]
		assert len(still[0][0]["schedstat"]) == r["cpus"], r["cpus"]
		print("# %d CPUs: four marks with %s are equal" % (r["cpus"], ", ".join(whats)))
	EOT
}

four_cpus() {
	equal_on 1,2,2,1 "$sched" && equal_on 1,2,2,1
}

eight_cpus() {
	equal_on 1,2,2,2 "$sched"
}

run_tests four_cpus eight_cpus
