#!/bin/sh
# ktstr-engine in guests of virtual time: the same run twice, with every kind of work and line, also under a scheduler; and what
# hostile workers can do to it: crash, kill the director, fork without end, fill memory, /tmp, and the tree of cgroups.
# TOPOLOGIES: others.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
engine=$O/ktstr-engine
TOPOLOGIES=${TOPOLOGIES-1,1,4,1 2,2,4,1}

cat >"$base/all.ktstr" <<'EOT'
test all
  cgroup a cpuset=cpu:0-1 weight=200
  cgroup b cpuset=cpu:2-3 max=20ms/100ms
  cgroup c
  cgroup c/d idle
  work a spin n=2
  work a yield n=1
  work a bursty:run=5ms,sleep=5ms n=1
  work a timer n=1
  work b pipe n=2
  work b futex n=2
  work b chain n=4
  work b fanout n=5
  work b herd n=9
  work c/d mutex n=4
  work c/d pi n=3
  work - cache n=1 policy=batch
  work - fault n=1 nice=5
  work c/d io n=1 affinity=one
  work c/d fork n=1
  work c/d exec n=1
  work c/d thread n=1
  work c/d nice n=1
  work c/d policy n=1
  work c/d affinity:of=all n=2
  work c/d signal n=2
  work - rt:run=1ms n=1
  work c/d prog:"run 100us; wake @x" n=1
  work a prog:"wait @x; run 50us" n=2 uid=1000
  work - spin n=1 policy=deadline:1ms/10ms/10ms
  work c/d futex n=2 threads
  work c/d affinity:of=all n=2 threads
  hold 500ms
  mark here
  freeze a
  hold 100ms
  thaw a
  move a c/d n=2
  affinity b one
  policy b idle
  nice c/d 5
  hold 200ms
  every 50ms {
    cgroup e
    work e spin n=2
    hold 20ms
    remove e
  } for 300ms
  stop b
  hold 100ms
EOT

# guest TOPOLOGY SEED [OPTION…]: the engine's output in out
guest() {
	topology=$1
	seed=$2
	shift 2
	exits 0 ktstr -q shell --kernel "$key" --clock virtual --topology "$topology" --seed "$seed" -i "$engine" -i "$base/all.ktstr" "$@" \
		--exec "/include-files/ktstr-engine --seed $seed --topology $topology /include-files/all.ktstr"
}

all_there() {
	python3 - <<'EOT'
import json
run = json.load(open("out"))
assert [m["name"] for m in run["marks"]] == ["settle", "phase 1", "phase 2", "here", "phase 3", "phase 4", "phase 5", "end"], run["marks"]
assert "refused" not in run, run["refused"]
assert len(run["workers"]) >= 53 and all(w["ended"] == "stopped" and "error" not in w for w in run["workers"])
lazy = [w["id"] for w in run["workers"][:51] if not sum(p["iterations"] for p in w["phases"] if p)]
assert not lazy, lazy
threads = [w for w in run["workers"] if "tid" in w]
assert len(threads) == 4 and len({w["pid"] for w in threads}) == 2 and all(w["phases"][1]["iterations"] for w in threads), threads
a = [w for w in run["workers"] if w["group"] == "a"]
assert all(w["phases"][2] is None for w in a)
for w in a:
    assert set(w["phases"][1]["cpus"].replace("-", ",").split(",")) <= {"0", "1"}, w
b = run["cgroups"][1]["cpu_stat"]
assert b[1]["nr_throttled"] < b[2]["nr_throttled"], b
EOT
}

the_same_twice() {
	for topology in $TOPOLOGIES; do
		guest "$topology" 3 && all_there && mv out first && guest "$topology" 3 || return
		cmp first out || fail "two runs on $topology differ" || return
		guest "$topology" 4 || return
		! cmp -s first out || fail "two seeds on $topology are one" || return
	done
}

under_a_scheduler() {
	guest 1,2,2,1 3 --scheduler-bin "$O/sched/scx_ktstr" && mv out first && guest 1,2,2,1 3 --scheduler-bin "$O/sched/scx_ktstr" || return
	cmp first out || fail 'two runs under a scheduler differ' || return
	[ "$(wc -c <out)" -gt 10000 ]
}

hostile() {
	cat >hostile.sh <<-'EOT'
		printf 'test h\ncgroup a\nwork a spin n=2\nwork - spin n=1\nhold 1500ms\n' >/tmp/h
		kids() { cat /proc/$1/task/$1/children; }
		go() {
			/include-files/ktstr-engine --topology 1,1,2,1 /tmp/h >/tmp/o 2>/tmp/e &
			e=$!
			usleep 600000
		}
		enter() { echo 0 >/sys/fs/cgroup/ktstr/a/cgroup.procs; }
		end() {
			wait $e
			code=$?
			[ ! -d /sys/fs/cgroup/ktstr ] || echo "$1: cgroups are left"
			echo "$1: $code" $(grep -o '"ended":"[a-z 0-9]*"' /tmp/o | cut -d: -f2) $(cat /tmp/e)
		}
		go; d=$(kids $e); set -- $(kids $d); kill -SEGV $1; kill -9 $3; end crash
		go; kill -9 $(kids $e); end director
		go; (enter; b() { b | b & }; b) 2>/dev/null; end bomb
		go; (enter; exec tail /dev/zero) 2>/dev/null & end memory
		go; (enter; head -c 900000000 /dev/zero >/tmp/fill) 2>/dev/null & end tmp
		[ $(stat -c %s /tmp/fill) -lt 300000000 ] || echo "/tmp takes $(stat -c %s /tmp/fill)"
		rm -f /tmp/fill
		go; (enter; i=0; while [ $i -lt 6000 ]; do mkdir /sys/fs/cgroup/ktstr/a/x$i 2>/dev/null; i=$((i + 1)); done) & end groups
		go; end plain
	EOT
	exits 0 ktstr -q shell --kernel "$key" --clock virtual --topology 1,1,2,1 --seed 1 -i "$engine" -i hostile.sh --exec-timeout 5m \
		--exec 'sh /include-files/hostile.sh' || return
	cat >want <<-'EOT'
		crash: 0 "crashed" "stopped" "crashed"
		director: 1 ktstr-engine: the director was killed by signal 9, by a worker or for want of memory
		bomb: 0 "stopped" "stopped" "stopped"
		memory: 0 "stopped" "stopped" "stopped"
		tmp: 0 "stopped" "stopped" "stopped"
		groups: 0 "stopped" "stopped" "stopped"
		plain: 0 "stopped" "stopped" "stopped"
	EOT
	diff want out
}

run_tests the_same_twice under_a_scheduler hostile
