#!/bin/sh
# verifier without a scheduler: those that test programs declare, of C programs and of a cargo workspace; steps are played (tests/fake-step.sh).
. "$(dirname "$0")/../lib.sh"
. "$root/tests/played.sh"
header=$root/runtime/test

# program NAME DECLARATIONS: with a test of each scheduler that is declared, by its identifier
program() {
	{
		printf '#include <ktstr.h>\n%s\n' "$2"
		printf '%s\n' "$2" | sed -n 's/^KTSTR_SCHEDULER(\([a-z]*\),.*/KTSTR_SCENARIO(\1_runs, .scheduler = \&\1, .scenario = "work - spin\\nhold 100%");/p'
		printf '%s\n' 'KTSTR_SCENARIO(plain, .scenario = "work - spin\nhold 100%");'
		echo KTSTR_MAIN
	} >"$1.c"
	gcc -Wall -Wextra -Werror -I"$header" "$1.c" -o "$1" "$O/libktstr.a" -lm || fail "$1.c does not compile"
}

# A ktstr whose steps are played, with a kernel.
place() {
	played ktstr && played_kernels one || return
	PATH=$work/fake/out:$PATH
	export PATH
	cp /bin/true scx_a && cp /bin/false scx_b
}
flags='KTSTR_FLAGS({ "llc", KTSTR_LIST("--llc") }, { "steal", KTSTR_LIST("--steal"), KTSTR_LIST("llc") })'

# The command of a cell, as ninja would run it.
command_of() { # FOLDER
	ninja -C "$(find cache/ktstr/store/graphs -name 'verifier-*' -newer "$1" | head -n 1)" -t commands "$2" | tail -n 1
}

# One graph for all, a report each, by the words of the declarations; the same scheduler in two programs is one.
several() {
	place && program one "KTSTR_SCHEDULER(a, .binary = \"$work/scx_a\", .args = KTSTR_LIST(\"--fast\", \"%cgroup%/x\"), .flags = $flags);
KTSTR_SCHEDULER(b, .binary = \"scx_b\", .name = \"scx_other\", .attach_ms = 4500, .kargs = KTSTR_LIST(\"isolcpus=1\"));" &&
		program two "KTSTR_SCHEDULER(a, .binary = \"$work/scx_a\", .args = KTSTR_LIST(\"--fast\", \"%cgroup%/x\"), .flags = $flags);" || return
	: >before
	exits 0 ktstr verifier --tests ./one --tests ./two -- --mine && has 'verifying 2 declared schedulers' err && has 'scx_a: accelerator tcg' out &&
		has 'scx_other: accelerator tcg' out && same 2 "$(grep -c '^verify ' steps)" cells || return
	command_of before schedulers/scx_a/cells/one/result.json >command.txt && has '--arg=--fast --arg=/ktstr/x --arg=--mine --groups=/ktstr' command.txt || return
	command_of before "$(cd cache/ktstr/store/graphs/verifier-declared-* && ls -d schedulers/scx_other/cells/one/1n1l1c1t-boot*)/result.json" >command.txt &&
		has '--arg=--mine --timeout 5' command.txt && hasnt groups command.txt || return
	exits 0 ktstr verifier --tests ./one --json && python3 - out <<-'END' || return
		import json, sys
		d = json.load(open(sys.argv[1]))
		assert [s["scheduler"] for s in d["schedulers"]] == ["scx_a", "scx_other"], d
		assert all(c["verdict"] == "attached" for s in d["schedulers"] for c in s["cells"]), d
	END
	exits 0 ktstr verifier --tests ./one --csv && same 3 "$(wc -l <out)" 'lines of CSV' && exits 0 ktstr verifier --tests ./one --markdown &&
		has '### scx_a: verified instructions' out && has '### scx_other: verified instructions' out || return
	# A gate names each that is over it.
	exits 27 ktstr verifier --tests ./one --fail-over 30 && has 'scx_a: 1 program is over budget' err && has 'scx_other: 1 program is over budget' err
}

# Flags come from the declaration; a scheduler that says nothing of them is asked.
profiles() {
	place && program one "KTSTR_SCHEDULER(a, .binary = \"$work/scx_a\", .flags = $flags);
KTSTR_SCHEDULER(b, .binary = \"$work/scx_b\");" || return
	exits 0 ktstr verifier --tests ./one --declared scx_a --all-profiles && same 0 "$(grep -c ^flags steps)" 'questions' &&
		same 3 "$(grep -c '^verify ' steps)" profiles && has 'verify scx_a on one with llc+steal' steps || return
	: >steps
	exits 0 ktstr verifier --tests ./one --all-profiles && same 1 "$(grep -c ^flags steps)" 'questions' && has 'verify scx_b on one with asked' steps || return
	exits 2 ktstr verifier --tests ./one --profiles llc && has 'scheduler scx_b: --profiles' err && has llc err || return
	exits 0 ktstr verifier --tests ./one --declared scx_a --profiles llc --json && has "\"profile\": \"llc\"" out || return
	# The command that runs a cell of it again.
	sed -i 's/"attached"/"rejected"/' fake/out/ktstr-step && exits 3 ktstr verifier --tests ./one --declared scx_a --profiles llc --force --json &&
		has "ktstr verifier --tests $work/one --declared scx_a --kernel one --profiles llc" out
}

# Declarations that contradict each other are told; so is one without a program.
conflicts() {
	place && program one "KTSTR_SCHEDULER(a, .binary = \"$work/scx_a\", .args = KTSTR_LIST(\"--fast\"));" &&
		program two "KTSTR_SCHEDULER(a, .binary = \"$work/scx_a\", .args = KTSTR_LIST(\"--slow\"));" &&
		program three "KTSTR_SCHEDULER(a, .binary = \"$work/scx_b\", .name = \"scx a\");
KTSTR_SCHEDULER(b, .binary = \"$work/scx_a\", .name = \"scx-a\");" && program four "KTSTR_SCHEDULER(a, .binary = \"scx_nowhere\");" &&
		program five '' || return
	exits 2 ktstr verifier --tests ./one --tests ./two && has 'scheduler scx_a is declared with one .args in' err && has "$work/one" err && has "$work/two" err || return
	exits 2 ktstr verifier --tests ./three && has 'too much alike' err && exits 10 ktstr verifier --tests ./four && has '"scx_nowhere" is neither beside' err || return
	exits 10 ktstr verifier --tests ./five && has 'declare no scheduler but the kernel' err && has 'KTSTR_SCHEDULER(' err || return
	exits 10 ktstr verifier --tests ./five --json && same '{ "schedulers": [], "error"' "$(tr -d '\n' <out | tr -s ' ' | cut -c1-27)" JSON || return
	exits 2 ktstr verifier --tests ./one --declared scx_b && has 'those there are: scx_a' err || return
	same 0 "$(grep -c '^verify ' steps)" cells
}

mistakes() {
	place && program one "KTSTR_SCHEDULER(a, .binary = \"$work/scx_a\");" || return
	exits 2 ktstr verifier && has 'either --scheduler PKG or --scheduler-bin PATH is required; --tests PROGRAM' err || return
	exits 2 ktstr verifier -- --fast && has 'is an argument for the scheduler' err && exits 2 ktstr verifier --tests ./one --scheduler-bin ./scx_a || return
	exits 10 ktstr verifier --tests ./none && has '--tests ./none: there is no such program' err && exits 10 ktstr verifier --tests /bin/true || return
	exits 2 ktstr verifier --tests ./one --release && has 'for cargo' err && exits 2 ktstr verifier --release --scheduler-bin ./scx_a && has "needs '--scheduler'" err || return
	echo '[]' >none.json
	for option in --diff-bin=./scx_b '--all-profiles --flags-file=none.json'; do
		# shellcheck disable=SC2086 # words
		exits 2 ktstr verifier --tests ./one $option && has 'is about one scheduler' err || return
	done
	# The environment's is one that somebody named, and what test programs find by a name.
	exits 0 env KTSTR_SCHEDULER="$work/scx_b" ktstr verifier && has 'scx_b: accelerator' out || return
	exits 0 env KTSTR_SCHEDULER="$work/scx_b" ktstr verifier --tests ./one && has 'scx_a: accelerator' out || return
	for answer in '{}' '[]' '{"schedulers":[{}]}' '{"schedulers":[{"name":"a","binary":"b","args":[1]}]}' nonsense ''; do
		printf "#!/bin/sh\nprintf %%s '%s'\n" "$answer" >liar && chmod +x liar && exits 10 ktstr verifier --tests ./liar && has 'liar --export' err || return
	done
	printf '#!/bin/sh\nkill -SEGV $$\n' >liar && exits 10 ktstr verifier --tests ./liar && has SIGSEGV err
}

# What cargo makes of the workspace, whatever folder of it we are in: programs of libktstr are asked, others are not started.
workspace() {
	cargo --version >/dev/null 2>&1 || return 0
	place || return
	CARGO_TARGET_DIR=$work/target CARGO_NET_OFFLINE=true
	export CARGO_TARGET_DIR CARGO_NET_OFFLINE
	mkdir -p ws/one/src ws/one/tests ws/two/tests ws/two/src && cd ws || return
	printf '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n' >Cargo.toml
	for package in one two; do
		printf '[package]\nname = "scx_%s"\nversion = "0.1.0"\nedition = "2024"\n[[test]]\nname = "sched"\nharness = false\n' $package >$package/Cargo.toml
		printf 'fn main() {}\n#[test]\nfn usual() {}\n' >$package/src/main.rs
		printf 'fn main() { println!("cargo:rustc-link-search=native=%s"); println!("cargo:rustc-link-arg-tests=-Wl,-rpath,%s"); }\n' "$O" "$O" >$package/build.rs
		cat >$package/tests/sched.rs <<-END
			#[path = "$root/runtime/test/ktstr.rs"]
			mod ktstr;
			ktstr::scheduler!(SCHED, binary: c"scx_$package", flags: ktstr::flags!(c"llc" => [c"--llc"]));
			ktstr::scenario!(steady_$package, scheduler: &SCHED, scenario: c"work - spin\n hold 100%");
			fn main() {
			    ktstr::main()
			}
		END
	done
	# A harness of its own that would do something.
	printf '[[test]]\nname = "foreign"\nharness = false\n' >>two/Cargo.toml
	printf 'fn main() { std::fs::write("%s/started", "").unwrap(); }\n' "$work" >two/tests/foreign.rs
	exits 0 ktstr verifier --all-profiles && has 'Compiling scx_one' "$work/err" && has 'verifying 2 declared schedulers' "$work/err" && has 'scx_one: accelerator' "$work/out" &&
		same 4 "$(grep -c '^verify ' "$work/steps")" cells && has 'verify scx_two on one with llc' "$work/steps" || return
	[ ! -e "$work/started" ] || fail 'a foreign test program was started' || return
	cd two/src && exits 0 ktstr verifier --declared scx_one --release --json && has '"scheduler": "scx_one"' "$work/out" && [ -x "$work/target/release/scx_one" ] || return
	cd ../.. && echo 'fn main() { missing() }' >one/src/main.rs && exits 22 ktstr verifier && has 'cargo test --no-run failed' "$work/err" && has missing "$work/err" || return
	mkdir ../bare && cd ../bare && printf '[package]\nname = "bare"\nversion = "0.1.0"\nedition = "2021"\n' >Cargo.toml && mkdir src && echo 'fn main() {}' >src/main.rs &&
		exits 10 ktstr verifier && has 'no test program of libktstr is here' "$work/err" && has 'ktstr::scheduler!' "$work/err" || return
	exits 23 env CARGO=/nowhere ktstr verifier
}

run_tests several profiles conflicts mistakes workspace
