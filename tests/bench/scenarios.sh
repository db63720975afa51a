#!/bin/sh
# scenarios.sh: what scenarios cost: cells of two seconds of the guest with four CPUs, by what they do; cells a minute with and without a
# guest that is kept with its scheduler attached; a catalogue of which nothing changed. CPU time is that of the whole command, QEMU with it:
# little of it depends on what else runs, and a guest has one thread.
#
# TOPOLOGY, CELLS (a filter of the catalogue's names), SCHEDULERS (paths): others.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
O=${O:-$root/out}
PATH=$O:$PATH
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$O/test-cache}
export XDG_CACHE_HOME
kernel=${KERNEL:-$(sh "$root/tests/test-kernel.sh")}
topology=${TOPOLOGY:-tiny-2llc}
cells=${CELLS:-nested}
runs=${RUNS:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# cost RUNS COMMAND…: CPU seconds and the wall clock's, of the run with the least CPU time. Exit codes from 3 on are no verdicts.
cost() {
	python3 - "$@" <<-'END'
		import resource, subprocess, sys, time
		best = None
		for run in range(int(sys.argv[1])):
		    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
		    done = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
		    took, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
		    if done.returncode > 2:
		        sys.exit("%s: exit code %d" % (" ".join(sys.argv[2:]), done.returncode))
		    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
		    best = min(best or (cpu, took), (cpu, took))
		print("%8.2f %8.2f" % best)
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
printf 'two seconds of four CPUs, seconds of the host: CPU, wall clock\n'
for name in spinning asleep waking; do
	run 1 "$work/$name.ktstr" >"$work/first" # with the snapshot
	printf '%-12s %s\n' "$name" "$(run "$runs" --force "$work/$name.ktstr")"
done

# kept MB SCHEDULER: one after the other, so that this is what a core does.
kept() {
	KTSTR_ATTACHED_MB=$1 run 1 --force --filter "$cells" --topology "$topology" --scheduler-bin "$2"
}

n=$(ktstr -q list --filter "$cells" | grep -c "$cells")
printf '\n%d cells (%s) on %s, and cells a minute of CPU time: with the scheduler attached, and loaded for each\n' "$n" "$cells" "$topology"
for scheduler in ${SCHEDULERS-$O/sched/scx_ktstr}; do
	kept 4096 "$scheduler" >"$work/first"
	{ kept 4096 "$scheduler" && kept 0 "$scheduler"; } |
		awk -v n="$n" -v s="${scheduler##*/}" 'NR == 1 { c = $1 }
			END { printf "%-12s %8.2f s %6.1f %8.2f s %6.1f\n", s, c, 60 * n / c, $1, 60 * n / $1 }'
done

run 1 --filter '' --topology "$topology" >"$work/first"
printf '\nthe catalogue on %s, unchanged, seconds: CPU, wall clock\n%s\n' "$topology" "$(run "$runs" --filter '' --topology "$topology")"
