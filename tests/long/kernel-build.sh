#!/bin/sh
# A kernel built from the distribution's source with ktstr.kconfig, and the schedulers of its own tree on it.
# 10 to 40 minutes the first time; known by content afterwards.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
tarball=${KTSTR_LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
tree=$O/linux-source-6.12

build_it() {
	[ -f "$tree.complete" ] || {
		rm -rf "$tree"
		mkdir -p "$tree" && tar -C "$tree" --strip-components=1 -xf "$tarball" && touch "$tree.complete" || return
	}
	exits 0 ktstr kernel build --source "$tree" && has 'Kernel cached: local-6.12' err && [ -s out ]
}

unchanged_is_cached() {
	exits 0 ktstr kernel build --source "$tree" && has 'cached  build linux-source-6.12' err
}

touched_but_equal_is_cached() {
	touch "$tree/kernel/sched/ext.c" "$tree/Makefile"
	exits 0 ktstr kernel build --source "$tree" && has 'cached  build linux-source-6.12' err
}

listed() {
	exits 0 ktstr kernel list && has 'local-6.12' out
}

own_schedulers_attach() {
	key=$(ktstr -q kernel build --source "$tree") || return
	sh "$root/tests/tools-schedulers.sh" "$O/sched/tools-6.12" "$key" || return
	for sched in "$O/sched/scx_ktstr" "$O"/sched/tools-6.12/scx_*; do
		exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cross-check &&
			has 'bpf_prog_info: agrees' out || return
	done
}

run_tests build_it unchanged_is_cached touched_but_equal_is_cached listed own_schedulers_attach
