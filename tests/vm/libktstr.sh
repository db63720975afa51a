#!/bin/sh
# Tests of a program in guests. All have the scenario of tests/vm/run.sh, so that there is one run for all of them.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
KTSTR_KERNEL=$key
export KTSTR_KERNEL
header=$root/runtime/test

cat >"$base/tests.c" <<'END'
#include <ktstr.h>
#include <stdlib.h>
#include <string.h>

#define LINES "cgroup left\ncgroup right\nwork left spin n=1\nwork right bursty:run=2ms,sleep=2ms n=2\nhold 50%\nhold 50%"
#define SCENARIO(name, ...) KTSTR_SCENARIO(name, .duration_ms = 400, .settle_ms = 50, .scenario = LINES, __VA_ARGS__)

static void own(struct ktstr_verdict *v)
{
	const char *json = ktstr_run_json(v);

	ktstr_check(v, json && strstr(json, "\"outcome\""), "no run.json");
	ktstr_check(v, ktstr_run_seed(v) == 1, "another seed");
	ktstr_check(v, ktstr_figure(v, "gap.max{left}", 1e9) < 1000, "that is not in ms");
	ktstr_check(v, ktstr_figure(v, "iterations{left}@2", 0) > 100, "too few");
	ktstr_check(v, ktstr_figure(v, "program.none", -7) == -7, "a figure of nothing");
}

static void strict(struct ktstr_verdict *v)
{
	ktstr_check(v, ktstr_figure(v, "iterations{left}", 0) > 1e9, "only %g iterations", ktstr_figure(v, "iterations{left}", 0));
}

static void mistaken(struct ktstr_verdict *v)
{
	(void)ktstr_figure(v, "iteration{left}", 0);
}

SCENARIO(same, .summary = "as a file has it");
SCENARIO(fails, .expect = "iterations{left} >= 100000000");
SCENARIO(vague, .expect = "gap.max <= 4500us");
SCENARIO(must_fail, .expect = "iterations{left} >= 100000000", .expect_fail = "iterations");
SCENARIO(judged, .judge = own);
SCENARIO(judged_badly, .judge = strict);
SCENARIO(judged_wrongly, .judge = mistaken);
KTSTR_SCENARIO(far, .scenario = "cgroup a cpuset=llc:7\nwork a spin\nhold 1s");
KTSTR_TEST(by_hand, .duration_ms = 400, .settle_ms = 50)
{
	const char *left = ktstr_cgroup(k, "left"), *right = ktstr_cgroup(k, "right");

	ktstr_work(k, left, "spin n=%u", ktstr_cpus(k) / 2);
	ktstr_work(k, right, "bursty:run=2ms,sleep=2ms n=%u", ktstr_cpus_of(k, "llc:0"));
	ktstr_hold(k, "50%%");
	ktstr_hold(k, "50%%");
}
KTSTR_HOST_TEST(host_passes, .summary = "on the host")
{
	ktstr_check(v, ktstr_run_json(v) == NULL, "no run");
}
KTSTR_HOST_TEST(host_fails, .summary = "on the host")
{
	ktstr_check(v, 1 > 2, "one is %d", 1);
}
KTSTR_HOST_TEST(host_skips, .summary = "on the host")
{
	ktstr_skip(v, "no %s", "time");
}
KTSTR_HOST_TEST(host_dies, .summary = "on the host")
{
	ktstr_skip(v, "never told");
	abort();
}
KTSTR_MAIN
END
gcc -Wall -Wextra -Werror -I"$header" "$base/tests.c" -o "$base/tests" "$O/libktstr.a" -lm || fail 'tests.c does not compile'
line() {
	grep -n "$1" "$base/tests.c" | head -n 1 | cut -d: -f1
}

# A file and a test of a program are one cell, by whichever it ran first; a limit that is another one boots nothing.
shared() {
	# What was not made has not failed.
	exits 0 ktstr affected "$base/tests" --seed 99 --filter same/ && has '1 of 1 cells affected' out && hasnt failed err || return
	printf 'duration 400ms\nsettle 50ms\ncgroup left\ncgroup right\nwork left spin n=1\nwork right bursty:run=2ms,sleep=2ms n=2\nhold 50%%\nhold 50%%\n' >t.ktstr
	exits 0 ktstr run t.ktstr && exits 0 "$base/tests" --exact same --nocapture && has 'PASS same  ' out && hasnt ' run same' err &&
		exits 0 "$base/tests" --exact by_hand && hasnt ' run by_hand' err && exits 1 "$base/tests" --exact fails && has 'FAIL fails' out &&
		hasnt ' run fails' err && has 'again: ktstr run ' out || return
	words=$(sed -n 's/^ *again: //p' out)
	exits 1 sh -c "$words" && has 'FAIL fails' out && hasnt ' run fails' err && has 'no guest ran: ' err &&
		exits 0 "$base/tests" --exact same && hasnt 'no guest ran' err
}

codes() {
	exits 2 "$base/tests" --exact vague && has INCONCLUSIVE out && exits 0 "$base/tests" --ignored --exact must_fail &&
		exits 0 "$base/tests" --exact far && has 'there is no llc:7' out && exits 77 "$base/tests" --exact far --skip-code 77 &&
		exits 0 "$base/tests" --exact same --skip-code=77 && has 'PASS same  ' out && exits 20 env KTSTR_KERNEL=99.9 "$base/tests" --exact same &&
		exits 20 env KTSTR_TEST_KERNEL=99.9 "$base/tests" --exact same
}

judged() {
	exits 0 "$base/tests" --exact judged && has 'PASS judged  ' out && exits 1 "$base/tests" --exact judged_badly &&
		same "FAIL judged_badly  seed 1" "$(head -n 1 out)" 'the first line' && has ":$(line 'only %g'): only " out &&
		exits 1 "$base/tests" --exact judged_wrongly && has 'ktstr_figure("iteration{left}"): ' out && has 'did you mean' out
}

on_the_host() {
	exits 0 "$base/tests" --exact host_passes && has 'PASS host_passes' out && exits 1 "$base/tests" --exact host_fails &&
		has ":$(line 'one is'): one is 1" out && exits 0 "$base/tests" --exact host_skips && has 'SKIP: no time' out &&
		exits 77 "$base/tests" --exact host_skips --skip-code 77
}

tap() {
	exits 2 "$base/tests" same far vague host_skips && same '1..4
ok 1 - same
ok 2 - far # SKIP there is no llc:7, this topology has 1 (from 0)
not ok 3 - vague
ok 4 - host_skips # SKIP no time' "$(grep -v '^#' out)" && has '# INCONCLUSIVE vague' out || return
	exits 1 "$base/tests" && has '1..13' out && has 'not ok 13 - host_dies' out && has '# it was ended by signal 6' out &&
		exits 2 "$base/tests" nosuch && has 'unknown test: nosuch' err && exits 1 "$base/tests" judged_ && has 1..2 out || return
	printf '#!/bin/sh\nexec %s "$@"\n' "$base/tests" >t.sh && exits 0 prove -e sh t.sh :: same far && has 'Result: PASS' out &&
		exits 1 prove -e sh t.sh :: same vague && has 'Failed test:  2' out
}

# What guests are booted with, and where their cgroups are: as a program in them sees it, and as a scheduler finds it when it starts.
booted() {
	cat >see.c <<-'END' || return
	#include <stdio.h>
	#include <string.h>
	#include <unistd.h>
	int main(int argc, char **argv)
	{
		char line[4096] = "";
		int n = -1;
		FILE *f = fopen("/proc/sys/vm/swappiness", "r"), *c = fopen("/proc/cmdline", "r");

		if (f && fscanf(f, "%d", &n) == 1 && c && fgets(line, sizeof line, c))
			printf("swappiness %d\nisolated %d\n", n, strstr(line, " isolcpus=1") != NULL);
		printf("folder %d\ninner %d\n", access("/sys/fs/cgroup/w/cells/cpu.max", F_OK) == 0, access("/sys/fs/cgroup/w/cells/a", F_OK) == 0);
		printf("%s\n", argc > 1 ? argv[1] : "none");
		return argc > 1 ? 3 : 0;
	}
	END
	cat >b.c <<-'END' || return
	#include <ktstr.h>
	#define BOOT .sysctls = KTSTR_LIST("vm.swappiness=13", "kernel.printk=4 4 1 7"), .kargs = KTSTR_LIST("isolcpus=1"), .cgroup_parent = "/w/cells"
	KTSTR_SCHEDULER(plain, BOOT);
	KTSTR_SCHEDULER(looks, .binary = "./see", .args = KTSTR_LIST("parent=%cgroup%"), .flags = KTSTR_FLAGS({ NULL }), BOOT);
	#define LINES "cgroup a\nwork a churn:period=10ms n=1\nprogram - " SEE "\nhold 100%"
	KTSTR_SCENARIO(seen, .scheduler = &plain, .duration_ms = 200, .settle_ms = 50, .scenario = LINES,
		       .expect = "program.swappiness >= 13\nprogram.swappiness <= 13\nprogram.isolated >= 1\nprogram.folder >= 1\nprogram.inner >= 1");
	KTSTR_SCENARIO(found, .scheduler = &looks, .scenario = "work - spin\nhold 1s");
	KTSTR_MAIN
	END
	gcc see.c -o see && gcc -Wall -Wextra -Werror -DSEE="\"$PWD/see\"" -I"$header" b.c -o b "$O/libktstr.a" -lm &&
		exits 0 ./b --exact seen && has 'PASS seen  ' out && exits 1 ./b --exact found && has 'FAIL found' out &&
		has 'folder 1' out && has 'parent=/w/cells' out || return
	# The verifier starts it in the same way; to it this is a scheduler that ends before it attaches.
	exits 4 ktstr verifier --tests ./b --clock virtual --topology 1,1,2,1 && has 'verifying 1 declared scheduler' err && has 'swappiness 13' out &&
		has 'isolated 1' out && has 'folder 1' out && has 'parent=/w/cells' out
}

seeds_and_clock() {
	exits 0 env KTSTR_SEEDS=1..1 "$base/tests" --exact same && has 'seed 1' out && exits 2 env KTSTR_SEEDS=none "$base/tests" --exact same &&
		has --seeds err && exits 2 env KTSTR_CLOCK=sundial "$base/tests" --exact same && has --clock err
}

# A cell is one, whoever runs it: the matrix of the program has it from the test, from the file, and the other way round, to the byte. What the
# test's own function finds fault with is in the verdict.
matrix() {
	exits 0 "$base/tests" --exact same && exits 1 ktstr matrix "$base/tests" --json-file m.json --junit m.xml && has '5 of 13 passed, broken: 1, fail: 4, inconclusive: 1, skip: 2' out &&
		has 'FAIL fails/' err &&
		has '8 known before' out && has 'host_dies' err && has ":$(line 'one is'): one is 1" out && has ":$(line 'only %g'): only " out && has 'did you mean' out &&
		has '"metric": "judge"' m.json && has 'tests="13" failures="4" errors="1"' m.xml || return
	again=$(sed -n 's/^ *again: \(ktstr matrix .*judged_badly.*\)/\1/p' out)
	exits 1 sh -c "$again" && has '0 of 1 passed, fail: 1; 1 known before' out || return
	exits 0 ktstr matrix "$base/tests" --seed 5 --filter same/ --audit 100 && has '1 of 1 passed' out && has 'equal to the byte' err || return
	printf 'duration 400ms\nsettle 50ms\ncgroup left\ncgroup right\nwork left spin n=1\nwork right bursty:run=2ms,sleep=2ms n=2\nhold 50%%\nhold 50%%\n' >t.ktstr
	exits 0 env KTSTR_SEEDS=5..5 "$base/tests" --exact same && hasnt ' run same' err && exits 0 ktstr run t.ktstr --seed 5 && hasnt ' run t' err &&
		exits 0 ktstr matrix t.ktstr "$base/tests" --filter same/ --seed 5 && has '1 known before' out || return
	find "$shared/ktstr/store/graphs" -path '*/tests/*/seed-5/run.json' -newer m.json >runs
	[ "$(wc -l <runs)" -ge 3 ] || fail 'runs of seed 5' || return
	same 1 "$(xargs sha256sum <runs | cut -d' ' -f1 | sort -u | wc -l)" 'different results of one cell'
}

# as quick as it can be: a cell that is known
quick() {
	exits 0 "$base/tests" --exact same -q || return
	perl -e 'for (1 .. 5) { system(@ARGV) == 0 or exit 1 }
		my (undef, undef, $user, $system) = times; print STDERR 200 * ($user + $system), " ms of CPU time each\n"; exit($user + $system < 1 ? 0 : 1)' \
		"$base/tests" --exact same -q >quick.log 2>&1 || { cat quick.log; fail slow; }
}

run_tests shared codes judged on_the_host tap seeds_and_clock matrix booted quick
