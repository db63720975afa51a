#!/bin/sh
# virtual.sh: what virtual time costs: seconds of the host's CPUs for a second of the guest, by its CPUs, shift and load; a guest
# continued; a scheduler attached. CPU time is that of the whole command, QEMU with it: little of it depends on what else runs.
#
# TOPOLOGIES, SHIFTS, LOADS (of tests/guest-times.c), SCHEDULERS (paths): other rows and columns. RUNS: of each, of which the least
# counts (3).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
O=${O:-$root/out}
PATH=$O:$PATH
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$O/test-cache}
export XDG_CACHE_HOME
kernel=${KERNEL:-$(sh "$root/tests/test-kernel.sh")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$work/guest-times" "$root/tests/guest-times.c"

# cost COMMAND…: its CPU seconds, its wall clock's seconds, and the last number of its output; the least of the runs.
cost() {
	python3 - "${RUNS:-3}" "$@" <<-'END'
		import re, resource, subprocess, sys, time
		best = None
		for run in range(int(sys.argv[1])):
		    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
		    out = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
		    took, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
		    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
		    best = min(best or (cpu, took), (cpu, took))
		print(*best, (re.findall(rb"[0-9.]+", out) or [b"0"])[-1].decode())
	END
}

# guest CLOCK OPTION…
guest() {
	clock=$1
	shift
	cost ktstr -q shell --kernel "$kernel" --clock "$clock" -i "$work/guest-times" "$@"
}

# A long run less a short one: what comes before and after falls out.
second() { # LOAD OPTION…
	load=$1
	shift
	{ guest virtual "$@" --exec "guest-times 100 $load" && guest virtual "$@" --exec "guest-times 1600 $load"; } |
		awk 'NR == 1 { cpu = $1; ns = $3 } NR == 2 { printf "%7.2f", ($1 - cpu) / ($3 - ns) * 1e9 }'
}

loads=${LOADS:-idle spin sleep pipe}
printf 'host CPU seconds for a second of the guest, by load\n%-12s %5s' topology shift
# shellcheck disable=SC2086 # words
printf '%7s' $loads
for topology in ${TOPOLOGIES-1,1,1,1 1,1,4,1 1,1,16,1 1,2,4,1}; do
	for shift in ${SHIFTS-0 1 3}; do
		ktstr -q shell --kernel "$kernel" --clock virtual --topology "$topology" --shift "$shift" --exec true </dev/null
		printf '\n%-12s %5s' "$topology" "$shift"
		for load in $loads; do
			second "$load" --topology "$topology" --shift "$shift"
		done
	done
done

printf '\n\na guest continued, a command that does nothing, the end: ms, CPU and wall clock\n%-12s %15s %15s\n' topology virtual real
for topology in ${TOPOLOGIES-1,1,1,1 1,1,4,1 1,1,16,1 1,2,4,1}; do
	for clock in virtual real; do
		ktstr -q shell --kernel "$kernel" --clock $clock --topology "$topology" --exec true </dev/null
		guest $clock --topology "$topology" --exec true
	done | awk -v t="$topology" '{ c[NR] = $1 * 1000; w[NR] = $2 * 1000 }
		END { printf "%-12s %7.0f %7.0f %7.0f %7.0f\n", t, c[1], w[1], c[2], w[2] }'
done

printf '\na guest of 4 CPUs with its scheduler attached: host seconds (CPU, wall clock) and guest seconds above one without, brought in, and kept\n'
for scheduler in ${SCHEDULERS-$O/sched/scx_ktstr}; do
	with() {
		guest virtual --topology 1,1,4,1 "$@" --exec 'cut -d" " -f1 /proc/uptime'
	}

	with >"$work/bare"
	(export KTSTR_ATTACHED_MB=0 && with --scheduler-bin "$scheduler") >"$work/brought"
	# What is measured is what goes on from it: it is made before.
	ktstr -q shell --kernel "$kernel" --clock virtual --topology 1,1,4,1 --scheduler-bin "$scheduler" --exec true </dev/null
	with --scheduler-bin "$scheduler" >"$work/kept"
	cat "$work/bare" "$work/brought" "$work/kept" | awk -v s="${scheduler##*/}" 'NR == 1 { c = $1; w = $2; g = $3 }
		NR > 1 { line = line sprintf(" %7.2f %7.2f %7.2f", $1 - c, $2 - w, $3 - g) }
		END { printf "%-14s%s\n", s, line }'
done
