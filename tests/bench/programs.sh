#!/bin/sh
# programs.sh: what test programs cost: listing many tests, and one test whose result is kept. Seconds of the wall clock and of CPU time,
# and peak memory in MiB; medians of RUNS runs. Where the machine has other work, run it with `chrt --rr 1`.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
O=${O:-$root/out}
PATH=$O:$PATH
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$O/test-cache}
KTSTR_KERNEL=${KERNEL:-$(sh "$root/tests/test-kernel.sh")}
export XDG_CACHE_HOME KTSTR_KERNEL
runs=${RUNS:-11}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program NAME: of the tests on stdin
program() {
	{ echo '#include <ktstr.h>' && cat && echo KTSTR_MAIN; } >"$work/$1.c"
	"${CC:-cc}" -w -O0 -I"$root/runtime/test" "$work/$1.c" -o "$work/$1" "$O/libktstr.a" -lm
}

# cost LABEL COMMAND…
cost() {
	printf '%-64s %s\n' "$1" "$(shift && "$O/tests/bench/rusage" "$runs" "$@")"
}

awk 'BEGIN {
	print "KTSTR_SCHEDULER(s, .binary = \"s\", .topology = \"1,2,4,1\");"
	for (i = 0; i < 10000; i++)
		printf "KTSTR_SCENARIO(t%d, .scheduler = &s, .max_cpus = 1, .expect = \"gap.max <= %dms\",\n\t.scenario = \"cgroup a cpuset=part:0/2\\nwork a spin n=%d\\nhold %dms\");\n", i, i + 100, i % 7 + 1, i + 1
}' | program different
awk 'BEGIN {
	print "KTSTR_SCHEDULER(s, .binary = \"s\", .flags = KTSTR_FLAGS({ \"a\" }, { \"b\" }, { \"c\" }));"
	for (i = 0; i < 90; i++)
		printf "KTSTR_SCENARIO(t%d, .scheduler = &s, .scenario = \"cgroup a cpuset=part:0/2\\nwork a spin n=100%%\\nhold %dms\");\n", i, i + 1
}' | program variants
program kept <<'END'
KTSTR_SCENARIO(kept, .duration_ms = 200, .scenario = "work - spin\nhold 100%");
END

printf '%-64s %9s %9s %9s\n' 'test programs' 'wall, s' 'CPU, s' 'peak, MiB'
cost '--list, 10,000 tests of different texts' "$work/different" --list --format terse
cost '--list, 90 tests, 10,890 names' "$work/variants" --list --format terse
"$work/kept" --exact kept -q >/dev/null
cost '--exact, the result is kept' "$work/kept" --exact kept -q
