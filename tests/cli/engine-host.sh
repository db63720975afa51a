#!/bin/sh
# ktstr-engine --host: scenarios in real time on this machine, and that nothing is left of them.
. "$(dirname "$0")/../lib.sh"
engine=$O/ktstr-engine
[ "$(id -u)" = 0 ] || { echo '1..0 # SKIP cgroups need root'; exit 0; }
mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -z "$mount" ] || { mkdir "$mount/ktstr-$$" && rmdir "$mount/ktstr-$$"; } 2>/dev/null ||
	{ echo "1..0 # SKIP $mount may not be written to"; exit 0; }
[ -n "$mount" ] || may_mount || { echo '1..0 # SKIP no cgroup2, and no right to mount one'; exit 0; }

host() {
	exits 0 timeout 60 "$engine" --host --seed 5 --topology 1,1,2,1 t.ktstr
}

# No cgroup of ours, and none of the processes that $workers names.
nothing_left() {
	[ -z "$mount" ] || [ ! -d "$mount/ktstr/${1:-$$.none}" ] || fail "$(find "$mount/ktstr/$1") is left" || return
	for pid in $workers; do
		[ ! -d "/proc/$pid" ] || grep -q '^State:.*Z' "/proc/$pid/status" || fail "process $pid is left" || return
	done
}

# What holds of every run. Names in $1 are to have run in each phase.
plausible() {
	python3 - "$@" <<'EOT'
import json, sys
run = json.load(open("out"))
assert run["format"] == 1 and run["seed"] == 5 and run["cpus"] == 2
ns = [m["ns"] for m in run["marks"]]
assert ns == sorted(ns) and run["marks"][-1]["name"] == "end", run["marks"]
for w in run["workers"]:
    for p in w["phases"]:
        if p is None:
            continue
        assert p["gap_ns"] <= ns[-1] + 10**9 and p.get("cpu_ns", 0) <= p["wall_ns"] * 1.1 + 10**7, (w["id"], p)
        assert p["iterations"] or w["type"] not in sys.argv[1:], w
        for h in p.get("latency"), p.get("slack"):
            if not h:
                continue
            assert h["n"] == sum(n for _, n in h["steps"]) and h["min_ns"] <= h["sum_ns"] / h["n"] <= h["max_ns"], h
            assert [s for s, _ in h["steps"]] == sorted(set(s for s, _ in h["steps"]))
for g in run["cgroups"]:
    assert len(g["cpu_stat"]) == len(ns), g
    used = [s["usage_usec"] for s in g["cpu_stat"] if s]
    assert used == sorted(used), g
EOT
}

figures() {
	cat >t.ktstr <<-'EOT'
		test figures
		cgroup a
		cgroup b
		work a spin n=2
		work a futex n=2
		work b pipe n=2
		work b bursty:run=1ms,sleep=1ms n=1
		work - yield n=1 policy=batch
		work b timer uid=65534 n=1
		hold 200ms
		mark here
		freeze b
		hold 100ms
		thaw b
		move a b n=1
		hold 200ms
		stop a
		hold 100ms
	EOT
	host && same '' "$(cat err)" stderr && plausible || return
	python3 - <<-'EOT' || return
		import json
		run = json.load(open("out"))
		assert [m["name"] for m in run["marks"]] == ["settle", "phase 1", "phase 2", "here", "phase 3", "phase 4", "end"]
		assert [l["line"] for l in run["lines"]] == [12, 14, 15, 17]
		w = run["workers"]
		assert [x["type"] for x in w] == ["spin"] * 2 + ["futex"] * 2 + ["pipe"] * 2 + ["bursty", "yield", "timer"]
		assert [x["ended"] for x in w] == ["stopped"] * 9 and [x["id"] for x in w] == list(range(9))
		for x in w:
		    # Who was frozen all through a phase was not there. A stopped worker has no phase afterwards.
		    assert (x["phases"][2] is None) == (x["group"] == "b"), x
		    assert x["phases"][1]["iterations"] > 0, x
		assert len(w[0]["phases"]) == 5 and len(w[1]["phases"]) == 4
		futex = w[2]["phases"][1]["latency"]["n"]
		assert abs(futex - w[2]["phases"][1]["iterations"]) <= 2 + futex / 2
		assert "latency" not in w[0]["phases"][1] and "slack" in w[8]["phases"][1]
		# The kernel's two ways to count: the workers of b are all that is in b.
		used = [s["usage_usec"] for s in run["cgroups"][1]["cpu_stat"]]
		cpu = sum(x["phases"][1]["cpu_ns"] for x in w if x["group"] == "b") / 1000
		assert abs(used[2] - used[1] - cpu) <= 0.1 * cpu + 20000, (used, cpu)
	EOT
	workers=$(grep -o '"pid":[0-9]*' out | cut -d: -f2)
	nothing_left
}

# Programs run in their cgroups and as programs do; what they print is theirs.
programs() {
	printf '#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\nint main(int n, char **v)\n{\n\tprintf("qps %%s\\nnoise\\nargs %%d\\n", v[1], n);\n\tfflush(stdout);\n\tif (strcmp(v[1], "3") == 0)\n\t\treturn 5;\n\tfor (;;)\n\t\tif (strcmp(v[1], "9") == 0)\n\t\t\tputs("much");\n\t\telse\n\t\t\tpause();\n}\n' >p.c &&
		gcc -O2 -o p p.c || return
	printf 'test programs\ncgroup a\nwork - spin n=1\nprogram a ./p 3 "x y" n=2\nprogram - ./p 4\nprogram a ./p 9\nhold 300ms\nstop a\nhold 50ms\n' >t.ktstr
	exits 0 timeout 60 "$engine" --host --seed 5 --topology 1,1,2,1 --program "$PWD/p" t.ktstr || return
	python3 - <<-'EOT' || return
		import json
		p = json.load(open("out"))["programs"]
		assert [x["ended"] for x in p] == ["exited 5", "exited 5", "stopped", "stopped"], p
		assert [x["group"] for x in p] == ["a", "a", "-", "a"], p
		assert p[0]["values"] == {"qps": 3, "args": 3} and p[2]["values"] == {"qps": 4, "args": 2}, p
	EOT
	workers=$(python3 -c 'import json; print(*[p["pid"] for p in json.load(open("out"))["programs"]])') && nothing_left || return
	exits 2 timeout 60 "$engine" --host --seed 5 --topology 1,1,2,1 t.ktstr && has 'nobody brought the program ./p' err &&
		exits 2 timeout 60 "$engine" --host --seed 5 --topology 1,1,2,1 --program /dev/null t.ktstr && has 'run /dev/null: ' err
}

# Workers of one process: each has figures, a mask and a policy of its own; they move as the kernel lets threads move, and end together.
threads() {
	cat >t.ktstr <<-'EOT'
		test threads
		cgroup a
		cgroup a/x threaded
		cgroup a/y threaded
		cgroup b
		work a/x spin n=2 threads
		work b pi n=3 threads affinity=one
		work b signal n=2 threads uid=65534 nice=3
		work - fork n=2 threads comm=maker
		hold 200ms
		move a/x a/y n=1
		hold 100ms
		move a/y a/x
		move a/x b
		nice b 2
		policy b batch
		hold 200ms
		move b -
		hold 100ms
		stop -
		hold 50ms
	EOT
	"$engine" --host --seed 5 --topology 1,1,2,1 t.ktstr >out 2>err </dev/null &
	engine_pid=$!
	within 60 nine || fail 'no threads' || return
	same "$first" "$(awk '/^Tgid:/ { print $2 }' "/proc/$second/status")" 'its process' && same spin "$(cat "/proc/$second/comm")" 'its name' || return
	wait $engine_pid || fail "$(cat err)" || return
	same '' "$(cat err)" stderr && plausible spin pi signal fork && python3 - <<-'EOT' || return
		import json
		run = json.load(open("out"))
		w = run["workers"]
		assert "refused" not in run and [x["ended"] for x in w] == ["stopped"] * 9 and all("error" not in x for x in w), w
		assert len({x["tid"] for x in w}) == 9 and [sum(x["pid"] == y["pid"] for y in w) for x in w] == [2, 2, 3, 3, 3, 2, 2, 2, 2], w
		assert {w[i]["allowed"] for i in (2, 3, 4)} == {"0", "1"}, w
		# The kernel's two ways to count: the workers of b are all that is in b.
		used = [s["usage_usec"] for s in run["cgroups"][3]["cpu_stat"]]
		cpu = sum(x["phases"][1]["cpu_ns"] for x in w if x["group"] == "b") / 1000
		assert abs(used[2] - used[1] - cpu) <= 0.1 * cpu + 20000, (used, cpu)
	EOT
	workers=$(grep -o '"tid":[0-9]*' out | cut -d: -f2) && nothing_left
}

# $first and $second of those that spin.
nine() {
	director=$(children "$engine_pid") && [ -n "$director" ] || return
	# shellcheck disable=SC2046 # words
	set -- $(children "$director")
	[ $# = 4 ] || return
	first=$1
	# shellcheck disable=SC2046
	set -- $(ls "/proc/$1/task")
	[ $# = 2 ] && second=$2 && [ "$(cat "/proc/$2/comm")" = spin ]
}

# A thread that cannot go on ends alone, be it the first of its process; what kills one kills all.
threads_end() {
	printf 'test t\ncgroup a\nwork a prog:"run 100us; write 4 | run 100us; sleep 1ms" n=4 threads\nhold 100ms\nhold 100ms\n' >t.ktstr
	exits 0 timeout 60 "$engine" --host --seed 5 --shared /nowhere --topology 1,1,2,1 t.ktstr && python3 - <<-'EOT' || return
		import json
		w = json.load(open("out"))["workers"]
		assert [x["ended"] for x in w] == ["exited", "stopped"] * 2 and "a file to write to" in w[0]["error"], w
		assert [len(x["phases"]) for x in w] == [1, 3, 1, 3] and all(x["reaped_ns"] < 2e9 for x in w), w
	EOT
	printf 'test t\ncgroup a\nwork a spin n=3 threads\nwork - spin n=1\nhold 2s\n' >t.ktstr
	"$engine" --host --seed 5 --topology 1,1,2,1 t.ktstr >out 2>err </dev/null &
	engine_pid=$!
	within 60 two && kill -SEGV "$first" || fail 'no workers' || return
	wait $engine_pid || fail "exit code $?" || return
	same '"crashed" "crashed" "crashed" "stopped"' "$(grep -o '"ended":"[a-z ]*"' out | cut -d: -f2 | tr '\n' ' ' | sed 's/ $//')" &&
		workers=$(grep -o '"pid":[0-9]*' out | cut -d: -f2) && nothing_left
}

two() {
	director=$(children "$engine_pid") && [ -n "$director" ] || return
	# shellcheck disable=SC2046 # words
	set -- $(children "$director")
	[ $# = 2 ] || return
	first=$1
	[ "$(cat /proc/"$1"/task/*/comm /proc/"$2"/comm | grep -c '^spin')" = 4 ]
}

# Work functions of a test program, whichever way it is linked; and what is said of those that fail.
functions() {
	gcc -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -O2 -flto -ffunction-sections -Wl,--gc-sections -I"$root/runtime/test" "$root/tests/functions.c" -o f "$O/libktstr.a" -lm || return
	printf 'test functions\ncgroup a\ncgroup b\nwork a fn:counts n=2\nwork a fn:steady n=1 comm=quiet policy=batch\nwork b fn:crashes n=1\nwork - fn:ends n=1\nwork b fn:gives_up n=1\nwork b fn:forks n=1\nwork b fn:scribbles n=1\nwork - fn:clings n=1\nwork b fn:nothing n=1\nwork - fn:rests n=1\nhold 300ms\nstop b\nhold 100ms\n' >t.ktstr
	exits 0 timeout 60 "$engine" --host --seed 5 --topology 1,1,2,1 --program "$PWD/f" t.ktstr || return
	python3 - <<-'EOT' || return
		import json
		w = json.load(open("out"))["workers"]
		assert [x["ended"] for x in w] == ["stopped"] * 3 + ["crashed", "exited 0", "exited 1", "stopped", "stopped", "stopped", "exited 1", "stopped"], w
		assert [x["type"] for x in w[:4]] == ["fn:counts"] * 2 + ["fn:steady", "fn:crashes"] and [x["comm"] for x in w[1:3]] == ["counts", "quiet"], w
		said = [x.get("error", "") for x in w]
		assert said[:3] == [""] * 3 and said[8] == "" and "signal 11" in said[3] and "ended itself" in said[4] and said[5] == '?" is 5', said
		assert "forked" in said[6] and "wrote over" in said[7] and "no work function" in said[9], said
		assert all(p["iterations"] for x in w[:3] for p in x["phases"]) and w[2]["phases"][1]["slack"]["n"], w[:3]
		assert all(p["work"] == p["iterations"] == p["gap_ns"] == 0 for p in w[7]["phases"] if p), w[7]
		assert not any(p["iterations"] for p in w[10]["phases"]), w[10]
	EOT
	workers=$(python3 -c 'import json; print(*[w["pid"] for w in json.load(open("out"))["workers"]])') && nothing_left || return
	exits 2 timeout 60 "$engine" --host --seed 5 --topology 1,1,2,1 t.ktstr && has 'nobody brought the program of fn:counts' err &&
		exits 127 ./f --ktstr-work steady && has 'in a guest' err && KTSTR_WORKER='1 3' exits 127 ./f --ktstr-work steady && has 'link it again' err &&
		KTSTR_WORKER=2 exits 127 ./f --ktstr-work steady && has 'not understood' err || return
	: >empty
	KTSTR_WORKER='2 3 0 1 0 1 1 1' exits 127 ./f --ktstr-work steady 3<>empty && has 'is not there' err
}

# What an instrumented program's workers ran, whatever they did to themselves; what they fork has variables of its own.
counted() {
	clang=$(command -v clang-16 || command -v clang) || return 0
	# Some have no profile runtime.
	echo 'int main(void) { return 0; }' >t.c && "$clang" -fprofile-instr-generate t.c -o t 2>/dev/null || return 0
	cat >t.c <<-'END'
		#include <ktstr.h>
		#include <stdlib.h>
		#include <sys/wait.h>
		#include <unistd.h>
		static volatile int mine = 5;
		KTSTR_WORK(apart)
		{
			pid_t pid = fork();
			if (pid == 0)
				_exit(mine = 7);
			waitpid(pid, NULL, 0);
			if (mine != 5)
				ktstr_worker_fail(w, "mine is %d", mine);
			ktstr_worker_run(w, 100);
		}
		KTSTR_WORK(ends)
		{
			(void)w;
			exit(0);
		}
		KTSTR_MAIN
	END
	printf 'test counted\nwork - fn:apart n=2\nwork - fn:ends n=1\nhold 100ms\n' >t.ktstr
	"$clang" -Wall -Wextra -Werror -I"$root/runtime/test" t.c -o plain "$O/libktstr.a" -lm && exits 0 timeout 60 "$engine" --host --seed 5 --topology 1,1,2,1 --program "$PWD/plain" t.ktstr &&
		hasnt coverage out && "$clang" -Wall -Wextra -Werror -fprofile-instr-generate -I"$root/runtime/test" t.c -o t "$O/libktstr.a" -lm &&
		exits 0 timeout 60 "$engine" --host --seed 5 --topology 1,1,2,1 --program "$PWD/t" t.ktstr || return
	python3 - <<-'EOT' || return
		import json
		run = json.load(open("out"))
		ran = run["coverage"]["ran"]
		assert [x.get("error", "") for x in run["workers"]] == ["", "", "it ended itself, with exit code 0"], run["workers"]
		assert len(ran) % 2 == 0 and ran[::2] == sorted(set(ran[::2])) and max(ran[::2]) < run["coverage"]["counters"]
		assert 1 in ran[1::2] and 3 in ran[1::2], ran # fn:ends; main
	EOT
	[ -z "$(find . -name '*.profraw')" ] || fail 'a worker wrote a profile'
}

# Workers that leave their cgroup by themselves are found when it is stopped, and what they made goes.
roaming() {
	printf 'test roaming\ncgroup a\nwork a spin n=1\nwork a churn:period=5ms,deep=3 n=2\nwork a migrate:period=5ms n=2 mem=local\nwork - churn:period=5ms n=1\nhold 300ms\nstop a\nhold 100ms\n' >t.ktstr
	host && same '' "$(cat err)" stderr && plausible churn migrate || return
	python3 - <<-'EOT' || return
		import json
		w = json.load(open("out"))["workers"]
		assert [x["ended"] for x in w] == ["stopped"] * 6 and all("error" not in x for x in w), w
		assert len(w[1]["phases"]) == 2 and len(w[3]["phases"]) == 2 and len(w[5]["phases"]) == 3, w
	EOT
	workers=$(grep -o '"pid":[0-9]*' out | cut -d: -f2)
	nothing_left
}

again_and_again() {
	cat >t.ktstr <<-'EOT'
		test again
		cgroup a
		work a spin n=1
		every 50ms {
		cgroup b
		work b mutex n=4
		hold 20ms
		remove b
		} for 150ms
	EOT
	host && plausible spin && grep -q '"id":8,"type":"mutex"' out || fail "no second group of workers" || return
	workers=$(grep -o '"pid":[0-9]*' out | cut -d: -f2)
	nothing_left
}

# start: $engine_pid, $director and $workers of a scenario that takes its time
start() {
	printf 'test t\ncgroup a\nwork a spin n=2\nwork - spin n=1\nhold 2s\n' >t.ktstr
	"$engine" --host --seed 5 --topology 1,1,2,1 t.ktstr >out 2>err </dev/null &
	engine_pid=$!
	within 60 three || fail 'no workers' || return
}

children() {
	sed 's/ $//' "/proc/$1/task/$1/children" 2>/dev/null
}

three() {
	director=$(children "$engine_pid") && [ -n "$director" ] && workers=$(children "$director") || return
	# shellcheck disable=SC2086 # words
	set -- $workers
	[ $# = 3 ] && [ "$(cat "/proc/$3/comm")" = spin ]
}

a_worker_dies() {
	start || return
	# shellcheck disable=SC2086 # words
	set -- $workers
	same 50000 "$(cat "/proc/$3/timerslack_ns")" 'slack of its timers' && kill -SEGV "$1" && kill -KILL "$3" || return
	wait $engine_pid || fail "exit code $?" || return
	same '"crashed" "stopped" "crashed"' "$(grep -o '"ended":"[a-z ]*"' out | cut -d: -f2 | tr '\n' ' ' | sed 's/ $//')" &&
		nothing_left "$engine_pid"
}

the_director_dies() {
	start && kill -KILL "$director" || return
	wait $engine_pid
	same 1 $? 'exit code' && has 'the director was killed by signal 9' err && same '' "$(cat out)" stdout && nothing_left "$engine_pid"
}

it_is_told_to_end() {
	start && kill $engine_pid || return
	wait $engine_pid
	same 1 $? 'exit code' && has 'ended by signal 15' err && nothing_left "$engine_pid"
}

# cgroup2 may have all controllers, or version 1 has them.
controllers() {
	printf 'test t\ncgroup a cpuset=cpu:0 weight=50\nwork a spin n=1\nhold 50ms\n' >t.ktstr
	"$engine" --host --seed 5 --topology 1,1,2,1 t.ktstr >out 2>err </dev/null
	case $? in
	0) has '"allowed":"0"' out ;;
	3) has 'version 1 has it' err ;;
	*) cat err; fail 'neither runs nor says why not' ;;
	esac
}

# Where none is mounted it makes one for itself.
mounts_its_own() {
	may_mount && [ -n "$mount" ] || return 0
	printf 'test t\ncgroup a\nwork a spin n=1\nhold 50ms\n' >t.ktstr
	# shellcheck disable=SC2016 # for the inner shell
	exits 0 own_mounts sh -c 'umount -l "$1" && exec "$2" --host --seed 5 --topology 1,1,2,1 t.ktstr' - "$mount" "$engine" && plausible spin
}

run_tests figures programs functions counted threads threads_end roaming again_and_again a_worker_dies the_director_dies it_is_told_to_end controllers mounts_its_own
