#!/bin/sh
# kernel build: fragments of configuration, the environment of make, and tools that are others.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/build.sh"

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

# A fragment that is none costs no download.
odd_fragments() {
	printf 'CONFIG_A=y\0CONFIG_B=y\n' >nul && echo FOO=y >foo && head -c 2000000 /dev/zero >large || return
	build 21 6.12.5 --kconfig nul && has "$work/nul: it is not text" err &&
		build 21 6.12.5 --kconfig foo && has "$work/foo: line 1: not an option: FOO=y" err &&
		build 10 6.12.5 --kconfig large && build 10 6.12.5 --kconfig . && build 10 6.12.5 --kconfig none &&
		[ ! -e cache/ktstr/store/tarballs ]
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

run_tests make_environment odd_fragments configured fragments fragment_that_changes environment other_llvm other_tools \
	exchanged_tools
