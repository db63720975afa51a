#!/bin/sh
# The helpers of all the other tests (tests/lib.sh), tests/ignored.pl and tests/tap.pl: what fails turns the file red.
. "$(dirname "$0")/../lib.sh"

# runs TEXT: a test file with the one test that TEXT is; its TAP in $work/tap
runs() {
	mkdir -p t/cli && cp "$root/tests/lib.sh" t/ || return
	printf '. "%s"\nt() {\n%s\n}\nrun_tests t\n' "$work/t/lib.sh" "$1" >t/cli/t.sh
	sh t/cli/t.sh >tap 2>&1 || { cat tap; fail 'it died'; }
}

red() {
	runs "$1" || return
	grep -q '^not ok 1 - t$' tap || { cat tap; fail "green: $1"; }
}

green() {
	runs "$1" || return
	grep -q '^ok 1 - t$' tap || { cat tap; fail "red: $1"; }
}

# shellcheck disable=SC2016 # for the test file
# Each helper, not last, without "|| return".
ignored_exit_codes() {
	red 'same a b; true' && red 'echo a >f; has b f; true' && red 'echo a >f; hasnt a f; true' && red 'exits 1 true; true' &&
		red 'echo a >f; matches usage.txt f; true' && red 'fail it; true' || return
	red 'if same a b; then false; fi' && red '(fail below); true' && red 'same a b >/dev/null; true' &&
		red 'x=$(same a b); true' && red 'for i in 1 2; do same 2 $i; done'
}

# shellcheck disable=SC2016 # for the test file
what_does_not_count() {
	green 'attempt same a b || true' && green 'attempt false; [ $? = 1 ]' && red 'attempt false' &&
		green '(sleep 0.2; echo a >f) & within 10 has a f' && red 'within 1 same a b' &&
		red 'within 1 true; attempt within 0 false; same a b; true' || return
	# One within another has its own time.
	green 'n=0; again() { n=$((n + 1)); [ $n -ge 3 ] || within 1 false; }; within 30 again'
}

# What fails before the first test is no test's.
before_the_tests() {
	mkdir -p t/cli && cp "$root/tests/lib.sh" t/ || return
	printf '. "%s"\nt() {\n\ttrue\n}\nfail early\nrun_tests t\n' "$work/t/lib.sh" >t/cli/t.sh
	exits 1 sh t/cli/t.sh && has 'Bail out! early' out && hasnt 'ok 1' out
}

# Lines that end in "# lost" are what tests/ignored.pl complains about.
checks_without_a_helper() {
	command -v shfmt >/dev/null || return 0
	cat >t.sh <<-'END'
		ready() {
			true
			[ -e a ]
		}
		t() {
			[ -e a ] # lost
			grep -q a b # lost
			grep a b >c
			cmp a b # lost
			! true # lost
			within 5 test -e a # lost
			ready # lost
			a && b # lost
			a && b || return
			[ -e a ] || fail it
			[ -e a ] || [ -e b ] # lost
			[ ! -e a ] || b
			a && return 1
			for i in 1 2; do
				[ -e $i ] # lost
			done
			if [ -e a ]; then
				cmp a b # lost
			fi
			(cd a && cmp b c) # lost
			a && b
			same 7 $?
			while grep -q a b; do
				a
			done
			a | grep -q b # lost
			case $1 in
			a) [ -e a ] ;; # lost
			esac
			[ -e a ]
		}
	END
	grep -n '# lost' t.sh | cut -d: -f1 >want
	exits 1 perl "$root/tests/ignored.pl" t.sh
	cut -d: -f2 out | diff want - || return
	sed -i '/# lost/d' t.sh && exits 0 perl "$root/tests/ignored.pl" t.sh
}

# all TEXT: tests/tap.pl on that test file; its last line in $work/last
all() {
	printf '%s\n' "$1" >one.sh
	perl "$root/tests/tap.pl" -j 2 one.sh >out 2>&1
	code=$?
	tail -n 1 out >last
}

sums() {
	all 'echo 1..3; echo ok 1 - a; echo not ok 2 - b; echo "ok 3 - c # SKIP no d"'
	same 1 $code 'exit code' && same '1 passed, 1 failed, 1 skipped' "$(cat last)" && has 'one.sh (c): no d' out || return
	all 'echo 1..1; echo ok 1; timeout 1 sh -c "while :; do :; done"; exit 0'
	same 0 $code 'exit code' && same '1 passed, 0 failed, 0 skipped' "$(cat last)" || return
	grep -qE '^ *[1-9][0-9]*\.[0-9] +[0-9]+\.[0-9]  one\.sh$' out || { cat out; fail 'no times'; return; }
	all 'echo 1..2; echo ok 1' && same '1 passed, 1 failed, 0 skipped' "$(cat last)" || return
	all 'echo 1..1; echo ok 1; exit 3' && same '1 passed, 1 failed, 0 skipped' "$(cat last)" || return
	all 'echo 1..1; echo ok 1; kill -9 $$' && same '1 passed, 1 failed, 0 skipped' "$(cat last)"
}

# What a test leaves behind holds its output open: it is named and ended, and so is a test that takes too long.
none_stays() {
	all 'echo 1..1; sleep 4321 & timeout 4322 sleep 4322 & echo ok 1'
	same '1 passed, 1 failed, 0 skipped' "$(cat last)" && has '(sleep)' out || return
	echo 'echo 1..1; trap "" TERM; timeout 4323 sleep 4323; sleep 4324' >one.sh
	exits 1 timeout 60 perl "$root/tests/tap.pl" -t 1 one.sh && has 'not finished after 1 s' out || return
	! pgrep -f 'sleep 432[1-4]' || fail 'something stays'
}

# Of the files below vm/ two at once, whatever -j says, and the others beside them.
guests_bounded() {
	mkdir vm other
	for f in vm/1 vm/2 vm/3 vm/4 other/1 other/2; do
		echo "echo 1..1; touch $f.up; ls vm/*.up other/*.up | sed 's|/.*||' | sort | uniq -c >$f.seen; sleep 0.5; rm $f.up; echo ok 1" >$f.sh
	done
	exits 0 perl "$root/tests/tap.pl" -j 4 vm/*.sh other/*.sh && same '6 passed, 0 failed, 0 skipped' "$(tail -n 1 out)" || return
	cat vm/*.seen other/*.seen >seen
	! grep -q '[3-9] vm' seen || { cat seen; fail 'too many guests'; return; }
	grep -q '2 vm' seen && grep -q other vm/2.seen other/1.seen
}

run_tests ignored_exit_codes what_does_not_count before_the_tests checks_without_a_helper sums none_stays guests_bounded
