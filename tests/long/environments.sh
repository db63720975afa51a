#!/bin/sh
# All of make check, guests and all, where other people run it: as a user in a group's folder, with an empty environment, with
# pipes that do not block, in a container without namespaces, below the seccomp profile of an old container engine, and on an old
# kernel.
#
#   tests/long/environments.sh [FILE…]      as tests/check.sh takes them; all of them unless named
#   KTSTR_TEST_ENVIRONMENTS='group pipes'   these places only
. "$(dirname "$0")/../lib.sh"
use_shared_cache
gcc -o "$base/refuse" "$root/tests/refuse.c" || exit 1
# Made by clang and bpftool, which have no other way for what some of these places refuse.
{
	key=$(sh "$root/tests/test-kernel.sh") &&
		KTSTR_LINUX_SOURCE=$(sh "$root/tests/fetch-kernel-tools.sh") sh "$root/tests/tools-schedulers.sh" "$O/sched/tools-new" "$key" \
			scx_simple scx_flatcg && sh "$root/tests/tools-schedulers.sh" "$O/sched/tools-6.12" "$key"
} >&2 || exit 1
files=$*
# glibc and coreutils, of which the tests themselves are made, have another way for some after ENOSYS only, and none for renameat2; openssl
# has none for getrandom, without which tests/cli/refused.sh is.
old_calls='close_range clone_pidfd memfd_create process_vm_readv process_vm_writev copy_file_range openat2 pidfd_open pidfd_send_signal
	io_uring_setup rseq set_mempolicy get_mempolicy mbind'
theirs='clone3 statx faccessat2'

# everything COMMAND…: the tests by way of that command, in $tree
tree=$root
everything() {
	# shellcheck disable=SC2086 # words
	(cd "$tree" && unset XDG_CACHE_HOME && "$@" sh tests/check.sh $files) >"$work/check.log" 2>&1 </dev/null || {
		cat "$work/check.log"
		fail 'tests that fail in this place'
	}
	# Whoever looks wants to know what could not be tried here.
	{
		echo "${work##*/}:"
		sed -n '/^Skipped:/,/^$/p' "$work/check.log"
		tail -n 1 "$work/check.log"
	} | sed 's/^/# /' >>"$base/summary"
}

# A copy of the tree with its programs, which a user who owns nothing here may read, and an out/ that is that user's.
users_tree() {
	tree=$work/tree
	mkdir "$tree" "$tree/out" "$tree/out/tests" && tar -C "$root" --exclude='./out*' --exclude=./.git -cf - . | tar -C "$tree" -xf - || return
	for part in cargo-ktstr ktstr ktstr-step ktstr-source ktstr-init ktstr-init-aarch64 ktstr-engine ktstr-idle.so deps sched tests/unit; do
		[ ! -e "$O/$part" ] || cp -a "$O/$part" "$tree/out/$part" || return
	done
	mkdir -p "$tree/out/test-cache/ktstr" && cp -a "$O/test-cache/ktstr/distro" "$tree/out/test-cache/ktstr/" &&
		chown -R 4001:4002 "$tree" && chmod 2775 "$tree/out"
}

# as_user COMMAND…: one that owns nothing here, in a folder of its group
as_user() {
	setpriv --reuid 4001 --regid 4001 --groups 4002 env HOME="$work/home" TMPDIR="$work/tmp" CCACHE_DIR="$work/ccache" \
		O="$tree/out" sh -c 'umask 002 && exec "$@"' sh "$@"
}

group() {
	[ "$(id -u)" = 0 ] || return 0
	chmod 755 "$base" "$work" && users_tree && mkdir home tmp ccache && chown 4001 home ccache && chgrp 4002 tmp && chmod 2775 tmp || return
	everything as_user
}

empty() {
	everything env -i "PATH=$PATH" "O=$O"
}

pipes() {
	everything env -u TMPDIR KTSTR_TEST_PIPES=1
}

# As a container's root has it: no file system can be mounted and no namespace made.
no_namespaces() {
	everything env -u TMPDIR "$base/refuse" EPERM unshare clone_newuser --
}

old_profile() {
	# shellcheck disable=SC2086 # words
	everything env -u TMPDIR KTSTR_TEST_REFUSED=1 "$base/refuse" EPERM $old_calls -- "$base/refuse" ENOSYS $theirs --
}

old_kernel() {
	# shellcheck disable=SC2086 # words
	everything env -u TMPDIR KTSTR_TEST_REFUSED=1 "$base/refuse" ENOSYS $old_calls $theirs --
}

# shellcheck disable=SC2086 # words
run_tests ${KTSTR_TEST_ENVIRONMENTS-group empty pipes no_namespaces old_profile old_kernel}
cat "$base/summary"
