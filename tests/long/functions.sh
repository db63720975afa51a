#!/bin/sh
# Work functions that do their worst (tests/functions.c), each beside one that does not: what is said names the worker, the line and the
# function, the other one's figures are as ever, and the guest ends in time. Then functions in Rust, and those of docs/writing-tests.md.
#
# ONLY: some of the tests.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
KTSTR_KERNEL=$key
export KTSTR_KERNEL
gcc -std=c11 -D_DEFAULT_SOURCE -O2 -I"$root/runtime/test" "$root/tests/functions.c" -o "$base/f" "$O/libktstr.a" -lm || exit 1

# fails NAME WORDS
fails() {
	exits 1 timeout 300 "$base/f" --exact "wrong_$1" && has "(fn:$1) of \"work a fn:$1 n=1\": $2" out && hasnt '(fn:steady)' out && hasnt "gap.max{" out &&
		same '' "$(leftovers)" left
}

crash() {
	fails crashes 'killed by signal 11'
}

hang() {
	fails spins 'it hung' && fails sleeps 'it hung'
}

# The cgroup's pids= ends that, and what it says it did is progress.
fork_on() {
	exits 0 timeout 500 "$base/f" --exact wrong_forks_on && has 'PASS wrong_forks_on' out && same '' "$(leftovers)" left
}

print() {
	exits 0 timeout 500 "$base/f" --exact wrong_prints && has 'PASS wrong_prints' out
}

# rust TEXT OPTION…: a program of that text, which follows the module
rust() {
	printf '#[path = "%s"]\nmod ktstr;\n%s\nfn main() {\n    ktstr::main()\n}\n' "$root/runtime/test/ktstr.rs" "$1" >r.rs
	shift
	rustc --edition 2021 r.rs -o r -L "$O" -C link-arg=-Wl,-rpath,"$O" -D warnings "$@" || fail 'rustc cannot compile it'
}

# Whoever panics is named with place and words, in debug and in release, and where a panic ends the program at once.
# shellcheck disable=SC2016 # of Rust
rust_panics() {
	for how in '' '-O -C lto=fat -C codegen-units=1 -C strip=symbols' '-C panic=abort'; do
		# shellcheck disable=SC2086,SC2016 # words
		rust 'ktstr::work!(steady, |w| {
    w.run(200);
    w.sleep(300);
});
ktstr::work!(crashes, |w| {
    w.run(1000);
    std::fs::read("/no/such/file").unwrap();
});
ktstr::scenario!(good, duration_ms: 600, settle_ms: 50, scenario: c"cgroup a\n work a fn:steady n=2\n hold 100%",
    expect: c"gap.max <= 100ms\n iterations{a} >= 20");
ktstr::scenario!(bad, duration_ms: 600, settle_ms: 50, scenario: c"cgroup a\n work a fn:steady n=1\n work a fn:crashes n=1\n hold 100%");' $how || return
		exits 0 timeout 300 ./r --exact good && has 'PASS good' out && exits 1 timeout 300 ./r --exact bad && hasnt '(fn:steady) of' out &&
			has '(fn:crashes) of "work a fn:crashes n=1": r.rs:9: panic: called `Result::unwrap()` on an `Err` value: Os { code: 2, kind: NotFound, message: "No such file or directory" }' out || return
	done
}

# block LANGUAGE: of docs/writing-tests.md, below "Work of your own"
block() {
	awk -v mark="\`\`\`$1" '/^## / { here = $0 == "## Work of your own" } /^```/ { on = $0 == mark; next } here && on' "$root/docs/writing-tests.md"
}

page_in_c() {
	{ printf '#include <ktstr.h>\nKTSTR_SCHEDULER(sched, .topology = "1,1,2,1");\n' && block c && echo KTSTR_MAIN; } >t.c
	gcc -std=c11 -Wall -Wextra -Werror -O2 -I"$root/runtime/test" t.c -o t "$O/libktstr.a" -lm && exits 0 timeout 300 ./t --exact requests &&
		has 'PASS requests' out
}

page_in_rust() {
	rust "ktstr::scheduler!(SCHED, topology: c\"1,1,2,1\");
$(block rust)" && exits 0 timeout 300 ./r --exact requests && has 'PASS requests' out
}

in_rust='rust_panics page_in_rust'
rustc --version >/dev/null 2>&1 || in_rust=
# shellcheck disable=SC2086 # names
run_tests ${ONLY:-crash hang fork_on print page_in_c $in_rust}
