#!/bin/sh
# The tests that need no guest, where other people run them: as a user in a group's folder, with an empty environment, with pipes
# that do not block, in a container without namespaces, and below the seccomp profile of an old container engine.
#
#   tests/long/environments.sh [FILE…]      files of tests/cli, without ".sh", and unit/ROOM/test_X; all of them unless named
. "$(dirname "$0")/../lib.sh"
gcc -o "$base/refuse" "$root/tests/refuse.c" || exit 1
if [ $# = 0 ]; then
	for file in "$root"/tests/cli/*.sh "$root"/tests/unit/*/test_*.c; do
		file=${file#"$root/tests/"}
		file=${file%.c}
		file=${file#cli/}
		set -- "$@" "${file%.sh}"
	done
fi
files=$*
# glibc and coreutils, of which the tests themselves are made, have another way for some after ENOSYS only, and none for renameat2.
old_calls='close_range clone_pidfd memfd_create process_vm_readv process_vm_writev copy_file_range openat2 pidfd_open pidfd_send_signal
	io_uring_setup rseq set_mempolicy get_mempolicy mbind getrandom'
theirs='clone3 statx faccessat2'

# everything COMMAND…: each file by way of that command
everything() {
	bad=0
	for file in $files; do
		name=$(echo "$file" | tr / -)
		case $file in
		unit/*) file=$O/tests/$file ;;
		*) file=$root/tests/cli/$file.sh ;;
		esac
		(cd "$root" && case $file in *.sh) "$@" sh "$file" ;; *) "$@" "$file" ;; esac) >"$name.log" 2>&1 </dev/null || echo "not ok - exit code $?" >>"$name.log"
		! grep -q '^not ok\|^Bail out\|  FAILED  ' "$name.log" || {
			echo "--- $file"
			cat "$name.log"
			bad=$((bad + 1))
		}
	done
	same 0 $bad 'files that fail'
}

# as_user COMMAND…: one that owns nothing here, in a folder of its group; everybody may read what is tested
as_user() {
	setpriv --reuid 4001 --regid 4001 --groups 4002 env HOME="$work/home" TMPDIR="$work/tmp" CCACHE_DIR="$work/ccache" \
		sh -c 'umask 002 && exec "$@"' sh "$@"
}

group() {
	[ "$(id -u)" = 0 ] || return 0
	chmod 755 "$base" "$work" && mkdir home tmp ccache && chown 4001 home ccache && chgrp 4002 tmp && chmod 2775 tmp || return
	as_user test -x "$O/ktstr" || {
		echo "# $O is for root alone"
		return 0
	}
	everything as_user
}

empty() {
	everything env -i "PATH=$PATH" "O=$O"
}

pipes() {
	everything env KTSTR_TEST_PIPES=1
}

# As a container's root has it: no file system can be mounted and no namespace made.
no_namespaces() {
	everything "$base/refuse" EPERM unshare clone_newuser --
}

old_profile() {
	# shellcheck disable=SC2086 # words
	everything "$base/refuse" EPERM $old_calls -- "$base/refuse" ENOSYS $theirs --
}

old_kernel() {
	# shellcheck disable=SC2086 # words
	everything "$base/refuse" ENOSYS $old_calls $theirs --
}

# shellcheck disable=SC2086 # words
run_tests ${KTSTR_TEST_ENVIRONMENTS-group empty pipes no_namespaces old_profile old_kernel}
