#!/bin/sh
# check.sh [long]: all tests, and one last line: N passed, N failed, N skipped.
set -eu
cd "$(dirname "$0")/.."
O=${O:-$PWD/out}
export O
PATH=$O:$PATH

# Downloads and schedulers of others do not depend on how we are built: other builds use those of the plain one.
if [ "$O" != "$PWD/out" ]; then
	mkdir -p "$O/test-cache/ktstr" "$O/sched"
	for shared in test-cache/ktstr/distro sched/tools-new sched/tools-6.12; do
		mkdir -p "out/$shared"
		[ -e "$O/$shared" ] || ln -s "$PWD/out/$shared" "$O/$shared"
	done
fi

XDG_CACHE_HOME=$O/test-cache sh tests/test-kernel.sh >/dev/null
set -- tests/cli/*.sh tests/vm/*.sh ${1:+tests/long/*.sh}
for unit in tests/unit/*/test_*.c; do
	set -- "$@" "$O/${unit%.c}"
done
exec perl tests/tap.pl -j 2 -t "${KTSTR_TEST_TIMEOUT:-3000}" -r "$O/tests/reports" "$@"
