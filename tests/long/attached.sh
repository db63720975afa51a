#!/bin/sh
# Guests in virtual time that are kept with their scheduler attached, and audits: stores made from nothing, damage, a sudden end in the
# middle, and what is gained.
#
# SCHEDULERS (paths): of which figures are printed. ONLY: some of the tests.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
scheduler=$O/sched/scx_ktstr
SCHEDULERS=${SCHEDULERS-$scheduler}
gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$base/guest-times" "$root/tests/guest-times.c" || exit 1
what='guest-times 200; dmesg; cat /proc/interrupts /proc/schedstat'

virtual() {
	# shellcheck disable=SC2086 # a word or none
	ktstr ${quiet--q} shell --kernel "$key" --clock virtual -i "$base/guest-times" "$@"
}

with_scheduler() {
	virtual --topology 1,1,2,1 --scheduler-bin "$scheduler" "$@" </dev/null
}

# kept STORE: folders of guests with a scheduler attached.
kept() {
	[ ! -d "$1/objects" ] || find "$1/objects" -name heard | sed 's|/heard$||'
}

# The memory of snapshots, with and without a scheduler attached, and runs from them, of stores that know nothing of each other.
two_stores() {
	for store in one two; do
		export KTSTR_STORE="$work/$store"
		virtual --topology 1,1,2,1 --exec "$what" >$store.out </dev/null && with_scheduler --exec "$what" >>$store.out &&
			with_scheduler --exec "$what" >>$store.out || fail "exit code $?" || return
		cat "$KTSTR_STORE"/objects/*/*/ram.sha256 | sort >$store.ram
	done
	cmp one.ram two.ram && same 2 "$(wc -l <one.ram)" hashes && cmp one.out two.out
}

# What this machine makes, and what somebody has written to.
audits() {
	export KTSTR_STORE="$work/store"
	with_scheduler --exec "$what" >first || fail "exit code $?" || return
	quiet=
	exits 0 with_scheduler --audit --exec "$what" && has 'the memory is what this machine makes' err &&
		has 'output: equal' err && cmp first out || return
	exits 0 ktstr verifier --kernel "$key" --clock virtual --topology 1,1,2,1 --scheduler-bin "$scheduler" --audit &&
		has 'result of verify' err || return
	ram=$(find "$KTSTR_STORE/objects" -name ram0)
	chmod u+w "$ram" && printf x | dd of="$ram" bs=1 seek=1073741000 conv=notrunc 2>dd.err || return
	exits 30 with_scheduler --audit --exec "$what" && has 'the memory is not what was kept: node 0, byte 0x3ffffcc8' err
}

# Killed while one is made: nothing of it is left, and the next run is as all are.
killed() {
	export KTSTR_STORE="$work/store"
	virtual --topology 1,1,2,1 --exec true </dev/null || return
	with_scheduler --exec "$what" >killed.out 2>&1 &
	within 60 making || fail 'none was being made' || return
	kill -KILL "$(shell_step)" || return
	wait $!
	within 20 nothing_runs || fail "$(leftovers)" || return
	same '' "$(kept "$KTSTR_STORE")" && with_scheduler --exec "$what" >first && with_scheduler --exec "$what" >second &&
		cmp first second && same '' "$(ls "$KTSTR_STORE/drafts")" drafts
}

shell_step() {
	leftovers | sed -n 's/^\([0-9]*\) .*ktstr-step shell .*/\1/p'
}

# Steps before it have drafts as well.
making() {
	[ -n "$(shell_step)" ] && [ -n "$(ls "$KTSTR_STORE/drafts")" ]
}

nothing_runs() {
	[ -z "$(leftovers)" ]
}

# Milliseconds of a guest that does nothing, one that loads its scheduler before, and one that is kept with it.
figures() {
	for scheduler in $SCHEDULERS; do
		[ "$scheduler" != none ] || continue
		KTSTR_STORE=$work/$(basename "$scheduler")
		export KTSTR_STORE
		exits 0 virtual --topology 1,1,2,1 --exec true && exits 0 with_scheduler --exec true || return
		echo "# $(basename "$scheduler"): nothing $(ms virtual --topology 1,1,2,1), loaded $(export KTSTR_ATTACHED_MB=0 && ms with_scheduler), kept" \
			"$(ms with_scheduler) ms; $(du -sm "$(kept "$KTSTR_STORE")" | cut -f1) MB" >&3
	done
}

# ms COMMAND…: the middle one of five.
ms() {
	for i in 1 2 3 4 5; do
		start=$(date +%s%N)
		"$@" --exec true </dev/null
		echo $((($(date +%s%N) - start) / 1000000))
	done | sort -n | sed -n 3p
}

exec 3>&1
# shellcheck disable=SC2086 # names
run_tests ${ONLY:-two_stores audits killed figures}
