#!/bin/sh
# Test programs with libktstr: what compilers and linkers leave of them, what they list, and what is said about mistakes.
. "$(dirname "$0")/../lib.sh"
header=$root/runtime/test

cat >"$base/tests.c" <<'END'
#include <ktstr.h>

KTSTR_SCHEDULER(mine, .binary = "scx_mine", .topology = "1,2,4,1",
		.flags = KTSTR_FLAGS({ "llc", KTSTR_LIST("--llc-aware") },
				     { "steal", KTSTR_LIST("--steal"), .needs = KTSTR_LIST("llc") }));

KTSTR_SCENARIO(two_tenants, .scheduler = &mine, .duration_ms = 4000, .seeds = 8,
	       .scenario = "cgroup small\n cgroup hog\n work small spin n=2\n work hog spin n=400%\n hold 100%",
	       .expect = "iterations{small} >= 1.3 * iterations{small} of eevdf\n"
			 "iterations{hog} >= 0.5 * iterations{hog} of eevdf");

KTSTR_TEST(one_cgroup_per_cpu, .scheduler = &mine, .min_cpus = 4, .expect = "isolated\n gap.max <= 500ms")
{
	for (unsigned i = 0; i < ktstr_cpus(k); i++) {
		const char *g = ktstr_cgroup(k, ktstr_str(k, "many_%u", i), "cpuset=cpu:%u", i);

		ktstr_work(k, g, "spin n=1");
	}
	ktstr_hold(k, "100%%");
}

KTSTR_SCENARIO(demo_plain, .flags_excluded = KTSTR_LIST("steal"), .flags_required = KTSTR_LIST("llc"), .scheduler = &mine,
	       .scenario = "work - spin\nwork - fn:own\nhold 100%");

/* Without it the scenario above is refused. */
KTSTR_WORK(own)
{
	ktstr_worker_run(w, 100);
}

KTSTR_MAIN
END
cat >"$base/tests.cc" <<'END'
#include <ktstr.h>

KTSTR_SCHEDULER(mine, .binary = "scx_mine",
		.flags = KTSTR_FLAGS({ "llc", KTSTR_LIST("--llc-aware"), NULL }, { "steal", KTSTR_LIST("--steal"), KTSTR_LIST("llc") }),
		.topology = "1,2,4,1");
KTSTR_SCENARIO(two_tenants, .scenario = "cgroup small\n cgroup hog\n work small spin n=2\n work hog spin n=400%\n hold 100%",
	       .expect = "iterations{small} >= 1.3 * iterations{small} of eevdf", .scheduler = &mine, .seeds = 8);
KTSTR_TEST(one_cgroup_per_cpu, .scheduler = &mine, .min_cpus = 4)
{
	for (unsigned i = 0; i < ktstr_cpus(k); i++)
		ktstr_work(k, ktstr_cgroup(k, ktstr_str(k, "many_%u", i), "cpuset=cpu:%u", i), "spin n=1");
	ktstr_hold(k, "100%%");
}
KTSTR_WORK(own)
{
	ktstr_worker_run(w, 100);
}
KTSTR_SCENARIO(demo_plain, .scenario = "work - spin\nwork - fn:own\nhold 100%", .scheduler = &mine, .flags_required = KTSTR_LIST("llc"),
	       .flags_excluded = KTSTR_LIST("steal"));
KTSTR_MAIN
END

# compile FILE PROGRAM WORD…: with the static library unless WORD names the shared one
compile() {
	file=$1 program=$2
	shift 2
	"$@" -Wall -Wextra -Werror -I"$header" "$file" -o "$program" "$O/libktstr.a" -lm || fail "$* cannot compile $file"
}

# 3 tests, on 15 presets each, two with 3 profiles and one with 1
lists_all() {
	exits 0 "$1" --list --format terse && same "$(cat "$base/expected" 2>/dev/null || cat out)" "$(cat out)" "$1" && cp out "$base/expected" &&
		same 108 "$(grep -c ': test$' out)" 'tests and variants'
}

survives() {
	lists="lists_all"
	for cc in gcc "$(command -v clang || command -v clang-16)"; do
		compile "$base/tests.c" ./a "$cc" -std=c11 -O0 && $lists ./a || return
		compile "$base/tests.c" ./a "$cc" -std=c17 -O2 -ffunction-sections -fdata-sections -Wl,--gc-sections && $lists ./a || return
		"$cc" -O2 -Wall -Wextra -Werror -I"$header" "$base/tests.c" -o ./a -L"$O" -lktstr -Wl,-rpath,"$O" && $lists ./a || return
	done
	compile "$base/tests.c" ./a gcc -O2 -flto -ffunction-sections -fdata-sections -Wl,--gc-sections && $lists ./a &&
		compile "$base/tests.cc" ./a g++ -std=c++20 -O2 -Wl,--gc-sections && $lists ./a || return
	[ ! "$(command -v clang++-16)" ] || { compile "$base/tests.cc" ./a clang++-16 -std=c++20 -O2 && $lists ./a; }
}

lists() {
	compile "$base/tests.c" ./a gcc && exits 0 ./a --list --format terse --ignored && same 106 "$(wc -l <out)" ignored &&
		has 'demo_plain: test' out && has 'gauntlet/demo_plain/tiny-1llc/llc: test' out && hasnt 'demo_plain/tiny-1llc/default' out &&
		hasnt steal/ out && has 'gauntlet/two_tenants/smt-2llc/llc+steal: test' out && hasnt one_cgroup_per_cpu: out && hasnt numa out || return
	exits 0 ./a --list && has 'demo_plain ' out && same 3 "$(wc -l <out)" 'lines for people'
}

# Some, so that they cover most: both lists come from one choice.
budget() {
	compile "$base/tests.c" ./a gcc && exits 0 env KTSTR_BUDGET_SECS=100 ./a --list --format terse && has 'ktstr budget: ' err &&
		grep -qE '^ktstr budget: [0-9]+/108 tests, [0-9]+/100s used, ([0-9]+)/\1 configurations covered$' err && cp out all || return
	exits 0 env KTSTR_BUDGET_SECS=100 ./a --list --format terse --ignored || return
	! grep -vxFf all out || fail 'ignored ones that are not in the whole list' || return
	exits 0 env KTSTR_BUDGET_SECS=13 ./a --list --format terse && has '0/108 tests, 0/13s' err && same '' "$(cat out)" &&
		exits 0 env KTSTR_BUDGET_SECS=-1 ./a --list --format terse && has 'ktstr: KTSTR_BUDGET_SECS=-1: must be positive, ignoring' err &&
		same 108 "$(wc -l <out)" && exits 0 env KTSTR_BUDGET_SECS=x ./a --list --format terse && has 'KTSTR_BUDGET_SECS="x"' err
}

exported() {
	compile "$base/tests.c" ./a gcc && exits 0 ./a --export && python3 -c 'import json, sys
d = json.load(sys.stdin)
t = {x["name"]: x for x in d["tests"]}
a = t["two_tenants"]
assert d["format"] == 1 and list(t) == ["two_tenants", "one_cgroup_per_cpu", "demo_plain"], t.keys()
assert a["file"].endswith("tests.c") and a["line"] > 1 and a["kind"] == "scenario" and a["seeds"] == 8 and a["clock"] == "virtual"
assert a["scheduler"]["flags"][1] == {"name": "steal", "args": ["--steal"], "requires": ["llc"]} and len(a["presets"]) == 15
assert a["profiles"] == ["default", "llc", "llc+steal"] and t["demo_plain"]["profiles"] == ["llc"] and t["demo_plain"]["ignored"]
assert "cgroup many_7 cpuset=cpu:7" in t["one_cgroup_per_cpu"]["text"] and t["one_cgroup_per_cpu"]["kind"] == "body"' <out
}

# 10,000 names in no time; loosely, for slow machines
quick() {
	python3 -c 'print("#include <ktstr.h>\nKTSTR_SCHEDULER(s, .binary = \"s\", .flags = KTSTR_FLAGS({ \"a\" }, { \"b\" }, { \"c\" }));")
for i in range(90):
    print("KTSTR_SCENARIO(t%d, .scheduler = &s, .scenario = \"cgroup a cpuset=part:0/2\\nwork a spin n=100%%\\nhold %dms\");" % (i, i + 1))
print("KTSTR_MAIN")' >many.c && gcc -w -O0 -I"$header" many.c -o many "$O/libktstr.a" -lm && exits 0 ./many --list --format terse &&
		same 10890 "$(wc -l <out)" && perl -e 'for (1 .. 5) { system("./many --list --format terse >/dev/null") == 0 or exit 1 }
			my (undef, undef, $user, $system) = times; print 200 * ($user + $system), " ms of CPU time each\n"; exit($user + $system < 1 ? 0 : 1)'
}

# Structures of an older header, which end earlier, and of a newer one; a program of another ABI.
abi() {
	cat >abi.c <<-'END' || return
	#include <ktstr.h>
	#ifndef SIZE
	#define SIZE sizeof(struct ktstr_test)
	#endif
	#ifndef ABI
	#define ABI KTSTR_ABI
	#endif
	static const struct { struct ktstr_test t; uint64_t more; } test = { { .size = SIZE, .file = "abi.c", .line = 9, .id = "a",
		.map_write_size = sizeof(struct ktstr_map_write), .scenario = "work - spin\nhold 1s", .tags = KTSTR_LIST("x") }, MORE };
	static const struct ktstr_test *const here[] = { NULL, &test.t };
	static const struct ktstr_program program = { sizeof program, ABI, here, here + 2, NULL, NULL };
	int main(int argc, char **argv)
	{
		return ktstr_main(&program, argc, argv);
	}
	END
	abi_of() {
		gcc -Wall -Wextra -I"$header" abi.c -o abi -L"$O" -lktstr -Wl,-rpath,"$O" "$@" || fail "abi.c $*"
	}
	abi_of -DMORE=0 && exits 0 ./abi --list && has a out && abi_of -DMORE=0 '-DSIZE=offsetof(struct ktstr_test, ignored)' && exits 0 ./abi --list &&
		abi_of -DMORE=0 '-DSIZE=sizeof(test)' && exits 0 ./abi --list && abi_of -DMORE=5 '-DSIZE=sizeof(test)' && exits 2 ./abi --list &&
		has 'newer one, install that' err && abi_of -DMORE=0 '-DSIZE=24' && exits 2 ./abi --list && has 'compile the program again' err &&
		abi_of -DMORE=0 -DABI=7 && exits 2 ./abi --list && has "version 7 of libktstr's ABI, and this library has version 1" err
}

# Nothing but what the header has, in both libraries; a program that needs a later version is told so by the dynamic linker.
symbols() {
	sed -n 's/^	\(ktstr_[a-z_]*\);$/\1/p' "$header/libktstr.map" | sort >names
	nm -D --defined-only "$O/libktstr.so.0" | sed -n 's/.* T \(.*\)@@KTSTR_1$/\1/p' | sort >shared
	nm -g --defined-only "$O/libktstr.a" | sed -n 's/.* T //p' | sort >static
	[ "$(nm -D --defined-only "$O/libktstr.so.0" | grep -c ' T ')" = "$(wc -l <shared)" ] || fail 'a name without a version' || return
	diff names shared && diff names static && same '' "$(ldd "$O/libktstr.so.0" | grep -vE 'linux-vdso|libm\.|libc\.|ld-linux')" 'what it needs' || return
	grep -oE '\bktstr_[a-z_]+\(' "$header/ktstr.h" | tr -d '(' | sort -u | grep -xFf names >declared
	diff names declared || fail 'not in the header' || return
	echo 'KTSTR_1 { global: ktstr_main; }; KTSTR_2 { global: ktstr_later; };' >later.map
	printf 'int ktstr_main(void) { return 0; }\nint ktstr_later(void) { return 0; }\n' >later.c
	mkdir -p newer older && cp "$O/libktstr.so.0" older/ && gcc -shared -fPIC -Wl,-soname,libktstr.so.0 -Wl,--version-script=later.map later.c -o newer/libktstr.so.0 &&
		ln -s libktstr.so.0 newer/libktstr.so && printf 'int ktstr_later(void);\nint main(void) { return ktstr_later(); }\n' >p.c &&
		gcc p.c -o p -Lnewer -lktstr || fail 'no newer library' || return
	exits 0 env LD_LIBRARY_PATH=newer ./p && exits 1 env LD_LIBRARY_PATH=older ./p && has 'KTSTR_2' err
}

# names that are none, told as 0.3.2 told them
names() {
	compile "$base/tests.c" ./a gcc || return
	./a --help >/dev/full 2>err
	same 15 $? 'a full disk' && has 'error: write the output: ' err && ! ./a --list >/dev/full 2>err && has 'error: write the output: ' err || return
	exits 2 ./a --exact && has 'error: --exact requires a test name' err && exits 2 ./a --exact nosuch --nocapture && has 'unknown test: nosuch' err &&
		exits 2 ./a --exact two_tenant && has 'did you mean two_tenants?' err &&
		exits 2 ./a --exact gauntlet/two_tenants && has 'invalid gauntlet test name: gauntlet/two_tenants' err &&
		exits 2 ./a --exact gauntlet/two_tenants/none/default && has 'unknown gauntlet preset: none' err &&
		exits 2 ./a --exact gauntlet/two_tenants/numa2-4llc/default && has 'not within the bounds' err &&
		exits 2 ./a --exact gauntlet/two_tenants/smt-2llc/steal && has 'unknown flag profile: steal' err &&
		exits 2 ./a --exact gauntlet/demo_plain/smt-2llc/default && has 'unknown flag profile: default' err &&
		exits 10 ./a --exact two_tenants && has "scheduler 'scx_mine' not found. Set KTSTR_SCHEDULER" err && exits 2 ./a --nosuch && has --help err &&
		exits 0 ./a --help && has Usage: out && KTSTR=/nosuch exits 23 ./a --exact two_tenants && has 'KTSTR names /nosuch' err
}

# wrong LINE TEXT <<source: what is told when that test is listed
wrong() {
	{ echo '#include <ktstr.h>' && cat && printf '\nKTSTR_MAIN\n'; } >w.c || return
	gcc -w -I"$header" w.c -o w "$O/libktstr.a" -lm && exits 2 ./w --list --format terse && same '' "$(cat out)" 'what is listed' &&
		has "error: w.c:$1: " err && has "$2" err
}

mistakes() {
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "work - spinn\nhold 1s");' | wrong 2 'did you mean "spin"?' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "work - spin\n  work nowhere spin");' | wrong 2 'line 2 of its scenario: ' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "work - spin\nhold 1s", .expect = "gap.maxx <= 1ms");' | wrong 2 'gap.max' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "cgroup a\nwork a spin\nhold 1s", .expect = "gap.max{b} <= 1ms");' | wrong 2 '"b"' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "cgroup a cpuset=cpu:0-cpu:0\nwork a spin\nhold 1s");' | wrong 2 'on topology ' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "work - pipe n=3\nhold 1s");' | wrong 2 'test a: ' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "hold 1s", .min_llcs = 13);' | wrong 2 'min_llcs (13) exceeds max_llcs (12)' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "hold 1s", .flags_required = KTSTR_LIST("llc"));' | wrong 2 'without a scheduler there are no flags' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "hold 1s", .name = "a b");' | wrong 2 "a test's name has letters" || return
	printf '%s' 'KTSTR_SCENARIO(a, .summary = "nothing");' | wrong 2 'none of them' || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "hold 1s", .topology = "1,2");' | wrong 2 .topology || return
	printf '%s\n%s' 'KTSTR_SCENARIO(a, .scenario = "hold 1s");' 'KTSTR_SCENARIO(b, .name = "a", .scenario = "hold 1s");' | wrong 3 'another test of that name, at w.c:2' &&
		exits 2 ./w && has 'another test of that name' err && exits 2 ./w --exact a && has 'another test of that name' err || return
	for words in '.args = KTSTR_LIST("-v")' '.map_write = KTSTR_MAP_WRITES({ "data", 0, 1 })' '.scheduler = &own'; do
		printf '%s\n%s' 'KTSTR_SCHEDULER(own, .args = KTSTR_LIST("-v"));' "KTSTR_SCENARIO(a, $words, .scenario = \"hold 1s\");" |
			wrong 3 "the scheduler's program, and none is named" || return
	done
	for words in '.summary = "a\nb"' '.tags = KTSTR_LIST("x\nmemory 512")' '.needs = KTSTR_LIST("x\"y\"")' \
		'.scheduler = &s, .map_write = KTSTR_MAP_WRITES({ "\n", 0, 0 })' '.scheduler = &s, .args = KTSTR_LIST("--name=\"x\"")'; do
		printf '%s\n%s' 'KTSTR_SCHEDULER(s, .binary = "s");' "KTSTR_SCENARIO(a, $words, .scenario = \"hold 1s\");" |
			wrong 3 'has a quote or a line feed in it' || return
	done
	for words in '.sysctls = KTSTR_LIST("vm.a..b=1")' '.kargs = KTSTR_LIST("rdinit=/bin/sh")' '.kargs = KTSTR_LIST("a b")' \
		'.sysctls = KTSTR_LIST("a=1\nmemory 512")' '.cgroup_parent = "/a/../b"'; do
		printf 'KTSTR_SCHEDULER(s, .binary = "s", %s);\nKTSTR_SCENARIO(a, .scheduler = &s, .scenario = "work - spin\\nhold 1s");' "$words" |
			wrong 3 'test a: ' || return
	done
	printf 'KTSTR_SCHEDULER(s, .binary = "s", .flags = KTSTR_FLAGS({ "llc" }));\nKTSTR_SCENARIO(a, .scheduler = &s, .scenario = "hold 1s", .flags_excluded = KTSTR_LIST("lcc"));' |
		wrong 3 'did you mean "llc"?'
}

mistakes_of_flags() {
	for flags in '{ "a b" }' '{ "default" }' '{ "a" }, { "a" }' '{ "a", KTSTR_LIST("") , KTSTR_LIST("b") }'; do
		printf 'KTSTR_SCHEDULER(s, .binary = "s", .flags = KTSTR_FLAGS(%s));\nKTSTR_SCENARIO(a, .scheduler = &s, .scenario = "hold 1s");' "$flags" |
			wrong 3 'test a: ' || return
	done
}

mistakes_of_work() {
	printf '%s\n%s' 'KTSTR_WORK(steady) { ktstr_worker_run(w, 1); }' 'KTSTR_SCENARIO(a, .scenario = "work - spin\nwork - fn:stedy\nhold 1s");' |
		wrong 3 'line 2 of its scenario: this program has no work function "stedy"' && has 'did you mean "steady"?' err || return
	printf '%s' 'KTSTR_SCENARIO(a, .scenario = "work - fn:none\nhold 1s");' | wrong 2 'no work function "none"' && has 'KTSTR_WORK(none)' err || return
	printf 'KTSTR_TEST(a, .summary = "")\n{\n\tktstr_work(k, "-", "spin");\n\tktstr_work(k, "-", "fn:none");\n\tktstr_hold(k, "1s");\n}' |
		wrong 5 'no work function "none"'
}

# of a body it is the line of the call
mistakes_of_bodies() {
	printf 'KTSTR_TEST(a, .summary = "")\n{\n\tktstr_cgroup(k, "a");\n\tktstr_work(k, "b", "spin");\n\tktstr_hold(k, "1s");\n}' | wrong 5 'test a: ' || return
	printf 'KTSTR_TEST(a, .summary = "")\n{\n\tif (ktstr_require(k, ktstr_cpus(k) > 99, "too few CPUs: %%u", ktstr_cpus(k)))\n\t\tktstr_hold(k, "?");\n\tktstr_hold(k, "");\n}' |
		wrong 2 'w.c:4: too few CPUs: 2' || return
	printf 'KTSTR_TEST(a, .summary = "")\n{\n\tktstr_flag(k, "x");\n}' | wrong 2 'has no such flag' || return
	printf 'KTSTR_TEST(a, .summary = "")\n{\n\tktstr_line(k, "hold 1s\\nhold 1s");\n}' | wrong 2 'w.c:4: a call adds one line' || return
	printf 'KTSTR_TEST(a, .summary = "")\n{\n\tktstr_hold(k, "%%u", ktstr_cpus_of(k, "llc:"));\n}' | wrong 2 'ktstr_cpus_of("llc:")'
}

# What ktstr is asked for, by one that only writes it down.
asks() {
	cat >a.c <<-'END' || return
	#include <ktstr.h>
	KTSTR_SCHEDULER(mine, .binary = "./sched", .args = KTSTR_LIST("--parent=%cgroup%"), .attach_ms = 1500, .flags = KTSTR_FLAGS({ "llc", KTSTR_LIST("--llc") }));
	#define LINES .scenario = "work - spin\nhold 1s"
	KTSTR_SCENARIO(plain, LINES);
	KTSTR_SCENARIO(both, LINES, .clock = KTSTR_BOTH);
	KTSTR_SCENARIO(under, LINES, .scheduler = &mine, .args = KTSTR_LIST("-v"));
	KTSTR_SCENARIO(real, LINES, .clock = KTSTR_REAL, .perf_mode = true);
	KTSTR_MAIN
	END
	cat >ktstr <<-'END' || return
	#!/bin/sh
	echo "$*" | sed "s|[^ ]*/texts/[^ ]*/||g" >>asked
	cp "$(echo "$*" | tr ' ' '\n' | grep '\.ktstr$')" text
	case "$*" in *real*) exit "${REAL_CODE-0}" ;; esac
	echo "${SAYS-PASS}  x"
	exit "${CODE-0}"
	END
	chmod +x ktstr && printf '#!/bin/sh\n' >sched && chmod +x sched && compile a.c './pro|gram' gcc && p='./pro|gram' &&
		KTSTR=$PWD/ktstr KTSTR_STORE=$PWD/store && export KTSTR KTSTR_STORE || return
	asked() {
		same "$1" "$(cat asked)" 'what is asked' && rm asked
	}
	exits 0 "$p" --exact plain && asked 'run plain.ktstr' && has 'test plain' text && hasnt 'clock' text || return
	exits 0 "$p" --exact both && asked 'run both.ktstr
run both.ktstr --clock real' && exits 2 env REAL_CODE=2 "$p" --exact both && exits 1 env REAL_CODE=2 CODE=1 "$p" --exact both &&
		exits 6 env REAL_CODE=6 CODE=1 "$p" --exact both && rm asked || return
	exits 0 env KTSTR_CLOCK=real KTSTR_SEEDS=1..9 KTSTR_TEST_KERNEL=/boot/k "$p" --exact both && asked 'run both.ktstr --kernel /boot/k --seeds 1..9 --clock real' || return
	exits 0 "$p" --exact under && asked 'run under.ktstr --profiles default --flags-file under.flags --timeout 2' && has "scheduler $PWD/sched --parent=%cgroup% -v" text &&
		exits 0 "$p" --exact gauntlet/under/odd-3llc/llc -q &&
		asked '-q run under.odd-3llc.llc.ktstr --profiles llc --flags-file under.flags --timeout 2' && has 'topology odd-3llc' text || return
	exits 0 "$p" --exact real && asked 'run real.ktstr --perf-mode' && has 'clock real' text || return
	exits 77 env SAYS=SKIP "$p" --exact plain --skip-code 77 && exits 0 "$p" --exact plain --skip-code 77 && exits 1 env SAYS=SKIP CODE=1 "$p" --exact plain --skip-code 77 &&
		exits 0 env SAYS=SKIP "$p" plain && has 'ok 1 - plain # SKIP' out && [ -z "$(find store/texts -name '*|*')" ] || fail 'a name that no graph can have' || return
	# The file stays as it is while nothing changed, so that ninja finds it so.
	touch -d yesterday store/texts/*/plain.ktstr && exits 0 "$p" --exact plain && same '' "$(find store/texts -name plain.ktstr -newer ktstr)" written
}

# Flags that nobody declares: the scheduler is asked once, by one that only acts so, and again when it is another file.
asks_for_flags() {
	cat >f.c <<-'END' || return
	#include <ktstr.h>
	KTSTR_SCHEDULER(mine, .binary = "./sched");
	KTSTR_SCHEDULER(plain, .binary = "./sched", .flags = KTSTR_FLAGS({ NULL }));
	#define LINES .scenario = "work - spin\nhold 1s"
	KTSTR_SCENARIO(under, LINES, .scheduler = &mine, .max_llcs = 1, .max_cpus = 4);
	KTSTR_SCENARIO(needs, LINES, .scheduler = &mine, .flags_required = KTSTR_LIST("steal"), .max_llcs = 1, .max_cpus = 4);
	KTSTR_SCENARIO(none, LINES, .scheduler = &plain);
	KTSTR_TEST(body, .scheduler = &mine)
	{
		ktstr_work(k, "-", "spin n=%d", ktstr_flag(k, "llc") ? 2 : 1);
		ktstr_hold(k, "1s");
	}
	KTSTR_MAIN
	END
	cat >ktstr <<-'END' || return
	#!/bin/sh
	echo "$*" | sed "s|[^ ]*/texts/[^ ]*/||g" >>asked
	case "$*" in *--list-flags*)
		cat says
		exit "${CODE-0}"
		;;
	esac
	echo 'PASS  x'
	END
	chmod +x ktstr && printf '#!/bin/sh\n' >sched && chmod +x sched && compile f.c ./f gcc && KTSTR=$PWD/ktstr KTSTR_STORE=$PWD/store &&
		export KTSTR KTSTR_STORE || return
	exits 0 ./f --list && same 1 "$(grep -c 'which flags scheduler sched has' err)" notes && exits 0 ./f --list --format terse --ignored && same '' "$(cat err)" &&
		has 'gauntlet/under/tiny-1llc/default' out && hasnt gauntlet/needs out && [ ! -e asked ] || return
	echo '[{"name":"llc","args":["--llc"],"requires":[]},{"name":"steal","args":["-s"],"requires":["llc"]}]' >says
	exits 0 ./f --exact none && same 'run none.ktstr' "$(cat asked)" && rm asked && exits 10 env CODE=10 ./f --exact under && has 'could not be asked for its flags' err &&
		exits 0 ./f --exact needs && same 'run under.ktstr --list-flags
run needs.ktstr --list-flags
run needs.ktstr --profiles llc+steal --flags-file needs.flags' "$(cat asked)" && rm asked && exits 0 ./f --exact under && exits 0 ./f --exact body &&
		hasnt list-flags asked && exits 0 ./f --list && same '' "$(cat err)" && exits 0 ./f --list --format terse --ignored && has 'gauntlet/needs/tiny-1llc/llc+steal' out &&
		hasnt 'gauntlet/needs/tiny-1llc/default' out && has 'gauntlet/under/tiny-1llc/llc' out || return
	echo '[]' >says && echo '# another' >>sched && rm asked && exits 0 ./f --exact gauntlet/under/tiny-1llc/default && has list-flags asked &&
		exits 2 ./f --exact needs && has 'its scheduler has no flags' err && exits 0 ./f --exact under && same 1 "$(grep -c list-flags asked)" 'questions' || return
	echo '[{' >says && echo '# a third' >>sched && exits 1 ./f --exact under && has 'test under' err
}

# What a process of its own asks for is no other's: schedulers that the environment names, files that a function of the host reads, long names.
side_by_side() {
	cat >s.c <<-'END' || return
	#include <ktstr.h>
	#define A60 "a23456789012345678901234567890123456789012345678901234567890"
	#define NEEDS(a, b) { A60 a, .needs = KTSTR_LIST(A60 b) }
	KTSTR_SCHEDULER(mine, .binary = "scx_mine", .attach_ms = 4294967295u, .flags = KTSTR_FLAGS({ A60 "1" }, NEEDS("2", "1"), NEEDS("3", "2"),
		NEEDS("4", "3"), NEEDS("5", "4")));
	static void no_time(struct ktstr_verdict *v)
	{
		ktstr_skip(v, "no time");
	}
	static void agrees(struct ktstr_verdict *v)
	{
		ktstr_check(v, ktstr_run_seed(v) == 7, "another seed");
	}
	#define LINES .scenario = "work - spin\nhold 1s"
	KTSTR_SCENARIO(under, LINES, .scheduler = &mine);
	KTSTR_SCENARIO(judged, LINES, .judge = agrees);
	KTSTR_SCENARIO(judged_skips, LINES, .judge = no_time);
	KTSTR_SCENARIO(both, LINES, .clock = KTSTR_BOTH);
	KTSTR_MAIN
	END
	cat >ktstr <<-'END' || return
	#!/bin/sh
	echo "$*" >>asked
	to=$(echo "$*" | sed -n 's/.* --json-file \([^ ]*\).*/\1/p')
	mkdir -p run/seed-7 && echo '{"format": 1, "outcome": "ran"}' >run/seed-7/run.json
	[ -z "$to" ] || echo "{\"tests\": [{\"dir\": \"$PWD/run\", \"seeds\": [{\"seed\": 7, \"verdict\": \"pass\"}]}]}" >"$to"
	case "$*" in *real*) echo "${REAL-PASS}  x" ;; *) echo "${SAYS-PASS}  x" ;; esac
	END
	printf '#!/bin/sh\n' >one && cp one two && chmod +x ktstr one two || return
	compile s.c s gcc && KTSTR=$PWD/ktstr KTSTR_STORE=$PWD/store && export KTSTR KTSTR_STORE || return
	exits 0 env KTSTR_SCHEDULER=./one ./s --exact under && exits 0 env KTSTR_SCHEDULER=./two ./s --exact under &&
		same 2 "$(find store/texts -name under.ktstr | wc -l)" texts && has '--timeout 4294968' asked || return
	name=a23456789012345678901234567890123456789012345678901234567890
	exits 0 env KTSTR_SCHEDULER=./one ./s --exact "gauntlet/under/odd-3llc/${name}1+${name}2+${name}3+${name}4+${name}5" || return
	exits 0 ./s --exact judged && exits 0 ./s --exact judged && same 2 "$(grep -o 'judged.ktstr.*json' asked | sort -u | wc -l)" 'files for what came of it' &&
		same '' "$(find store -name '*.json')" 'what is left' || return
	exits 77 ./s --exact judged_skips --skip-code 77 && exits 0 ./s --exact judged_skips && exits 0 ./s judged_skips && has 'ok 1 - judged_skips # SKIP no time' out || return
	exits 77 env SAYS=SKIP REAL=SKIP ./s --exact both --skip-code 77 && exits 0 env SAYS=SKIP ./s --exact both --skip-code 77 &&
		same 'SKIP  x PASS  x' "$(tr '\n' ' ' <out | sed 's/ $//')" 'in order'
}

# What tests print, whatever it is, stays within their comments.
# A function of the host that never ends is a test that fails, and the others go on.
hangs() {
	cat >h.c <<-'END' || return
	#include <ktstr.h>
	#include <unistd.h>
	KTSTR_HOST_TEST(waits)
	{
		(void)v;
		for (;;)
			pause();
	}
	KTSTR_HOST_TEST(passes)
	{
		ktstr_check(v, true, "fine");
	}
	KTSTR_MAIN
	END
	compile h.c h gcc && exits 1 env KTSTR_HOST_TEST_SECS=1 ./h && same '1..2
not ok 1 - waits
# it did not end within 1 s
ok 2 - passes
# PASS passes' "$(cat out)" && exits 2 env KTSTR_HOST_TEST_SECS=0 ./h && has KTSTR_HOST_TEST_SECS err
}

prints() {
	cat >p.c <<-'END' || return
	#include <ktstr.h>
	#include <stdio.h>
	KTSTR_HOST_TEST(fails)
	{
		fwrite("a\0b\n", 1, 4, stdout);
		ktstr_check(v, false, "wrong\nok 7 - forged\n\nBail out!");
	}
	KTSTR_HOST_TEST(skips)
	{
		fwrite("\0", 1, 1, stdout);
		ktstr_skip(v, "no time\nok 8 - forged");
	}
	KTSTR_MAIN
	END
	compile p.c p gcc && exits 1 ./p && same '1..2
not ok 1 - fails
# a b
# FAIL fails
#   p.c:6: wrong
# ok 7 - forged
#
# Bail out!
ok 2 - skips # SKIP no time' "$(cat out)" TAP
}

run_tests asks asks_for_flags hangs prints side_by_side survives lists budget exported quick abi symbols names mistakes mistakes_of_flags mistakes_of_work mistakes_of_bodies
