//! What scx_mine is to do.
mod ktstr;

ktstr::scheduler!(SCHED, binary: c"scx_mine", topology: c"1,1,2,1");

// Passes: whoever waits is served in turn. A test may be a text: docs/scenarios.md has all that can stand in it.
ktstr::scenario!(fair, scheduler: &SCHED, summary: c"four that compute have half a CPU each",
    scenario: c"
        cgroup left
        cgroup right
        work left spin n=100%
        work right spin n=100%
        hold 100%",
    expect: c"share.min >= 40%\n gap.max <= 200ms");

// Fails: turns are of the same length, whatever a task's weight is. To make it pass, change the scheduler: SLICE_NS * p->scx.weight / 100.
// A test may be a body, which makes the text for the machine it is to run on.
ktstr::test!(weights, scheduler: &SCHED, summary: c"who is more important has more", expect: c"share.min{important} >= 60%", |k| {
    let n = k.cpus();
    let important = k.cgroup("important", "");
    let other = k.cgroup("other", "");

    k.work(important, &format!("spin n={n} nice=-5"));
    k.work(other, &format!("spin n={n}"));
    k.hold("100%");
});

fn main() {
    ktstr::main()
}
