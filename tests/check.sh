#!/bin/sh
# check.sh [long]: all tests, and one last line: N passed, N failed, N skipped.
set -eu
cd "$(dirname "$0")/.."
long=${1-}
O=${O:-$PWD/out}
export O
# A python3 that is a script (pyenv's) spends more on finding the program than most tests on what they ask it.
mkdir -p "$O/tests/bin"
ln -sfn "$(python3 -c 'import sys; print(sys.executable)')" "$O/tests/bin/python3"
PATH=$O:$O/tests/bin:$PATH

# Downloads and schedulers of others do not depend on how we are built: other builds use those of the plain one.
if [ "$O" != "$PWD/out" ]; then
	mkdir -p "$O/test-cache/ktstr" "$O/sched"
	for shared in test-cache/ktstr/distro sched/tools-new sched/tools-6.12; do
		mkdir -p "out/$shared"
		[ -e "$O/$shared" ] || ln -s "$PWD/out/$shared" "$O/$shared"
	done
fi

XDG_CACHE_HOME=$O/test-cache sh tests/test-kernel.sh >/dev/null
# The longest ones first, so that none runs alone at the end; tests/tap.pl tells which those are.
set --
for file in vm/sweep vm/fallback vm/schedulers vm/shell vm/report vm/topology vm/admission vm/faults vm/shell-tty vm/refused \
	vm/guide cli/git cli/build-verb cli/remote cli/tarball cli/hostile-words cli/doctor cli/git-kinds cli/test-stats \
	cli/kernel-build cli/package cli/net; do
	set -- "$@" "tests/$file.sh"
done
for file in tests/vm/*.sh tests/cli/*.sh ${long:+tests/long/*.sh}; do
	case " $* " in *" $file "*) ;; *) set -- "$@" "$file" ;; esac
done
# In no time, and thus what fills the gaps at the end.
for unit in tests/unit/*/test_*.c; do
	set -- "$@" "$O/${unit%.c}"
done
# Most files wait now and then, so more of them run than there are CPUs; guests never wait.
exec perl tests/tap.pl -j $((2 * $(nproc))) -g "$(nproc)" -t "${KTSTR_TEST_TIMEOUT:-3000}" -r "$O/tests/reports" "$@"
