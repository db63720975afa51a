#!/bin/sh
# check.sh [long]: all tests, and one last line: N passed, N failed, N skipped.
set -eu
cd "$(dirname "$0")/.."
O=${O:-$PWD/out}
export O
PATH=$O:$PATH
XDG_CACHE_HOME=$O/test-cache sh tests/test-kernel.sh >/dev/null
set -- "${1-}"
files="$O/tests/unit/test_* tests/cli/*.sh tests/vm/*.sh"
[ "$1" != long ] || files="$files tests/long/*.sh"
# shellcheck disable=SC2046,SC2086 # one file per word
exec perl tests/tap.pl -j 2 -t "${KTSTR_TEST_TIMEOUT:-3000}" $(ls $files | grep -v '\.d$')
