//! What the scheduler of this package is to do.
mod ktstr;

// The package's program, which cargo builds before its tests; KTSTR_SCHEDULER names another one.
ktstr::scheduler!(SCHED, binary: ktstr::text!(env!("CARGO_PKG_NAME")), topology: c"1,1,2,1");

// Passes: whoever waits is served in turn. A test may be a text: docs/scenarios.md has all that can stand in it.
ktstr::scenario!(fair, scheduler: &SCHED, summary: c"four that compute have half a CPU each",
    scenario: c"
        cgroup left
        cgroup right
        work left spin n=100%
        work right spin n=100%
        hold 100%",
    expect: c"share.min >= 40%\n gap.max <= 200ms");

// Fails: three for each CPU have a third of it. To make it pass, expect what can be: share.min >= 30%.
// A test may be a body, which makes the text for the machine it is to run on.
ktstr::test!(crowd, scheduler: &SCHED, summary: c"three for each CPU", expect: c"share.min{guests} >= 50%", |k| {
    let guests = k.cgroup("guests", "");

    k.work(guests, &format!("spin n={}", 3 * k.cpus()));
    k.hold("100%");
});

fn main() {
    ktstr::main()
}
