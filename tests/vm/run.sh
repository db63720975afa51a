#!/bin/sh
# Scenarios in guests: the same run twice, a changed limit, schedulers that misbehave, and what is not run at all.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

# Half a second of work for two CPUs.
scenario() {
	printf 'duration 400ms\nsettle 50ms\ncgroup left\ncgroup right\nwork left spin n=1\nwork right bursty:run=2ms,sleep=2ms n=2\nhold 50%%\nhold 50%%\n' >t.ktstr
	sed -i "\$ r /dev/stdin" t.ktstr
}

run() {
	ktstr run t.ktstr --kernel "$key" "$@"
}

# A seed that nothing kept has a run of: the store is shared with earlier runs of these tests.
new_seed() {
	echo $(($(date +%s) * 10))
}

# Where the runs of the last request are.
runs() {
	sed -n 's/.*"dir": "\([^"]*\)".*/\1/p' out
}

# shellcheck disable=SC2046 # the folder
twice() {
	scenario </dev/null && exits 0 run --seeds 2 --json --force && cp out first && cp "$(runs)/seed-1/run.json" one &&
		cp "$(runs)/seed-2/run.json" two && exits 0 run --seeds 2 --json --force && cmp out first && cmp one "$(runs)/seed-1/run.json" &&
		cmp two "$(runs)/seed-2/run.json" || return
	! cmp -s one two || fail 'another seed changed nothing'
	python3 -c 'import json, sys
r = json.load(open("one"))
w = r["workers"]
p = [x["phases"] for x in w]
sys.exit(r["outcome"] != "ran" or r["clock"] != "virtual" or len(w) != 3 or any(len(x) != 3 for x in p) or
	 any(y["iterations"] < 1 for x in p for y in x) or "host" in r)'
}

# An edited limit boots nothing, and decides.
limits() {
	scenario </dev/null && exits 0 run && has 'PASS t  ' out || return
	echo 'expect gap.max <= 4500us' | scenario && exits 2 run && has INCONCLUSIVE out && hasnt ' run t ' err || return
	echo 'expect iterations{left} >= 100000000' | scenario && exits 1 run && hasnt ' run t ' err && has ' judge t ' err &&
		has 'FAIL t  ' out && has 'iterations{left}' out && has 'again: ktstr run ' out && has 'error: t: fail' err || return
	exits 0 run --expect-line 'iterations{left} off' && hasnt ' run t ' err || return
	echo 'expect_fail iterations' | scenario && exits 1 run && hasnt ' run t ' err
}

# What the report says runs that seed again.
again() {
	echo 'expect iterations{left} >= 100000000' | scenario && exits 1 run --seeds 2 || return
	words=$(sed -n 's/^ *again: //p' out)
	exits 1 sh -c "$words" && has 'seed 1' out && hasnt ' run t ' err
}

compared() {
	echo 'expect iterations{left} >= 0.2 * iterations{left} of eevdf' | scenario &&
		exits 0 run --scheduler-bin "$sched" --json --sidecar-dir side && has '"scheduler": "scx_ktstr"' out && has '"other": "eevdf"' out &&
		has '"outcome":"ran"' "$(runs)/seed-1/run.json" && exits 0 ktstr test-stats --dir side && has '1/1 passed' out &&
		has '  ktstr_dispatch ' out && has '  total verified insns: ' out && has '  t (1n1l2c1t, default, ' out
}

# The other side of "of base" is made once.
based() {
	echo 'expect iterations{left} >= 0.2 * iterations{left} of base' | scenario && exits 2 run && has '--diff-bin' err &&
		exits 0 run --diff-bin "$sched" --json && has '"other": "base"' out &&
		exits 0 run --diff-bin "$sched" --expect-line 'iterations{left} >= 0.1 * iterations{left} of base' && hasnt ' run t ' err || return
	exits 0 run --diff-kernel "$key" --json && has '"other": "base"' out || return
	scenario </dev/null && exits 2 run --diff-kernel "$key" && has 'nothing that is expected compares with it' err
}

# Failures that are known: those that are named, until a day, and no others.
known() {
	echo 'expect iterations{left} >= 100000000' | scenario && echo 't * * * 9999-12-31 iterations{left}' >known &&
		exits 0 run --expect known && has 'FAIL t ' out && has 'expected: line 1, until 9999-12-31' out || return
	echo 't eevdf * * - gap.max' >known && exits 1 run --expect known && hasnt expected: out || return
	echo 't * * * 2020-01-01 iterations' >known && exits 1 run --expect known && has 'expected until 2020-01-01 (line 1)' out || return
	echo 't * * * - iterations{left}' >known && exits 1 run --expect known --expect-line 'iterations{right} >= 100000000' &&
		has 'not expected: iterations{right}' out || return
	exits 28 run --expect known --expect-line 'iterations{left} off' && has 'line 1 of the expected failures' err || return
	echo 't * * *' >known && exits 2 run --expect known && has 'line 1' err && exits 10 run --expect nowhere
}

# By a real clock what passed is kept, and nothing else: figures say nothing without KVM, findings do.
by_a_real_clock() {
	seed=$(new_seed)
	printf 'clock real\nexpect gap.max off\nexpect reaped off\n' | scenario && exits 0 run --seed "$seed" && has 'PASS t ' out &&
		exits 0 run --seed "$seed" --json && hasnt ' run t ' err &&
		grep -qE '"host":\{"accel":"(tcg|kvm)","stolen_ns":[0-9]+' "$(runs)/seed-$seed/run.json" || return
	exits 2 run --seed "$seed" --expect-line 'iterations{left} >= 1' && hasnt ' run t ' err && has 'real time without KVM' out &&
		exits 2 run --seed "$seed" --expect-line 'iterations{left} >= 1' && has ' run t ' err
}

# Made once more, a run is the same; one that was tampered with is not.
audited() {
	seed=$(new_seed)
	scenario </dev/null && exits 0 run --audit 100 --seeds "$seed..$((seed + 1))" --json && has 'audit: 2 runs once more, equal to the byte' err || return
	file=$(runs)/seed-$seed/run.json
	sed 's/"iterations":\([0-9]*\)[0-8]\([,}]\)/"iterations":\19\2/' "$file" >changed && ! cmp -s changed "$file" || fail 'nothing to change' || return
	touch -r "$file" changed && mv -f changed "$file" && exits 32 run --audit 100 --seeds "$seed..$((seed + 1))" &&
		has "audit: t seed $seed: made once more, it differs: mark \"" err && has 'iterations: ' err && has '1 of 2 runs' err &&
		exits 2 run --audit 100 --clock real
}

# The kernel throws it out; it ends by itself; it is refused; it is none.
misbehaving() {
	scenario </dev/null && exits 1 run --scheduler-bin "$sched" --json -- --fail-verify &&
		has '"outcome":"refused"' "$(runs)/seed-1/run.json" && has 'refused the scheduler' out || return
	printf 'hold 10s\n' | scenario && exits 1 run --scheduler-bin "$sched" --json -- --stall-after 1 &&
		has '"outcome":"stalled"' "$(runs)/seed-1/run.json" && has 'runnable task stall' "$(runs)/seed-1/sched.log" || return
	# Its own 5 s do not pass in so short a run.
	printf 'watchdog 1s\nhold 4s\n' | scenario && exits 1 run --scheduler-bin "$sched" --json -- --stall-after 1 &&
		has '"outcome":"stalled"' "$(runs)/seed-1/run.json" && grep -q 'for 1\.[0-9]*s' "$(runs)/seed-1/sched.log" || fail 'not thrown out' || return
	exits 1 run --scheduler-bin /bin/true --json && has '"outcome":"refused"' "$(runs)/seed-1/run.json" || return
	printf '#include <fcntl.h>\n#include <unistd.h>\nint main(void)\n{\n\treturn write(open("/proc/sysrq-trigger", O_WRONLY), "c", 1) < 0;\n}\n' >crash.c &&
		gcc -O2 -static -o crash crash.c && exits 1 run --scheduler-bin ./crash --json &&
		has '"outcome":"panicked"' "$(runs)/seed-1/run.json" && has 'sysrq triggered crash' "$(runs)/seed-1/console.log" || return
	echo text >text && exits 11 run --scheduler-bin ./text && has 'error: ' err
}

# The kernel lets it be, but it lets tasks wait: the catalogue says so.
long_turns() {
	exits 1 ktstr run cpu_turns --kernel "$key" --duration 1 --scheduler-bin "$sched" -- --slow && has ' ms > 40 ms: worker ' out
}

# A topology, or a kernel, that lacks what is asked for is no failure; nothing runs on it.
skipped() {
	printf 'cgroup far cpuset=llc:1\n' | scenario && exits 0 run --audit 100 && has SKIP out && has 'llc' out && hasnt ' run t ' err &&
		exits 1 run --no-skip || return
	for need in 99.1.. CONFIG_NONE_SUCH=y scx_bpf_no_such; do
		echo "needs $need" | scenario && exits 0 run && has SKIP out && has "$need" out || return
	done
	exits 0 run --junit junit.xml --markdown && has '| skip | t | eevdf |' out && python3 -c 'import xml.etree.ElementTree as t
s = t.parse("junit.xml").getroot()
assert s.get("tests") == "1" and s.find("testcase/skipped").get("message"), s.attrib' || return
	exits 1 run --junit no/such/folder && has SKIP out && has 'error: --junit' err || return
	printf 'needs 6.12..\nneeds CONFIG_SMP=y\nneeds scx_bpf_dsq_insert\n' | scenario && exits 0 run && has PASS out
}

# A guest that dies each time it is tried is told with its seed; the other seeds are judged, and only that one runs again.
broken() {
	first=$(new_seed) seed=$((first + 1)) last=$((first + 2))
	printf 'hold 3s\n' | scenario || return
	kill_guests &
	killer=$!
	ktstr run t.ktstr --kernel "$key" --seeds "$first..$last" --json >out 2>err
	code=$?
	kill $killer
	same 6 "$code" 'exit code' && has 'it runs again' err && has 'error: run t on ' err && has " seed $seed: the scenario: QEMU died" err || return
	python3 - out <<-'END' || return
		import json, sys
		t = json.load(open(sys.argv[1]))["tests"][0]
		s = t["seeds"]
		assert t["verdict"] == "broken" and [x["verdict"] for x in s] == ["pass", "broken", "pass"], s
		assert "QEMU died" in s[1]["words"] and "--seed %d" % s[1]["seed"] in t["again"], t
		assert all(f["seeds"] == 2 for f in t["figures"]), t["figures"]
	END
	exits 0 run --seeds "$first..$last" && has " seed $seed" err && hasnt " seed $first" err && hasnt " seed $last" err
}

# The step that runs that seed.
step() {
	leftovers | sed -n "s/^\([0-9]*\) .*ktstr-step run .* --seed $seed .*/\1/p"
}

# Once it has worked for a while: one that dies at once is the snapshot's fault.
kill_guests() {
	while :; do
		for p in $(step); do
			for q in $(pgrep -P "$p" qemu-system); do
				[ "$(awk '{ print $14 }' "/proc/$q/stat" 2>/dev/null || echo 0)" -lt 50 ] || kill -9 "$q"
			done
		done
		sleep 0.05
	done
}

# A step that is killed is tried once more as well.
killed() {
	seed=$(new_seed)
	printf 'hold 2s\n' | scenario || return
	ktstr run t.ktstr --kernel "$key" --seeds "$seed..$((seed + 1))" --json >out 2>err &
	pid=$!
	within 60 kill_step && wait $pid
	same 0 $? 'exit code' && has 'failed  run t ' err && has 'done again' err && hasnt '"verdict": "broken"' out
}

kill_step() {
	p=$(step) && [ -n "$p" ] && pgrep -P "$p" qemu-system >/dev/null && kill -9 "$p"
}

# Lines attach, detach and exchange the scheduler, take a CPU offline, set a variable: twice the same. Under the kernel's own scheduler
# they do nothing.
exchanged() {
	printf 'duration 200ms\nsettle 20ms\ncgroup a\nwork a spin n=1\npsi a\ncpu offline cpu:1\nhold 20ms\nscheduler attach\nhold 50%%\nvar degrade_rt = 0\ncpu online cpu:1\nscheduler detach\nfreezer 20ms\nhold 50%%\nscheduler attach\nscheduler replace llc\nhold 50%%\nexpect attach.max <= 5s\n' >t.ktstr
	exits 0 run --scheduler-bin "$sched" --profiles default,llc --json || return
	# shellcheck disable=SC2046 # folders, one for each profile
	set -- $(runs)
	[ $# = 2 ] && cp "$1/seed-1/run.json" one && exits 0 run --scheduler-bin "$sched" --profiles default,llc --json --force &&
		cmp one "$1/seed-1/run.json" || return
	python3 -c 'import json
r = json.load(open("one"))
assert r["outcome"] == "ran" and "refused" not in r, r["outcome"]
a = r["asked"]
assert [x["what"] for x in a] == ["attach", "detach", "attach", "replace"] and not any("failed" in x for x in a), a
assert a[0]["took_ns"] > 1000000 and a[3]["profile"] == "llc", a
events = ["events" in m for m in r["marks"]]
assert events == [False, False, False, True, False, True], events' || return
	exits 0 run && has 'PASS t  ' out || return
	# What it is replaced by need be no part of the request: the scheduler knows its flags, and so does --flags-file, without a guest.
	printf '[{"name":"llc","args":["--llc-aware"],"requires":[]}]' >flags.json
	exits 0 run --scheduler-bin "$sched" --json && has '"profile":"llc"' "$(runs | tail -n 1)/seed-1/run.json" || return
	sed -i 's/replace llc/replace nosuch/' t.ktstr && exits 2 run --scheduler-bin "$sched" --flags-file flags.json && has 'scheduler replace nosuch: ' err &&
		has 'no flag "nosuch"' err && sed -i 's/replace nosuch/replace llc/' t.ktstr || return
	echo 'var nothing_there = 1' >>t.ktstr && exits 2 run --scheduler-bin "$sched" --profiles default,llc && has 'INCONCLUSIVE t ' out &&
		has '"var nothing_there": the scheduler has no global variable of that name' out || return
	sed -i 's/nothing_there/nr_cpus/' t.ktstr && exits 2 run --scheduler-bin "$sched" --profiles default,llc && has 'constant once it is loaded' out || return
	printf 'work - spin\nhold 50ms\nscheduler attach\nhold 50ms\n' >t.ktstr && exits 1 run --scheduler-bin "$sched" --json -- --fail-verify &&
		has '"outcome":"refused"' "$(runs)/seed-1/run.json" && has '"failed":"it did not attach"' "$(runs)/seed-1/run.json" || return
	printf '#include <unistd.h>\nint main(void)\n{\n\treturn pause();\n}\n' >pause.c && gcc -O2 -o pause pause.c &&
		exits 1 run --scheduler-bin ./pause --json && has '"outcome":"refused"' "$(runs)/seed-1/run.json" &&
		has 'not attached within the time' "$(runs)/seed-1/run.json"
}

# A program of this machine, with the library that it needs.
programs() {
	printf '#include <stdio.h>\n#include <zlib.h>\nint main(void)\n{\n\tprintf("qps 41\\nzlib %%d\\n", zlibVersion()[0]);\n\treturn 0;\n}\n' >p.c && gcc -O2 -o p p.c -lz || return
	printf 'duration 100ms\nsettle 20ms\ncgroup a\nwork a spin n=1\nprogram a ./p n=2\nhold 100%%\nexpect program.qps == 82\n' >t.ktstr
	exits 0 run --json && has '"ended":"exited 0"' "$(runs)/seed-1/run.json" && exits 1 run --expect-line 'program.qps > 82' && has 'program.qps 82 <= 82' out || return
	sed -i 's,\./p,./nothing,' t.ktstr && exits 10 run && has 'program "./nothing" is not there' err
}

stopped() {
	printf 'hold 3000s\n' | scenario || return
	ktstr run t.ktstr --kernel "$key" >out 2>err &
	pid=$!
	within 60 guest && kill -TERM $pid && wait $pid
	same 130 $? 'exit code' && same '' "$(leftovers)" processes
}

guest() {
	leftovers | grep -q qemu-system
}

run_tests twice limits again compared based known audited by_a_real_clock misbehaving exchanged programs skipped broken killed stopped
