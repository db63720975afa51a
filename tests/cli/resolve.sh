#!/bin/sh
# Which kernel an id means, as seen by a verb: the images here are none, so each run ends with the kernel's name.
. "$(dirname "$0")/../lib.sh"

entry() { # KEY VERSION-OR-null DATE [MORE MEMBERS]
	mkdir -p "kernels/$1"
	cp /bin/true "kernels/$1/bzImage"
	printf '{ "version": %s, "source": "tarball", "arch": "%s", "image_name": "bzImage", "built_at": "%s" %s }\n' \
		"$2" "$(uname -m)" "$3" "${4-}" >"kernels/$1/metadata.json"
}

cache() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	entry 6.12.9-tarball-f1 '"6.12.9"' 2026-03-01T00:00:00Z
	entry 6.12.117-tarball-f1 '"6.12.117"' 2026-01-01T00:00:00Z
	entry 6.13.4-tarball-f1 '"6.13.4"' 2026-01-02T00:00:00Z
	entry 6.12.117-tarball-xfeed-f1 '"6.12.117"' 2026-05-01T00:00:00Z ', "extra_kconfig_hash": "feed"'
	entry v6.14-git-38fec10-f1 null 2026-02-01T00:00:00Z ', "release": "6.14.0-rc2+"'
	entry 6.15.1-tarball-kc00000000-0123456 '"6.15.1"' 2026-06-01T00:00:00Z ', "ktstr_git_hash": "0123456"'
}

# means KERNELS OPTION…: what the verifier takes for these options, in its order
means() {
	want=$1
	shift
	ktstr verifier --scheduler-bin /bin/true --memory-mb 128 "$@" >out 2>err </dev/null
	same "$want" "$(sed -n 's/^ *failed *kernel //p' err | sort | tr '\n' ' ')" "$*" || { cat err; return 1; }
}

refused() { # CODE WORD ID
	exits "$1" ktstr verifier --scheduler-bin /bin/true --kernel "$3" && has "$2" err
}

ids() {
	cache
	means '6.12.117-tarball-f1 ' --kernel 6.12.117 && means '6.12.117-tarball-f1 ' --kernel 6.12 &&
		means '6.12.9-tarball-f1 ' --kernel 6.12.9 && means 'v6.14-git-38fec10-f1 ' --kernel 6.14.0-rc2+ &&
		means 'v6.14-git-38fec10-f1 ' --kernel v6.14 &&
		means '6.12.117-tarball-xfeed-f1 ' --kernel 6.12.117-tarball-xfeed-f1 &&
		means '6.15.1-tarball-kc00000000-0123456 ' --kernel 6.15 &&
		means '6.12.117-tarball-f1 6.13.4-tarball-f1 ' --kernel 6.13 --kernel 6.12 --kernel 6.12.117-tarball-f1
}

# shellcheck disable=SC2088 # the tool expands it
misses() {
	cache
	refused 20 'near: 6.12.9, 6.12.117, 6.12.117-tarball-xfeed-f1; cargo ktstr kernel build 6.12.5 makes it' 6.12.5 &&
		refused 20 'near: 6.13.4-tarball-f1' 6.13.4-tarbal-f1 && refused 20 'several kernels' 6.12.117- &&
		refused 20 'cargo ktstr kernel list' nonsense && refused 10 './nowhere' ./nowhere &&
		refused 10 nowhere '~/nowhere'
}

# Of several that are not there, or cannot be made, each is told.
each_is_told() {
	cache
	exits 20 ktstr verifier --scheduler-bin /bin/true --kernel 6.99.9 --kernel 6.12.9 --kernel 6.88.1 &&
		has 'no kernel "6.99.9"' err && has 'no kernel "6.88.1"' err && hasnt '"6.12.9"' err || return
	exits 10 env KTSTR_KERNEL_MIRROR=file:///none ktstr kernel build 6.1.1 6.1.2 && has 'error: source 6.1.1: ' err && has 'error: source 6.1.2: ' err
}

# The newest that is neither stale nor somebody's own variant.
no_id() {
	cache
	means '6.12.9-tarball-f1 ' && KTSTR_KERNEL=' 6.13 ' means '6.13.4-tarball-f1 ' || return
	mkdir linux
	cp /bin/true linux/vmlinux
	means '6.12.9-tarball-f1 ' || return
	rm -r kernels/6.12.* kernels/6.13* kernels/v6*
	means 'linux ' || return
	mkdir below
	(cd below && means 'linux ')
}

# A name that misses never becomes another kernel.
the_environment_misses() {
	cache
	KTSTR_KERNEL=6.99 exits 20 ktstr verifier --scheduler-bin /bin/true && has KTSTR_KERNEL err && has 6.99 err
}

# shellcheck disable=SC2088 # the tool expands it
paths() {
	cache
	mkdir -p tree/arch/x86/boot tree/include/config source home/6.13 bare
	cp /bin/true tree/arch/x86/boot/bzImage
	cp /bin/true home/bzImage
	cp /bin/true bare/bzImage
	cp /bin/true home/6.13/vmlinux
	touch source/Makefile source/Kconfig
	HOME=$work/home
	export HOME
	means 'tree ' --kernel ./tree && means 'tree ' --kernel tree && means 'bare ' --kernel bare &&
		means 'tree ' --kernel tree/arch/x86/boot/bzImage && means 'home-bzImage ' --kernel '~/bzImage' || return
	cd home || return
	means '6.13.4-tarball-f1 ' --kernel 6.13 && means '6.13 ' --kernel ./6.13 &&
		means '6.12.9-tarball-f1 ' --kernel "$work/kernels/6.12.9-tarball-f1"
}

# Lines of progress of these steps, without their times.
ran() { # NAME OF STEP
	grep -q " $1\$" err || { cat err; fail "no step '$1'"; }
}

# The tree of tests/fake-linux.sh builds, and does not boot.
source_trees() {
	cache
	sh "$root/tests/fake-linux.sh" linux 6.99.1
	refused 12 'kernel local-6.99.1-' ./linux && ran 'build linux' && ran 'cache entry linux' || return
	key=$(ktstr kernel list 2>/dev/null | sed -n 's/^ *\(local-6.99.1-[^ ]*\) .*/\1/p')
	[ -n "$key" ] || fail 'no entry' || return
	means "$key " --kernel ./linux --kernel 6.99.1 && hasnt 'build linux' err || return
	echo '/* more */' >>linux/kernel/fork.c
	exits 20 ktstr verifier --scheduler-bin /bin/true --kernel ./linux --no-build &&
		has 'kernel build --source' err && hasnt 'source tree linux' err
}

# A tree with changes is built and makes no entry.
dirty_trees() {
	cache
	sh "$root/tests/fake-linux.sh" linux 6.99.1
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	(cd linux && git init -q && git add -A && git -c user.name=a -c user.email=a@example.org commit -qm one) || return
	echo '/* more */' >>linux/kernel/fork.c
	refused 12 'kernel local-6.99.1-' linux && ran 'build linux' && hasnt 'cache entry' err || return
	same '' "$(find kernels -name 'local*')" entries || return
	refused 12 'kernel local-6.99.1-' linux && has '  cached  build linux' err
}

uncached_versions() {
	cache
	exits 2 ktstr verifier --scheduler-bin /bin/true --build --no-build && has '--no-build' err || return
	refused 20 'cargo ktstr kernel build 6.99.1 makes it' 6.99.1 &&
		refused 20 'cargo ktstr kernel build 6.90..6.99 makes them' 6.90..6.99 &&
		means '6.12.117-tarball-f1 6.13.4-tarball-f1 ' --kernel 6.12..6.13 || return
	mkdir -p mirror/v6.x
	echo '{ "releases": [ { "moniker": "stable", "version": "6.13.5" }, { "moniker": "longterm", "version": "6.12.117" } ] }' \
		>releases.json
	KTSTR_RELEASES_URL=file://$work/releases.json
	KTSTR_KERNEL_MIRROR=file://$work/mirror
	export KTSTR_RELEASES_URL KTSTR_KERNEL_MIRROR
	ktstr verifier --scheduler-bin /bin/true --kernel 6.12..6.13 --build >out 2>err </dev/null
	ran 'kernel releases' && ran 'source 6.13.5' && has ' not run  verify true on 6.13.5-tarball-' err
}

# Last use is when a verb had use of it.
last_use() {
	cache
	means '6.12.9-tarball-f1 ' --kernel 6.12.9 && [ -e kernels/6.12.9-tarball-f1/.used ] &&
		[ ! -e kernels/6.13.4-tarball-f1/.used ]
}

run_tests ids misses each_is_told no_id the_environment_misses paths source_trees dirty_trees uncached_versions last_use
