#!/bin/sh
# Test programs in Rust, with ktstr.rs: what rustc and linkers leave of them, whether its structures are those of ktstr.h, what is said
# about mistakes; then the example crate, by the real cargo nextest. ktstr is a script here that records and answers.
. "$(dirname "$0")/../lib.sh"

rustc --version >/dev/null 2>&1 || {
	echo '1..0 # SKIP no rustc on this machine'
	exit 0
}
unset KTSTR KTSTR_KERNEL KTSTR_TEST_KERNEL KTSTR_SCHEDULER KTSTR_SEEDS KTSTR_CLOCK KTSTR_BUDGET_SECS CARGO_TARGET_DIR NEXTEST_PROFILE NEXTEST_RETRIES RUSTFLAGS
CARGO_NET_OFFLINE=true RUST_BACKTRACE=0
export CARGO_NET_OFFLINE RUST_BACKTRACE work
file=$root/runtime/test/ktstr.rs

# rust SOURCE PROGRAM OPTION…
rust() {
	source=$1 program=$2
	shift 2
	rustc "$source" -o "$program" -L "$O" -C link-arg=-Wl,-rpath,"$O" -D warnings "$@" || fail "rustc cannot compile $source"
}

cat >"$base/tests.rs" <<END
#[path = "$file"]
mod ktstr;
ktstr::scheduler!(MINE, binary: c"scx_mine", topology: c"1,2,4,1",
    flags: ktstr::flags!(c"llc" => [c"--llc-aware"], c"steal" => [c"--steal"] needs [c"llc"]));
ktstr::scenario!(two_tenants, scheduler: &MINE, duration_ms: 4000, seeds: 8,
    scenario: c"cgroup small\n cgroup hog\n work small spin n=2\n work hog spin n=400%\n hold 100%",
    expect: c"iterations{small} >= 1.3 * iterations{small} of eevdf");
ktstr::test!(one_cgroup_per_cpu, scheduler: &MINE, min_cpus: 4, expect: c"isolated", |k| {
    for i in 0..k.cpus() {
        let group = k.cgroup(&format!("many_{i}"), &format!("cpuset=cpu:{i}"));
        k.work(group, "spin n=1");
    }
    k.every("100ms");
    k.swap("many_0", "many_1");
    k.until("50%");
    k.hold("50%");
});
ktstr::scenario!(demo_plain, scheduler: &MINE, flags_required: ktstr::list!(c"llc"), flags_excluded: ktstr::list!(c"steal"),
    map_write: ktstr::map_writes!(c".bss", 8 => 3; c".data", 0 => 1), clock: ktstr::Clock::Virtual, settle_ms: ktstr::NOW,
    scenario: c"work - spin\nhold 100%");
ktstr::host!(adds, |v| {
    v.check(v.run_json().is_none(), "there is a run");
});
ktstr::host!(panics, |_v| {
    let none: Option<u32> = None;
    none.expect("no \0 number");
});
fn main() {
    ktstr::main()
}
END

# 3 tests, on 15 presets each, two with 3 profiles and one with 1, and two on the host
lists_all() {
	exits 0 "$1" --list --format terse && same 110 "$(grep -c ': test$' out)" 'tests and variants' &&
		has 'gauntlet/two_tenants/smt-2llc/llc+steal: test' out && exits 0 "$1" --exact adds
}

survives() {
	rust "$base/tests.rs" "$base/tests" --edition 2021 && lists_all "$base/tests" || return
	rust "$base/tests.rs" a --edition 2024 -O -C lto=fat -C codegen-units=1 -C strip=symbols && lists_all ./a || return
	rust "$base/tests.rs" a --edition 2024 -O -C link-arg=-fuse-ld=bfd -C link-arg=-Wl,--gc-sections -l static=ktstr && lists_all ./a
}

# A line for each structure and each member of it: its name, and where it begins.
layout() {
	rust "$base/tests.rs" "$base/tests" --edition 2021 || return
	sed -n '/^struct ktstr_\(scheduler\|test\|work_function\) {/,/^};/p' "$root/runtime/test/ktstr.h" | python3 -c '
import re, sys
c, rust = ["#include <ktstr.h>\n#include <stdio.h>\nint main(void) {"], ["#[path = \"'"$file"'\"]\nmod ktstr;\nfn main() {"]
names = {"scheduler": "Scheduler", "test": "Test", "work_function": "Work"}
for of, text in re.findall(r"struct ktstr_(\w+) \{(.*?)\n\};", re.sub(r"/\*.*?\*/", "", sys.stdin.read(), flags=re.S), re.S):
    c.append("printf(\"%s %%zu\\n\", sizeof(struct ktstr_%s));" % (of, of))
    rust.append("println!(\"%s {}\", size_of::<ktstr::%s>());" % (of, names[of]))
    for member in text.split(";"):
        for one in re.sub(r"\)\(.*", "", member).split(","):
            name = re.findall(r"\w+", one)
            if name:
                c.append("printf(\"%s %%zu\\n\", offsetof(struct ktstr_%s, %s));" % (name[-1], of, name[-1]))
                rust.append("println!(\"%s {}\", std::mem::offset_of!(ktstr::%s, %s));" % (name[-1], names[of], name[-1]))
for of, name in ("flag", "Flag"), ("map_write", "MapWrite"):
    c.append("printf(\"%s %%zu\\n\", sizeof(struct ktstr_%s));" % (of, of))
    rust.append("println!(\"%s {}\", size_of::<ktstr::%s>());" % (of, name))
open("c.c", "w").write("\n".join(c) + "}\n")
open("r.rs", "w").write("\n".join(rust) + "}\n")' && gcc -I"$root/runtime/test" c.c -o c && rustc --edition 2021 r.rs -L "$O" -C link-arg=-Wl,-rpath,"$O" &&
		./c >c.txt && ./r >r.txt && [ "$(wc -l <c.txt)" -gt 50 ] && diff -u c.txt r.txt
}

# wrong LINE TEXT <<source: what is told when that test is listed
wrong() {
	{ printf '#[path = "%s"]\nmod ktstr;\n' "$file" && cat && printf '\nfn main() { ktstr::main() }\n'; } >w.rs || return
	rust w.rs w --edition 2021 && exits 2 ./w --list --format terse && same '' "$(cat out)" 'what is listed' && has "w.rs:$1: " err && has "$2" err
}

mistakes() {
	printf '%s\n' 'ktstr::scenario!(a, scenario: c"work - spinn\nhold 1s");' | wrong 3 'did you mean "spin"?' || return
	printf 'ktstr::test!(a, |k| {\n    k.cgroup("a", "");\n    k.work("b", "spin");\n    k.hold("1s");\n});' | wrong 5 'test a: ' || return
	printf 'ktstr::test!(a, |k| {\n    let of = [1, 2];\n    k.hold(&format!("{}s", of[k.cpus() as usize + 1]));\n});' | wrong 5 'panic: index out of bounds' || return
	printf 'ktstr::test!(a, |k| {\n    if k.require(k.cpus() > 99, "too few, 0%% of what it needs") {\n        k.hold("?");\n    }\n});' |
		wrong 4 'too few, 0% of what it needs' || return
	printf 'ktstr::test!(a, |k| {\n    k.hold("1s\\0");\n});' | wrong 4 'test a: ' || return
	printf '#[path = "%s"]\nmod ktstr;\nktstr::scheduler!(S, binray: c"s");\nfn main() { ktstr::main() }\n' "$file" >w.rs
	! rustc --edition 2021 w.rs -L "$O" 2>err || fail 'a member that there is not' || return
	has binray err && has 'w.rs:3' err || return
	exits 1 "$base/tests" --exact panics && has 'tests.rs:26: panic: no' out && has 'FAIL panics' out
}

# The example crate; ktstr says and does what a test's name is about.
crate=$base/crate
example() {
	[ ! -e "$crate" ] || return 0
	cp -RL "$root/docs/examples/rust" "$crate" && mkdir "$crate/.config" "$base/pc" && printf 'libdir=%s\nName: libktstr\nDescription: libktstr\nVersion: 0\n' "$O" >"$base/pc/libktstr.pc" || return
	printf '[profile.default.junit]\npath = "junit.xml"\n' >"$crate/.config/nextest.toml"
	cat >>"$crate/tests/sched.rs" <<-'END'
		ktstr::scenario!(fails, scenario: c"work - spin\n hold 1s");
		ktstr::scenario!(vague, scenario: c"work - spin\n hold 1s");
		ktstr::scenario!(skips, scenario: c"work - spin\n hold 1s");
		ktstr::scenario!(demo_hangs, scenario: c"work - spin\n hold 1s");
	END
	cat >"$base/ktstr" <<-'END'
		#!/bin/sh
		name=$(sed -n 's/^test //p' "$2")
		echo "$*" >>"$work/asked"
		echo "$name $KTSTR_KERNEL $KTSTR" >>"$work/told"
		case $name in
		fails) echo "FAIL fails  eevdf  7.3.4" && exit 1 ;;
		vague) echo "INCONCLUSIVE vague" && exit 2 ;;
		skips) echo "SKIP: there is no llc:7" ;;
		demo_hangs) echo $$ >"$work/hangs" && exec sleep 600 ;;
		*) echo "PASS $name" ;;
		esac
	END
	chmod +x "$base/ktstr" && (cd "$crate" && cargo nextest run --no-run) >"$base/build.log" 2>&1 && return
	cat "$base/build.log"
	fail 'the example does not compile'
}
PKG_CONFIG_PATH=$base/pc
export PKG_CONFIG_PATH

# nextest CODE WORD…
nextest() {
	code=$1
	shift
	rm -f asked told
	example && KTSTR=$base/ktstr exits "$code" env -C "$crate" timeout 300 cargo nextest "$@"
}

# The tests that judge on the host want a run that the script does not make.
easy='not test(wakes_up) and not test(keeps_up)'

listed() {
	nextest 0 list && same 'fails group_per_llc keeps_up percentages_add_up skips two_groups vague wakes_up ' "$(sed 's/.* //' out | sort | tr '\n' ' ')" &&
		nextest 0 list --run-ignored ignored-only && has 'gauntlet/group_per_llc/tiny-2llc/default' out && has demo_too_much out && hasnt ' two_groups' out &&
		hasnt gauntlet/percentages out && hasnt group_per_llc/tiny-1llc out
}

filtered() {
	nextest 0 run -E 'test(=two_groups)' && has '1 test run: 1 passed' err && same 1 "$(wc -l <asked)" 'runs' || return
	nextest 0 run --run-ignored all -E 'test(=gauntlet/group_per_llc/tiny-2llc/default) or test(=demo_too_much)' && has '2 tests run: 2 passed' err &&
		has 'group_per_llc.tiny-2llc.default.ktstr' asked || return
	nextest 0 run percentages && has '1 test run: 1 passed' err && [ ! -e asked ]
}

# What ktstr said stands below a failure, and in the report; what is skipped has passed.
told_of_failures() {
	nextest 100 run --no-fail-fast -E "$easy" && has '6 tests run: 4 passed, 2 failed' err && has 'FAIL fails  eevdf  7.3.4' err && has 'exit code 1' err &&
		has 'INCONCLUSIVE vague' err && has 'exit code 2' err && hasnt 'PASS two_groups' err || return
	python3 -c 'import sys, xml.etree.ElementTree as t
cases = {c.get("name"): c for c in t.parse(sys.argv[1]).getroot().iter("testcase")}
assert len(cases) == 6 and sum(c.find("failure") is not None for c in cases.values()) == 2, cases
assert "FAIL fails  eevdf  7.3.4" in cases["fails"].find("system-out").text' "$crate/target/nextest/default/junit.xml"
}

repeated() {
	nextest 100 run --retries 2 -E 'test(=fails)' && has 'TRY 3 FAIL' err && same 3 "$(wc -l <asked)" tries
}

parted() {
	for part in 1 2; do
		nextest 0 run -E "$easy and not test(fails) and not test(vague)" --partition "slice:$part/2" && has '2 tests run: 2 passed' err &&
			cat asked >>all || return
	done
	same 3 "$(sort -u all | wc -l)" 'runs of ktstr'
}

# One report of all kernels, in which each is part of the names of suites and classes.
several_reports() {
	exits 100 env -C "$crate" KTSTR="$base/ktstr" ktstr test --kernel "$work/one" --kernel "$work/two" -- -E 'test(two_groups) or test(=fails)' || return
	python3 -c 'import sys, xml.etree.ElementTree as t
root = t.parse(sys.argv[1]).getroot()
names = [s.get("name") for s in root]
assert root.tag == "testsuites" and root.get("tests") == "4" and root.get("failures") == "2", root.attrib
assert names == ["sched-tests::sched on one", "sched-tests::sched on two"], names
assert [len(s) for s in root] == [2, 2] and all(c.get("classname") == s.get("name") for s in root for c in s.iter("testcase"))
assert "FAIL fails  eevdf  7.3.4" in root[1].find("testcase[@name=\"fails\"]").find("system-out").text' "$crate/target/nextest/default/junit.xml" || return
	exits 0 env -C "$crate" KTSTR="$base/ktstr" ktstr test --kernel "$work/one" --kernel "$work/two" -- -E 'test(two_groups)' &&
		same 2 "$(grep -c '<testsuite ' "$crate/target/nextest/default/junit.xml")" 'suites of this request alone'
}

by_ktstr_test() {
	example && mkdir -p one two && echo >one/vmlinux && echo >one/bzImage && echo >one/Image && cp one/* two || return
	exits 0 env -C "$crate" KTSTR="$base/ktstr" ktstr test --kernel "$work/one" --seeds 3..5 --clock virtual -- -E 'test(two_groups)' &&
		has '--seeds 3..5 --clock virtual' asked && has "two_groups $work/one " told || return
	several_reports || return
	exits 2 env -C "$crate" ktstr test --seeds none && has '--seeds none' err && exits 2 env -C "$crate" ktstr test --clock sundial || return
	rm told
	exits 0 env -C "$crate" KTSTR="$base/ktstr" ktstr test --kernel "$work/one" --kernel "$work/two" -- -E 'test(two_groups)' &&
		same "two_groups $work/one $base/ktstr two_groups $work/two $base/ktstr " "$(tr '\n' ' ' <told)" 'what programs see'
}

gone() {
	[ ! -e "/proc/$(cat hangs)" ]
}

ctrl_c() {
	example || return
	same 100 "$(KTSTR=$base/ktstr python3 "$root/tests/press.py" "$crate" "$work/hangs" cargo nextest run --run-ignored all demo_hangs 2>screen)" 'exit code' &&
		[ -s hangs ] && within 10 gone && grep -q 'demo_hangs' screen && return
	cat screen
	return 1
}

all='listed filtered told_of_failures repeated parted by_ktstr_test ctrl_c'
cargo nextest --version >/dev/null 2>&1 || all=
# shellcheck disable=SC2086 # words
run_tests survives layout mistakes $all
