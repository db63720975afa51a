#!/bin/sh
# bench.sh: the figures of docs/performance.md, printed by `make bench`. Ratios within one run mean something on any
# machine; absolute times are of this machine at this moment.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
O=${O:-$root/out}
PATH=$O:$PATH
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$O/test-cache}
export XDG_CACHE_HOME
RUNS=${RUNS:-10}
sched=$O/sched/scx_ktstr
kernels=${KERNELS:-$(sh "$root/tests/test-kernel.sh")}

echo "host: $(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), load $(cut -d' ' -f1 /proc/loadavg)"
qemu-system-x86_64 --version | head -n 1

median() {
	sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'
}

# field NAME: that number out of every JSON report on stdin
field() {
	sed -n "s/^ *\"$1\": \([0-9.]*\),*\$/\1/p"
}

report() { # LABEL OPTION…
	label=$1
	shift
	reports=$(mktemp)
	i=0
	while [ $i -lt "$RUNS" ]; do
		i=$((i + 1))
		ktstr -q verifier --scheduler-bin "$sched" --json --force "$@" >>"$reports"
	done
	printf '%-34s' "$label"
	for part in start push load read stop; do
		printf ' %9.1f' "$(field $part <"$reports" | median)"
	done
	field start <"$reports" >/dev/null
	awk '/"(start|push|read|stop)":/ { gsub(",", ""); s += $2 } /"stop":/ { printf "%.1f\n", s; s = 0 }' "$reports" |
		median | xargs printf ' %9.1f\n'
	rm -f "$reports"
}

printf '\nverifier cell, medians of %s runs, ms\n' "$RUNS"
printf '%-34s %9s %9s %9s %9s %9s %9s\n' '' start push load read stop 'not load'
for kernel in $kernels; do
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$kernel" >/dev/null
	report "restored $kernel" --kernel "$kernel"
	report "cold $kernel" --kernel "$kernel" --cold
done

# Of QEMU alone, from the snapshots that the cells above made; run it with `chrt --rr 1` where the machine has other work. The second line
# has the scenario of the verifier's tasks in place of these.
printf '\nthe same restored, parts: least and median of %s runs, ms\n' "$RUNS"
printf '%-34s %11s %11s %13s %11s   %11s %11s %13s %11s\n' '' 'start, CPU' 'push' 'load' 'work' 'elapsed' 'push' 'load' 'work'
parts=$(mktemp)
{ grep -v '^hold ' "$root/runtime/scenario/catalogue/probe.ktstr" && echo 'settle 0ms; hold 50ms'; } >"$parts.scenario"
for kernel in $kernels; do
	graph=$(ktstr -q verifier --scheduler-bin "$sched" --kernel "$kernel" --json | sed -n 's,^ *"dir": "\(.*\)/cells/.*",\1,p')
	for engine in '' "$O/ktstr-engine"; do
		"$O/tests/bench/cell" "$RUNS" "$(echo "$graph"/snapshots/*)" "$graph/payload/payload.pack" \
			${engine:+"$engine" "$parts.scenario"} >"$parts"
		printf '%-34s' "${engine:+as a scenario: }$kernel"
		for part in 1 2 3 4 5 6 7 8; do
			cut -d' ' -f$part "$parts" | sort -n |
				awk '{ v[NR] = $1 } END { printf " %5.0f, %5.0f", v[1], v[int((NR + 1) / 2)] }'
		done
		printf '\n'
	done
done
rm -f "$parts" "$parts.scenario"

# A scheduler with 100 MB behind its end, which costs their transfer and nothing else before it runs.
large=$(mktemp -d)
trap 'rm -rf "$large"' EXIT
cp "$sched" "$large/scx_large"
chmod u+w "$large/scx_large"
head -c 100M /dev/urandom >>"$large/scx_large"
first=$(echo "$kernels" | head -n 1)

# cpu COMMAND…: seconds in user mode
cpu() {
	perl -e 'system(@ARGV) == 0 or die; printf "%.2f\n", (times)[2]' "$@"
}

printf '\ncpu of packing 100 MB: %s s, again %s s\n' \
	"$(cpu ktstr-step payload --store "$large/store" --out "$large/out" --program "$large/scx_large")" \
	"$(cpu ktstr-step payload --store "$large/store" --out "$large/out" --program "$large/scx_large")"

printf '\nmachines, kernel %s: medians of %s runs (cold: 1), ms; push_large: 100 MB\n' "$first" "$RUNS"
printf '%-14s %-8s %9s %9s %9s %11s\n' topology machine boot restore push push_large

# lap NAME SCHEDULER RUNS OPTION…
lap() {
	name=$1 program=$2 runs=$3
	shift 3
	while [ "$runs" -gt 0 ]; do
		runs=$((runs - 1))
		ktstr -q verifier --scheduler-bin "$program" --kernel "$first" --json --force "$@"
	done | field "$name" | median
}

for topology in ${TOPOLOGIES-1,1,1,1 1,1,8,1 1,1,16,1 1,2,1,1 1,2,4,1 2,4,4,1}; do
	machine=q35
	case $topology in 1,1,*) machine=microvm ;; esac
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$first" --topology "$topology" >/dev/null
	printf '%-14s %-8s %9.0f %9.0f %9.0f %11.0f\n' "$topology" $machine \
		"$(lap start "$sched" 1 --topology "$topology" --cold)" "$(lap start "$sched" "$RUNS" --topology "$topology")" \
		"$(lap push "$sched" "$RUNS" --topology "$topology")" \
		"$(lap push "$large/scx_large" "$RUNS" --topology "$topology")"
done

printf '\nnothing changed: the whole command, ms\n'
for kernel in $kernels; do
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$kernel" >/dev/null
	for i in 1 2 3 4 5 6 7 8 9; do
		from=$(date +%s%N)
		ktstr -q verifier --scheduler-bin "$sched" --kernel "$kernel" >/dev/null
		echo $((($(date +%s%N) - from) / 10000))
	done | median | awk -v k="$kernel" '{ printf "%-34s %9.1f\n", k, $1 / 100 }'
done

printf '\na sweep planned, written and found up to date, by cells: CPU time, ms, and memory, MB\n'
sh "$root/tests/bench/plan.sh"

printf '\ncycle collapse of a log, CPU time, ms\n'
"$O/tests/bench/collapse"

printf '\ntest-stats, sidecars of some 1.5 KB: medians of %s runs\n' "$RUNS"
printf '%-10s %-8s %9s %9s %9s\n' '' '' 'wall, s' 'CPU, s' 'peak, MiB'
for n in 10000 100000; do
	python3 "$root/tests/sidecars.py" random 1 $n "$large/$n"
	printf '%-10s %-8s ' $n text
	"$O/tests/bench/rusage" "$RUNS" ktstr test-stats --dir "$large/$n"
	printf '%-10s %-8s ' $n --json
	"$O/tests/bench/rusage" "$RUNS" ktstr test-stats --dir "$large/$n" --json
done

printf '\nvirtual time\n'
KERNEL=$first sh "$root/tests/bench/virtual.sh"

printf '\nscenarios\n'
KERNEL=$first sh "$root/tests/bench/scenarios.sh"

printf '\n'
KERNEL=$first sh "$root/tests/bench/programs.sh"
