#!/bin/sh
# Guests where an old kernel or a container's seccomp profile refuses system calls.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr
calls='close_range clone_pidfd memfd_create process_vm_readv process_vm_writev copy_file_range sendfile renameat2 getrandom
	faccessat2 statx openat2 pidfd_open'
gcc -o "$base/refuse" "$root/tests/refuse.c" || exit 1
KTSTR_STORE=$base/store
export KTSTR_STORE

# Boot, snapshot, restore, and the answers of BPF programs out of the guest's memory.
whole() { # ERRNO
	rm -rf "$KTSTR_STORE"
	# shellcheck disable=SC2086 # words
	exits 0 "$base/refuse" "$1" $calls -- ktstr verifier --scheduler-bin "$sched" --kernel "$key" && has verified_insns= out &&
		exits 0 "$base/refuse" "$1" $calls -- ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force &&
		hasnt 'could not be continued' err &&
		exits 7 "$base/refuse" "$1" $calls -- ktstr shell --kernel "$key" --exec 'exit 7' &&
		same '' "$(leftovers)" 'left running'
}

without_rights() {
	whole EPERM
}

on_an_old_kernel() {
	whole ENOSYS
}

# What QEMU would wait or abort for; restored, so that nothing else is asked before.
named() {
	for call in 'EPERM poll' 'ENOSYS poll' 'EPERM eventfd2'; do
		# shellcheck disable=SC2086 # words
		exits 19 timeout 30 "$base/refuse" $call -- ktstr shell --kernel "$key" --exec true &&
			has "the system call ${call#* } is refused here, and QEMU cannot work without it" err && hasnt 'booted' err || return
	done
	exits 7 "$base/refuse" ENOSYS eventfd2 -- ktstr shell --kernel "$key" --exec 'exit 7' && same '' "$(leftovers)" 'left running'
}

# That is not the snapshot's fault, which stays.
blameless() {
	set -- ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force
	exits 0 "$@" && find "$KTSTR_STORE/objects" -name state >before && [ -s before ] || return
	exits 19 timeout 30 "$base/refuse" EPERM poll -- "$@" && has 'continue the guest: the system call poll' err || return
	find "$KTSTR_STORE/objects" -name state | diff before -
}

run_tests without_rights on_an_old_kernel named blameless
