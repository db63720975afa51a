#!/bin/sh
# The whole catalogue, under the kernel's own scheduler and under ours, with several seeds on two machines, all of it twice: equal to the
# byte. And what docs/scenarios.md shows that takes larger machines.
#
# SEEDS: how many (1; 10 are some 7,600 runs, with two idle CPUs two hours). PRESETS: which machines (tiny-2llc smt-2llc). SHIFT: another
# one than usual (2 takes little more than half the time). SCHEDULERS: paths of others that the catalogue runs under, once, with seed 1 on
# the first of them. FILTER: only scenarios with that in their names.
# KEEP: a folder for what was seen, which a later run goes on with; without it each starts anew. ONLY: which tests.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr
SEEDS=${SEEDS:-1} PRESETS=${PRESETS:-tiny-2llc smt-2llc}

# What another ktstr, kernel or QEMU made is not compared with.
keep=${KEEP:-$base/keep}/$({
	cat "$O/ktstr" "$O/ktstr-step" "$O/ktstr-engine" "$O/ktstr-init" && echo "$key ${FILTER-}${SHIFT:+ $SHIFT}" &&
		qemu-system-x86_64 --version
} | sha256sum | cut -c-8)
mkdir -p "$keep" || exit 1
keep=$(cd "$keep" && pwd)

# judged COMMAND…: whatever the verdict, there is one.
judged() {
	"$@" >out 2>err
	code=$?
	case $code in 0 | 1 | 2) ;; *) cat err && fail "exit code $code: $*" ;; esac
}

# catalogue: verdicts in out, the runs' run.json in runs/.
catalogue() {
	judged ktstr run --filter "${FILTER-}" --kernel "$key" --topology tiny-2llc --json || return
	rm -rf runs && mkdir runs || return
	sed -n 's/.*"dir": "\(.*\)".*/\1/p' out | while read -r dir; do
		name=${dir##*/tests/}
		cp "$dir/seed-1/run.json" "runs/${name%%/*}" || exit
	done
}

# row PRESET SCHEDULER: the folder of what was seen there, of seed S the P-th time in S.P. "none" is the kernel's own scheduler.
row() {
	file=/dev/null
	[ "$2" = none ] || file=$2
	echo "$keep/$1-$(basename "$2")-$(sha256sum <"$file" | cut -c-8)"
}

# once PRESET SCHEDULER SEED PASS: the catalogue there, nothing of it from before. A scheduler may fail a test; none may come to no run.
once() {
	dir=$(row "$1" "$2")/$3.$4
	[ ! -e "$dir" ] || return 0
	preset=$1
	seed=$3
	if [ "$2" = none ]; then set --; else set -- --scheduler-bin "$2"; fi
	[ -z "${SHIFT-}" ] || set -- --shift "$SHIFT" "$@"
	rm -rf new && mkdir -p new/made "${dir%/*}" || return
	start=$(date +%s)
	(
		judged ktstr run --filter "${FILTER-}" --kernel "$key" --topology "$preset" --seed "$seed" --force --json \
			--sidecar-dir "$PWD/new/made/sidecars" "$@" && times >new/took
	) || return
	echo $(($(date +%s) - start)) >>new/took
	cp -r "$(sed -n 's|.*"dir": "\(.*/tests\)/.*|\1|p' out | head -n 1)" new/made/ &&
		sed 's|/graphs/[^/]*|/graphs|' out >new/made/report.json &&
		mv new "$dir"
}

# twice PRESET SCHEDULER SEED: reports, verdicts, runs, logs and sidecars of both times
twice() {
	both=$(row "$1" "$2")/$3
	[ ! -e "$both.equal" ] || return 0
	once "$@" 2 && diff -r "$both.1/made" "$both.2/made" || fail "$* is not the same twice" || return
	rm -r "$both.2/made" && : >"$both.equal"
}

# told PRESET SCHEDULER: what came of it
told() {
	python3 - "$(row "$1" "$2")" "$1, $(basename "$2")" "${FILTER:+0}" <<-'END' >&3
		import collections, glob, json, os, re, sys
		row, name, least = sys.argv[1], sys.argv[2], int(sys.argv[3] or 73)
		tests, runs, cpu, wall = collections.defaultdict(dict), [], 0, 0
		for path in glob.glob(row + "/*.[12]"):
		    took = open(path + "/took").read().split("\n")
		    cpu += sum(60 * int(m) + float(s) for m, s in re.findall(r"(\d+)m([\d.]+)s", took[1]))
		    wall += int(took[2])
		for path in glob.glob(row + "/*.1"):
		    runs.append(len(glob.glob(path + "/made/tests/*/*/*/seed-*/run.json")))
		    for t in json.load(open(path + "/made/report.json"))["tests"]:
		        tests[t["test"]][int(os.path.basename(path)[:-2])] = t
		twice = len(glob.glob(row + "/*.equal"))
		made = sum(runs) * (1 + twice / len(runs))
		print("# %s: %d seeds, %d runs; %d seeds twice, equal; %.1f s of CPU time a run, %d s in all" %
		      (name, len(runs), sum(runs), twice, cpu / made, wall))
		worst = lambda t: min((s["verdict"] for s in t.values()), key=["broken", "fail", "inconclusive", "pass", "skip"].index)
		counts = collections.Counter(worst(t) for t in tests.values())
		print("#   tests: %s" % ", ".join("%s %d" % c for c in sorted(counts.items())))
		for test, t in tests.items():
		    bad = [s for s in sorted(t) if t[s]["verdict"] not in ("pass", "skip")]
		    if bad:
		        first = t[bad[0]]
		        said = [c["words"] for c in first["checks"] if c["verdict"] == first["verdict"]]
		        print("#   %s: %s with %d of %d seeds (%s): seed %d: %s" % (test, worst(t), len(bad), len(t), " ".join(map(str, bad)), bad[0],
		                                                             "; ".join(said)))
		sys.exit(min(runs) < least)
	END
}

# seeds_twice SCHEDULER: one pass over all seeds of a machine after the other, so that whoever ends it early has all verdicts first
seeds_twice() {
	for on in $PRESETS; do
		for n in $(seq "$SEEDS"); do
			once "$on" "$1" "$n" 1 || return
		done
		for n in $(seq "$SEEDS"); do
			twice "$on" "$1" "$n" || return
		done
		told "$on" "$1" || return
	done
}

kernels_own() {
	seeds_twice none
}

ours() {
	seeds_twice "$sched"
}

# Real ones: a failure is theirs, or of a limit that asks too much. No run at all is ours.
others() {
	for scheduler in ${SCHEDULERS-}; do
		once "${PRESETS%% *}" "$scheduler" 1 1 && told "${PRESETS%% *}" "$scheduler" || return
	done
}

# What the kernel counted for a cgroup is what its workers used. Both are read at the borders of phases, one after the other while the
# workers go on, and are as old as the last tick. Workers that start processes are left out, whose time is the cgroup's alone, and
# scenarios that move workers: a run says where they began.
shares() {
	catalogue && ktstr list --json >listed || return
	python3 - "${FILTER:+1}" runs/* <<-'END' >&3
		import json, os, re, sys
		n = worst = bad = 0
		moved = {s["name"] for s in json.load(open("listed")) if re.search(r"^\s*move ", s["text"], re.M)}
		for path in sys.argv[2:]:
		    if os.path.basename(path) in moved:
		        continue
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
# shellcheck disable=SC2086 # names
run_tests ${ONLY:-kernels_own ours others shares unchanged documents looked_at_by_a_real_clock}
