#!/bin/sh
# The whole catalogue, under the kernel's own scheduler and under ours, each run twice: equal to the byte. And what docs/scenarios.md shows
# that takes larger machines.
#
# SCHEDULERS: paths of others that the catalogue runs under, once; FILTER: only scenarios with that in their names.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

# judged COMMAND…: whatever the verdict, there is one.
judged() {
	"$@" >out 2>err
	code=$?
	case $code in 0 | 1 | 2) ;; *) cat err && fail "exit code $code: $*" ;; esac
}

# catalogue [OPTION…]: verdicts in out, the runs' run.json in runs/.
catalogue() {
	# A scheduler may fail a test; none may come to no run.
	judged ktstr run --filter "${FILTER-}" --kernel "$key" --topology tiny-2llc --json "$@" || return
	rm -rf runs && mkdir runs || return
	sed -n 's/.*"dir": "\(.*\)".*/\1/p' out | while read -r dir; do
		name=${dir##*/tests/}
		cp "$dir/seed-1/run.json" "runs/${name%%/*}" || exit
	done
}

# verdicts LABEL…: what came of the report "out", in a line.
verdicts() {
	python3 - "$*" <<-'END'
		import collections, json, sys
		tests = json.load(open("out"))["tests"]
		counts = collections.Counter(t["verdict"] for t in tests)
		print("# %s: %s; not passed:" % (sys.argv[1], ", ".join("%s %d" % c for c in sorted(counts.items()))))
		for t in tests:
		    if t["verdict"] not in ("pass", "skip"):
		        said = [c["words"] for c in t["checks"] if c["verdict"] == t["verdict"]]
		        print("#   %s: %s: %s" % (t["test"], t["verdict"], "; ".join(said)))
	END
}

twice() {
	catalogue "$@" --force && mv runs first && mv out first.json && catalogue "$@" --force && diff -r first runs && cmp first.json out || return
	verdicts "${*:-eevdf}" >&3
	[ -n "${FILTER-}" ] || [ "$(find runs -type f | wc -l)" -ge 73 ]
}

kernels_own() {
	twice
}

ours() {
	twice --scheduler-bin "$sched"
}

# Real ones: a failure is theirs, or of a limit that asks too much. No run at all is ours.
others() {
	for scheduler in ${SCHEDULERS-}; do
		catalogue --scheduler-bin "$scheduler" && verdicts "${scheduler##*/}" >&3 || return
	done
}

# What the kernel counted for a cgroup is what its workers used. Both are read at the borders of phases, one after the other while the
# workers go on, and are as old as the last tick. Workers that start processes are left out, whose time is the cgroup's alone, and
# cgroups that lost or got a worker while the phase went on.
shares() {
	catalogue || return
	python3 - "${FILTER:+1}" runs/* <<-'END' >&3
		import json, sys
		n = worst = bad = 0
		for path in sys.argv[2:]:
		    run = json.load(open(path))
		    for group in run.get("cgroups", []):
		        below = (group["name"], group["name"] + "/")
		        workers = [w for w in run["workers"] if w["group"] == below[0] or w["group"].startswith(below[1])]
		        stat = group["cpu_stat"]
		        for k in range(1, len(stat) - 1):
		            phases = [w["phases"][k] if k < len(w["phases"]) else None for w in workers]
		            if not workers or not stat[k] or not stat[k + 1] or any(not p or "cpu_ns" not in p for p in phases) or \
		               any(w["type"].startswith(("fork", "exec", "thread", "prog")) for w in workers):
		                continue
		            used = (stat[k + 1]["usage_usec"] - stat[k]["usage_usec"]) * 1000
		            cpu = sum(p["cpu_ns"] for p in phases)
		            n += 1
		            worst = max(worst, abs(used - cpu) / used if used > 1e9 else 0)
		            if abs(used - cpu) > 0.02 * used + run["tick_ns"] * min(len(phases), run["cpus"]):
		                bad += 1
		                print("# %s: cgroup %s in phase %d: cpu.stat %d ns, workers %d ns" % (path, group["name"], k, used, cpu))
		print("# cpu.stat and workers: %d phases of cgroups, %.2f %% apart at most where they used a second" % (n, 100 * worst))
		sys.exit(bad > 0 or (n < 50 and not sys.argv[1]))
	END
}

# What did not change is found, all of it at once.
unchanged() {
	catalogue && start=$(date +%s%N) && catalogue || return
	ms=$((($(date +%s%N) - start) / 1000000))
	echo "# the catalogue, unchanged: $ms ms" >&3
	hasnt ' run ' err
}

documents() {
	sh "$root/tests/ktstr-files.sh" "$root/docs/scenarios.md" && export KTSTR_KERNEL="$key" || return
	exits 0 ktstr run fork_storm_vs_spin --topology 1,2,4,1 &&
		exits 1 ktstr run fork_storm_vs_spin --topology 1,2,4,1 --expect-line 'gap.max <= 20ms' && has 'FAIL fork_storm_vs_spin' out || return
	exits 1 ktstr run fork_storm_vs_spin --topology 1,2,4,1 --monitor --expect-line 'gap.max <= 20ms' && grep -q '^  at +.* held worker' out &&
		exits 0 ktstr run fork_storm_vs_spin --topology 1,2,4,1 --expect-line monitor || return
	exits 0 ktstr run llc.ktstr && exits 0 ktstr run llc.ktstr --topology smt-2llc --topology numa2-4llc &&
		exits 0 ktstr run llc.ktstr --topology 1,1,4,1 && has SKIP out && has llc out || return
	exits 0 ktstr run two.ktstr --scheduler-bin "$sched" --diff-bin "$sched" --expect-line 'iterations >= 0.9 * iterations of base' &&
		exits 0 ktstr run two.ktstr --seeds 20 --audit 10 && has 'audit: 2 runs once more, equal to the byte' err || return
	exits 1 ktstr run cpu_max_tight --topology tiny-2llc --scheduler-bin "$sched" && has 'share.min{small}' out || return
	judged ktstr run fork_storm_vs_spin --topology tiny-2llc --scheduler-bin "$sched" \
		--json --expect-line 'share.min{steady} >= 0.5 * share.min{steady} of eevdf' && has '"other": "eevdf"' out &&
		judged ktstr run --filter cpuset --scheduler-bin "$sched"
}

# By a real clock it goes on while it is looked at.
looked_at_by_a_real_clock() {
	printf 'cgroup a\nwork a spin n=3\nwork a bursty:run=5ms,sleep=5ms n=2\nhold 100%%\n' >t.ktstr
	ktstr run t.ktstr --kernel "$key" --clock real --monitor --scheduler-bin "$sched" --json >out 2>err
	code=$?
	case $code in 0 | 1 | 2) ;; *) cat err && fail "exit code $code" || return ;; esac
	python3 -c 'import json, sys
r = json.load(open(sys.argv[1] + "/seed-1/run.json"))
s = r["samples"]
print("#", len(s), "samples,", s.count(None), "not read:", r.get("unlooked", ""))
sys.exit(len(s) != len(r["sampled_ns"]) or len(s) < 10 or s.count(None) > len(s) / 2 or r["looked"] or
	 not any(t["ns"] for x in s if x for t in x["tasks"]) or not r["marks"][0]["schedstat"])' "$(sed -n 's/.*"dir": "\(.*\)".*/\1/p' out)" >&3
}

exec 3>&1
run_tests kernels_own ours others shares unchanged documents looked_at_by_a_real_clock
