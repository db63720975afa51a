#!/bin/sh
# cache stats, gc, verify: what is counted, what goes and what stays, what is found to be damaged.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/neighbours.sh"

ktstr=$O/ktstr
store=cache/ktstr/store

# result NAME: a result of the step initramfs, placed in made-NAME; $result is its folder
result() {
	printf '#!/bin/sh\n# %s\n' "$1" >"init-$1"
	find "$store/objects" -name recipe 2>/dev/null | sort >before
	ktstr-step initramfs --store "$store" --out "made-$1" --init "init-$1" || return
	result=$(find "$store/objects" -name recipe | sort | comm -13 before - | sed 's|/recipe$||')
	[ -d "$result" ]
}

age() { # DAYS FILE…
	days=$1
	shift
	touch -d "$days days ago" "$@"
}

# What else a store has; nothing of it is as it would be, but for the names.
furnish() {
	mkdir -p "$store/graphs/verifier-x-0123456789" "$store/trees/0123456789abcdef-0123456789abcdef-x86_64" \
		"$store/sources/$(printf %040d 1)" "$store/tarballs" "$store/host" "$store/releases" || return
	head -c 300000 /dev/zero | tr '\0' x >"$store/graphs/verifier-x-0123456789/build.ninja"
	head -c 500000 /dev/zero | tr '\0' x >"$store/trees/0123456789abcdef-0123456789abcdef-x86_64/vmlinux.o"
	: >"$store/trees/0123456789abcdef-0123456789abcdef-x86_64/ktstr-make.log"
	echo >"$store/sources/$(printf %040d 1)/Makefile"
	head -c 700000 /dev/zero | tr '\0' x >"$store/tarballs/$(printf %064d 1).tar.xz"
	echo >"$store/host/other-boot" && echo >"$store/releases/x.json"
}

# The texts of a program's tests go when it was not run for long, and stay while one of them runs.
texts() {
	cat >t.c <<-'END' || return
	#include <ktstr.h>
	KTSTR_SCENARIO(plain, .scenario = "work - spin\nhold 1s");
	KTSTR_MAIN
	END
	gcc -I"$root/runtime/test" t.c -o t "$O/libktstr.a" -lm || return
	# shellcheck disable=SC2016 # the script's own
	printf '#!/bin/sh\necho >began\nread -r word <go\n[ -e "$2" ]\n' >asked && chmod +x asked && mkfifo go || return
	KTSTR=$PWD/asked KTSTR_STORE=$PWD/$store ./t --exact plain 2>/dev/null &
	running=$!
	for _ in $(seq 600); do [ ! -e began ] || break; sleep .1; done
	set -- "$store"/texts/*
	[ -f "$1/plain.ktstr" ] && exits 0 "$ktstr" cache gc --older-than 0s && has '1 more would be removed, but is in use' err && [ -f "$1/plain.ktstr" ] || return
	echo >go && wait $running || return
	age 40 "$1" && exits 0 "$ktstr" cache gc --max-size 0 --older-than 50d && [ -d "$1" ] || return
	KTSTR=/bin/true KTSTR_STORE=$PWD/$store exits 0 ./t --exact plain && exits 0 "$ktstr" cache gc && [ -d "$1" ] || return
	age 31 "$1" && exits 0 "$ktstr" cache stats && has 'texts of tests' out && exits 0 "$ktstr" cache gc --dry-run && has 'texts of tests' out &&
		exits 0 "$ktstr" cache gc && has 'removed 1, ' out && [ ! -e "$1" ] && KTSTR=/bin/true KTSTR_STORE=$PWD/$store exits 0 ./t --exact plain &&
		[ -f "$1/plain.ktstr" ]
}

members() { # FILTER: of the JSON in out
	python3 -c 'import json, sys
d = json.load(open("out"))
print(eval(sys.argv[1]))' "$1"
}

empty() {
	exits 0 "$ktstr" cache stats && has 'all of the store' out && exits 0 "$ktstr" cache gc && has 'removed 0, 0.0M; 0.0M stay' out &&
		exits 0 "$ktstr" cache verify && has '0 results and 0 kernels: 0 damaged, 0 removed' out
}

stats() {
	result one && result two && furnish && mkdir -p cache/ktstr/kernels/junk || return
	exits 0 "$ktstr" cache stats && has 'result of initramfs' out && has 'build folder' out && has 'kernel objects' out &&
		has 'kernel source' out && has tarball out && has 'store: /' err && has 'kernel cache: /' err || return
	exits 0 "$ktstr" cache stats --json && [ ! -s err ] || return
	same 2 "$(members '[k["count"] for k in d["store"]["kinds"] if k["step"] == "initramfs"][0]')" results &&
		same True "$(members '[k["size_bytes"] for k in d["store"]["kinds"] if k["kind"] == "tarball"][0] >= 700000')" tarballs &&
		same 1 "$(members 'd["kernels"]["count"]')" kernels &&
		same True "$(members 'sum(k["size_bytes"] for k in d["store"]["kinds"]) == d["store"]["size_bytes"]')" sum &&
		same True "$(members 'd["store"]["free_bytes"] > 0')" free
}

# A file that a build folder shares with a result is counted once.
shared_files() {
	result one && mkdir -p "$store/graphs/g-0123456789" || return
	exits 0 "$ktstr" cache stats --json && before=$(members 'd["store"]["size_bytes"]') || return
	ln "$result/initramfs.cpio" "$store/graphs/g-0123456789/" || return
	exits 0 "$ktstr" cache stats --json && same "$before" "$(members 'd["store"]["size_bytes"]')" bytes
}

old_ones_go() {
	result old && old=$result && age 40 "$old/recipe" && result new && new=$result && furnish || return
	age 31 "$store/graphs/verifier-x-0123456789" "$store/trees/0123456789abcdef-0123456789abcdef-x86_64/ktstr-make.log" \
		"$store/trees/0123456789abcdef-0123456789abcdef-x86_64" || return
	exits 0 "$ktstr" cache gc --dry-run && has 'would remove 3, ' out && has "${old#"$store"/}" out && has graphs/verifier-x out &&
		[ -d "$old" ] && [ -d "$store/graphs/verifier-x-0123456789" ] || return
	exits 0 "$ktstr" cache gc && has 'removed 3, ' out || return
	[ ! -e "$old" ] && [ -d "$new" ] && [ ! -e "$store/graphs/verifier-x-0123456789" ] &&
		[ ! -e "$store/trees/0123456789abcdef-0123456789abcdef-x86_64" ] && [ -e "$store/tarballs/$(printf %064d 1).tar.xz" ] || return
	same '' "$(find "$store/drafts" "$store/locks" -mindepth 1)" 'what is left of them'
	exits 0 "$ktstr" cache gc --older-than 0s --json && same 0 "$(members 'd["left_bytes"]')" left && [ ! -e "$new" ] &&
		[ ! -e "$store/tarballs/$(printf %064d 1).tar.xz" ] && [ ! -e "$store/sources/$(printf %040d 1)" ] || return
	# All of it comes back.
	result old
}

# Least recently used first, and no more than is asked for.
bounded() {
	result one && one=$result && age 3 "$one/recipe" && result two && two=$result && age 2 "$two/recipe" && furnish &&
		age 1 "$store/tarballs/$(printf %064d 1).tar.xz" || return
	exits 0 "$ktstr" cache stats --json && all=$(members 'd["store"]["size_bytes"]') || return
	exits 0 "$ktstr" cache gc --max-size $((all - 1)) && has 'removed 1, ' out && [ ! -e "$one" ] && [ -d "$two" ] || return
	exits 0 "$ktstr" cache gc --max-size 1M && [ ! -e "$two" ] && [ ! -e "$store/tarballs/$(printf %064d 1).tar.xz" ] || return
	exits 0 "$ktstr" cache gc --max-size 0 --json && [ -e "$store/releases/x.json" ] && [ ! -e "$store/graphs/verifier-x-0123456789" ]
}

bad_values() {
	for size in '' x 10 10X -1G 1.G .5G 1e3 99999999999T 5MB; do
		case $size in 10) continue ;; esac
		exits 2 "$ktstr" cache gc "--max-size=$size" || return
	done
	for age in '' 30 d 1y -1d 1.d 99999999999999999w; do
		exits 2 "$ktstr" cache gc "--older-than=$age" || return
	done
	has 'an age is 90s, 30m, 12h, 30d or 2w' err && [ ! -e cache ]
}

# Somebody works with each of them: a build folder, objects, half a download, a result.
in_use() {
	result one && one=$result && furnish && : >"$store/tarballs/tarball-x.part" && : >"$store/graphs/verifier-x-0123456789/used" || return
	hold "$store/graphs/verifier-x-0123456789/used" -s && hold "$store/locks/tree-0123456789abcdef-0123456789abcdef-x86_64" &&
		hold "$store/locks/tarball-x" && hold "$one" -s || return
	exits 0 "$ktstr" cache gc --older-than 0s --dry-run && has '4 more would be removed, but are in use' err || return
	exits 0 "$ktstr" cache gc --older-than 0s && has '4 more would be removed, but are in use' err || return
	[ -d "$store/graphs/verifier-x-0123456789" ] && [ -d "$store/trees/0123456789abcdef-0123456789abcdef-x86_64" ] &&
		[ -e "$store/tarballs/tarball-x.part" ] && [ -d "$one" ] || return
	# shellcheck disable=SC2086 # numbers
	kill $holders && wait || return
	exits 0 "$ktstr" cache gc --older-than 0s && hasnt 'in use' err && [ ! -e "$one" ] && [ ! -e "$store/graphs/verifier-x-0123456789" ]
}

# hold FILE [-s]: an flock on it until killed
holders=
hold() {
	# shellcheck disable=SC2016 # for the inner shell
	flock -F "${2--x}" "$1" sh -c ': >held; exec sleep 1000' &
	holders="$holders $!"
	within 10 test -e held && rm held
}

# What others wrote is not ours to judge, nor to repair.
foreign_kernels() {
	mkdir -p cache/ktstr && (cd cache/ktstr && neighbours) && rm cache/ktstr/kernels/distro/bzImage || return
	# One that notes the checksum of a .config and never had the file.
	mkdir cache/ktstr/kernels/old && echo >cache/ktstr/kernels/old/bzImage && printf '{ "source": "tarball", "arch": "%s",
		"image_name": "bzImage", "config_hash": "12345678", "built_at": "2025-01-01T00:00:00Z" }' "$(uname -m)" >cache/ktstr/kernels/old/metadata.json || return
	before=$(find cache/ktstr/kernels | sort)
	exits 0 "$ktstr" cache verify && has '8 kernels: 0 damaged' out && exits 0 "$ktstr" cache verify --repair &&
		exits 0 "$ktstr" cache gc --older-than 0s && same "$before" "$(find cache/ktstr/kernels | sort)" 'files'
}

damaged() {
	result one && one=$result && result two && two=$result && result three && three=$result && result four || return
	good=$result
	file=$one/initramfs.cpio
	chmod u+w "$file" "$three/recipe" && printf x | dd of="$file" bs=1 seek=20 conv=notrunc 2>/dev/null && rm -f "$two/content" &&
		echo >>"$three/recipe" || return
	mkdir -p cache/ktstr/kernels/junk cache/ktstr/kernels/k && echo >cache/ktstr/kernels/k/bzImage && echo >cache/ktstr/kernels/k/.config || return
	printf '{"source": "local", "arch": "x86_64", "image_name": "bzImage", "config_hash": "00000000",
		"built_at": "2026-01-01T00:00:00Z"}\n' >cache/ktstr/kernels/k/metadata.json
	exits 14 "$ktstr" cache verify && has "damaged: result of initramfs, ${one##*/}: ${file##*/}: its content" out &&
		has "${two##*/}: content:" out && has "${three##*/}: recipe: it is not the one of this key" out &&
		has 'kernel junk: metadata.json is missing' out && has 'kernel k: .config is not' out && hasnt "${good##*/}" out &&
		has '4 results and 2 kernels: 5 damaged, 0 removed' out && has 'error: damaged results or kernels: 5; cargo ktstr cache verify --repair' err || return
	[ -d "$one" ] && exits 14 "$ktstr" cache verify --json && same 5 "$(members 'len(d["damaged"])')" damaged &&
		exits 0 "$ktstr" cache verify --repair --json && same True "$(members 'all(x["removed"] for x in d["damaged"])')" removed || return
	[ ! -e "$one" ] && [ ! -e "$two" ] && [ ! -e "$three" ] && [ -d "$good" ] && [ ! -e cache/ktstr/kernels/junk ] || return
	exits 0 "$ktstr" cache verify && has '1 results and 0 kernels: 0 damaged' out && result one
}

# What somebody holds stays, and that is told.
damaged_in_use() {
	result one && rm -f "$result"/initramfs* && hold "$result" -s || return
	exits 14 "$ktstr" cache verify --repair && has 'not removed: a command uses it now' out && has 'error: damaged results or kernels that could not be removed: 1' err &&
		[ -d "$result" ] || return
	# shellcheck disable=SC2086 # numbers
	kill $holders && wait || return
	exits 0 "$ktstr" cache verify --repair && [ ! -e "$result" ]
}

# Requests and gc at once: each request gets what it asked for.
at_once() {
	printf '#!/bin/sh\n' >init
	i=0
	pids=
	while [ $i -lt 3 ]; do
		(
			k=0
			while [ $k -lt 15 ]; do
				ktstr-step initramfs --store "$store" --out "out$i" --init init && [ -s "out$i/initramfs.cpio" ] || exit 1
				k=$((k + 1))
			done
		) &
		pids="$pids $!"
		i=$((i + 1))
	done
	while kill -0 "${pids##* }" 2>/dev/null; do
		"$ktstr" -q cache gc --older-than 0s || return
	done
	for pid in $pids; do
		wait "$pid" || fail 'a request failed' || return
	done
	exits 0 "$ktstr" cache verify
}

no_folder() {
	: >file
	KTSTR_STORE=./file exits 14 "$ktstr" cache stats && KTSTR_STORE=./file exits 14 "$ktstr" cache gc &&
		KTSTR_STORE=./file exits 14 "$ktstr" cache verify && has KTSTR_STORE err
}

run_tests foreign_kernels empty stats shared_files old_ones_go texts bounded bad_values in_use damaged damaged_in_use at_once no_folder
