#!/bin/sh
# The example crate by the real cargo nextest, its tests in guests. They have the scenario of tests/vm/run.sh, so that there is one run for
# all of them.
. "$(dirname "$0")/../lib.sh"
cargo nextest --version >/dev/null 2>&1 || {
	echo '1..0 # SKIP no cargo nextest on this machine'
	exit 0
}
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
unset KTSTR KTSTR_TEST_KERNEL KTSTR_SCHEDULER KTSTR_SEEDS KTSTR_CLOCK KTSTR_BUDGET_SECS CARGO_TARGET_DIR NEXTEST_PROFILE NEXTEST_RETRIES RUSTFLAGS
KTSTR_KERNEL=$key CARGO_NET_OFFLINE=true RUST_BACKTRACE=0 PKG_CONFIG_PATH=$base KTSTR_SIDECAR_DIR=$base/sidecars
export KTSTR_KERNEL CARGO_NET_OFFLINE RUST_BACKTRACE PKG_CONFIG_PATH KTSTR_SIDECAR_DIR

crate=$base/crate
cp -RL "$root/docs/examples/rust" "$crate"
printf 'libdir=%s\nName: libktstr\nDescription: libktstr\nVersion: 0\n' "$O" >"$base/libktstr.pc"
cat >"$crate/tests/sched.rs" <<'END'
mod ktstr;
const LINES: &std::ffi::CStr =
    c"cgroup left\ncgroup right\nwork left spin n=1\nwork right bursty:run=2ms,sleep=2ms n=2\nhold 50%\nhold 50%";
ktstr::scenario!(same, duration_ms: 400, settle_ms: 50, scenario: LINES);
ktstr::test!(by_hand, duration_ms: 400, settle_ms: 50, |k| {
    let (left, right) = (k.cgroup("left", ""), k.cgroup("right", ""));
    k.work(left, &format!("spin n={}", k.cpus() / 2));
    k.work(right, &format!("bursty:run=2ms,sleep=2ms n={}", k.cpus_of("llc:0")));
    k.hold("50%");
    k.hold("50%");
});
ktstr::scenario!(fails, duration_ms: 400, settle_ms: 50, scenario: LINES, expect: c"iterations{left} >= 100000000");
ktstr::scenario!(judged, duration_ms: 400, settle_ms: 50, scenario: LINES, judge: |v| {
    v.check(v.run_json().is_some_and(|t| t.contains("\"outcome\"")) && v.run_seed() == 1, "no run.json");
    v.check(v.figure("gap.max{left}").is_some_and(|ms| ms < 1000.0), "that is not in ms");
    v.check(v.figure("program.none").is_none(), "a figure of nothing");
    assert!(v.figure("iterations{left}@2").unwrap() > 1e9, "is that 100%?");
});
ktstr::work!(steady, |w| {
    w.run(200);
    w.sleep(300);
});
ktstr::work!(drains, |w| {
    w.run(1000);
    assert_eq!(w.count(), 0, "\"all\x1b\nof it\"");
});
ktstr::scenario!(own_work, duration_ms: 400, settle_ms: 50,
    scenario: c"cgroup a\ncgroup b\nwork a fn:steady n=1\nwork b fn:drains n=1\nhold 100%");
fn main() {
    ktstr::main()
}
END
(cd "$crate" && cargo nextest run --no-run) >"$base/build.log" 2>&1 || fail "the crate does not compile: $(cat "$base/build.log")"

# nextest CODE WORD…
nextest() {
	code=$1
	shift
	exits "$code" env -C "$crate" timeout 600 cargo nextest run "$@"
}

passes() {
	nextest 0 same by_hand && has '2 tests run: 2 passed' err
}

# What is kept does not run again, and whoever tries again is told.
fails_each_time() {
	nextest 0 same && nextest 100 --retries 1 fails && has 'TRY 2 FAIL' err && has "FAIL fails  $(sed -n 's/.*"version" *: *"\([^"]*\)".*/\1/p' \
		"$XDG_CACHE_HOME/ktstr/kernels/$key/metadata.json")" err && has 'iterations{left}' err && has 'no guest ran: ' err && hasnt ' run fails' err
}

judged_in_rust() {
	nextest 100 judged && has 'FAIL judged  seed 1' err && has 'tests/sched.rs:17: panic: is that 100%?' err && hasnt 'no run.json' err && hasnt 'not in ms' err
}

# What panics in the guest is told with its function, its place and its words.
# shellcheck disable=SC2016 # of Rust
own_work() {
	nextest 100 own_work && has 'progress{b}: worker 1 (fn:drains) of "work b fn:drains n=1": tests/sched.rs:25: panic: assertion `left == right` failed: "all? of it" left: 1 right: 0' err &&
		hasnt '(fn:steady) of' err
}

# By ktstr test: this kernel, seeds of its own.
by_ktstr_test() {
	unset KTSTR_KERNEL
	exits 0 env -C "$crate" timeout 600 ktstr test --kernel "$key" --seeds 1..1 -- by_hand && has '1 test run: 1 passed' err
}

run_tests passes fails_each_time judged_in_rust own_work by_ktstr_test
