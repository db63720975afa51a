#!/bin/sh
# scenarios.sh: what scenarios cost: cells of two seconds of the guest with four CPUs, by what they do; cells a minute with and without a
# guest that is kept with its scheduler attached; cells of which nothing changed. CPU time is that of the whole command, QEMU with it. A
# guest has one thread; others who use the host's caches make it dearer. Of several runs the median is printed.
#
# TOPOLOGY, CELLS (names of the catalogue), SCHEDULERS (paths), RUNS: others.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
O=${O:-$root/out}
PATH=$O:$PATH
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$O/test-cache}
export XDG_CACHE_HOME
kernel=${KERNEL:-$(sh "$root/tests/test-kernel.sh")}
topology=${TOPOLOGY:-tiny-2llc}
runs=${RUNS:-3}
# Every eighth: the catalogue is in the order of what its scenarios are like.
cells=${CELLS:-$(ktstr -q list | awk 'NR % 8 == 3 { print $1 }')}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# cost RUNS COMMAND…: seconds of CPU and of the wall clock, the median of each, and how many cells there were that are not left out. Exit
# codes from 3 on are no verdicts.
cost() {
	python3 - "$@" <<-'END'
		import resource, statistics, subprocess, sys, time
		runs = []
		for run in range(int(sys.argv[1])):
		    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
		    done = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
		    took, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
		    if done.returncode > 2:
		        sys.exit("%s: exit code %d" % (" ".join(sys.argv[2:]), done.returncode))
		    runs.append((now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, took))
		ran = sum(line.startswith(("PASS ", "FAIL ")) for line in done.stdout.splitlines())
		print("%8.2f %8.2f %4d" % (*(statistics.median(column) for column in zip(*runs)), ran))
	END
}

run() { # RUNS OPTION…
	times=$1
	shift
	cost "$times" ktstr -q run --kernel "$kernel" -j1 "$@"
}

scenario() { # NAME LINE
	printf 'topology 1,1,4,1\n%s\nhold 100%%\n' "$2" >"$work/$1.ktstr"
}

scenario spinning 'work - spin n=100%'
scenario asleep 'work - prog:"sleep 20ms; run 50us" n=100%'
scenario waking 'work - pipe n=200%'
printf 'two seconds of four CPUs, seconds of the host: CPU, wall clock; cells\n'
for name in spinning asleep waking; do
	run 1 "$work/$name.ktstr" >"$work/first" # with the snapshot
	printf '%-12s %s\n' "$name" "$(run "$runs" --force "$work/$name.ktstr")"
done

# kept MB SCHEDULER: one after the other, so that this is what a core does.
kept() {
	# shellcheck disable=SC2086 # names
	KTSTR_ATTACHED_MB=$1 run 1 --force --topology "$topology" --scheduler-bin "$2" $cells
}

printf '\ncells on %s, and cells a minute of CPU time: with the scheduler attached, and loaded for each\n' "$topology"
for scheduler in ${SCHEDULERS-$O/sched/scx_ktstr}; do
	kept 4096 "$scheduler" >"$work/first"
	{ kept 4096 "$scheduler" && kept 0 "$scheduler"; } |
		awk -v s="${scheduler##*/}" '{ cpu[NR] = $1; n = $3 }
			END { printf "%-12s %3d %8.2f s %6.1f %8.2f s %6.1f\n", s, n, cpu[1], 60 * n / cpu[1], cpu[2], 60 * n / cpu[2] }'
done

# shellcheck disable=SC2086
unchanged() { # RUNS
	run "$1" --topology "$topology" $cells
}

unchanged 1 >"$work/first"
printf '\ncells of which nothing changed, seconds: CPU, wall clock; cells\n%s\n' "$(unchanged "$runs")"
