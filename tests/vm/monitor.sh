#!/bin/sh
# Looks at run queues: what the host reads in the guest's memory is what the guest's own files say at the same mark, the same in each run,
# and what failures and sidecars tell of it.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

run() {
	ktstr run t.ktstr --kernel "$key" --scheduler-bin "$sched" "$@"
}

# Where the run of the last request is.
dir() {
	echo "$(sed -n 's/.*"dir": "\([^"]*\)".*/\1/p' out)/seed-1"
}

# Three workers that spin on two CPUs, and two that sleep.
scenario() {
	printf 'duration 600ms\ncgroup a\nwork a spin n=3\nwork a bursty:run=2ms,sleep=2ms n=2\nhold 50%%\nhold 50%%\n' >t.ktstr
}

equal() {
	scenario && exits 0 run --monitor --force --json --sidecar-dir side && cp "$(dir)/run.json" one || return
	exits 0 run --monitor --force --json && cmp one "$(dir)/run.json" || return
	python3 -c 'import json, sys
r = json.load(open("one"))
for mark, look in zip(r["marks"], r["looked"], strict=True):
    for what in "events", "schedstat", "programs":
        if not mark[what] or mark[what] != look[what]:
            sys.exit("%s: %s: %s, but in memory %s" % (mark["name"], what, mark[what], look[what]))
s = r["samples"]
pids = {w["pid"] for w in r["workers"]}
if len(s) != len(r["sampled_ns"]) or len(s) < 7 or None in s or "unlooked" in r:
    sys.exit("%d samples at %s" % (len(s), r["sampled_ns"]))
if not any(t["pid"] in pids and t["ns"] and "dsq" in t for x in s for t in x["tasks"]):
    sys.exit("no worker ever waited")
if not any(d["nr"] and d["pid"] for x in s for d in x["dsqs"]):
    sys.exit("no queue ever had a task")
m = json.load(open(sys.argv[1]))["monitor"]
if m["total_samples"] < 5 or not m["schedstat_deltas"]["total_pcount"] or not m["schedstat_deltas"]["total_ttwu_count"] or not m["prog_stats_deltas"] or m["stall_detected"]:
    sys.exit("monitor: %s" % m)' side/*.ktstr.json || fail 'memory and files differ, or samples lack something' || return
	exits 0 ktstr test-stats --dir side && has 'BPF CALLBACK PROFILE' out
}

# Expectations about run queues have their figures, and nothing boots for another limit.
expected() {
	scenario && echo 'expect monitor' >>t.ktstr && echo 'expect idle.while.waiting <= 100ms' >>t.ktstr && exits 0 run || return
	exits 1 run --expect-line 'wait.age <= 8ms' && hasnt ' run t ' err && has 'wait.age ' out && has ' waited in ' out || return
	# Where nothing needs looks there are none; an earlier run of this test may have left such a run in the shared store.
	exits 0 run --force --json --expect-line 'monitor off' --expect-line 'idle.while.waiting off' && has ' run t ' err &&
		has '"workers"' "$(dir)/run.json" && hasnt '"samples"' "$(dir)/run.json"
}

# One that keeps a task and lets a CPU idle: where it was, and for how long.
seen() {
	printf 'duration 10s\ncgroup a\nwork a spin n=1\nhold 100%%\n' >t.ktstr
	exits 1 run --monitor -- --stall-after 1 && has 'FAIL t ' out && grep -q '^  at +[0-9.]* s: .* held .* for ' out
}

run_tests equal expected seen
