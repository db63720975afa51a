#!/bin/sh
# lint.sh: what can be said about the sources without running them.
#
#   tests/lint.sh [--fix] [FILE…]      all tracked sources unless named
#
# --fix lets clang-format rewrite the files instead of complaining. LINT_JOBS: how many at once.
set -u
cd "$(dirname "$0")/.." || exit 1

fix=
if [ "${1-}" = --fix ]; then
	fix=1
	shift
fi
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

only '*.[ch]' "$@" | xargs -r clang-format-14 ${fix:+-i} ${fix:---dry-run -Werror} ||
	complain "clang-format (tests/lint.sh --fix repairs it)"

# The BPF half has another target and no C library; its compiler's warnings have to do.
only '*.c' "$@" | grep -v '\.bpf\.c$' | grep -v '^tests/sched/' |
	xargs -r -n 1 -P "$jobs" sh -c 'clang-tidy-14 --quiet "$0" -- -std=gnu17 -D_GNU_SOURCE \
		-Iruntime -I. -Itests/unit 2>/dev/null' || complain clang-tidy

{
	only '*.sh' "$@"
	only '.ci/run' "$@"
} | xargs -r shellcheck -x || complain shellcheck

exit $bad
