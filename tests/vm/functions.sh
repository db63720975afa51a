#!/bin/sh
# Work functions of test programs in guests: a good test, one whose functions fail in every way, and which program goes into which recipe.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
KTSTR_KERNEL=$key
export KTSTR_KERNEL

compile() {
	gcc -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -I"$root/runtime/test" "$root/tests/functions.c" -o f "$@"
}

# With the shared library, which comes along; a program that is another one does again what is its own alone.
good() {
	compile -L"$O" -lktstr -Wl,-rpath,"$O" && exits 0 ./f --exact good && has 'PASS good' out && exits 0 ./f --exact good && hasnt ' run good ' err &&
		exits 0 ./f --exact without && compile -O2 "$O/libktstr.a" -lm && exits 0 ./f --exact without && hasnt ' run without ' err &&
		exits 0 ./f --exact good && has ' run good ' err
}

# shellcheck disable=SC2016 # of the report
wrong() {
	compile -O2 "$O/libktstr.a" -lm && exits 1 ./f --exact all_wrong && has 'FAIL all_wrong' out && has 'progress' out && has '(fn:crashes) of "work a fn:crashes n=1": killed by signal 11' out &&
		has 'and 6 more workers' out && hasnt "gap.max{" out
}

# A file says where its functions are.
files() {
	compile -O2 "$O/libktstr.a" -lm && printf 'cgroup a\nwork a fn:steady n=1\nhold 100ms\n' >t.ktstr && exits 2 ktstr run t.ktstr && has 't.ktstr:2: ' err &&
		has 'functions ./PROGRAM' err && echo 'functions ./g' >>t.ktstr && exits 10 ktstr run t.ktstr && has '"./g" is not there' err && exits 2 ./f --exact nothing
}

run_tests good wrong files
