//! Tests of a scheduler that `cargo build` or `cargo install` made, or that KTSTR_SCHEDULER names; and some of the kernel's own.
mod ktstr;

ktstr::scheduler!(BPFLAND, binary: c"scx_bpfland", topology: c"1,2,4,1");

// Both get the same, whatever else is said.
ktstr::scenario!(two_groups, summary: c"two cgroups of equal weight share the CPUs", duration_ms: 1000,
    scenario: c"
        cgroup left
        cgroup right
        work left spin n=2
        work right spin n=2
        hold 100%",
    expect: c"spread <= 15\n gap.max <= 500ms");

// The lines are made for each topology.
ktstr::test!(group_per_llc, summary: c"work stays in its last-level cache", topology: c"1,2,4,1", min_llcs: 2, duration_ms: 1000,
    expect: c"isolated", |k| {
    for i in 0..k.llcs() {
        let group = k.cgroup(&format!("llc_{i}"), &format!("cpuset=llc:{i}"));
        k.work(group, "spin n=100%");
    }
    k.hold("100%");
});

// A figure that is looked at on the host.
ktstr::scenario!(wakes_up, duration_ms: 1000, scenario: c"work - timer:period=10ms,run=100us\n hold 100%",
    judge: |v| {
        let late = v.figure("slack.p99").unwrap_or(f64::INFINITY);
        v.check(late < 5000.0, &format!("seed {}: timers fire {late} us late", v.run_seed()));
    });

ktstr::scenario!(keeps_up, scheduler: &BPFLAND, scenario: c"cgroup a\n cgroup b\n work a spin\n work b bursty\n hold 100%");

// Fails: nobody gets two CPUs out of one.
ktstr::scenario!(demo_too_much, duration_ms: 1000, scenario: c"cgroup a cpuset=cpu:0\n work a spin n=4\n hold 100%",
    expect: c"share.min >= 100%");

// No guest: plain Rust.
ktstr::host!(percentages_add_up, |_v| {
    assert_eq!((0..4).map(|_| 25).sum::<u32>(), 100);
});

fn main() {
    ktstr::main()
}
