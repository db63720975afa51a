#!/bin/sh
# check.sh [long | FILE…]: all tests, with the slow proofs, or those of these files alone (vm/shell, cli/net, unit/base/test_words);
# and one last line: N passed, N failed, N skipped.
set -eu
cd "$(dirname "$0")/.."
long=
if [ "${1-}" = long ]; then
	long=long
	shift
fi
named=$*
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

# Everything that is kept is flushed, and tests that wait for one disk leave the CPUs idle. In memory nobody waits, if there is
# plenty of it and programs may be run from there. The long tests build kernels, which is too much for it.
in_memory() {
	[ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ "$(df -Pm /dev/shm | awk 'NR == 2 { print $4 }')" -ge 6000 ] &&
		awk '/^MemAvailable:/ { exit $2 < 8000000 }' /proc/meminfo && run=$(mktemp /dev/shm/ktstr-check.XXXXXX) || return
	printf '#!/bin/sh\n' >"$run" && chmod +x "$run" && "$run" 2>/dev/null
	set -- $?
	rm -f "$run"
	return "$1"
}
where=${TMPDIR-}
[ -n "$where$long" ] || ! in_memory || where=/dev/shm
where=${where:-/tmp}

XDG_CACHE_HOME=$O/test-cache sh tests/test-kernel.sh >/dev/null
# The longest ones first, so that none runs alone at the end; tests/tap.pl tells which those are.
set --
for file in vm/damage vm/fallback vm/schedulers vm/sweep vm/shell vm/faults vm/virtual vm/topology vm/hostile vm/guide vm/admission vm/verifier \
	vm/refused vm/report vm/parts vm/tools vm/shell-tty cli/build-verb cli/build-tree cli/build-config cli/git cli/tarball cli/git-kinds cli/remote \
	cli/hostile-words cli/doctor cli/refused cli/kernel-build cli/git-user cli/test-stats cli/slow-reader cli/inherited cli/net; do
	set -- "$@" "tests/$file.sh"
done
set -- "$@" "$O/tests/unit/fetch/test_localgit"
for file in tests/vm/*.sh tests/cli/*.sh ${long:+tests/long/*.sh}; do
	case " $* " in *" $file "*) ;; *) set -- "$@" "$file" ;; esac
done
# In no time, and thus what fills the gaps at the end.
for unit in tests/unit/*/test_*.c; do
	case " $* " in *" $O/${unit%.c} "*) ;; *) set -- "$@" "$O/${unit%.c}" ;; esac
done
if [ -n "$named" ]; then
	set --
	for file in $named; do
		case $file in
		unit/*) set -- "$@" "$O/tests/$file" ;;
		*) set -- "$@" "tests/$file.sh" ;;
		esac
	done
fi
# Most files wait now and then, so more of them run than there are CPUs.
exec perl tests/tap.pl -j $((2 * $(nproc) + 1)) -g $((2 * $(nproc) - 1)) -t "${KTSTR_TEST_TIMEOUT:-3000}" -r "$O/tests/reports" -w "$where" "$@"
