#!/bin/sh
# kernel build, the verb: which source is meant, what the cache already has, what is printed. The trees are made by
# tests/fake-linux.sh; each make adds its goals to $made.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/site.sh"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
unset GIT_DIR http_proxy https_proxy all_proxy ARCH CROSS_COMPILE LLVM XDG_CONFIG_HOME KTSTR_KERNEL_KEYRING
KTSTR_CCACHE=0
HOME=$base
export HOME KTSTR_CCACHE

case $(uname -m) in aarch64) arch=aarch64 ;; *) arch=x86_64 ;; esac
kc=kc$(python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(open(sys.argv[1], "rb").read()))' "$root/ktstr.kconfig")
tail=$arch-$kc-f1

# shellcheck disable=SC2016 # for make
tree() { # DIR [VERSION]
	sh "$root/tests/fake-linux.sh" "$@" && echo '$(shell [ -z "$$made" ] || echo $(MAKECMDGOALS) >>$$made)' \
		'$(shell [ -z "$$spoil" ] || echo "# more" >>$$spoil)' >"$1/local.mk"
}

commit() { # DIR MESSAGE
	git -C "$1" add -A && git -C "$1" commit -qm "$2"
}

git_tree() { # DIR [VERSION]
	tree "$@" && git -C "$1" init -q -b master && commit "$1" one
}

# The mirror all tests share: releases, a release candidate, the list.
MAKE_TREE=tree
kernel_site "$base/site" 6.12.5 6.12.9 6.13.7 6.14 6.14.2 >"$base/site.log" 2>&1 || {
	cat "$base/site.log"
	exit 1
}

# build CODE OPTION…: $work/made says what make was asked for; output in out and err
build() {
	code=$1
	shift
	made=$work/made
	export made
	: >"$made"
	exits "$code" timeout 120 ktstr kernel build "$@"
}

makes() { # NUMBER
	same "$1" "$(grep -c '^bzImage$\|^Image$' made)" 'kernels made'
}

keys() { # KEY…
	same "$(printf '%s\n' "$@")" "$(cat out)" 'stdout'
}

meta() { # KEY TEXT
	has "$2" "$XDG_CACHE_HOME/ktstr/kernels/$1/metadata.json"
}

# The last request found KEY and nothing was made, fetched or asked but what a graph says.
found() { # KEY STEPS-THAT-RAN
	keys "$1" && makes 0 && has "cached kernel found: $XDG_CACHE_HOME/ktstr/kernels/$1" err &&
		has 'use --force to rebuild' err && same "$2" "$(grep -cE '^ *[0-9.]+s |^  cached  ' err)" 'steps'
}

exact() {
	key=6.12.5-tarball-$tail
	build 0 6.12.5 && keys "$key" && makes 1 && has "Kernel cached: $key" err && has 'signature of the checksums was not' err ||
		return
	meta "$key" '"version": "6.12.5"' && meta "$key" '"source": "tarball"' && meta "$key" "\"arch\": \"$arch\"" &&
		meta "$key" "\"identity\": \"sha256:$(sha256sum <"$site/v6.x/linux-6.12.5.tar.xz" | cut -d ' ' -f 1)\"" &&
		meta "$key" "\"kconfig_hash\": \"${kc#kc}\"" && meta "$key" '"ktstr_kconfig_hash": null' && meta "$key" '"git_hash": null' &&
		meta "$key" '"release": "6.12.5"' || return
	# Nobody is asked for what is known.
	KTSTR_KERNEL_MIRROR=file:///nowhere KTSTR_RELEASES_URL=file:///nowhere build 0 6.12.5 && found "$key" 0 || return
	ktstr kernel list 2>/dev/null | grep -q "^  $key .* 6.12.5 .*tarball"
}

prefix_and_latest() {
	build 0 6.12 && keys "6.12.9-tarball-$tail" && has 'latest 6.12.x kernel: 6.12.9' err || return
	build 0 6.12 && found "6.12.9-tarball-$tail" 1 || return
	# 6.14.2 and 6.13.7 are too new to be what somebody wants who did not ask.
	build 0 && found "6.12.9-tarball-$tail" 1 && has 'latest stable kernel: 6.12.9' err || return
	build 20 6.9 && has 'no release matching 6.9.x' err && has 6.14 err && [ ! -s out ]
}

several() {
	build 0 6.12..6.14 && makes 3 && keys "6.12.9-tarball-$tail" "6.13.7-tarball-$tail" "6.14.2-tarball-$tail" || return
	build 0 6.14.2 6.12.5 6.12 6.14 && makes 1 &&
		keys "6.14.2-tarball-$tail" "6.12.5-tarball-$tail" "6.12.9-tarball-$tail" &&
		same 2 "$(grep -c 'cached kernel found' err)" 'found' || return
	build 2 6.14..6.12 && build 20 6.1..6.2 && has 'there are 6.14, 6.13, 6.12' err
}

# What can be had is had.
one_of_several_fails() {
	build 10 6.12.5 6.12.6 && keys "6.12.5-tarball-$tail" && has 6.12.6 err && has 'error: ' err
}

candidates() {
	key=6.15-rc3-tarball-$tail
	build 0 6.15-rc3 && keys "$key" && has 'note: Linux 6.15-rc3: release candidates are published without checksums' err || return
	meta "$key" '"version": "6.15-rc3"' && meta "$key" '"identity": "sha256:' || return
	build 0 6.15-rc3 && found "$key" 0 || return
	build 0 6.15.0-rc3 && found "$key" 0 || return
	build 10 6.15-rc4 && has 6.15-rc4 err
}

first_releases() {
	build 0 6.14.0 && keys "6.14-tarball-$tail" && meta "6.14-tarball-$tail" '"version": "6.14"'
}

usage() {
	tree linux
	build 2 6.14.2 --source linux && has "'VERSION' cannot be used with '--source'" err || return
	build 2 6.14.2 --git . --ref v6 && has "cannot be used with '--git'" err || return
	build 2 --source linux --git . --ref v6 && build 2 --git . && has '--ref' err && build 2 --ref v6 && has '--git' err &&
		build 2 v6.14 && has '--git URL --ref TAG' err && build 2 6.14-rc && build 2 nonsense && build 2 6.12.. || return
	ARCH=mips build 2 --source linux && has ARCH=mips err || return
	build 10 --source none && has none err && build 10 --source linux/Makefile && has 'not a folder' err &&
		build 10 --source . && has 'not a kernel source tree' err &&
		build 10 --source linux --kconfig none && has none err || return
	mkdir "$(printf 'a\nb')" && build 10 --source "$(printf 'a\nb')" && has 'rename' err || return
	[ ! -e "$XDG_CACHE_HOME/ktstr/kernels" ]
}

repositories() {
	git_tree linux 6.14.1 && git -C linux tag v6.14.1 && git -C linux branch topic/one || return
	one=$(git -C linux rev-parse HEAD)
	short=$(printf %.7s "$one")
	key=master-git-$short-$tail
	build 0 --git linux --ref master && keys "$key" && makes 1 || return
	meta "$key" '"version": null' && meta "$key" '"source": "git"' && meta "$key" "\"git_hash\": \"$short\"" &&
		meta "$key" '"git_ref": "master"' && meta "$key" "\"identity\": \"git:$one\"" &&
		meta "$key" '"source_tree_path": null' || return
	build 0 --git linux --ref master && found "$key" 1 || return
	# The same commit by other names has entries of its own, and is not made again.
	build 0 --git linux --ref v6.14.1 && keys "v6.14.1-git-$short-$tail" && makes 0 || return
	build 0 --git "file://$work/linux" --ref topic/one && keys "topic-one-git-$short-$tail" && makes 0 || return
	echo '/* more */' >>linux/kernel/fork.c && commit linux two || return
	two=$(git -C linux rev-parse --short=7 HEAD)
	build 0 --git linux --ref master && keys "master-git-$two-$tail" && makes 1 || return
	build 0 --git linux --ref topic/one && found "topic-one-git-$short-$tail" 1 || return
	# As later versions of upstream write it.
	build 0 "git+linux#branch=topic/one" && found "topic-one-git-$short-$tail" 1 || return
	build 0 "git+file://$work/linux#tag=v6.14.1" "git+$work/linux#sha=$one" && keys "v6.14.1-git-$short-$tail" "$one-git-$short-$tail" && makes 0 || return
	build 2 "git+$work/linux" && has 'git+URL#tag=TAG' err && build 2 "git+$work/linux#v6.14.1" || return
	build 10 --git linux --ref none && has none err || return
	mkdir empty
	build 10 --git empty --ref master && has empty err
}

a_commit() {
	git_tree linux && one=$(git -C linux rev-parse HEAD) || return
	key=$one-git-$(printf %.7s "$one")-$tail
	build 0 --git linux --ref "$one" && keys "$key" && mv linux away && build 0 --git "$work/linux" --ref "$one" &&
		found "$key" 0
}

clean_trees() {
	git_tree linux && short=$(git -C linux rev-parse --short=7 HEAD) || return
	key=local-$short-$tail
	build 0 --source linux && keys "$key" && makes 1 && has "$work/linux/kernel/fork.c" linux/compile_commands.json || return
	meta "$key" '"version": null' && meta "$key" '"source": "local"' && meta "$key" "\"git_hash\": \"$short\"" &&
		meta "$key" "\"source_tree_path\": \"$work/linux\"" && meta "$key" '"identity": "tree:' || return
	touch linux/kernel/*.c && build 0 --source linux && found "$key" 1 || return
	# What git does not track is part of the content, though not of the commit.
	echo 'int more;' >linux/kernel/more.c && build 0 --source linux && keys "$key" && makes 1 &&
		has "$key was built from other content" err
}

dirty_trees() {
	git_tree linux && echo '/* mine */' >>linux/kernel/fork.c || return
	build 0 --source linux && makes 1 && has 'not entered in the list, because the tree has uncommitted changes' err || return
	image=$(cat out)
	[ -s "$image" ] && has "kernel built at $image" err && [ -s linux/compile_commands.json ] || return
	[ ! -e "$XDG_CACHE_HOME/ktstr/kernels" ] || fail 'there is an entry' || return
	# The next run of the same content costs no make, wherever the difference lies.
	touch linux/kernel/fork.c && build 0 --source linux && makes 0 && keys "$image" || return
	git -C linux add -A && build 0 --source linux && makes 0 && has 'uncommitted' err || return
	git -C linux commit -qm two && build 0 --source linux && makes 0 &&
		keys "local-$(git -C linux rev-parse --short=7 HEAD)-$tail"
}

trees_without_git() {
	git init -q . && tree linux 6.13.4 || return
	build 0 --source linux && makes 1 || return
	key=$(cat out)
	case $key in local-6.13.4-????????-"$tail") ;; *) fail "key $key" || return ;; esac
	meta "$key" '"git_hash": null' && build 0 --source linux && found "$key" 1 || return
	# The repository further up is not its own.
	git add -A && git commit -qm all && build 0 --source linux && found "$key" 1 || return
	cp -r linux copy && build 0 --source copy && found "$key" 1 || return
	echo >>linux/kernel/fork.c && build 0 --source linux && makes 1 && [ "$key" != "$(cat out)" ]
}

# A tree that cannot be written to: the reason and the place are told, the kernel is made.
commands_elsewhere() {
	tree linux && mkdir linux/compile_commands.json && build 0 --source linux && [ -s out ] || return
	has 'note: compile_commands.json is ' err
	[ -s "$(sed -n 's/^note: compile_commands.json is \(.*\) and not in the tree.*/\1/p' err)" ]
}

# Paths of another folder help no editor.
commands_of_an_equal_tree() {
	tree a && cp -a a b && build 0 --source a && has "$work/a/kernel" a/compile_commands.json || return
	rm -rf cache/ktstr/kernels
	build 0 --source b && makes 0 && [ ! -e b/compile_commands.json ] && has "for $work/b: an equal tree" err &&
		has '--make of test' err || return
	build 0 --source b --force && makes 1 && has "$work/b/kernel" b/compile_commands.json && hasnt "$work/a" b/compile_commands.json
}

# What make or the kernel cache could not work with is told before a build.
odd_trees() {
	for name in 'with blank' with:colon "with\$dollar" with=equals; do
		tree "$name" && build 10 --source "$name" && makes 0 && has "make cannot build in $work/$name because" err || return
	done
	tree linux && KTSTR_STORE="$work/a store" build 10 --source linux && has 'name another folder by KTSTR_STORE' err || return
	sed -i "s/^EXTRAVERSION =.*/EXTRAVERSION = $(printf 'a\033[31m')/" linux/Makefile && build 10 --source linux &&
		has 'a control character is in its version' err || return
	# shellcheck disable=SC2016 # for make
	sed -i 's/^EXTRAVERSION =.*/EXTRAVERSION = $(shell printf "a\\033[31m")/' linux/Makefile && build 22 --source linux &&
		has 'a control character is in what the kernel calls itself' err && [ ! -s out ]
}

# Nothing is fetched for a build that cannot be.
store_before_download() {
	export KTSTR_STORE="$work/a:store" KTSTR_KERNEL_MIRROR=http://127.0.0.1:1
	build 10 6.12.5 && has 'name another folder by KTSTR_STORE' err
}

# A tree's make gets a few names of the environment, and those that are listed.
make_environment() {
	tree linux && printf 'bzImage: tell\ntell: ; env >%s/told\n' "$work" >linux/local.mk || return
	export GITHUB_TOKEN=secret1 AWS_SECRET_ACCESS_KEY=secret2 KCONFIG_WERROR=1 HOSTLDLIBS=-lnone CPATH=/none GIT_DIR=/none
	export MAKEFLAGS=-n CCACHE_DIR="$work/ccache" https_proxy=http://proxy.invalid NIX_LDFLAGS=-L/x LD_LIBRARY_PATH=/none
	build 0 --source linux || return
	for name in GITHUB_TOKEN AWS_SECRET_ACCESS_KEY KCONFIG_WERROR HOSTLDLIBS CPATH GIT_DIR NIX_LDFLAGS KTSTR_STORE secret; do
		hasnt "$name" told || return
	done
	for name in "PATH=$PATH" "HOME=$HOME" CCACHE_DIR= https_proxy= LD_LIBRARY_PATH= LC_ALL=C KBUILD_BUILD_USER=ktstr; do
		has "$name" told || return
	done
	# More by name, and that is part of what was built.
	export KTSTR_MAKE_ENV="NIX_LDFLAGS $KTSTR_MAKE_ENV"
	rm -rf cache/ktstr/kernels told
	build 0 --source linux && has NIX_LDFLAGS=-L/x told && hasnt secret told || return
	rm -rf cache/ktstr/kernels told
	build 0 --source linux && [ ! -e told ] || fail 'built again' || return
	rm -rf cache/ktstr/kernels
	NIX_LDFLAGS=-L/y build 0 --source linux && has NIX_LDFLAGS=-L/y told
}

# What ninja or its folder runs into is the store's trouble.
store_in_trouble() {
	mkdir bin && printf '#!/bin/sh\necho "ninja: Error writing to build log: Disk quota exceeded."\nexit 1\n' >bin/ninja &&
		chmod +x bin/ninja && PATH=$work/bin:$PATH build 15 6.12.5 && has KTSTR_STORE err || return
	rm cache/ktstr/store/graphs/*/lock && mkdir -p "$(echo cache/ktstr/store/graphs/*)/lock/theirs" && build 14 6.12.5 && has KTSTR_STORE err
}

# A fragment that is none costs no download.
odd_fragments() {
	printf 'CONFIG_A=y\0CONFIG_B=y\n' >nul && echo FOO=y >foo && head -c 2000000 /dev/zero >large || return
	build 21 6.12.5 --kconfig nul && has "$work/nul: it is not text" err &&
		build 21 6.12.5 --kconfig foo && has "$work/foo: line 1: not an option: FOO=y" err &&
		build 10 6.12.5 --kconfig large && build 10 6.12.5 --kconfig . && build 10 6.12.5 --kconfig none &&
		[ ! -e cache/ktstr/store/tarballs ]
}

cleaning() {
	tree linux && make -s -C linux defconfig bzImage || return
	build 0 --source linux && makes 1 && [ -e linux/.config ] && [ -e linux/vmlinux ] && echo '/* more */' >>linux/kernel/fork.c || return
	build 0 --source linux --clean && [ ! -e linux/.config ] && makes 1 && has 'make mrproper in linux' err &&
		hasnt 'is not used' err || return
	build 0 6.12.5 --clean && has 'note: --clean is only meaningful with --source' err
}

# Nothing is taken from a tree whose kernel is there.
cleaned_when_built() {
	git_tree linux && build 0 --source linux && key=$(cat out) && make -s -C linux defconfig bzImage || return
	build 0 --source linux --clean && found "$key" 1 && [ -e linux/.config ] && [ -e linux/vmlinux ] && [ -e linux/compile_commands.json ] &&
		hasnt mrproper err || return
	build 0 --source linux --clean --force && makes 1 && [ ! -e linux/.config ] && has mrproper err
}

# What is missing in a tree comes from its last build, or is told to be missing each time.
commands_again() {
	git_tree linux && build 0 --source linux && cp linux/compile_commands.json first && rm linux/compile_commands.json || return
	build 0 --source linux && makes 0 && cmp first linux/compile_commands.json && hasnt 'note: no compile_commands' err || return
	git -C linux worktree add -q ../second && git -C linux clean -qfdx || return
	for again in 1 2; do
		build 0 --source second && makes 0 && [ ! -e second/compile_commands.json ] && has "note: no compile_commands.json for $work/second" err ||
			fail "time $again" || return
	done
	build 0 --source linux && cmp first linux/compile_commands.json || return
	rm -r linux/compile_commands.json cache/ktstr/store/trees && build 0 --source linux && has "note: no compile_commands.json for $work/linux" err
}

# A tree's own configuration counts when it is named, and is told of when not.
configured() {
	tree linux && make -s -C linux defconfig && echo CONFIG_MINE=y >>linux/.config && build 0 --source linux &&
		has 'note: linux/.config is not used' err && has '--kconfig linux/.config' err || return
	key=$(cat out)
	hasnt CONFIG_MINE=y "$XDG_CACHE_HOME/ktstr/kernels/$key/.config" &&
		build 0 --source linux --kconfig linux/.config && hasnt 'is not used' err && [ "$key" != "$(cat out)" ] &&
		has CONFIG_MINE=y "$XDG_CACHE_HOME/ktstr/kernels/$(cat out)/.config"
}

fragments() {
	echo CONFIG_MINE=y >mine
	build 0 6.12.5 && makes 1 && build 0 6.12.5 --kconfig mine && makes 1 || return
	key=$(cat out)
	case $key in 6.12.5-tarball-"$arch-$kc"-x????????-f1) ;; *) fail "key $key" || return ;; esac
	x=${key##*-x} && meta "$key" "\"extra_kconfig_hash\": \"${x%-f1}\"" || return
	has CONFIG_MINE=y "$XDG_CACHE_HOME/ktstr/kernels/$key/.config" && build 0 6.12.5 --kconfig mine && found "$key" 0 || return
	build 0 6.12.5 && found "6.12.5-tarball-$tail" 0 || return
	echo CONFIG_OTHER=y >>mine && build 0 6.12.5 --kconfig mine && makes 1 && [ "$key" != "$(cat out)" ]
}

# Somebody edits it while kernels wait for their turn: none gets the key of another configuration.
fragment_that_changes() {
	echo CONFIG_MINE=y >mine && ln -s mine spoiled && spoil=$work/spoiled && export spoil || return
	build 10 6.12.5 6.12.9 --kconfig mine && makes 1 && same 1 "$(wc -l <out)" keys &&
		has "$work/mine has changed since this build was asked for" err || return
	echo CONFIG_MINE=y >mine && ln -sf /dev/null spoiled || return
	build 0 6.12.5 6.12.9 --kconfig mine && makes 1 && same 1 "$(grep -c 'cached kernel found' err)" found
}

environment() {
	tree linux || return
	ARCH=arm64 LLVM=-16 build 0 --source linux && makes 1 || return
	key=$(cat out)
	case $key in local-*-aarch64-"$kc"-llvm-f1) ;; *) fail "key $key" || return ;; esac
	meta "$key" '"image_name": "Image"' && ARCH=arm64 LLVM=-16 build 0 --source linux && found "$key" 1 || return
	CROSS_COMPILE=none/none- build 23 --source linux && has "$work/none/none-gcc" err || return
	ARCH=x86 build 0 --source linux && case $(cat out) in *-x86_64-*) ;; *) fail 'not x86_64' ;; esac
}

# told PROGRAM VERSION-LINE REAL: a tool that says so of itself
# shellcheck disable=SC2016 # for sh
told() {
	printf '#!/bin/sh\n[ "$1" != --version ] || { echo "%s"; exit; }\nexec %s "$@"\n' "$2" "$(command -v "$3")" >"bin/$1" && chmod +x "bin/$1"
}

# Another LLVM, by its name or by what PATH has: another kernel. What packagers say of themselves does not count.
other_llvm() {
	mkdir bin || return
	for v in 97 98; do
		for t in clang ld.lld llvm-ar llvm-nm llvm-strip llvm-objcopy; do
			told $t-$v "Debian $t version $v.0.1 (1~deb12u1)" $t-16 || return
		done
	done
	key=6.12.5-tarball-$arch-$kc-llvm-f1
	PATH=$work/bin:$PATH
	LLVM=-97 build 0 6.12.5 && keys "$key" && makes 1 && meta "$key" 'cc Debian clang version 97.0.1; ld Debian ld.lld version 97.0.1' &&
		LLVM=-97 build 0 6.12.5 && found "$key" 0 || return
	LLVM=-98 build 0 6.12.5 && keys "$key" && makes 1 && hasnt 'cached kernel found' err && meta "$key" 'clang version 98.0.1;' &&
		has "note: $key was built with other tools (" err && has 'building it again with' err && LLVM=-98 build 0 6.12.5 && found "$key" 0 || return
	# The first one's result is still in the store.
	LLVM=-97 build 0 6.12.5 && keys "$key" && makes 0 && hasnt 'cached kernel found' err && has 'cached  build 6.12.5' err &&
		meta "$key" 'clang version 97.0.1;' || return
	told clang-97 'Debian clang version 97.0.1 (2~deb13u7)' clang-16 && LLVM=-97 build 0 6.12.5 && found "$key" 0 || return
	# By a folder, and as PATH has it.
	mv bin/clang-98 bin/clang || return
	for t in ld.lld llvm-ar llvm-nm llvm-strip llvm-objcopy; do mv "bin/$t-98" "bin/$t" || return; done
	LLVM=$work/bin/ build 0 6.12.5 && hasnt 'cached kernel found' err && LLVM=1 build 0 6.12.5 && found "$key" 0 || return
	# One that is not there is told to be missing; who names none has what is in the cache.
	LLVM=-98 build 23 6.12.5 && has clang-98 err && rm bin/ld.lld && PATH=$work/bin:$(shadow ld.lld) LLVM=1 build 0 6.12.5 && found "$key" 0
}

# shadow PROGRAM: PATH without it
shadow() {
	mkdir -p "shadow-$1" || return
	echo "$PATH" | tr : '\n' | while read -r dir; do
		for f in "$dir"/*; do
			[ "${f##*/}" = "$1" ] || [ -e "shadow-$1/${f##*/}" ] || ln -s "$f" "shadow-$1/${f##*/}"
		done
	done
	echo "$work/shadow-$1"
}

# The same of gcc, of pahole, of tools with a prefix, and of what else make is given. An entry that does not say is taken.
other_tools() {
	key=6.12.5-tarball-$tail
	build 0 6.12.5 && makes 1 && exits 0 ktstr kernel list --json && has '"toolchain": "make GNU Make ' out || return
	mkdir bin && told gcc 'gcc (Some Linux 99.1.0-1) 99.1.0' gcc || return
	PATH=$work/bin:$PATH build 0 6.12.5 && keys "$key" && makes 1 && meta "$key" '; cc gcc 99.1.0; ld GNU ld ' &&
		PATH=$work/bin:$PATH build 0 6.12.5 && found "$key" 0 || return
	build 0 6.12.5 && makes 0 && hasnt 'cached kernel found' err && has 'cached  build 6.12.5' err || return
	# Who boots a range of releases does not build them all anew. These cannot boot.
	build 0 6.14 && : >made || return
	PATH=$work/bin:$PATH ktstr verifier --scheduler-bin /bin/true --kernel 6.14..6.14 --build >out 2>err
	makes 0 && hasnt 'other tools' err && PATH=$work/bin:$PATH build 0 6.14 && makes 1 && has 'other tools' err || return
	rm bin/gcc && told pahole v1.99 pahole && PATH=$work/bin:$PATH build 0 6.12.5 && makes 1 && meta "$key" '; pahole v1.99;' || return
	rm bin/pahole || return
	for t in gcc ld ar nm strip objcopy; do told odd-$t "odd-$t 1" $t || return; done
	CROSS_COMPILE=$work/bin/odd- build 0 6.12.5 && makes 1 && meta "$key" 'cc odd-gcc 1; ld odd-ld 1' || return
	export KTSTR_MAKE_ENV="MINE $KTSTR_MAKE_ENV" MINE=1
	build 0 6.12.5 && makes 1 && MINE=2 build 0 6.12.5 && makes 1 && MINE=2 build 0 6.12.5 && found "$key" 0 || return
	sed -i 's/"toolchain": ".*"/"toolchain": null/' "$XDG_CACHE_HOME/ktstr/kernels/$key/metadata.json" && build 0 6.12.5 && found "$key" 0 || return
	build 0 6.12.5 --force && makes 1 && printf '#!/bin/sh\nprintf "gcc 1\\033[31m\\302\\2332J\\n"\n' >bin/gcc && chmod +x bin/gcc &&
		PATH=$work/bin:$PATH exits 22 ktstr kernel build 6.12.5 && hasnt "$(printf '\033[31m')" err && hasnt "$(printf '\302\233')" err
}

# A compiler or pahole that was built anew says the same version. A tree with changes has no entry: its graph is up to date, and is
# asked again when a tool of it is another file. What ran again and why is told; what is only younger makes no kernel.
exchanged_tools() {
	git_tree linux && echo '/* mine */' >>linux/kernel/fork.c && mkdir bin && PATH=$work/bin:$PATH || return
	for tool in gcc pahole; do
		told $tool "$($tool --version | head -n 1)" $tool || return
	done
	build 0 --source linux && makes 1 && build 0 --source linux && makes 0 && has 'cached  build linux' err || return
	image=$(cat out)
	for tool in gcc pahole; do
		echo '# built anew' >>bin/$tool
		build 0 --source linux --explain && makes 1 && grep -qE '^ *[0-9.]+s build linux' err && has "$tool.program: file " err &&
			same 1 "$(grep -c '\.program: ' err)" 'what changed' && keys "$image" || fail "$tool" || return
		build 0 --source linux && makes 0 && has 'cached  build linux' err || return
	done
	touch bin/gcc && build 0 --source linux && makes 0 && has 'cached  build linux' err || return
	# The first one again, and its result from the store.
	sed -i '/built anew/d' bin/gcc bin/pahole && build 0 --source linux && makes 0 && keys "$image"
}

forced() {
	build 0 6.12.5 || return
	entry=$XDG_CACHE_HOME/ktstr/kernels/6.12.5-tarball-$tail
	sed -i 's/"built_at": ".*"/"built_at": "2026-01-01T00:00:00Z"/' "$entry/metadata.json"
	build 0 6.12.5 --force && keys "6.12.5-tarball-$tail" && makes 1 && hasnt 2026-01-01 "$entry/metadata.json" || return
	build 0 6.12 && build 0 --force 6.12 && makes 1 && has 'kernel releases' err
}

stale_and_damaged() {
	build 0 6.12.5 || return
	cd "$XDG_CACHE_HOME/ktstr/kernels" || return
	key=6.12.5-tarball-$tail
	old=6.12.5-tarball-$arch-kc00000000-f1
	cp -r "$key" "$old" && sed -i "s/${kc#kc}/00000000/" "$old/metadata.json" && echo '{' >"$key/metadata.json"
	cd "$work" || return
	build 0 6.12.5 && keys "$key" && has "$key is damaged" err && meta "$key" '"version": "6.12.5"' || return
	rm -r "$XDG_CACHE_HOME/ktstr/kernels/$key"
	build 0 6.12.5 && keys "$key" && has "note: $old was built with another ktstr.kconfig; building it again" err || return
	build 0 6.12.5 && found "$key" 0 && hasnt 'another ktstr.kconfig' err || return
	# What the list calls stale is built by the command it names.
	sed -i 's/"ktstr_git_hash": null/"ktstr_git_hash": "0123456"/' "$XDG_CACHE_HOME/ktstr/kernels/$key/metadata.json"
	exits 0 ktstr kernel list && has '(stale ktstr)' out && build 0 6.12.5 && keys "$key" && has "$key was built with another ktstr" err || return
	exits 0 ktstr kernel list && hasnt '(stale ktstr)' out
}

# Entries that upstream wrote under a key of ours: its commit is compared as far as it is told.
entries_of_others() {
	git_tree linux && short=$(git -C linux rev-parse --short=7 HEAD) || return
	key=master-git-$short-$tail
	mkdir -p "$XDG_CACHE_HOME/ktstr/kernels/$key" && cd "$XDG_CACHE_HOME/ktstr/kernels/$key" && echo >bzImage || return
	printf '{ "source": "git", "arch": "%s", "image_name": "bzImage", "git_hash": "%s", "git_ref": "master",
		"built_at": "2026-01-01T00:00:00Z", "ktstr_kconfig_hash": "%s" }\n' "$arch" "$short" "${kc#kc}" >metadata.json
	cd "$work" || return
	build 0 --git linux --ref master && found "$key" 1 || return
	sed -i 's/"git_hash": "......./"git_hash": "0000000/' "$XDG_CACHE_HOME/ktstr/kernels/$key/metadata.json"
	build 0 --git linux --ref master && makes 1 && has "$key was built from other content" err
}

removed_comes_back() {
	build 0 6.12.5 && exits 0 ktstr kernel clean --force && build 0 6.12.5 && makes 0 && keys "6.12.5-tarball-$tail" &&
		has 'cached  build 6.12.5' err && meta "6.12.5-tarball-$tail" '"version": "6.12.5"'
}

no_network() {
	cp "$site/releases.json" . && KTSTR_RELEASES_URL=file://$work/releases.json || return
	export KTSTR_RELEASES_URL
	build 0 6.12 && hasnt 'list of kernel releases is' err && rm releases.json || return
	build 0 6.12 && keys "6.12.9-tarball-$tail" && has 'note: the list of kernel releases is that of 20' err || return
	KTSTR_RELEASES_URL=file://$work/other.json build 24 6.12 && has 'Name a full version' err
}

# Errors of steps are the verb's, with the command that runs just that step again.
over_http() {
	: >faults
	serve "$site" --faults "$work/faults"
	export KTSTR_RELEASES_URL="$web/releases.json" KTSTR_KERNEL_MIRROR="$web" KTSTR_RC_MIRROR="$web/rc"
	echo '*.tar.xz flip' >faults && build 25 6.14 && has 'error: source 6.14.2: ' err && has 'ninja -C' err || return
	echo '*.tar.xz html' >faults && build 24 6.14 && echo '*.gz 404' >faults && build 10 6.15-rc3 && has 404 err || return
	echo '*.tar.xz 500x2' >faults && build 0 6.14 && keys "6.14.2-tarball-$tail" || return
	echo 'releases.json html' | sed 's/^/*/' >faults && build 0 6.14 && found "6.14.2-tarball-$tail" 1 && has 'web page' err
}

# Two of the same: one make, both succeed, both print the key. Again while the cache is empty and the store is not, and
# as two different requests.
two_at_once() {
	for how in '1 -v -v' '0 -v' '1 --jobs=1'; do
		[ "$how" != '1 --jobs=1' ] || rm -rf "$XDG_CACHE_HOME/ktstr"
		: >made
		export made="$work/made"
		ktstr kernel build 6.12.5 >out1 2>err1 &
		# shellcheck disable=SC2086 # options
		ktstr kernel build 6.12.5 ${how#* } >out2 2>err2 &
		wait $! && wait || return
		cat err1 err2
		same "6.12.5-tarball-$tail" "$(cat out1)" first && same "6.12.5-tarball-$tail" "$(cat out2)" second &&
			makes "${how%% *}" || return
		ktstr kernel clean --force
	done
}

# However early or late we are killed: no entry or a good one, no child is left, and the next run ends it.
killed() {
	git_tree linux || return
	for i in 1 2 3 4 5 6 7 8; do
		echo "/* $i */" >>linux/kernel/fork.c && commit linux "$i" || return
		for what in "6.12.5 --force" "--git linux --ref master" "--source linux"; do
			# shellcheck disable=SC2086 # options
			timeout -s KILL "$(echo "$i * 0.13" | bc)" ktstr kernel build $what >out 2>err
			ktstr kernel list 2>/dev/null >entries
			hasnt corrupt entries || return
		done
	done
	within 10 no_leftovers || { leftovers; fail 'something is left'; return 1; }
	build 0 6.12.5 && build 0 --git linux --ref master && build 0 --source linux && [ -s out ] || return
	same '' "$(find "$XDG_CACHE_HOME/ktstr/kernels" -name '.tmp-*')" 'drafts'
}

no_leftovers() {
	[ -z "$(leftovers)" ]
}

# What a verb that boots kernels asks when a version is not there. The kernel cannot boot, but it is made, or not.
on_a_terminal() {
	for answer in n y; do
		: >made
		echo $answer | made=$work/made timeout 100 python3 -c 'import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
			ktstr verifier --scheduler-bin /bin/true --kernel 6.12.5 >out 2>&1
		code=$?
		has 'kernel 6.12.5 is not in the cache; build it now' out || return
		case $answer in
		n) same 20 $code 'exit code' && makes 0 || return ;;
		y) makes 1 && has 'cache entry 6.12.5' out || return ;;
		esac
	done
	exits 12 ktstr verifier --scheduler-bin /bin/true --kernel 6.12.5 && hasnt 'build it now' err
}

old_name() {
	tree linux && made=$work/made && export made && : >made || return
	exits 0 ktstr build-kernel --kernel linux && makes 1 && has 'warning: build-kernel is deprecated' err &&
		has 'kernel build --source linux' err && [ -s out ] || return
	make -s -C linux defconfig && exits 0 cargo-ktstr ktstr build-kernel --clean --kernel linux && [ ! -e linux/.config ] ||
		return
	exits 2 ktstr build-kernel && has '--kernel' err && exits 0 ktstr --help && hasnt build-kernel out
}

# Names of newer versions of upstream.
newer_names() {
	git_tree linux && git -C linux tag v6.99.1 && echo CONFIG_MINE=y >mine || return
	build 0 --kernel 6.12.5 && makes 1 && case $(cat out) in 6.12.5-tarball-*) ;; *) fail "$(cat out)" || return ;; esac || return
	build 0 --kernel 6.12.5 --extra-kconfig mine && makes 1 && case $(cat out) in *-x????????-f1) ;; *) fail "$(cat out)" || return ;; esac || return
	build 0 --kernel linux && makes 1 && case $(cat out) in local-*) ;; *) fail "$(cat out)" || return ;; esac || return
	build 0 --kernel ./linux --clean && makes 0 && build 0 --kernel "git+$work/linux#tag=v6.99.1" && grep -q '^v6.99.1-git-' out || return
	build 2 --kernel 6.12.5 6.12.9 && has "cannot be used with '--kernel'" err && build 2 --kernel 6.12..x && build 10 --kernel nowhere &&
		build 2 --kernel 6.12.5 --source linux && exits 0 ktstr kernel build --help && hasnt '--kernel ' out
}

explained() {
	build 0 6.12.5 --explain -j 1 && has 'first time' err && build 0 6.12.5 --explain --jobs=1 --force && has 'forced' err
}

quiet() {
	build 0 -q 6.12.5 && keys "6.12.5-tarball-$tail" && [ ! -s err ]
}

# What is a pipe, a link or a folder where a file was: nothing waits for it, nothing behind a link is touched, the next request
# heals it, and cache gc takes it away.
# as_owner COMMAND…: somebody who may not read all; root may
as_owner() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 4001 --regid 4001 --clear-groups env HOME="$work/home" XDG_CACHE_HOME="$work/home" "$@"
	else
		XDG_CACHE_HOME=$work/home "$@"
	fi
}

# kernels NUMBER: how many there are
kernels() {
	same "$1" "$(find home/ktstr/kernels -mindepth 1 -maxdepth 1 -name 'local-*' | wc -l)" kernels
}

# What may not be read and git does not track cannot be built either, and is told; what it tracks is an error.
unreadable() {
	tree linux && echo x >linux/perf.data && mkdir linux/own linux/half home away away/out && echo x >linux/half/x && echo x >away/out/x &&
		ln -s "$work/away/out" linux/kernel/out && chmod 755 "$base" . || return
	[ "$(id -u)" != 0 ] || chown -R 4001:4001 linux home || return
	as_owner ktstr --version >/dev/null || return 0 # programs that are for root alone
	chmod 000 linux/perf.data linux/own away/out && chmod 600 linux/half || return
	number=1 # a commit gives the name; without git the content does
	for git in true false; do
		$git || number=2
		! $git || as_owner sh -c 'cd linux && git init -q && git add Makefile Kconfig arch include init kernel scripts &&
			git -c user.name=a -c user.email=a@b commit -qm x' || return
		exits 0 as_owner ktstr kernel build --source "$work/linux" && has 'may not be read by this user, and counts by size and time' err &&
			has 'and 2 others' err && kernels 1 && exits 0 as_owner ktstr kernel build --source "$work/linux" && kernels 1 || return
		# A change of what is only seen from outside.
		chmod 600 linux/perf.data && echo more >>linux/perf.data && chmod 000 linux/perf.data &&
			exits 0 as_owner ktstr kernel build --source "$work/linux" && has 'and 2 others' err && kernels $number || return
		$git || break
		for tracked in kernel/exit.c kernel; do
			mode=$(stat -c %a linux/$tracked)
			chmod 000 linux/$tracked && exits 10 as_owner ktstr kernel build --source "$work/linux" && has $tracked err &&
				chmod "$mode" linux/$tracked || return
		done
		rm -rf home/ktstr linux/.git
	done
	chmod 000 linux
	for verb in 'build --source' 'import'; do
		# shellcheck disable=SC2086 # words
		exits 10 as_owner ktstr kernel $verb "$work/linux" && has "$work/linux" err || return
	done
	exits 10 as_owner ktstr shell --kernel "$work/linux" --exec true && has 'may not be read by this user' err && hasnt 'no kernel' err || return
	chmod u+rwx linux && chmod -R u+rwX linux away
}

strangers() {
	tree linux && build 0 --source linux && echo precious >precious || return
	store=$XDG_CACHE_HOME/ktstr/store
	for files in '.ninja_log sizes build.ninja lock used tools' 'asked/linux/facts build/linux/bzImage entry/linux/entry' \
		'asked/linux build/linux'; do
		for stranger in mkfifo mkdir "ln -s $work/precious" 'ln -s loop' "ln -s $work/linux"; do
			for file in $files; do
				find "$store/graphs" -path "$store/graphs/*/$file"
			done >paths
			[ -s paths ] || fail "none of $files" || return
			while read -r path; do
				rm -rf "$path" && $stranger "$path" || return
			done <paths
			exits 0 timeout 60 ktstr kernel build --source linux || fail "$stranger $files" || return
		done
	done
	same precious "$(cat precious)" 'what a link led to' && [ -f linux/Makefile ] && [ ! -e linux/facts ] && [ ! -e linux/recipe ] || return
	for graph in "$store/graphs"/*; do
		rm -rf "$graph" && mkfifo "$graph" || return
	done
	exits 0 timeout 60 ktstr cache gc --max-size 1 && exits 0 timeout 60 ktstr kernel build --source linux
}

run_tests cleaned_when_built commands_again exact prefix_and_latest several one_of_several_fails candidates first_releases usage repositories a_commit \
	clean_trees dirty_trees trees_without_git commands_elsewhere commands_of_an_equal_tree odd_trees \
	make_environment store_before_download store_in_trouble odd_fragments cleaning configured fragments fragment_that_changes \
	environment other_llvm other_tools exchanged_tools forced stale_and_damaged \
	entries_of_others removed_comes_back no_network over_http two_at_once killed on_a_terminal \
	old_name newer_names explained quiet unreadable strangers
