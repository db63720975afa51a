#!/bin/sh
# lint.sh: what can be said about the sources without running them.
#
#   tests/lint.sh [--fix] [FILE…]      all tracked sources unless named
#
# --fix only lets clang-format rewrite the files. LINT_JOBS: how many at once.
set -u
cd "$(dirname "$0")/.." || exit 1

format='--dry-run -Werror'
if [ "${1-}" = --fix ]; then
	format=-i
	shift
fi
# shellcheck disable=SC2046 # no spaces in our file names
[ $# -gt 0 ] || set -- $(git ls-files '*.c' '*.h' '*.sh' .ci/run)
jobs=${LINT_JOBS:-$(nproc)}

only() { # PATTERN FILE…
	pattern=$1
	shift
	for file in "$@"; do
		# shellcheck disable=SC2254 # the pattern is meant as one
		case $file in $pattern) printf '%s\n' "$file" ;; esac
	done
}

bad=0
complain() {
	echo "lint: $1" >&2
	bad=1
}

# shellcheck disable=SC2086 # one or two options
only '*.[ch]' "$@" | xargs -r clang-format-14 $format ||
	complain "clang-format (tests/lint.sh --fix repairs it)"
[ "$format" != -i ] || exit $bad

tests/includes.pl || complain "includes and sizes (docs/architecture.md, \"Rooms\")"

# Schedulers are left to their compilers: one half has another target, the other a generated header.
# shellcheck disable=SC2016 # $0 is for the inner shell
only '*.c' "$@" | grep -v '\.bpf\.c$' | grep -v -e '^tests/sched/' -e '^docs/examples/' |
	xargs -r -n 1 -P "$jobs" sh -c 'clang-tidy-14 --quiet "$0" -- -std=gnu17 -D_GNU_SOURCE \
		-Iruntime -Iruntime/test -I. -Itests/unit 2>/dev/null' || complain clang-tidy

{
	only '*.sh' "$@"
	only '.ci/run' "$@"
} | xargs -r shellcheck -x || complain shellcheck

{
	only 'tests/cli/*.sh' "$@"
	only 'tests/vm/*.sh' "$@"
	only 'tests/long/*.sh' "$@"
	only tests/lib.sh "$@"
} | xargs -r perl tests/ignored.pl || complain 'checks whose failure is ignored'

exit $bad
