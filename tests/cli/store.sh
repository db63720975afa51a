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

bad_options() {
	new_input
	exits 2 ktstr-step initramfs && has '--out' err && exits 2 pack a --nonsense && exits 2 pack a word &&
		exits 2 ktstr-step initramfs --store store --out a && has 'init' err || return
	rm init
	exits 10 pack a && has 'open init' err && clean_store
}

run_tests list hit untouched changed_input crowd death unusable bad_options
