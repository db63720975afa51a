#!/bin/sh
# kernel clean: what it selects, when it asks, what it removes.
. "$(dirname "$0")/../lib.sh"

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
	exits 0 ktstr kernel clean --keep 2 --force && has 'removed 2 cached kernel(s).' out && left '6.2 6.3 '
}

keeps_more_than_there_are() {
	cache
	exits 0 ktstr kernel clean --keep 9 --force && has 'nothing to clean' out && left '6.1 6.2 6.3 broken '
}

only_corrupt() {
	cache
	exits 0 ktstr kernel clean --corrupt --force && left '6.1 6.2 6.3 '
}

only_stale() {
	cache
	exits 0 ktstr kernel clean --stale --force && left '6.1 6.2 broken '
}

everything() {
	cache
	exits 0 ktstr kernel clean --force && has 'removed 4 cached kernel(s).' out && same '' "$(ls -A kernels)" entries
}

dead_drafts() {
	cache
	mkdir kernels/.tmp-6.1-4194999 kernels/.tmp-6.1-1
	exits 0 ktstr kernel clean --keep 9 --force && [ ! -d kernels/.tmp-6.1-4194999 ] && [ -d kernels/.tmp-6.1-1 ]
}

# script(1) gives the tool a terminal.
asked() { # ANSWER
	printf '%s\n' "$1" | script -qec 'ktstr kernel clean' /dev/null >out 2>&1
}

answers() {
	cache
	asked n
	has 'remove 4 entries? [y/N]' out && has 'aborted' out && left '6.1 6.2 6.3 broken ' || return
	asked yes
	has 'removed 4 cached kernel(s).' out && left ''
}

run_tests nothing needs_a_terminal keeps_the_newest keeps_more_than_there_are only_corrupt only_stale everything \
	dead_drafts answers
