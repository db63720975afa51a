#!/bin/sh
# matrix, runs, affected: which cells there are, what is planned and told of them; steps are played (tests/fake-step.sh).
. "$(dirname "$0")/../lib.sh"
. "$root/tests/played.sh"
header=$root/runtime/test

cat >"$base/tests.c" <<'END'
#include <ktstr.h>
#include <stdio.h>

KTSTR_SCHEDULER(mine, .binary = "/bin/true", .flags = KTSTR_FLAGS({ "llc", KTSTR_LIST("--llc") }, { "steal", KTSTR_LIST("--steal") }));
static void own(struct ktstr_verdict *v)
{
	ktstr_check(v, true, "never");
}
KTSTR_SCENARIO(steady, .scheduler = &mine, .scenario = "work - spin\nhold 100%");
KTSTR_SCENARIO(plain, .scenario = "work - spin\nhold 100%", .judge = own);
KTSTR_SCENARIO(twice, .max_cpus = 2, .scenario = "work - spin\nhold 100%", .clock = KTSTR_BOTH);
KTSTR_SCENARIO(demo_ignored, .scenario = "work - spin\nhold 100%");
KTSTR_TEST(bodily, .scheduler = &mine, .max_cpus = 4)
{
	puts("a word on stdout");
	ktstr_work(k, "-", "spin n=%u", ktstr_flag(k, "llc") ? 3 : ktstr_cpus(k));
	ktstr_hold(k, "100%%");
}
KTSTR_HOST_TEST(on_the_host)
{
	(void)v;
}
KTSTR_MAIN
END
gcc -Wall -Wextra -Werror -I"$header" "$base/tests.c" -o "$base/tests" "$O/libktstr.a" -lm || fail 'tests.c does not compile'

# A ktstr whose steps are played, with the kernels one and two.
place() {
	played ktstr && played_kernels one two || return
	PATH=$work/fake/out:$PATH
	export PATH
	for name in fine good other; do
		printf 'test %s\ncgroup a\nwork a spin\nhold 100%%\n' "$name" >"$name.ktstr"
	done
}

# matrix WORD…: as exits 0, with steps in the file "new"
matrix() {
	: >steps
	exits "$code" ktstr matrix "$@" && sort steps >new
}
code=0

steps_of() {
	grep -c "^$1 " new || true
}

# What ./tests --cells says: what bodies print is no part of it.
cells() {
	place || return
	exits 0 "$base/tests" --cells && python3 -m json.tool out >/dev/null && has 'a word on stdout' err && hasnt demo_ignored out &&
		has '"on_the_host"' out && same 4 "$(grep -c '"name"' out)" 'texts' || return
	exits 0 "$base/tests" --export && python3 -m json.tool out >/dev/null && has 'a word on stdout' err || return
	exits 0 "$base/tests" --list --format terse && same '' "$(grep -v ': test$' out)" 'lines that nextest does not know' || return
	exits 0 "$base/tests" --cells --preset tiny-1llc --preset smt-2llc --profiles all && same 6 "$(grep -c '"name"' out)" 'texts' || return
	exits 2 "$base/tests" --cells --preset none && has 'there is none such' err || return
	exits 2 "$base/tests" --judge steady --runs . --to x 1 && exits 2 "$base/tests" --judge plain 1
}

# Names of cells: a test where it says itself, by its clocks; presets within bounds, profiles of those that have them.
names() {
	place || return
	exits 0 ktstr matrix --list "$base/tests" fine.ktstr && cat >want <<-'END' && same "$(cat want)" "$(cat out)" || return
		steady/one/1n1l2c1t/default
		plain/one/1n1l2c1t
		twice/one/1n1l2c1t
		twice/one/1n1l2c1t-1024mb-real
		bodily/one/1n1l2c1t/default
		on_the_host/here/1n1l1c1t
		fine/one/1n1l2c1t
	END
	exits 0 ktstr matrix --list "$base/tests" fine.ktstr --kernel one --kernel two --preset tiny-1llc --preset odd-3llc --all-profiles &&
		same 33 "$(wc -l <out)" cells && same 8 "$(grep -c ^bodily out)" 'within bounds' && same 16 "$(grep -c ^steady out)" 'cells of steady' &&
		same 4 "$(grep -c ^fine out)" 'cells of a file' || return
	exits 0 ktstr matrix --list "$base/tests" --profiles llc+steal && same 3 "$(wc -l <out)" 'cells of a profile' || return
	exits 0 ktstr matrix --list "$base/tests" --filter bodily && same bodily/one/1n1l2c1t/default "$(cat out)" || return
	exits 0 ktstr matrix --list "$base/tests" --cell plain/one/1n1l2c1t && same plain/one/1n1l2c1t "$(cat out)" || return
	# By a real clock a guest has no more CPUs than the host, and each test that goes without is named.
	cat >wide.c <<-'END'
		#include <ktstr.h>
		KTSTR_SCENARIO(wide, .scenario = "work - spin\nhold 100%", .clock = KTSTR_BOTH);
		KTSTR_SCENARIO(plain, .scenario = "work - spin\nhold 100%");
		KTSTR_MAIN
	END
	gcc -I"$header" wide.c -o wide "$O/libktstr.a" -lm || fail 'wide.c does not compile' || return
	one=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
	exits 0 taskset -c "$one" ktstr matrix --list ./wide --preset tiny-1llc --preset tiny-2llc && same 2 "$(wc -l <out)" cells && hasnt wide/ out &&
		has 'note: no cell, since by a real clock a guest has no more CPUs than this machine: wide: tiny-1llc, tiny-2llc' err || return
	exits 0 taskset -c "$one" ktstr matrix --list ./wide && hasnt 'no cell' err || return
	exits 0 ktstr matrix --list "$base/tests" --clock real && same 5 "$(wc -l <out)" 'cells of one clock'
}

# Nothing is done twice, and a graph that did not change starts none but what must be looked at each time.
nothing_twice() {
	place || return
	matrix "$base/tests" fine.ktstr good.ktstr --preset tiny-1llc --preset tiny-2llc --all-profiles --kernel one --kernel two && same 44 "$(steps_of run)" runs &&
		same 44 "$(steps_of judge)" judges && same 1 "$(steps_of test)" 'tests of the host' && has '45 of 45 passed' out && has '45 known before' out || return
	same 1 "$(steps_of scheduler)" 'one payload of all tests of a scheduler' || return
	matrix "$base/tests" fine.ktstr good.ktstr --preset tiny-1llc --preset tiny-2llc --all-profiles --kernel one --kernel two && same 0 "$(steps_of run)" 'runs of an equal request' &&
		same 0 "$(steps_of judge)" 'judges of an equal request' && same 1 "$(steps_of test)" 'tests of the host, each time'
}

# Guests side by side: as many as this machine holds, unless it is others that have them.
places_for_guests() {
	place || return
	matrix fine.ktstr && here=$(sed -n 's/^vm_slots = //p' cache/ktstr/store/graphs/matrix-*/build.ninja) && [ "$here" -ge 1 ] || return
	for launcher in 'kernel-build=true' 'run=' true 'run=true'; do
		case $launcher in true | run=true) slots=1024 ;; *) slots=$here ;; esac
		rm -rf cache/ktstr/store/graphs && KTSTR_LAUNCHER=$launcher matrix fine.ktstr &&
			same "$slots" "$(sed -n 's/^vm_slots = //p' cache/ktstr/store/graphs/matrix-*/build.ninja)" "guests at once with $launcher" || return
	done
}

# Each cell is in one part, and stays there.
shards() {
	place || return
	all="$base/tests fine.ktstr --preset all --kernel one --kernel two"
	# shellcheck disable=SC2086 # words
	exits 0 ktstr matrix --list $all && sort out >whole || return
	: >parts
	for i in 1 2 3; do
		# shellcheck disable=SC2086
		exits 0 ktstr matrix --list $all --shard $i/3 && cat out >>parts && cp out "part$i" && [ -s out ] || fail "part $i" || return
	done
	same "$(cat whole)" "$(sort parts)" 'all parts together' || return
	# shellcheck disable=SC2086
	exits 0 ktstr matrix --list $all good.ktstr other.ktstr --shard 2/3 && grep -v -e ^good -e ^other out >later || return
	same "$(cat part2)" "$(cat later)" 'a part with more cells' || return
	# Of a part without a cell there are files and JSON all the same.
	for i in 1 2; do
		rm -f j.xml j.json
		exits 0 ktstr matrix fine.ktstr --shard $i/9 --json --json-file j.json --junit j.xml && python3 -m json.tool out >/dev/null &&
			same "$(cat out)" "$(cat j.json)" JSON && python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse("j.xml")' || return
	done
	exits 2 ktstr matrix fine.ktstr --shard 4/3 && has '"1/3"' err && exits 2 ktstr matrix fine.ktstr --shard 0/3 && exits 2 ktstr matrix fine.ktstr --shard x
}

# Failures, their exit codes, the grid, files for machines.
verdicts() {
	place || return
	printf 'test bad\nwork - spin\nhold 100%%\n' >bad.ktstr
	printf 'test vague\nwork - spin\nhold 100%%\n' >vague.ktstr
	code=1 matrix fine.ktstr bad.ktstr vague.ktstr --preset tiny-1llc --preset smt-2llc --junit j.xml --json-file j.json &&
		has '2 of 6 passed, fail: 2, inconclusive: 2' out && has 'gap.max 3 ms > 2 ms' out && has 'tiny-1llc' out &&
		has '. passed  c known to pass' out && has 'tests="6" failures="2" errors="0" skipped="2"' j.xml && has '"verdict": "fail"' j.json || return
	python3 "$root/tests/junit.py" j.xml >lines && same 2 "$(grep -c '^"failure"' lines)" 'failures in JUnit' || return
	# Backslashes are for JSON.
	export FAKE_WORDS='a]]>\u0001\u001b[31m\ufffe <&\"'
	code=1 matrix bad.ktstr --rerun --junit j.xml && python3 "$root/tests/junit.py" j.xml >lines && has '"a]]>? <&\"' lines || return
	unset FAKE_WORDS
	code=2 matrix fine.ktstr vague.ktstr && code=0 matrix fine.ktstr vague.ktstr --allow-inconclusive || return
	exits 0 ktstr matrix --markdown fine.ktstr && has '### Scenarios' out
}

# The last results: what failed is run again, and runs are shown and compared.
history() {
	place || return
	printf 'test bad\nwork - spin\nhold 100%%\n' >bad.ktstr
	exits 10 ktstr matrix fine.ktstr --rerun-failed && has 'no run is written down' err && exits 0 ktstr runs && has 'no run' out || return
	code=1 matrix fine.ktstr bad.ktstr --kernel one --kernel two || return
	exits 0 ktstr runs && same 2 "$(wc -l <out)" 'lines of runs' && exits 0 ktstr runs last && has 'ktstr matrix fine.ktstr bad.ktstr' out &&
		same 4 "$(grep -c '/one/\|/two/' out)" 'cells of a run' || return
	code=1 matrix fine.ktstr bad.ktstr --kernel one --kernel two --rerun-failed && same 2 "$(steps_of run)" 'what failed, again' &&
		has '0 of 2 passed' out || return
	exits 0 ktstr runs --json && python3 -m json.tool out >/dev/null || return
	first=$(python3 -c 'import json; print(json.load(open("out"))["runs"][-1]["id"])')
	exits 0 ktstr runs "$first" last && has 'pass         -> -            fine/one/1n1l2c1t' out && same 2 "$(wc -l <out)" 'differences' || return
	exits 0 ktstr runs last last && has 'equal verdicts in 2 cells' out && exits 10 ktstr runs 123 && exits 10 ktstr runs ../x || return
	# That nothing failed is good news, and nothing runs for it.
	exits 0 ktstr matrix fine.ktstr && : >steps && exits 0 ktstr matrix fine.ktstr --rerun-failed --json && has 'nothing failed' err &&
		python3 -m json.tool out >/dev/null && [ ! -s steps ] || return
	exits 1 ktstr matrix fine.ktstr bad.ktstr --kernel one && exits 10 ktstr matrix good.ktstr --rerun-failed && has 'is none of this request' err || return
	# Who wants quiet reads results and errors.
	code=1 matrix fine.ktstr bad.ktstr --kernel one --kernel two --rerun -q && has 'gap.max 3 ms > 2 ms' out && hasnt 'FAIL bad' err || return
	# The store knows them: they go by their age.
	exits 0 ktstr cache stats --json && has '"kind": "history of runs"' out && exits 0 ktstr cache gc --older-than 1d && exits 0 ktstr runs last &&
		cp -a cache/ktstr/store kept && touch -d '3 days ago' kept/history/runs/* kept/history/cells && exits 0 env KTSTR_STORE="$work/kept" ktstr cache gc --older-than 1d &&
		exits 0 env KTSTR_STORE="$work/kept" ktstr runs && has 'no run' out && exits 0 env KTSTR_STORE="$work/kept" ktstr matrix fine.ktstr || return
	# What failed last stands first, in the same build folder.
	n=$(find cache/ktstr/store/graphs -name 'matrix-*' | wc -l)
	exits 1 ktstr matrix fine.ktstr bad.ktstr --kernel one --kernel two &&
		same "$n" "$(find cache/ktstr/store/graphs -name 'matrix-*' | wc -l)" 'build folders' || return
	same bad "$(grep -m 1 '^build tests/' cache/ktstr/store/graphs/matrix-*/build.ninja | sed -n 's|.*build tests/\([a-z]*\)/.*|\1|p' | sort -u | head -n 1)" 'the first run' || return
	# A damaged list costs estimates.
	echo rubbish >cache/ktstr/store/history/cells && exits 0 ktstr matrix fine.ktstr || return
	rm cache/ktstr/store/history/cells && mkdir cache/ktstr/store/history/cells && exits 0 ktstr matrix fine.ktstr &&
		has 'nothing is known of earlier runs' err && rmdir cache/ktstr/store/history/cells || return
	# A run is written down although a file that was asked for cannot be, and whatever stands in its command.
	n=$(find cache/ktstr/store/history/runs -type f | wc -l)
	exits 1 ktstr matrix fine.ktstr --json-file "no	folder/j.json" && same $((n + 1)) "$(find cache/ktstr/store/history/runs -type f | wc -l)" runs &&
		exits 0 ktstr runs last && has 'fine.ktstr --json-file' out && same 1 "$(grep -c /one/ out)" 'cells of a run'
}

# steps_tell: as they do in earnest
steps_tell() {
	place || return
	printf '#!/bin/sh\nexec python3 %s %s "$@"\n' "$root/tests/telling-step.py" "$root/tests/fake-step.sh" >fake/out/ktstr-step || return
	for name in bad slow; do
		printf 'test %s\nwork - spin\nhold 100%%\n' "$name" >"$name.ktstr"
	done
	FAKE_GO=$work/go
	export FAKE_GO
}

# on_terminal CODE COLUMNS SEEN ACTION… -- WORD…: what it showed is in the file "shown", its moving line, one each, in "frames"
on_terminal() {
	want=$1
	shift
	python3 "$root/tests/onterm.py" "$@" >shown 2>err </dev/null
	same "$want" $? 'exit code' || { cat shown err && return 1; }
	tr '\r' '\n' <shown | sed -n "s/$(printf '\033')\[K.*//p" >frames
}

# The line that moves, in cells; failures above it as they come; a terminal that becomes narrow; and where nothing can move.
live() {
	steps_tell || return
	on_terminal 1 100 '2 of 3 cells, 1 failed, 0 cached, 1 running' 'columns 40' '\r2 of 3 cells, 1 failed, 0 cached, 1 run\x1b[K' "touch $work/go" \
		-- env -u NO_COLOR TERM=xterm ktstr matrix fine.ktstr bad.ktstr slow.ktstr -j 2 || return
	[ "$(grep -n -m 1 'FAIL bad/one/1n1l2c1t: gap.max 3 ms > 2 ms' shown | cut -d: -f1)" -lt "$(grep -n -m 1 'of 3 passed' shown | cut -d: -f1)" ] ||
		fail 'the failure was not told as it came' || return
	# From what they took before follows when it ends.
	rm go && on_terminal 1 100 'cells, 1 failed, 0 cached, 1 running, 1 s left' "touch $work/go" \
		-- env -u NO_COLOR TERM=xterm ktstr matrix fine.ktstr bad.ktstr slow.ktstr -j 2 --rerun || return
	on_terminal 1 100 -- env NO_COLOR=1 TERM=xterm ktstr matrix fine.ktstr bad.ktstr --rerun && has 'FAIL bad/one' shown && [ ! -s frames ] &&
		hasnt "$(printf '\033')" shown || return
	on_terminal 1 100 -- env -u NO_COLOR TERM=xterm ktstr -q matrix fine.ktstr bad.ktstr --rerun && [ ! -s frames ] && hasnt 'FAIL bad/one' shown || return
	exits 1 env -u NO_COLOR TERM=xterm ktstr matrix fine.ktstr bad.ktstr --rerun && has 'FAIL bad/one' err && hasnt "$(printf '\r')" err &&
		hasnt "$(printf '\033')" err
}

no_steps() {
	! pgrep -f "telling-step.py.*$work/" >/dev/null
}

# Ctrl-C in the middle: what was finished is told and kept, nothing goes on, and the same command does the rest.
ended_by_hand() {
	steps_tell || return
	on_terminal 130 100 '2 of 3 cells, 1 failed, 0 cached, 1 running' press -- env -u NO_COLOR TERM=xterm ktstr matrix fine.ktstr bad.ktstr slow.ktstr -j 2 || return
	has '2 of 3 cells have a verdict that is kept' shown && has 'interrupted' shown && within 10 no_steps && same '' "$(leftovers)" 'still there' || return
	exits 0 ktstr runs last --json && has '"exit": 130' out && has '"name": "bad/one/1n1l2c1t"' out && hasnt slow/one out || return
	: >go && code=1 matrix fine.ktstr bad.ktstr slow.ktstr && has '2 of 3 passed' out || return
	# What ninja takes away, since it did not see the end of the step, counts for nothing, whatever the step told.
	rm go && printf 'test linger\nwork - spin\nhold 100%%\n' >linger.ktstr || return
	on_terminal 130 100 '2 of 3 cells, 0 failed, 0 cached, 1 running' press -- env -u NO_COLOR TERM=xterm ktstr matrix fine.ktstr linger.ktstr slow.ktstr --seed 6 -j 3 || return
	has '1 of 3 cells have a verdict that is kept' shown && hasnt 'not written down' shown && exits 0 ktstr runs last --json && has 'fine/one/1n1l2c1t' out && hasnt linger/one out &&
		: >go || return
	# Before any cell is done there is nothing to write down.
	rm go && n=$(find cache/ktstr/store/history/runs -type f | wc -l) || return
	on_terminal 130 100 '0 of 1 cells, 0 failed, 0 cached, 1 running' press -- env -u NO_COLOR TERM=xterm ktstr matrix slow.ktstr --seed 7 || return
	has '0 of 1 cells have a verdict' shown && same "$n" "$(find cache/ktstr/store/history/runs -type f | wc -l)" runs || return
	# A run that did not come to all of its cells is none in which nothing failed.
	on_terminal 130 100 '1 of 2 cells, 0 failed, 0 cached, 1 running' press -- env -u NO_COLOR TERM=xterm ktstr matrix fine.ktstr slow.ktstr --seed 8 -j 2 &&
		exits 10 ktstr matrix fine.ktstr slow.ktstr --seed 8 --rerun-failed && has 'was interrupted before anything failed' err || return
	on_terminal 130 100 '1 of 2 cells, 1 failed, 0 cached, 1 running' press -- env -u NO_COLOR TERM=xterm ktstr matrix bad.ktstr slow.ktstr --seed 9 -j 2 &&
		exits 1 ktstr matrix bad.ktstr slow.ktstr --seed 9 --rerun-failed && has 'what it did not come to is not run' err
}

# Thirty thousand cells: the line moves while they are planned, and while ninja says nothing.
smooth() {
	place || return
	mkdir idle && printf '#!/bin/sh\nsleep 1\n' >idle/ninja && chmod +x idle/ninja || return
	awk 'BEGIN {
		print "#include <ktstr.h>\nKTSTR_SCHEDULER(mine, .binary = \"/bin/true\", .flags = KTSTR_FLAGS({ \"llc\", KTSTR_LIST(\"--llc\") }));"
		for (i = 0; i < 500; i++)
			printf "KTSTR_SCENARIO(t%d, .scheduler = &mine, .scenario = \"work - spin:us=%d\\nhold 100%%\");\n", i, 100 + i
		print "KTSTR_MAIN"
	}' >many.c && gcc -I"$header" many.c -o many "$O/libktstr.a" -lm || fail 'many.c does not compile' || return
	# There is no verdict to be read.
	on_terminal 1 100 -- env -u NO_COLOR TERM=xterm PATH="$work/idle:$PATH" ktstr matrix ./many --preset all --all-profiles --kernel one --kernel two || return
	[ "$(grep -c 'planning: [0-9]* of 30000 cells' frames)" -ge 2 ] || fail 'nothing moves while it plans' || return
	[ "$(grep -c 'looking for what changed in [0-9]* steps, [0-9.]* s' frames)" -ge 2 ] || fail 'nothing moves while ninja looks' || return
	[ -z "${SHOW-}" ] || sed -n 's/^longest/# 30,000 cells: longest/p' err >&3
}

# In CI a share of what virtual time gave is made once more, unasked; elsewhere it is asked for.
audits() {
	place || return
	matrix fine.ktstr good.ktstr && same 2 "$(steps_of run)" 'runs outside CI' || return
	CI=1 matrix fine.ktstr good.ktstr && same 3 "$(steps_of run)" 'runs, one of them once more' && has 'audit: 1 run once more, equal to the byte' err || return
	matrix fine.ktstr good.ktstr --audit 100 && same 4 "$(steps_of run)" 'runs, each of two twice' || return
	printf 'test odd\nwork - spin\nhold 100%%\n' >odd.ktstr
	matrix odd.ktstr && code=32 CI=1 matrix odd.ktstr && has 'audit: odd seed 1: made once more, it differs' err || return
	exits 0 env CI= ktstr matrix odd.ktstr
}

# A budget takes what covers most: each test once before any twice.
budgets() {
	place || return
	exits 0 ktstr matrix --list fine.ktstr good.ktstr other.ktstr --preset all --budget 5 -j 2 && has 'cells fit into 5 s' err &&
		same 3 "$(cut -d/ -f1 out | sort -u | wc -l)" 'tests' && same 3 "$(wc -l <out)" 'cells' || return
	exits 0 ktstr matrix --list fine.ktstr --budget 1000000 && same 1 "$(wc -l <out)" 'cells' && exits 2 ktstr matrix fine.ktstr --budget 0
}

mistakes() {
	place || return
	exits 2 ktstr matrix && exits 10 ktstr matrix none.ktstr && exits 10 ktstr matrix /bin/true && has 'no test program of libktstr' err || return
	exits 2 ktstr matrix fine.ktstr --preset none && has '--preset none' err && exits 2 ktstr matrix fine.ktstr --cell x && has 'no such cell' err && has '--list names' err || return
	exits 10 ktstr matrix fine.ktstr --filter x && has 'no cell has "x"' err || return
	cp fine.ktstr also.ktstr && exits 2 ktstr matrix fine.ktstr also.ktstr && has 'two tests are called "fine"' err || return
	printf '#!/bin/sh\necho "{ \\"tests\\": [ { \\"name\\": \\"x\\", \\"text\\": \\"relative\\" } ] }"\n' >liar && chmod +x liar && exits 10 ktstr matrix ./liar &&
		has 'test x: no text' err || return
	exits 2 ktstr matrix "$base/tests" "$base/tests" && has 'has the cell' err && exits 2 ktstr matrix "$base/tests" --filter host "$base/tests" || return
	for names in '"a\nb"' '""' '"x", "x"' '"../x"'; do
		printf "#!/bin/sh\nprintf %%s '{ \"tests\": [], \"hosts\": [ %s ] }'\n" "$names" >liar && exits 10 ktstr matrix ./liar && has 'a test of the host' err || return
	done
	printf '#!/bin/sh\nexit 101\n' >liar && exits 10 ktstr matrix ./liar && has 'exit status 101' err || return
	printf '#!/bin/sh\nkill -SEGV $$\n' >crash && chmod +x crash && exits 10 ktstr matrix ./crash && has 'SIGSEGV' err || return
	exits 2 ktstr matrix "$base/tests" --profiles none && has 'no test has a place' err
}

# What a function of the program says and prints is bounded, and who says more is told by name.
talkative() {
	place || return
	rm fake/out/ktstr-step && ln -s "$O/ktstr-step" fake/out/ktstr-step || return
	cat >loud.c <<-'END'
		#include <ktstr.h>
		#include <stdio.h>
		#include <string.h>
		KTSTR_HOST_TEST(faulty)
		{
			char words[4000];
			memset(words, '"', sizeof(words) - 1);
			words[sizeof(words) - 1] = '\0';
			for (int i = 0; i < 5000; i++)
				ktstr_check(v, false, "%d %s", i, words);
		}
		KTSTR_HOST_TEST(loud)
		{
			(void)v;
			for (int i = 0; i < 40000; i++)
				puts("a line of thirty characters and more");
		}
		KTSTR_MAIN
	END
	gcc -I"$header" loud.c -o loud "$O/libktstr.a" -lm || fail 'loud.c does not compile' || return
	exits 0 ./loud --judge faulty --to said && python3 -c 'import json
faults = json.load(open("said"))["seeds"][0]["faults"]
assert len(faults) == 1000 and faults[-1] == "and 4001 more faults" and max(map(len, faults)) == 512, (len(faults), faults[-1])' || return
	exits 1 ./loud faulty && has 'and 4001 more faults' out && same 999 "$(grep -c 'loud.c:' out)" 'faults that are told' || return
	ktstr matrix ./loud --json-file j.json >out 2>err </dev/null
	has 'the function of test loud in' out && has 'more than 1048576 bytes of output; such a function prints 1 MiB at most' out &&
		python3 -c 'import json
tests = {t["test"]: t for t in json.load(open("j.json"))["tests"]}
assert tests["faulty"]["verdict"] == "fail" and tests["loud"]["verdict"] == "broken", tests'
}

# Cells without a result are named, and no step of a guest is begun. What is fast fails here, for these are no kernels: that is told, and the
# list is there all the same. tests/vm/libktstr.sh has one that does not.
affected() {
	place || return
	rm fake/out/ktstr-step && ln -s "$O/ktstr-step" fake/out/ktstr-step || return
	exits 13 ktstr affected "$base/tests" fine.ktstr --preset tiny-1llc && has '4 of 4 cells affected' out && has 'scheduler true: 2 of 2' out &&
		has fine/one/1n1l4c1t out && has 'error: kernel one: ' err || return
	same '' "$(find cache/ktstr/store/graphs -name run.json -o -name state)" 'what guests leave' || return
	exits 13 ktstr affected --json fine.ktstr && python3 -m json.tool out >/dev/null && has '"affected": true' out
}

# Tests of the host whose names have the same first hundred characters are two.
long_names() {
	place || return
	long=$(printf %0110d 0 | tr 0 x)
	{
		echo '#include <ktstr.h>'
		for end in a b; do
			printf 'KTSTR_HOST_TEST(%s_%s)\n{\n\t(void)v;\n}\n' "$long" "$end"
		done
		echo KTSTR_MAIN
	} >long.c
	gcc -I"$header" long.c -o long "$O/libktstr.a" -lm && matrix ./long && same 2 "$(steps_of test)" 'tests' && has '2 of 2 passed' out
}

exec 3>&1
run_tests cells names nothing_twice places_for_guests shards verdicts history live ended_by_hand smooth audits budgets mistakes talkative affected long_names
