#!/bin/sh
# run and list: what is said of a request before any guest starts, and runs on this machine.
. "$(dirname "$0")/../lib.sh"

two() {
	printf 'cgroup left\ncgroup right\nwork left spin\nwork right spin\nhold 100%%\n' >"${1-two.ktstr}"
	sed -i "\$ r /dev/stdin" "${1-two.ktstr}"
}

names() {
	exits 2 ktstr run && has 'name a scenario of the catalogue' err && exits 10 ktstr run nosuch && has 'neither a file nor' err &&
		exits 10 ktstr run cgroup_stead && has 'did you mean cgroup_steady?' err && exits 10 ktstr run --filter nosuch &&
		exits 10 ktstr run . && has 'a scenario is a file' err || return
	two </dev/null && mkdir other && two other/two.ktstr </dev/null && exits 2 ktstr run two.ktstr other/two.ktstr && has 'two tests' err &&
		exits 20 ktstr run two.ktstr --kernel 6.99.1
}

# Everything that is wrong with a text is told with its place.
texts() {
	echo 'work left spni' | two && exits 2 ktstr run two.ktstr && has 'two.ktstr:6:11: ' err && has 'did you mean "spin"?' err || return
	echo 'expect gap.max <= 5 parsecs' | two && exits 2 ktstr run two.ktstr && has 'two.ktstr:6:' err || return
	echo 'expect gap.mx <= 5ms' | two && exits 2 ktstr run two.ktstr && has 'gap.max' err || return
	two </dev/null && exits 2 ktstr run two.ktstr --expect-line 'nonsense' && has '--expect-line' err || return
	echo 'scheduler ./nosuch' | two && exits 10 ktstr run two.ktstr && has 'two.ktstr:6: scheduler "./nosuch"' err &&
		has '--scheduler-bin' err || return
	head -c 70000 /dev/zero | tr '\0' '#' >big.ktstr && exits 10 ktstr run big.ktstr && head -c 300 /dev/urandom >noise.ktstr || return
	ktstr run noise.ktstr >out 2>err
	same 2 $? 'exit code' && has 'noise.ktstr' err
}

# Scenarios that the documents show are right.
documented() {
	for doc in "$root"/docs/*.md; do sh "$root/tests/ktstr-files.sh" "$doc" || return; done
	[ -f two.ktstr ] || fail 'docs/scenarios.md shows no two.ktstr' || return
	for file in *.ktstr; do exits 0 ktstr-step scenario --store store --out out.d --file "$file" || return; done
	sed -n '/^# test  *scheduler/,/^```/p' "$root/docs/scenarios.md" | sed '$d' >known
	same 3 "$(wc -l <known)" 'lines of known failures' && exits 10 ktstr run --expect known nosuch && has 'neither a file nor' err
}

options() {
	for bad in 0 1001 x 5..3 1.. ..3 1..2..3 -1; do exits 2 ktstr run cgroup_steady "--seeds=$bad" || return; done
	exits 2 ktstr run cgroup_steady --seeds 2 --seed 1 && exits 2 ktstr run cgroup_steady --topology 1,2 &&
		exits 2 ktstr run cgroup_steady --clock real --shift 1 && exits 2 ktstr run cgroup_steady --accel kvm &&
		has 'KVM has none' err && exits 2 ktstr run cgroup_steady --audit 0 && exits 2 ktstr run cgroup_steady --audit 101 &&
		exits 2 ktstr run cgroup_steady --host --audit 5 && exits 2 ktstr run cgroup_steady --diff-bin /bin/true && has 'of base' err && exits 2 ktstr run cgroup_steady -- --flag && has '--scheduler-bin' err &&
		exits 10 ktstr run cgroup_steady --scheduler-bin nowhere && exits 2 ktstr run cgroup_steady --profiles default &&
		has 'no scheduler but the' err && exits 2 ktstr run cgroup_steady --host --kernel x && has "'--kernel'" err
}

listing() {
	exits 0 ktstr list && grep -qE '^cgroup_steady +\[basic +\] ' out && grep -qE '^[0-9]+ scenarios$' out || return
	exits 0 ktstr list --filter nosuch && same '
0 scenarios' "$(cat out)" && exits 0 ktstr list --filter nosuch --json && same '[]' "$(cat out)" || return
	exits 0 ktstr list --json && python3 -c 'import json, sys
all = json.load(sys.stdin)
names = [s["name"] for s in all]
sys.exit(len(names) < 73 or len(set(names)) != len(names) or not all[0]["text"] or not all[0]["description"])' <out
}

# Flags are for profiles, which a line may ask for as well as an option; one such test among others will do.
flags() {
	printf 'hold 5ms\nscheduler replace x\nhold 5ms\n' >goes_on.ktstr && echo 'hold 5ms' >stays.ktstr &&
		echo '[{"name":"x","args":["--x"],"requires":[]}]' >f.json && set -- --scheduler-bin /bin/true --flags-file f.json --kernel nosuch || return
	exits 2 ktstr run stays.ktstr "$@" && has '--flags-file is for' err && exits 2 ktstr run goes_on.ktstr "$@" --max-profiles 3 &&
		has '--max-profiles is for' err && exits 20 ktstr run goes_on.ktstr stays.ktstr "$@" || return
	sed -i 's/replace x/replace y/' goes_on.ktstr && exits 2 ktstr run stays.ktstr goes_on.ktstr "$@" &&
		has 'goes_on.ktstr: scheduler replace y: the scheduler has no flag "y"' err && exits 2 ktstr run stays.ktstr "$@" --profiles y && has '--profiles: the scheduler has no flag "y"' err
}

# run.json of so many workers in three phases
facts() {
	python3 - "$1" <<-'END'
		import json, sys
		phase = {"wall_ns": 1000000000, "cpu_ns": 900000000, "wait_ns": 5000000, "turns": 50, "iterations": 900, "work": 9000,
			 "migrations": 2, "gap_ns": 4000000, "gap_at_ns": 300000000, "gap_cpu": 0, "gap_cpu_ns": 3000000, "cpus": "0"}
		workers = [{"id": i + 1, "type": "spin", "group": "left", "allowed": "0-1", "ended": "stopped", "reaped_ns": 1, "phases":
			    [None, phase, phase]} for i in range(int(sys.argv[1]))]
		print(json.dumps({"format": 1, "clock": "virtual", "outcome": "ran", "cpus": 2, "end_ns": 2, "reaped_ns": 1, "workers": workers}))
	END
}

# judge N: of runs/seed-1 and so on
judge() {
	exits 0 ktstr-step judge --store store --out out.d --test made/test --text made/text --runs runs --first-seed 1 --seeds "$1" \
		--name t --again 'ktstr run t'
}

# A run that came to nothing, one that is no run, and one that is not there leave the others to be judged.
judged_anyway() {
	two </dev/null && ktstr-step scenario --store store --out made --file two.ktstr && mkdir -p runs/seed-1 runs/seed-2 runs/seed-3 &&
		facts 2 >runs/seed-1/run.json && : >runs/seed-1/console.log && echo '{"workers": 7}' >runs/seed-2/run.json &&
		echo '{"format":1,"broken":"QEMU died"}' >runs/seed-3/run.json && judge 4 || return
	python3 - out.d/verdict.json <<-'END'
		import json, sys
		v = json.load(open(sys.argv[1]))
		words = [(s["verdict"], s.get("words") or "") for s in v["seeds"]]
		assert v["verdict"] == "broken" and v["again"] == "ktstr run t --seed 2", v
		assert [w[0] for w in words] == ["pass", "broken", "broken", "broken"], words
		assert "run.json" in words[1][1] and words[2][1] == "QEMU died" and "run.json" in words[3][1], words
	END
}

# However many seeds there are, one of them is in memory.
many_seeds() {
	two </dev/null && ktstr-step scenario --store store --out made --file two.ktstr && mkdir -p runs/seed-1 && facts 500 >runs/seed-1/run.json &&
		: >runs/seed-1/console.log || return
	for i in $(seq 2 200); do ln -s seed-1 "runs/seed-$i" || return; done
	(
		# The sanitizers map more than there is.
		# shellcheck disable=SC3045 # dash, bash and busybox have it
		grep -q __asan_init "$O/ktstr-step" || ulimit -v 65536
		judge 200
	) && has '"verdict": "pass"' out.d/verdict.json
}

# Root, control groups of v2, and nobody who forbids to change them.
may_run_here() {
	top=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	[ "$(id -u)" = 0 ] && [ -n "$top" ] && mkdir "$top/ktstr-try-$$" 2>/dev/null && rmdir "$top/ktstr-try-$$"
}

here() {
	may_run_here || return 0
	echo 'expect reaped <= 20s' | two && ktstr run --host two.ktstr --duration 1 --json >out 2>err
	code=$?
	has 'on this machine, one after the other' err && python3 -c 'import json, sys
t = json.load(sys.stdin)["tests"][0]
sys.exit(t["test"] != "two" or not any(f["metric"] == "iterations" and f["min"] > 0 for f in t["figures"]))' <out || return
	# Whether all is as expected is up to the machine, and to who else works there.
	case $code in 0 | 1 | 2) ;; *) fail "exit code $code" || return ;; esac
	dir=$(sed -n 's/.*"dir": "\([^"]*\)".*/\1/p' out)
	has '"accel":"host"' "$dir/seed-1/run.json" && hasnt eevdf "$dir/seed-1/run.json"
}

# What a run on this machine says of sidecar files, in said; its verdict is not their business
leaves() {
	ktstr run --host two.ktstr --duration 1 --allow-inconclusive --expect-line 'gap.max off' --expect-line 'reaped off' >out 2>err
	code=$?
	grep -E 'sidecar|error' err >said
	same 0 $code 'exit code' && has 'PASS two ' out
}

# A folder of its own for each request, which git does not see; where there is none that we may take, a line says so.
sidecars_left() {
	may_run_here || return 0
	two </dev/null && leaves && has 'no sidecar files: this is no work tree of git' said && [ ! -e target ] || return
	mkdir tree && cd tree && two </dev/null && git init -q . && git -c user.name=x -c user.email=x@y commit -q --allow-empty -m x &&
		git checkout -q -b a/b || return
	leaves && has "sidecar files: $PWD/target/ktstr/a-b-$(git rev-parse --short=7 HEAD)/2" said && mkdir sub && cp two.ktstr sub && cd sub &&
		leaves && cd .. || return
	same 2 "$(find target -name 'two.*.ktstr.json' | wc -l)" files && same '' "$(git status --porcelain target)" 'what git sees' &&
		exits 0 ktstr test-stats && has 'the newest of 2 folders' "$work/err" && has '  two                       1/1 passed' "$work/out" || return
	same '' "$(find target -name '.2*')" 'left behind' && rm -rf target && : >target && leaves && has 'no sidecar files: ' said &&
		has 'tree/target: Not a directory' said || return
	KTSTR_SIDECAR_DIR=$PWD/here leaves && same '' "$(cat said)" && same 1 "$(find here -type f | wc -l)" files
}

# What is left of a run that was told to stop: nothing.
stopped() {
	may_run_here || return 0
	two </dev/null && printf 'hold 60s\n' >>two.ktstr || return
	ktstr run --host two.ktstr >out 2>err &
	pid=$!
	within 30 working && kill -TERM $pid && wait $pid
	same 130 $? 'exit code' && same '' "$(leftovers)" processes && same '' "$(ours)" groups
}

# Processes of this test's engine.
ours() {
	grep -slzxF "KTSTR_TEST_RUN=$base" /proc/[0-9]*/environ | while IFS=/ read -r _ _ p _; do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" != spin ] || echo "$p"
	done
}

working() {
	[ -n "$(ours)" ]
}

refused_here() {
	[ "$(id -u)" = 0 ] || { exits 1 ktstr run --host cgroup_steady && has 'takes root' err; }
}

run_tests names texts documented options flags listing judged_anyway many_seeds here sidecars_left stopped refused_here
