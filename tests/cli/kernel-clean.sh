#!/bin/sh
# kernel clean: what it selects, when it asks, what it removes.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/neighbours.sh"

entry() { # KEY DATE
	mkdir -p "kernels/$1"
	echo image >"kernels/$1/bzImage"
	printf '{ "version": "%s", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "%s" %s }\n' \
		"$1" "$2" "${3-}" >"kernels/$1/metadata.json"
}

cache() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	entry 6.1 2026-01-01T00:00:00Z
	entry 6.2 2026-01-02T00:00:00Z
	entry 6.3 2026-01-03T00:00:00Z ', "ktstr_kconfig_hash": "00000000"'
	mkdir kernels/broken
	echo '{' >kernels/broken/metadata.json
}

left() {
	same "$1" "$(find kernels -mindepth 1 -maxdepth 1 ! -name '.*' -printf '%f\n' | sort | tr '\n' ' ')" entries
}

nothing() {
	exits 0 ktstr kernel clean && has 'nothing to clean' out
}

needs_a_terminal() {
	cache
	exits 1 ktstr kernel clean && has '--force' err && left '6.1 6.2 6.3 broken '
}

keeps_the_newest() {
	cache
	exits 0 ktstr kernel clean --keep 2 --force && has 'removed 2 cached kernels.' out && left '6.2 6.3 '
}

keeps_more_than_there_are() {
	cache
	exits 0 ktstr kernel clean --keep 9 --force && has 'nothing to clean' out && left '6.1 6.2 6.3 broken '
}

only_corrupt() {
	cache
	exits 0 ktstr kernel clean --corrupt --force && left '6.1 6.2 6.3 '
}

# Of either mark; --keep counts among what was selected.
only_stale() {
	cache
	entry 6.4 2026-01-04T00:00:00Z ', "ktstr_git_hash": "0123456"'
	exits 0 ktstr kernel clean --stale --force --keep 1 && has 'removed 1 cached kernel.' out &&
		left '6.1 6.2 6.4 broken ' || return
	exits 0 ktstr kernel clean --stale --corrupt --force && left '6.1 6.2 '
}

everything() {
	cache
	exits 0 ktstr kernel clean --force && has 'removed 4 cached kernels.' out && same '' "$(ls -A kernels)" entries
}

# Of ours the lock tells who is alive, whatever its pid is here. Writers of 0.3.2 take none, and may be of another container.
dead_drafts() {
	cache
	mkdir kernels/.tmp-6.1.pid4194999 kernels/.tmp-6.1.pid1 kernels/.tmp-6.2.pid4194999
	for theirs in 6.1-4194999 6.1-1 6.2-4194999 6.3-4194999; do
		mkdir kernels/.tmp-$theirs && echo >kernels/.tmp-$theirs/vmlinux && touch -d '2 hours ago' kernels/.tmp-$theirs/vmlinux kernels/.tmp-$theirs || return
	done
	touch kernels/.lock-6.9 kernels/.tmp-6.3-4194999/vmlinux
	exits 0 flock -o kernels/.lock-6.2 ktstr kernel clean --keep 9 --force || return
	same '.lock-6.2 .tmp-6.1-1 .tmp-6.2-4194999 .tmp-6.2.pid4194999 .tmp-6.3-4194999 ' \
		"$(find kernels -name '.*' -printf '%f\n' | sort | tr '\n' ' ')" 'locked, alive, or at work'
}

# script(1) gives the tool a terminal.
asked() { # ANSWER
	printf '%s\n' "$1" | script -qec 'ktstr kernel clean' /dev/null >out 2>&1
}

answers() {
	cache
	for no in n '' nope 'y e s' ' no'; do
		asked "$no"
		has 'the following entries will be removed:' out && has '6.3     tarball x86_64' out &&
			has '(stale kconfig)' out && has '(corrupt: ' out && has 'remove 4 entries? [y/N]' out &&
			has 'aborted' out && left '6.1 6.2 6.3 broken ' || return
	done
	asked ' Yes '
	has 'removed 4 cached kernels.' out && left '' || return
	cache
	asked y
	has 'removed 4 cached kernels.' out && left ''
}

one_entry() {
	cache
	printf 'y\n' | script -qec 'ktstr kernel clean --keep 3' /dev/null >out 2>&1
	has 'remove 1 entry? [y/N]' out && has 'removed 1 cached kernel.' out && left '6.1 6.2 6.3 '
}

end_of_input() {
	cache
	: | script -qec 'ktstr kernel clean' /dev/null >out 2>&1
	has aborted out && left '6.1 6.2 6.3 broken '
}

# The others go; the code and the message are of what stayed.
long_names() {
	cache
	for n in 200 241 242 250 255; do
		mkdir "kernels/$(printf "%0${n}d" 0)" || return
	done
	exits 0 ktstr kernel clean --corrupt --force && has 'removed 6 cached kernels.' out && left '6.1 6.2 6.3 '
}

partial_failure() {
	cache
	mkdir -p kernels/.tmp-6.2-1 kernels/.lock-6.2/theirs
	exits 1 ktstr kernel clean --force && has 'removed 3 cached kernels.' out &&
		has 'error: removed 3 of 4 entries; remove 6.2: ' err && left '6.2 '
}

# An entry that somebody writes is none of ours to remove, nor is the one that came of it.
builds_in_progress() {
	cache
	exits 0 flock -o kernels/.lock-6.2 ktstr kernel clean --force && has 'removed 3 cached kernels.' out &&
		has 'note: 6.2 is being built now' err && left '6.2 ' || return
	rm kernels/.lock-6.2
	cache
	mkfifo answer
	script -qec 'ktstr kernel clean' /dev/null <answer >asked 2>&1 &
	exec 3>answer
	within 20 grep -q 'remove 4 entries' asked || return
	mv kernels/6.2 old
	entry 6.2 2026-02-01T00:00:00Z
	printf 'y\n' >&3
	wait $!
	exec 3>&-
	has 'removed 3 cached kernels.' asked && left '6.2 '
}

# Whatever is selected, what others wrote stays, in each of its files; its name removes it.
foreign_ones_stay() {
	for words in --force '--force --keep 1' '--force --stale' '--force --corrupt' '--force --corrupt-only' '--force --stale --corrupt'; do
		rm -rf kernels
		cache && neighbours || return
		before=$(cd kernels && find . -path './6.15*' -o -path './[adlv]*' | sort)
		# shellcheck disable=SC2086 # words
		exits 0 ktstr kernel clean $words && has 'note: 7 entries of other programs stay; kernel clean KEY removes one' err || return
		same "$before" "$(cd kernels && find . -path './6.15*' -o -path './[adlv]*' | sort)" "files after $words" || return
	done
	rm kernels/local-x/bzImage && exits 0 ktstr kernel clean --corrupt --force && [ -d kernels/local-x ]
}

# Another user's entry that may not be read is not damaged. Root may read all.
unreadable_ones_stay() {
	[ "$(id -u)" != 0 ] || command -v setpriv >/dev/null || return 0
	cache && rm kernels/broken/metadata.json && echo >kernels/broken/bzImage && chmod 0 kernels/6.1/metadata.json && chmod 777 kernels kernels/* || return
	mkdir -p own/out && cp "$O"/ktstr* own/out && cp -r "$root/rules" "$root/ktstr.kconfig" own && chmod 755 "$base" . || return
	as=
	[ "$(id -u)" != 0 ] || as='setpriv --reuid=65534 --regid=65534 --clear-groups'
	# shellcheck disable=SC2086 # words
	exits 0 $as own/out/ktstr kernel list && grep -q '6.1  *(foreign: .*Permission denied)' out && grep -q '^  broken *(corrupt: ' out &&
		exits 0 $as own/out/ktstr kernel clean --corrupt --force && left '6.1 6.2 6.3 '
}

by_key() {
	cache && neighbours || return
	exits 20 ktstr kernel clean --force 6.1 nonsense && has '"nonsense"' err && left '6.1 6.15.1-tarball 6.2 6.3 alien broken disk_templates distro later local-x v6-git ' || return
	exits 2 ktstr kernel clean --keep 1 6.1 && exits 2 ktstr kernel clean --stale 6.1 && exits 2 ktstr kernel clean --corrupt 6.1 || return
	exits 1 ktstr kernel clean 6.1 && has '--force' err || return
	exits 0 ktstr kernel clean --force alien 6.15.1-tarball broken 6.1 alien && has 'removed 4 cached kernels.' out &&
		left '6.2 6.3 disk_templates distro later local-x v6-git '
}

run_tests foreign_ones_stay unreadable_ones_stay by_key nothing needs_a_terminal keeps_the_newest keeps_more_than_there_are only_corrupt only_stale everything \
	dead_drafts answers one_entry end_of_input partial_failure long_names builds_in_progress
