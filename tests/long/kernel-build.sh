#!/bin/sh
# A kernel built from the distribution's source with ktstr.kconfig, and the schedulers of its own tree on it.
# 10 to 40 minutes the first time; known by content afterwards.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
tarball=${KTSTR_LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
tree=$O/linux-source-6.12

build() {
	exits 0 ktstr kernel build --source "$tree"
}

# What make did last, for builds of this tree; empty when it did not run.
forget_log() {
	rm -f "$shared"/ktstr/store/trees/*/ktstr-make.log
}

built_objects() {
	cat "$shared"/ktstr/store/trees/*/ktstr-make.log 2>/dev/null | grep -c '^  CC '
}

seconds() {
	date +%s.%N
}

build_it() {
	[ -f "$tree.complete" ] || {
		rm -rf "$tree"
		mkdir -p "$tree" && tar -C "$tree" --strip-components=1 -xf "$tarball" && touch "$tree.complete" || return
	}
	build && grep -q 'Kernel cached: local-6.12\|cached kernel found: ' err && [ -s out ]
}

# Nothing of it costs a make: the same again, without the graph, touched, changed there and back.
never_built_twice() {
	forget_log
	start=$(seconds)
	build || return
	echo "# again: $(echo "$(seconds) - $start" | bc) s" >&3
	rm -rf "$shared"/ktstr/store/graphs
	build || return
	touch "$tree/kernel/sched/ext.c" "$tree/Makefile"
	build || return
	cp -a "$tree/kernel/sched/ext.c" ext.c && echo '/* */' >>"$tree/kernel/sched/ext.c" && cp ext.c "$tree/kernel/sched/ext.c" || return
	build && same 0 "$(built_objects)" 'objects built'
}

one_comment() {
	forget_log
	cp -a "$tree/kernel/sched/core.c" core.c && echo '/* a comment */' >>"$tree/kernel/sched/core.c" || return
	start=$(seconds)
	build
	r=$?
	echo "# one comment in core.c: $(built_objects) objects, $(echo "$(seconds) - $start" | bc) s" >&3
	cp core.c "$tree/kernel/sched/core.c"
	[ $r = 0 ] && [ "$(built_objects)" -lt 50 ]
}

by_hand() {
	env -u MAKEFLAGS -u O KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=ktstr \
		KBUILD_BUILD_HOST=ktstr KBUILD_BUILD_VERSION=1 xargs -d '\n' make <words
}

# The tree's hash against make finding out that there is nothing to do, with the same words as in the build.
unchanged_is_quick() {
	mkdir bin && real=$(command -v make) || return
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >%s/words\nexec %s "$@"\n' "$work" "$real" >bin/make && chmod +x bin/make || return
	source=$(cd "$tree" && pwd)
	PATH=$work/bin:$PATH exits 0 ktstr-source kernel-build --force --store "$shared/ktstr/store" --out "$work/build" \
		--source "$source" --fragment "$root/ktstr.kconfig" --arch "$(uname -m)" || return
	sed -i 's/^compile_commands.json$/bzImage/' words
	# The first one links once more: Linux makes its resolve_btfids anew when it is asked the second time.
	by_hand >make.log 2>&1 || { cat make.log; return 1; }
	start=$(seconds)
	by_hand >make.log 2>&1 || { cat make.log; return 1; }
	make_s=$(echo "$(seconds) - $start" | bc)
	! grep -q '^  \(CC\|LD\) ' make.log || { cat make.log; fail 'make had something to do'; return 1; }
	exits 0 ktstr-source tree --store "$shared/ktstr/store" --out "$work/tree" --source "$source" || return
	start=$(seconds)
	exits 0 ktstr-source tree --store "$shared/ktstr/store" --out "$work/tree" --source "$source" || return
	tree_s=$(echo "$(seconds) - $start" | bc)
	echo "# unchanged: make $make_s s, tree $tree_s s" >&3
	[ "$(echo "$tree_s * 5 < $make_s" | bc)" = 1 ] || fail "make $make_s s, tree $tree_s s"
}

# A configuration of the user's is a kernel of its own, built beside the other: going back and forth costs no make.
another_fragment() {
	printf 'CONFIG_PROVE_LOCKING=y\nCONFIG_DEBUG_ATOMIC_SLEEP=y\n' >debug.kconfig
	plain=$(ktstr -q kernel build --source "$tree") || return
	forget_log
	start=$(seconds)
	exits 0 ktstr kernel build --source "$tree" --kconfig debug.kconfig || return
	echo "# another fragment: $(built_objects) objects, $(echo "$(seconds) - $start" | bc) s" >&3
	debug=$(cat out) && [ "$debug" != "$plain" ] &&
		grep -qx 'CONFIG_PROVE_LOCKING=y' "$shared/ktstr/kernels/$debug/.config" || return
	forget_log
	start=$(seconds)
	for i in 1 2; do
		same "$plain" "$(ktstr -q kernel build --source "$tree")" && same "$debug" \
			"$(ktstr -q kernel build --source "$tree" --kconfig debug.kconfig)" || return
	done
	echo "# back and forth, twice: $(built_objects) objects, $(echo "$(seconds) - $start" | bc) s" >&3
	same 0 "$(built_objects)" 'objects built' &&
		exits 0 ktstr verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$debug" --cross-check && has 'ktstr_enqueue ' out
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

# What ktstr.kconfig wishes for, because tests look for it.
has_what_tests_want() {
	# shellcheck disable=SC2016 # the guest's
	set -- 'set -e; grep -q "^some avg10=" /proc/pressure/cpu; grep -q "^write_bytes" /proc/self/io
		cd /proc/sys/kernel; echo "$(cat task_delayacct numa_balancing)"; echo 1 >task_delayacct; cat task_delayacct
		zcat /proc/config.gz | grep -c "^CONFIG_\(TASKSTATS\|IRQ_TIME_ACCOUNTING\|PARAVIRT_TIME_ACCOUNTING\|X86_IOPL_IOPERM\)=y"'
	key=$(ktstr -q kernel build --source "$tree") || return
	exits 0 ktstr -q shell --kernel "$key" --exec "$1" &&
		same "$(printf '0\n0\n1\n4')" "$(cat out)"
}

# refuses CODE WANTED ARGUMENT: verdict, and the call that failed
refuses() {
	exits "$1" ktstr verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" --json --workload 1000 -- "$3" &&
		same "$2" "$(python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))["cells"][0]
e = c["evidence"]
print(c["verdict"], *("none" if e is None else e[k] or "-" for k in ("by", "call", "errno", "program")))' out)" "evidence of $3"
}

# The oldest kernel with sched_ext answers as the newest does (tests/vm/verifier.sh). Who loaded a scheduler may attach it, whatever
# rights he has by then.
refusals_have_evidence() {
	key=$(ktstr -q kernel build --source "$tree") || return
	refuses 3 'rejected kernel BPF_PROG_LOAD EACCES ktstr_dispatch' --fail-verify &&
		refuses 3 'rejected kernel BPF_PROG_LOAD EPERM -' --unprivileged &&
		refuses 3 'rejected kernel struct_ops value E2BIG -' --patient &&
		refuses 4 'died kernel BPF_LINK_CREATE EBUSY -' --twice &&
		refuses 4 'died kernel BPF_MAP_CREATE ENOMEM ktstr_hungry' --hungry && exits 0 ktstr verifier \
		--scheduler-bin "$O/sched/scx_ktstr" --kernel "$key" -- --late-drop
}

exec 3>&1
run_tests build_it never_built_twice one_comment unchanged_is_quick another_fragment listed own_schedulers_attach has_what_tests_want refusals_have_evidence
