#!/bin/sh
# Who runs the tests of a project in C shows what came of them: prove, meson, CTest. All tests have the scenario of tests/vm/run.sh, so that
# there is one run for all of them.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
KTSTR_KERNEL=$key
export KTSTR_KERNEL

make -s -C "$root" -o all O="$O" PREFIX="$base/prefix" install >"$base/install.log" 2>&1 || { cat "$base/install.log"; exit 1; }
PKG_CONFIG_PATH=$base/prefix/lib/pkgconfig
export PKG_CONFIG_PATH

# The project of docs/examples with tests of each kind.
project() {
	cp -R "$root/docs/examples/c/." "$root/docs/examples/cmake/CMakeLists.txt" . || return
	sed -i "s/'fair', 'weights'/'passes', 'fails', 'skipped', 'vague'/" meson.build && sed -i 's/fair weights/passes fails skipped vague/' CMakeLists.txt &&
		has "'vague'" meson.build && has 'skipped vague' CMakeLists.txt || return
	cat >tests.c <<-'END'
		#include <ktstr.h>
		#define LINES "cgroup left\ncgroup right\nwork left spin n=1\nwork right bursty:run=2ms,sleep=2ms n=2\nhold 50%\nhold 50%"
		#define SCENARIO(name, ...) KTSTR_SCENARIO(name, .duration_ms = 400, .settle_ms = 50, __VA_ARGS__)
		SCENARIO(passes, .scenario = LINES);
		SCENARIO(fails, .scenario = LINES, .expect = "iterations{left} >= 100000000");
		SCENARIO(skipped, .scenario = "cgroup a cpuset=llc:7\nwork a spin\nhold 1s");
		SCENARIO(vague, .scenario = LINES, .expect = "gap.max <= 4500us");
		KTSTR_MAIN
	END
}

by_prove() {
	project && exits 0 make tests && exits 1 prove -v -e '' ./tests || return
	for line in 'ok 1 - passes' 'not ok 2 - fails' 'ok 3 - skipped # SKIP ' 'not ok 4 - vague' 'Failed 2/4 subtests'; do has "$line" out || return; done
	has 'Failed tests:  2, 4' out && grep -q '^# .*iterations{left}.* 100000000' out && has 'again: ktstr run' out && has 'finer than this guest can tell' out
}

by_meson() {
	project && exits 0 meson setup build && grep -v '^WARNING: .*root' out >told && hasnt WARNING told && exits 0 meson compile -C build && hasnt warning: out || return
	exits 2 meson test -C build --print-errorlogs || return
	for word in 'passes *OK' 'fails *FAIL .*exit status 1' 'skipped *SKIP' 'vague *FAIL .*exit status 2' 'Ok: *1 *$' 'Fail: *2 *$' 'Skipped: *1 *$'; do
		grep -q "$word" out || fail "no $word" || { cat out; return 1; }
	done
	has 'again: ktstr run' out && grep -q '<skipped' build/meson-logs/testlog.junit.xml && grep -q '<failure' build/meson-logs/testlog.junit.xml
}

by_ctest() {
	project && exits 0 cmake -B build && exits 0 cmake --build build && exits 8 ctest --test-dir build --output-on-failure || return
	for word in 'passes \.* *Passed' 'fails \.*\*\*\*Failed' 'skipped \.*\*\*\*Skipped' 'vague \.*\*\*\*Failed' '2 tests failed out of 4' 'again: ktstr run'; do
		grep -q "$word" out || fail "no $word" || { cat out; return 1; }
	done
}

run_tests by_prove by_meson by_ctest
