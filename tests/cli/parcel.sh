#!/bin/sh
# cache export, cache import: results and kernels as a file, from one machine to another. Guests are played (tests/fake-stored.sh), their results
# are kept; tests/long/sharing-bundles.sh has real ones.
. "$(dirname "$0")/../lib.sh"
header=$root/runtime/test

cat >"$base/tests.c" <<'END'
#include <ktstr.h>
#define TEST(name) KTSTR_SCENARIO(name, .scenario = "work - spin\nhold 100%")
TEST(one);
TEST(two);
TEST(three);
TEST(four);
KTSTR_MAIN
END
gcc -Wall -Wextra -Werror -I"$header" "$base/tests.c" -o "$base/tests" "$O/libktstr.a" -lm || fail 'tests.c does not compile'

# machine NAME: a folder with a ktstr whose guests are played, a store and a kernel cache
machine() {
	mkdir -p "$1/bin/out" && cp "$base/tests" "$1/" && ln -s "$root/rules" "$root/ktstr.kconfig" "$1/bin/" && cp "$O/ktstr" "$1/bin/out/" || return
	for part in "$O"/ktstr-*; do
		[ -d "$part" ] || ln -s "$part" "$1/bin/out/"
	done
	rm -f "$1/bin/out/ktstr-step" && cp "$root/tests/fake-stored.sh" "$1/bin/out/ktstr-step" && chmod +x "$1/bin/out/ktstr-step"
}

kernel() { # MACHINE
	mkdir -p "$1/cache/ktstr/kernels/k" && echo 'no kernel' >"$1/cache/ktstr/kernels/k/bzImage" && echo 'CONFIG_VIRTIO_MMIO=y' >"$1/cache/ktstr/kernels/k/.config" &&
		printf '{ "version": "6.1", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "2026-01-01T00:00:00Z" }\n' >"$1/cache/ktstr/kernels/k/metadata.json"
}

# on MACHINE COMMAND…: there, by its programs
on() {
	there=$1
	shift
	(
		cd "$there" && FAKE_STEP=$root/tests/fake-step.sh REAL_STEP=$O/ktstr-step XDG_CACHE_HOME=$PWD/cache PATH=$PWD/bin/out:$PATH &&
			export FAKE_STEP REAL_STEP XDG_CACHE_HOME PATH && "$@"
	)
}

ran() { # MACHINE HOW-MANY
	exits 0 on "$1" ktstr runs last --json && same "$2" "$(python3 -c 'import json; print(json.load(open("out"))["ran"])')" "cells that ran on $1"
}

# Three parts on three machines, and the whole on a fourth one, which had nothing: other folders, another umask, later.
shards() {
	for i in 1 2 3; do
		machine m$i && kernel m$i || return
		exits 0 on m$i ktstr matrix ./tests --preset tiny-1llc --preset tiny-2llc --shard $i/3 &&
			exits 0 on m$i ktstr cache export --for matrix ./tests --preset tiny-1llc --preset tiny-2llc --shard $i/3 -o "$work/$i.parcel" &&
			has '1 kernels' out && hasnt 'no result' err || return
	done
	machine whole && mv whole 'a whole one' && find 'a whole one' -exec touch -h -d '3 years' {} + || return
	(umask 077 && on 'a whole one' ktstr cache import "$work"/?.parcel >imported) && has '1 kernels, 1 new' imported && has '1 kernels, 0 new' imported || return
	exits 0 on 'a whole one' ktstr matrix ./tests --preset tiny-1llc --preset tiny-2llc && ran 'a whole one' 0 &&
		same '' "$(find 'a whole one'/cache/ktstr/store/drafts 'a whole one'/cache/ktstr/store/locks -mindepth 1)" 'what is left over' || return
	cmp m1/cache/ktstr/kernels/k/bzImage 'a whole one/cache/ktstr/kernels/k/bzImage' && exits 0 on 'a whole one' ktstr cache import "$work/1.parcel" &&
		has ' 0 new; 1 kernels, 0 new' out
}

# What has no result is told, and what has one goes; nothing is run for it.
lacking() {
	machine m && kernel m && exits 0 on m ktstr matrix ./tests --filter one/ || return
	exits 0 on m ktstr cache export -o "$work/x" --for matrix ./tests && has '6 steps of it have no result here' err || return
	before=$(on m ktstr runs --json) && exits 0 on m ktstr cache export --for matrix ./tests --filter two/ --output=../y && [ -s y ] &&
		same "$before" "$(on m ktstr runs --json)" 'runs that are written down' || return
	machine n && exits 0 on n ktstr cache import "$work/x" && exits 0 on n ktstr matrix ./tests && ran n 3
}

# A key by its first digits, with what that was made of.
keys() {
	export KTSTR_STORE="$work/store"
	for i in 1 2; do
		echo $i >init$i && ktstr-step initramfs --store store --out made$i --init init$i || return
	done
	set -- store/objects/*/*
	one=${1##*/} two=${2##*/}
	exits 0 ktstr cache export "$(echo "$one" | cut -c-12)" -o x && has '1 results, 0 kernels' out || return
	KTSTR_STORE=$work/other exits 0 ktstr cache import x && has 'x: 1 results, 1 new; 0 kernels, 0 new' out && [ -d "$(echo other/objects/*/"$one")" ] || return
	exits 0 ktstr cache export "$one" "$two" -o y && KTSTR_STORE=$work/other exits 0 ktstr cache import y x && has '2 results, 1 new' out || return
	same "$(cat store/objects/*/*/content)" "$(cat other/objects/*/*/content)" contents || return
	# The same step finds it, and a damaged one is replaced.
	ktstr-step initramfs --store other --out again --init init1 && cmp made1/initramfs.cpio again/initramfs.cpio &&
		same 2 "$(find other/objects -name recipe | wc -l)" results && rm -f other/objects/*/"$one"/initramfs.cpio || return
	KTSTR_STORE=$work/other exits 0 ktstr cache import y && has '2 results, 1 new' out && KTSTR_STORE=$work/other exits 0 ktstr cache verify
}

refused() {
	export KTSTR_STORE="$work/store"
	echo >init && ktstr-step initramfs --store store --out made --init init && set -- store/objects/*/* && key=${1##*/} || return
	exits 2 ktstr cache export "$key" && has '-o FILE is missing' err && exits 2 ktstr cache export -o x && exits 10 ktstr cache export -o x 12345678 &&
		exits 10 ktstr cache export -o x ../y && exits 2 ktstr cache export -o x --for shell && has 'not by "shell"' err &&
		exits 2 ktstr cache export -o x --for run --nonsense && has nonsense err && exits 10 ktstr cache export -o x --for run ./none.ktstr &&
		exits 1 ktstr cache export -o none/x "$key" && [ ! -e x ] || return
	exits 0 ktstr cache export -o x "$key" && head -c 300 x >x.cut && printf nothing >x.txt && mkfifo pipe || return
	exits 10 ktstr cache import none && exits 26 ktstr cache import x.cut && has 'nothing of it' err && exits 26 ktstr cache import x.txt && exits 10 ktstr cache import pipe &&
		exits 10 ktstr cache import . && exits 2 ktstr cache import && exits 26 ktstr cache import x x.cut && has '1 results, 0 new' out
}

# Many at once, of the same and of others; and sudden ends at any moment.
at_once() {
	export KTSTR_STORE="$work/store"
	for i in $(seq 12); do
		echo "$i" >init && ktstr-step initramfs --store store --out made --init init || return
	done
	set -- store/objects/*/*
	for object; do
		keys="${keys-} ${object##*/}"
	done
	# shellcheck disable=SC2086 # keys
	set -- $keys
	exits 0 ktstr cache export "$@" -o all && exits 0 ktstr cache export "$1" "$2" "$3" -o some || return
	export KTSTR_STORE="$work/other"
	pids=
	for i in 1 2 3 4 5 6; do
		ktstr cache import all some >"new$i" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail 'an import failed' || return
	done
	same 12 "$(find other/objects -name recipe | wc -l)" results && exits 0 ktstr cache verify || return
	export KTSTR_STORE="$work/third"
	for i in $(seq 0 19); do
		ktstr cache import all >/dev/null 2>&1 &
		sleep "0.00$i"
		kill -9 $! 2>/dev/null
		wait $! 2>/dev/null
	done
	exits 0 ktstr cache import all && exits 0 ktstr cache verify && has '12 results and 0 kernels: 0 damaged' out &&
		same '' "$(find third/drafts third/locks -mindepth 1)" 'what is left over'
}

other_user() {
	[ "$(id -u)" = 0 ] || return 0
	echo 1 >init && ktstr-step initramfs --store store --out made --init init && set -- store/objects/*/* && KTSTR_STORE=$work/store exits 0 ktstr cache export "${1##*/}" -o x &&
		chmod 755 "$base" "$work" && chmod 644 x init && mkdir theirs && chown 4001 theirs || return
	as() { (umask 077 && exec env HOME="$work/theirs" XDG_CACHE_HOME="$work/theirs" KTSTR_STORE="$work/theirs/store" setpriv --reuid 4001 --regid 4001 --clear-groups "$@"); }
	as ktstr cache import x && as ktstr-step initramfs --store theirs/store --out theirs/made --init init && cmp made/initramfs.cpio theirs/made/initramfs.cpio &&
		same 1 "$(find theirs/store/objects -name recipe | wc -l)" results && same 444 "$(stat -c %a theirs/store/objects/*/*/initramfs.cpio)" mode
}

run_tests keys refused at_once other_user lacking shards
