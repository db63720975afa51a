#!/bin/sh
# Files that lost their bytes, as after a power failure: emptied or cut, as old as they were. The next run heals them without advice.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr
own_store "$base/store" "$key" || exit 1

verify() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" && has verified_insns= out
}

# lose FILE BYTES: keeps that many of them, its time and its mode
lose() {
	touch -r "$1" stamp && mode=$(stat -c %a "$1") && chmod u+w "$1" && truncate -s "$2" "$1" && chmod "$mode" "$1" && touch -r stamp "$1"
}

a_result() {
	verify || return
	result=$(echo "$KTSTR_STORE"/graphs/verifier-*/cells/*/result.json)
	for bytes in 0 100; do
		lose "$result" $bytes && verify && has 'lost bytes' err && [ "$(stat -c %s "$result")" -gt 100 ] || fail "$bytes bytes" || return
		verify && hasnt 'lost bytes' err && has cached err || return
	done
}

# Each file of the build folder by itself.
each_placed_file() {
	verify || return
	folder=$(echo "$KTSTR_STORE"/graphs/verifier-*)
	find "$folder" -type f ! -name lock ! -name used -size +0 | sort >files
	while read -r file; do
		[ -f "$file" ] || continue
		# A stored file is the same one.
		[ "$(stat -c %h "$file")" = 1 ] || { cp -p "$file" own && mv -f own "$file"; } || return
		lose "$file" 0 && verify || fail "after ${file#"$folder"/}" || return
	done <files
}

# All of them full of zeros, as large and as old as they were, when the machine has booted again: what was remembered of them
# does not count.
zeroed_and_booted() {
	verify || return
	folder=$(echo "$KTSTR_STORE"/graphs/verifier-*)
	find "$folder" -type f ! -name lock ! -name used ! -name sizes -size +0 | sort >files
	while read -r file; do
		[ "$(stat -c %h "$file")" = 1 ] || { cp -p "$file" own && mv -f own "$file"; } || return
		bytes=$(stat -c %s "$file") && lose "$file" 0 && lose "$file" "$bytes" || fail "$file" || return
	done <files
	sed -i '1s/ [^ ]*$/ another-boot/' "$folder/sizes" "$KTSTR_STORE/hashes/steps" && verify && has cached err
}

# Each file of the store, of which nothing is placed.
each_stored_file() {
	verify || return
	find "$KTSTR_STORE" -path "$KTSTR_STORE/graphs" -prune -o -type f -size +0 -print | sort >files
	while read -r file; do
		[ -f "$file" ] || continue
		lose "$file" 0 && rm -rf "$KTSTR_STORE/graphs" && verify || fail "after ${file#"$KTSTR_STORE"/}" || return
	done <files
}

# as UID COMMAND…: in the group of the store
as() {
	uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --groups 65534 sh -c 'umask 002 && exec "$@"' sh "$@"
}

# The same request of two users who share a store: the second finds what the first made, build folder and all.
two_users() {
	[ "$(id -u)" = 0 ] || return 0
	chmod 755 "$base" "$work" && mkdir group && chgrp 65534 group && chmod 2775 group || return
	for uid in 4001 4002; do
		exits 0 as $uid env -u XDG_RUNTIME_DIR "KTSTR_STORE=$work/group" ktstr verifier --scheduler-bin "$sched" --kernel "$key" &&
			exits 3 as $uid env -u XDG_RUNTIME_DIR "KTSTR_STORE=$work/group" ktstr -q shell --kernel "$key" --exec 'exit 3' || return
	done
}

run_tests two_users a_result each_placed_file zeroed_and_booted each_stored_file
