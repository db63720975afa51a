#!/bin/sh
# topo and cleanup: what this machine has, and what runs on it may leave behind.
. "$(dirname "$0")/../lib.sh"

topology() {
	exits 0 ktstr topo && grep -qxE 'CPUs: +[0-9]+' out && grep -qxE 'NUMA nodes: +[0-9]+' out &&
		grep -qxE '  LLC 0 \(node [0-9]+\): \[[0-9, ]+\]' out || return
	same "$(sed -n 's/^LLCs: *//p' out)" "$(grep -c '^  LLC ' out)" 'LLC lines'
	same "$(sed -n 's/^CPUs: *//p' out)" "$(grep '^  LLC ' out | sed 's/.*\[//' | tr ',' '\n' | grep -c .)" 'CPUs in them'
	exits 0 ktstr topo --json && python3 -c 'import json, sys
t = json.load(sys.stdin)
sys.exit(t["cpus"] != sum(len(l["cpus"]) for l in t["llcs"]) or t["nodes"] < 1)' <out
}

# The hierarchy of v2, when we may change it.
mount_point() {
	top=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	[ -n "$top" ] && mkdir "$top/ktstr-try-$$" 2>/dev/null && rmdir "$top/ktstr-try-$$"
}

if mount_point; then changeable=1; else changeable=; fi

nowhere() {
	[ -n "$changeable" ] || return 0
	exits 0 ktstr cleanup --parent-cgroup "$top/ktstr-none-$$" && has "cleaned up $top/ktstr-none-$$" out
}

# A tree with a process in it: the process goes on, the groups below go.
tree() {
	[ -n "$changeable" ] || return 0
	group=$top/ktstr-test-$$
	mkdir -p "$group/a/b/c" "$group/d" || return
	sleep 300 &
	pid=$!
	echo $pid >"$group/a/b/c/cgroup.procs" || return
	exits 0 ktstr cleanup --parent-cgroup "$group" && has "cleaned up $group" out && kill -0 $pid
	ended=$?
	kill $pid
	[ $ended = 0 ] && [ -d "$group" ] && [ ! -e "$group/a" ] && [ ! -e "$group/d" ] && rmdir "$group"
}

# Of a run that is no more, and of one that is.
leftover_groups() {
	[ -n "$changeable" ] || return 0
	true &
	gone=$!
	wait $gone
	mkdir -p "$top/ktstr-$gone/cell" "$top/ktstr-$$/cell" "$top/ktstr-x" "$top/ktstr/$gone/cell" "$top/ktstr/$$/cell" || return
	exits 0 ktstr cleanup && [ ! -e "$top/ktstr-$gone" ] && [ -d "$top/ktstr-$$/cell" ] && [ -d "$top/ktstr-x" ] &&
		[ ! -e "$top/ktstr/$gone" ] && [ -d "$top/ktstr/$$/cell" ]
	ended=$?
	rmdir "$top/ktstr-$$/cell" "$top/ktstr-$$" "$top/ktstr-x" "$top/ktstr/$$/cell" "$top/ktstr/$$"
	return $ended
}

refused() {
	mkdir folder && exits 2 ktstr cleanup --parent-cgroup folder && has 'no control group of version 2' err || return
	[ -n "$changeable" ] || return 0
	for root in "$top" "$top/." "$top/ktstr-no/.."; do
		case $root in */..) mkdir "$top/ktstr-no" || return ;; esac
		exits 2 ktstr cleanup --parent-cgroup "$root" && has 'the root of all control groups' err || return
	done
	rmdir "$top/ktstr-no"
}

run_tests topology nowhere tree leftover_groups refused
