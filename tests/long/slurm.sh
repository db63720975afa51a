#!/bin/sh
# --launcher 'srun …' on a real Slurm of this one machine (tests/one-slurm.sh): a sweep of 40 cells is the one that runs here; jobs that are cancelled,
# nodes that are drained or go down in the middle. SHOW=1 prints how long each took.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
KTSTR_KERNEL=$key
export KTSTR_KERNEL
for program in srun slurmctld slurmd munged; do
	PATH=$PATH:/usr/sbin command -v $program >"$base/which" || { echo "Bail out! $program is missing: apt-get install slurmctld slurmd slurm-client munge" && exit 1; }
done
PATH=$PATH:/usr/sbin
SLURM_CONF=$base/slurm/slurm.conf
export SLURM_CONF
mkfifo "$base/slurm.in"
sh "$root/tests/one-slurm.sh" "$base/slurm" <"$base/slurm.in" >"$base/slurm.log" 2>&1 &
exec 8>"$base/slurm.in"
within 60 test -e "$base/slurm/ready" || { sed 's/^/# /' "$base/slurm.log" && echo 'Bail out! Slurm does not start' && exit 1; }
launcher='srun -n1 -c{cpus} --mem={mem_mb}M'

# program NAME FIRST LAST: a test for each of these numbers, each of a tenth of a second on one CPU; each text is a cell of its own
program() {
	{
		echo '#include <ktstr.h>'
		for i in $(seq "$2" "$3"); do
			printf 'KTSTR_SCENARIO(%s_%d, .topology = "1,1,1,1", .duration_ms = 100, .settle_ms = 20, .scenario = "work - spin:us=%d\\nhold 100%%");\n' "$1" "$i" $((100 + i))
		done
		echo KTSTR_MAIN
	} >"$1.c"
	gcc -I"$root/runtime/test" "$1.c" -o "$1" "$O/libktstr.a" -lm || fail "$1.c does not compile"
}

show() {
	[ -z "${SHOW-}" ] || echo "# $*" >&3
}

ran() { # HOW-MANY WHAT
	exits 0 ktstr runs last --json && same "$1" "$(python3 -c 'import json; print(json.load(open("out"))["ran"])')" "cells that ran: $2" &&
		show "$2: $1 cells ran, $(python3 -c 'import json; print(json.load(open("out"))["took_ms"])') ms"
}

# What a sweep's JSON says, without times and places of this store.
plain() {
	python3 -c 'import json, sys
def plain(x):
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items() if not k.endswith(("_ms", "_at", "_s")) and k not in ("store", "cached", "ran", "dir", "folder")}
    if isinstance(x, list):
        return [plain(v) for v in x]
    return x.replace(sys.argv[2], "STORE") if isinstance(x, str) else x
print(json.dumps(plain(json.load(open(sys.argv[1]))), indent=1, sort_keys=True))' "$1" "$2"
}

# Of the cells that this JSON tells of, those that passed.
passed() {
	python3 -c 'import json, sys; print(sum(t["verdict"] == "pass" for t in json.load(open(sys.argv[1]))["tests"]))' "$1"
}

jobs_of_slurm() {
	# A Slurm that does not answer is none without jobs.
	squeue -h -o '%T' >"$base/queue" || fail 'squeue does not answer' || return
	awk -v state="$1" '$0 ~ state { n++ } END { print n + 0 }' "$base/queue"
}

# The same 40 cells here and there, from the same beginning.
sweep() {
	program t 1 40 && own_store "$work/here" "$key" && own_store "$work/there" "$key" || return
	KTSTR_STORE=$work/here exits 0 ktstr matrix ./t --json-file here.json && KTSTR_STORE=$work/here ran 40 here || return
	KTSTR_STORE=$work/there exits 0 ktstr matrix ./t --json-file there.json --launcher "$launcher" --jobs 6 && KTSTR_STORE=$work/there ran 40 'by srun' || return
	plain here.json "$work/here" >here.txt && plain there.json "$work/there" >there.txt && diff here.txt there.txt >differences || fail "$(cat differences)" || return
	same 40 "$(passed there.json)" 'cells that passed' || return
	# By the same keys: a launcher is no part of them.
	same "$(cd here/objects && ls -d ./*/*)" "$(cd there/objects && ls -d ./*/*)" keys || return
	# Nothing is launched for what is known, and no launcher is asked for it.
	KTSTR_STORE=$work/there exits 0 ktstr matrix ./t && KTSTR_STORE=$work/there ran 0 'again, here' && same 0 "$(jobs_of_slurm .)" jobs
}

# start PROGRAM OPTION…: in the background, until two of its jobs run
start() {
	ktstr matrix "./$1" --launcher "$launcher" --jobs 4 --json-file first.json >first.out 2>first.err </dev/null &
	asked=$!
	within 300 two_run || fail 'no two jobs run'
}

two_run() {
	[ "$(jobs_of_slurm RUNNING)" -ge 2 ]
}

cancelled() {
	program c 1 8 && own_store "$work/store" "$key" && start c || return
	scancel "$(squeue -h -t RUNNING -o %i | head -n 1)"
	wait "$asked"
	same 34 $? 'exit code' && has 'was told to stop, by a cancelled job' first.err && same 7 "$(passed first.json)" 'cells that passed' || return
	within 20 no_jobs || fail 'jobs are left' || return
	exits 0 ktstr matrix ./c --launcher "$launcher" && ran 1 'behind a cancelled job'
}

no_jobs() {
	[ "$(jobs_of_slurm .)" = 0 ]
}

# What runs ends well, and what waits is told after a while.
drained() {
	program d 1 8 && own_store "$work/store" "$key" && export KTSTR_LAUNCHER_WAIT=60 && start d || return
	scontrol update nodename=one state=drain reason=test || return
	wait "$asked"
	same 5 $? 'exit code' && has 'did not begin the step in time (KTSTR_LAUNCHER_WAIT): srun: ' first.err && within 20 no_jobs || return
	scontrol update nodename=one state=resume || fail 'the node is not resumed' || return
	whole=$(passed first.json)
	[ "$whole" -ge 2 ] && [ "$whole" -lt 8 ] || fail "$whole cells passed" || return
	exits 0 ktstr matrix ./d --launcher "$launcher" && ran $((8 - whole)) 'behind a drained node'
}

# The node is gone, and what ran there with it.
down() {
	program n 1 4 && own_store "$work/store" "$key" && export KTSTR_LAUNCHER_WAIT=20 && start n || return
	scontrol update nodename=one state=down reason=test || return
	wait "$asked"
	code=$?
	[ $code = 34 ] || [ $code = 5 ] || fail "exit code $code" || return
	has 'was lost' first.err && same '' "$(leftovers)" processes || return
	# It may have come back by itself.
	scontrol update nodename=one state=resume 2>resumed
	within 60 idle || fail 'the node does not come back' || return
	exits 0 ktstr matrix ./n --launcher "$launcher" || return
	within 20 no_jobs || fail 'jobs are left'
}

idle() {
	[ "$(sinfo -h -o %T)" = idle ]
}

# Ctrl-C here ends what runs there.
interrupted() {
	program i 1 4 && own_store "$work/store" "$key" && start i || return
	kill -TERM "$asked"
	wait "$asked"
	same 130 $? 'exit code' && within 20 no_jobs || fail 'jobs are left' || return
	within 20 nobody || fail "$(leftovers)"
}

nobody() {
	[ -z "$(leftovers)" ]
}

exec 3>&1
# shellcheck disable=SC2086 # words
run_tests ${ONLY:-cancelled drained down interrupted sweep}
