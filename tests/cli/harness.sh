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
	runs "$1" && grep -q '^not ok 1 - t$' tap || { cat tap; fail "green: $1"; }
}

green() {
	runs "$1" && grep -q '^ok 1 - t$' tap || { cat tap; fail "red: $1"; }
}

# Each helper, not last, without "|| return".
ignored_exit_codes() {
	red 'same a b; true' && red 'echo a >f; has b f; true' && red 'echo a >f; hasnt a f; true' && red 'exits 1 true; true' &&
		red 'echo a >f; matches usage.txt f; true' && red 'fail it; true' || return
	red 'if same a b; then false; fi' && red '(fail below); true' && red 'same a b >/dev/null; true' &&
		red 'x=$(same a b); true' && red 'for i in 1 2; do same 2 $i; done'
}

what_does_not_count() {
	green 'attempt same a b || true' && green 'attempt false; [ $? = 1 ]' && red 'attempt false' &&
		green '(sleep 0.2; echo a >f) & within 10 has a f' && red 'within 1 same a b' &&
		red 'within 1 true; attempt within 0 false; same a b; true'
}

# What fails before the first test is no test's.
before_the_tests() {
	mkdir -p t/cli && cp "$root/tests/lib.sh" t/ || return
	printf '. "%s"\nt() {\n\ttrue\n}\nfail early\nrun_tests t\n' "$work/t/lib.sh" >t/cli/t.sh
	exits 1 sh t/cli/t.sh && has 'Bail out! early' out && hasnt 'ok 1' out
}

run_tests ignored_exit_codes what_does_not_count before_the_tests
