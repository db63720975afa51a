#!/bin/sh
# One step by hand, seen from outside: hits, misses, crowds, sudden death, and stores that cannot be used.
. "$(dirname "$0")/../lib.sh"

# pack OUT [OPTION…]: the step that costs least
pack() {
	out=$1
	shift
	ktstr-step initramfs --store store --out "$out" --init init "$@"
}

new_input() {
	cp "$O/ktstr-init" init
}

objects() {
	find store/objects -mindepth 2 -maxdepth 2 -type d | wc -l
}

clean_store() {
	[ -z "$(find store/drafts store/locks -mindepth 1)" ] || fail "something is left in the store"
}

# In a store without damage every file has the size its list of contents says.
whole() {
	for object in store/objects/*/*; do
		[ -d "$object" ] || continue
		if ! [ -f "$object/recipe" ] || ! [ -f "$object/content" ]; then
			fail "$object is not whole"
			return
		fi
		while read -r _ size name; do
			same "$size" "$(stat -c %s "$object/$name")" "$object/$name" || return
		done <"$object/content"
	done
}

list() {
	exits 0 ktstr-step --list && has 'initramfs' out && exits 2 ktstr-step && has 'ktstr-step NAME' err &&
		exits 2 ktstr-step nonsense && has 'nonsense' err
}

hit() {
	new_input
	pack a && pack b && same 1 "$(objects)" objects && cmp a/initramfs.cpio b/initramfs.cpio &&
		cmp a/recipe b/recipe && has 'step    initramfs' a/recipe && hasnt "$work" a/recipe && clean_store && whole
}

untouched() {
	new_input
	pack a || return
	before=$(stat -c '%i %y' a/initramfs.cpio a/recipe)
	touch init
	pack a && same "$before" "$(stat -c '%i %y' a/initramfs.cpio a/recipe)" times
}

changed_input() {
	new_input
	pack a || return
	first=$(cat a/recipe)
	printf x >>init
	pack a && same 2 "$(objects)" objects && [ "$first" != "$(cat a/recipe)" ]
}

crowd() {
	new_input
	i=0
	while [ $i -lt 10 ]; do
		pack "a$i" &
		i=$((i + 1))
	done
	wait
	same 1 "$(objects)" objects && clean_store && whole || return
	for i in 0 1 2 3 4 5 6 7 8 9; do
		cmp a0/initramfs.cpio "a$i/initramfs.cpio" || return
	done
}

# Killed at 40 moments between start and end.
death() {
	new_input
	i=0
	while [ $i -lt 40 ]; do
		printf x >>init
		ktstr-step initramfs --store store --out a --init init &
		sleep "0.0$(printf %02d $((i * 7 % 40)))"
		kill -9 $! 2>/dev/null
		wait $! 2>/dev/null
		i=$((i + 1))
	done
	pack a && whole && clean_store && [ -s a/initramfs.cpio ]
}

unusable() {
	new_input
	echo "not a folder" >store
	exits 14 pack a && has 'KTSTR_STORE' err && has "$work/store" err && [ ! -e a ] || return
	rm store
	mkdir store
	: >store/objects
	exits 14 pack a && has 'objects: Not a directory' err && has 'KTSTR_STORE' err && [ ! -e a ]
}

# A store of a version that named results by another hash.
# Bytes that are others than they were, in a file of the same size and age.
other_bytes() {
	new_input && exits 0 pack a && file=$(echo store/objects/*/*/initramfs.cpio) && cp -p "$file" good && chmod u+w "$file" &&
		printf X | dd of="$file" bs=1 seek=1000 conv=notrunc 2>/dev/null && touch -r good "$file" && ! cmp -s good "$file" || return
	exits 0 pack b && cmp good b/initramfs.cpio && cmp good "$(echo store/objects/*/*/initramfs.cpio)" && exits 0 ktstr-step check-store --store store --out c
}

# What is no folder and lies in the place of a result, or of several.
no_results() {
	new_input && exits 0 pack a && object=$(echo store/objects/*/*) || return
	for place in "$object" "${object%/*}"; do
		rm -rf "$place" && : >"$place" && exits 0 pack b && [ -f "$object/recipe" ] || return
		rm -rf "$place" && mkfifo "$place" && exits 0 pack b && [ -f "$object/recipe" ] || return
		rm -rf "$place" && ln -s nowhere "$place" && exits 0 pack b && [ -f "$object/recipe" ] || return
	done
	clean_store
}

earlier() {
	new_input
	mkdir -p store/objects/99/99aa06d3014798d86001c324468d497f store/drafts store/locks store/hashes store/graphs/g || return
	echo 'step    initramfs 1' >store/objects/99/99aa06d3014798d86001c324468d497f/recipe
	printf 'ktstr hashes 1\n' >store/hashes/steps
	find store -printf '%p %y %s %T@ %i\n' | grep -v '^store d' | sort >before
	exits 0 pack a && has 'stay as they are' err && has "$work/store/v2" err && has "rm -rf" err || return
	find store -printf '%p %y %s %T@ %i\n' | grep -v '^store d\|^store/v2' | sort | diff before - || return
	same 1 "$(find store/v2/objects -name initramfs.cpio | wc -l)" results && same 'ktstr store 2' "$(cat store/v2/format)" || return
	exits 0 pack b && same '' "$(cat err)" 'said once' && cmp a/initramfs.cpio b/initramfs.cpio || return
	KTSTR_STORE=$work/store exits 0 ktstr cache stats --json && has "$work/store/v2" out || return
	# As the program itself has said.
	(cd store && rm -rf objects graphs trees) && rm -rf b && exits 0 pack b && [ ! -e store/objects ]
}

# Of a version that is yet to come.
later() {
	new_input
	pack a && chmod u+w store/format && echo 'ktstr store 3' >store/format || return
	exits 14 pack a && has 'format 3' err && has "$work/store" err && same 'ktstr store 3' "$(cat store/format)" || return
	: >store/format
	pack a && same 'ktstr store 2' "$(cat store/format)" && same 1 "$(objects)" objects
}

# as UID COMMAND…: in the group of the store
as() {
	uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --groups 65534 sh -c 'umask 002 && exec "$@"' sh "$@"
}

two_users() {
	[ "$(id -u)" = 0 ] || return 0
	chmod 755 "$base" "$work" && new_input && mkdir store a b && chgrp 65534 store && chmod 2775 store && chown 4001 a && chown 4002 b || return
	as 4001 ktstr-step initramfs --store store --out a --init init && as 4002 ktstr-step initramfs --store store --out b --init init &&
		cmp a/initramfs.cpio b/initramfs.cpio && same 1 "$(objects)" objects || return
	printf x >>init
	as 4002 ktstr-step initramfs --store store --out b --init init && as 4001 ktstr-step initramfs --store store --out a --init init &&
		cmp a/initramfs.cpio b/initramfs.cpio && same 2 "$(objects)" objects && clean_store
}

# Made by one alone: the other is told whose it is.
of_another() {
	[ "$(id -u)" = 0 ] || return 0
	chmod 755 "$base" "$work" && new_input && mkdir store a b && chown 4001 a store && chown 4002 b || return
	setpriv --reuid 4001 --regid 4001 --clear-groups ktstr-step initramfs --store store --out a --init init || return
	exits 14 setpriv --reuid 4002 --regid 4002 --clear-groups ktstr-step initramfs --store store --out b --init init &&
		has 'belongs to user 4001' err && has KTSTR_STORE err
}

new_store_is_private() {
	chmod g-s . && new_input || return
	(umask 022 && pack a) && same 700 "$(stat -c %a store)" mode && rm -rf store a && (umask 002 && pack a) &&
		same 775 "$(stat -c %a store)" mode || return
	rm -rf store a && mkdir -m 755 store && (umask 022 && pack a) && same 755 "$(stat -c %a store)" mode
}

# What must not stay is noted before it is there. It stays as long as somebody works with its build folder.
private_folders() {
	echo secret >file && printf '/f/%s/file' "$work" >list && place=store/graphs/x-0123456789/toolbox || return
	private() {
		exits 0 ktstr-step payload --store store --out "$1" --private --includes list &&
			same 400 "$(stat -c %a "$1/payload.pack")" 'mode of the pack' && same 700 "$(stat -c %a "$1")" 'mode of its folder'
	}
	private elsewhere && private "$place" && same 1 "$(find store/private -type l | wc -l)" notes || return
	new_input && (flock -s 9 && touch held && exec sleep 60) 9>store/graphs/x-0123456789/used &
	holder=$!
	within 10 test -e held || return
	pack a && [ -s "$place/payload.pack" ] || fail 'taken from who works with it' || return
	kill "$holder" || return
	wait "$holder"
	within 10 let_go || fail 'the lock is still there' || return
	pack a && [ ! -e "$place" ] && [ -e store/graphs/x-0123456789 ] && same '' "$(ls store/private)" notes && [ -s elsewhere/payload.pack ] || return
	# Links that are none of ours lead nowhere.
	mkdir mine && ln -s ../../mine store/private/1 && ln -s ../graphs/../../mine store/private/2 && ln -s "$work/mine" store/private/3 &&
		pack a && [ -d mine ] && same '' "$(ls store/private)" notes
}

let_go() {
	flock -n store/graphs/x-0123456789/used true
}

# A step that works for its recipe (cargo builds) does so each time, found in the store or not, and by force as well. What fails there
# is told as what it is, and nothing of it is kept.
worked_for_recipes() {
	cat >cargo <<-END
		#!/bin/sh
		echo "\$@" >>"$work/called"
		[ -e "$work/fine" ] || { echo 'error: it does not compile' >&2; exit 101; }
		echo '{"reason":"compiler-artifact","package_id":"path+file:///w#x@0.1.0","target":{"kind":["bin"],"name":"x"},"executable":"$work/x"}'
	END
	chmod +x cargo && cp /bin/true x && : >called || return
	builds() { # EXIT-CODE HOW-OFTEN-BY-NOW OPTION…
		code=$1
		calls=$2
		shift 2
		exits "$code" ktstr-step cargo --store store --out "$work/c" --cargo "$work/cargo" --package x "$@" &&
			same "$calls" "$(wc -l <called)" 'calls of cargo'
	}
	builds 22 1 && builds 22 2 --force && has 'it does not compile' err && has 'cargo build -p x failed: exit status 101' err &&
		hasnt recipe err && same 0 "$(objects)" objects && [ ! -e c/binary ] || return
	: >fine
	builds 0 3 && builds 0 4 && builds 0 5 --force && cmp x c/binary && same 1 "$(objects)" objects && clean_store
}

bad_options() {
	new_input
	exits 2 ktstr-step initramfs && has '--out' err && exits 2 pack a --nonsense && exits 2 pack a word &&
		exits 2 ktstr-step initramfs --store store --out a && has 'init' err || return
	rm init
	exits 10 pack a && has 'open init' err && clean_store
}

run_tests list hit untouched changed_input crowd death unusable other_bytes no_results earlier later two_users of_another new_store_is_private private_folders worked_for_recipes \
	bad_options
