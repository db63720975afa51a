#!/bin/sh
# Coverage of what work functions of an instrumented program ran in a guest: of workers that were stopped, of one that crashed, and of runs that
# are kept. tests/long/coverage.sh has the same in Rust.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
clang=$(command -v clang-16 || command -v clang) || { echo '1..0 # SKIP no clang on this machine'; exit 0; }
suffix=${clang##*clang}
command -v "llvm-cov$suffix" "llvm-profdata$suffix" >/dev/null || { echo "1..0 # SKIP no llvm-cov$suffix and llvm-profdata$suffix on this machine"; exit 0; }
echo 'int main(void) { return 0; }' >"$base/t.c"
"$clang" -fprofile-instr-generate "$base/t.c" -o "$base/t" 2>/dev/null || { echo "1..0 # SKIP $clang has no profile runtime: install libclang-rt$suffix-dev"; exit 0; }
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
KTSTR_KERNEL=$key
export KTSTR_KERNEL
unset KTSTR KTSTR_TEST_KERNEL KTSTR_SEEDS KTSTR_CLOCK LLVM_PROFILE_FILE

program() {
	cat >t.c <<-'END'
		#include <ktstr.h>
		#include <signal.h>
		void in_body(void) {}
		void often(void) {}
		void never(void) {}
		void at_last(void) { raise(SIGSEGV); }
		KTSTR_WORK(twice)
		{
			uint64_t *passes = ktstr_worker_state(w, sizeof(*passes));
			if (++*passes > 2)
				ktstr_worker_sleep(w, UINT64_MAX);
			often();
			ktstr_worker_run(w, 100);
		}
		KTSTR_WORK(crashes)
		{
			ktstr_worker_run(w, 1000);
			at_last();
		}
		KTSTR_TEST(counted, .duration_ms = 100, .settle_ms = 20, .seeds = 2)
		{
			in_body();
			ktstr_work(k, "-", "fn:twice n=3 uid=65534");
			ktstr_work(k, "-", "fn:crashes n=1");
			ktstr_hold(k, "100%%");
		}
		KTSTR_MAIN
	END
	"$clang" -std=c11 -Wall -Wextra -Werror -fprofile-instr-generate -fcoverage-mapping -I"$root/runtime/test" t.c -o t "$@"
}

# counts PROFILE FUNCTION COUNT…
counts() {
	"llvm-profdata$suffix" merge "$1" -o t.profdata && "llvm-cov$suffix" export -format=lcov t -instr-profile=t.profdata >lcov || fail "no coverage in $1" || return
	shift
	while [ $# -gt 0 ]; do
		has "FNDA:$2,$1" lcov || return
		shift 2
	done
}

counted() {
	program -L"$O" -lktstr -Wl,-rpath,"$O" && LLVM_PROFILE_FILE=$PWD/1 exits 1 ./t --exact counted && has 'FAIL counted' out && has '(fn:crashes)' out &&
		counts 1 often 12 at_last 2 never 0 t.c:ktstr_pass_twice 18 && grep -q '^FNDA:[1-9][0-9]*,in_body' lcov && cp lcov first &&
		LLVM_PROFILE_FILE=$PWD/2 exits 1 ./t --exact counted && hasnt ' run counted ' err && counts 2 && same '' "$(diff first lcov)" 'coverage of a kept run'
}

run_tests counted
