#!/bin/sh
# Steps kernel-build, tree and mrproper on a tree that real make builds in no time (tests/fake-linux.sh).
# shellcheck disable=SC2016 # what is in single quotes is for make
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
unset GIT_DIR http_proxy https_proxy all_proxy CCACHE_DISABLE CCACHE_BASEDIR
CCACHE_DIR=$base/ccache
KTSTR_CCACHE=0
export CCACHE_DIR KTSTR_CCACHE

# tree DIR [VERSION]: each make that builds it adds a line to $made
tree() {
	sh "$root/tests/fake-linux.sh" "$@" && echo '$(shell [ -z "$$made" ] || echo $(MAKECMDGOALS) >>$$made)' >"$1/local.mk"
}

git_tree() {
	tree "$@" && git -C "$1" init -q && git -C "$1" add -A && git -C "$1" commit -qm one
}

# build CODE OUT OPTION…
build() {
	code=$1
	out=$2
	shift 2
	made=$work/made
	export made
	: >"$made"
	exits "$code" timeout 120 ktstr-source kernel-build --store "$work/store" --fragment "$root/ktstr.kconfig" \
		--out "$out" "$@"
}

hash_of() {
	exits 0 ktstr-source tree --store "$work/store" --source "$1" --out "$work/tree" || return
	sed -n 's/^tree //p' "$work/tree/facts"
}

builds_a_tree() {
	tree linux && build 0 a --source "$work/linux" && [ -s made ] || return
	has 'kind local' a/facts && has 'release 6.99.1' a/facts && has "identity tree:$(hash_of linux)" a/facts || return
	[ -s a/bzImage ] && [ -s a/vmlinux ] && has CONFIG_SCHED_CLASS_EXT=y a/config || return
	has "$work/linux/kernel/fork.c" a/compile_commands.json || return
	[ -z "$(find linux -newer made -type f)" ] || fail 'something was written into the tree' || return
	build 0 b --source "$work/linux" --tree "$(hash_of linux)" && [ ! -s made ]
}

touched_but_equal() {
	tree linux && build 0 a --source "$work/linux" || return
	touch linux/kernel/fork.c && build 0 a --source "$work/linux" && [ ! -s made ] || return
	echo '/* a comment */' >>linux/kernel/fork.c
	build 0 a --source "$work/linux" && [ -s made ] || return
	log=$(echo store/trees/*/ktstr-make.log)
	has fork.o "$log" && hasnt exit.o "$log"
}

# Content that comes back with its old time is another one than the object was made from; make alone would not see it.
put_back_with_its_time() {
	tree linux && cp -a linux/kernel/fork.c fork.c && echo 'int another;' >>linux/kernel/fork.c || return
	build 0 b --source "$work/linux" && [ -s made ] || return
	cp -a fork.c linux/kernel/fork.c && build 0 a --source "$work/linux" && [ -s made ] || return
	log=$(echo store/trees/*/ktstr-make.log)
	has fork.o "$log" && has exit.o "$log" || return
	nm b/vmlinux | grep -q another && ! nm a/vmlinux | grep -q another
}

# clock_beyond FILE…: what is written now is younger than each of them.
clock_beyond() {
	: >now && for file; do
		[ -n "$(find now -newer "$file")" ] || return
	done
}

# A make that was killed leaves half an object, which is young.
half_an_object() {
	tree linux && build 0 a --source "$work/linux" || return
	objects=$(echo store/trees/*-x86_64 store/trees/*-aarch64)
	objects=${objects%% *}
	: >"$objects/ktstr-making" || return
	for o in fork exit; do
		: >"$objects/kernel/.$o.o.cmd" || return
	done
	within 5 clock_beyond "$objects/ktstr-making" "$objects"/kernel/.*.o.cmd || return
	head -c 100 "$objects/kernel/fork.o" >half && cat half >"$objects/kernel/fork.o" || return
	build 0 a --source "$work/linux" --force && log=$(echo store/trees/*/ktstr-make.log) && has fork.o "$log" &&
		hasnt exit.o "$log" && [ ! -e "$objects/ktstr-making" ]
}

wrong_options() {
	tree linux
	build 2 a --source "$work/linux" --from "$work"
	build 2 a && build 2 a --source "$work/linux" --tree nonsense && build 2 a --source "$work/linux" --arch mips || return
	mkdir from && printf 'kind tarball\nidentity sha256:../../x\nversion 6.1\n' >from/facts || return
	build 1 a --from from && has 'is not a result of tarball or clone' err || return
	build 10 a --source "$work/none" && has none err || return
	build 10 a --source "$work/linux" --kconfig none && has none err || return
	echo 'CONFIG_A=y extra' >bad && echo nonsense >>bad
	build 21 a --source "$work/linux" --kconfig bad && has 'line 2' err
}

fragment_of_the_user() {
	tree linux && printf '# mine\nCONFIG_NR_CPUS=4\nCONFIG_MINE=y\n' >mine || return
	build 0 a --source "$work/linux" --kconfig mine || return
	has CONFIG_NR_CPUS=4 a/config && hasnt CONFIG_NR_CPUS=512 a/config && has CONFIG_MINE=y a/config || return
	echo CONFIG_MINE >linux/lost
	build 21 a --source "$work/linux" --kconfig mine && has 'CONFIG_MINE: wanted y, is not set' err || return
	hasnt bzImage made
}

without_a_vital_option() {
	tree linux && echo '# CONFIG_FTRACE is not set' >mine || return
	build 21 a --source "$work/linux" --kconfig mine && has 'CONFIG_FTRACE is not set' err
}

other_toolchains() {
	tree linux && build 0 gcc --source "$work/linux" && build 0 arm --source "$work/linux" --arch aarch64 || return
	build 0 llvm --source "$work/linux" --llvm -16 && build 0 llvm-arm --source "$work/linux" --llvm -16 --arch aarch64 ||
		return
	for k in arm llvm-arm; do
		LC_ALL=C readelf -h $k/vmlinux >header && has AArch64 header && has 'arch aarch64' $k/facts || return
	done
	has 'str     cross aarch64-linux-gnu-' arm/recipe && has 'clang version 16' llvm/recipe || return
	build 23 a --source "$work/linux" --cross mips-none- && has 'mips-none-gcc' err && [ ! -s made ]
}

equal_with_ccache() {
	tree linux && build 0 without --source "$work/linux" || return
	rm -rf store
	KTSTR_CCACHE=1 build 0 with --source "$work/linux" && cmp with/bzImage without/bzImage || return
	rm -rf store
	# Another place for the objects.
	ln -s "$work" elsewhere && printf 'CONFIG_OTHER=y\n' >mine || return
	KTSTR_CCACHE=1 build 0 again --source "$work/linux" --kconfig mine && cmp again/bzImage without/bzImage || return
	ccache -s -v >stats
	grep -Eq 'Hits: +[1-9]' stats || fail 'nothing came from ccache'
}

failing_build() {
	tree linux && printf 'int x = y;\n' >>linux/kernel/fork.c || return
	build 22 a --source "$work/linux" && has "kernel/fork.c:6:9: error: 'y' undeclared" err && has 'int x = y;' err &&
		has ktstr-make.log err && [ ! -e a/facts ]
}

changed_meanwhile() {
	tree linux && echo '$(shell [ "$(MAKECMDGOALS)" != bzImage ] || echo "//" >>'"$work"'/linux/kernel/exit.c)' \
		>>linux/local.mk || return
	build 22 a --source "$work/linux" && has 'changed while it was being built' err
}

without_commands() {
	tree linux && printf 'compile_commands.json:\n\t@echo no python; exit 1\n' >>linux/local.mk || return
	build 0 a --source "$work/linux" && has 'warning: no compile_commands.json' err && [ ! -e a/compile_commands.json ] &&
		[ -s a/bzImage ]
}

# A work tree configured and built in place is the same tree, and what lies there is not used.
built_in_place() {
	git_tree linux && before=$(hash_of linux) && has 'dirty no' tree/facts || return
	build 0 clean --source "$work/linux" || return
	make -s -C linux defconfig && make -s -C linux bzImage || return
	echo '#error poison' >linux/include/generated/autoconf.h
	echo '#error poison' >linux/include/generated/utsrelease.h
	same "$before" "$(hash_of linux)" 'the tree built in place' || return
	rm -rf store
	build 0 a --source "$work/linux" && cmp a/config clean/config && has 'release 6.99.1' a/facts || return
	attempt has "$work/linux/kernel/fork.c" a/compile_commands.json || has ../kernel/fork.c a/compile_commands.json || return
	# Incremental, and what was deleted is gone.
	echo '/* */' >>linux/kernel/fork.c && : >linux/new.h && git -C linux add -f new.h || return
	build 0 a --source "$work/linux" || return
	links=$(echo store/trees/*-links)
	[ -L "$links/new.h" ] && log=$links/ktstr-out/ktstr-make.log && has fork.o "$log" && hasnt exit.o "$log" || return
	rm linux/new.h && echo '/* */' >>linux/kernel/fork.c && build 0 a --source "$work/linux" && [ ! -L "$links/new.h" ]
}

built_in_place_without_git() {
	tree linux && make -s -C linux defconfig || return
	build 0 configured --source "$work/linux" && [ -e linux/.config ] || return
	make -s -C linux bzImage && echo '#error stale' >linux/include/generated/autoconf.h && touch linux/kernel/odd.s || return
	find linux -type f -printf '%p %T@\n' | sort >before
	# From links that make mrproper went through, and the tree is as it was.
	build 0 a --source "$work/linux" && find linux -type f -printf '%p %T@\n' | sort | diff before - || return
	echo 'int more;' >>linux/kernel/fork.c && build 0 b --source "$work/linux" && ! cmp -s a/vmlinux b/vmlinux || return
	exits 0 ktstr-source mrproper --store "$work/store" --out "$work/m" --source "$work/linux" && [ ! -e linux/.config ] ||
		return
	build 0 a --source "$work/linux"
}

same_tree_with_git() {
	tree plain && git_tree repo && : >repo/kernel/odd.o && git -C repo add -f kernel/odd.o || return
	with=$(hash_of repo)
	git -C repo rm -q --cached kernel/odd.o
	[ "$with" != "$(hash_of repo)" ] || fail 'a tracked file with the name of a product does not count' || return
	same "$(hash_of plain)" "$(hash_of repo)" 'with git' || return
	: >repo/kernel/new.c && [ "$(hash_of plain)" != "$(hash_of repo)" ] && has 'dirty no' tree/facts || return
	rm repo/kernel/new.c && echo >>repo/kernel/fork.c && hash_of repo >/dev/null && has 'dirty yes' tree/facts &&
		has "commit $(git -C repo rev-parse HEAD)" tree/facts && has 'version 6.99.1' tree/facts
}

from_git() {
	git_tree linux && commit=$(git -C linux rev-parse HEAD) || return
	exits 0 ktstr-source clone --store "$work/store" --out "$work/c" --url "$work/linux" --ref HEAD --commit "$commit" ||
		return
	build 0 a --from c && has "identity git:$commit" a/facts && has 'kind git' a/facts && [ -s a/bzImage ] || return
	hasnt "$work" a/recipe && hasnt "$work" a/facts || return
	[ -z "$(ls store/sources)" ] || fail 'the tree is still there' || return
	build 0 b --from c && [ ! -s made ]
}

from_tarball() {
	tree linux-6.99.1 6.99.1 && mkdir -p mirror/v6.x && tar -cJf mirror/v6.x/linux-6.99.1.tar.xz linux-6.99.1 || return
	(cd mirror/v6.x && sha256sum linux-6.99.1.tar.xz >sha256sums.asc) || return
	KTSTR_KERNEL_MIRROR=file://$work/mirror
	export KTSTR_KERNEL_MIRROR
	exits 0 ktstr-source tarball --store "$work/store" --out "$work/t" --version 6.99.1 || return
	build 0 a --from t && has 'identity sha256:' a/facts && has 'kind tarball' a/facts && [ -s a/bzImage ] || return
	[ -z "$(ls store/sources)" ] || fail 'the tree is still there' || return
	build 0 b --from t && [ ! -s made ] || return
	# Another configuration: from the kept tarball.
	rm -rf mirror && echo CONFIG_MINE=y >mine && build 0 c --from t --kconfig mine && [ -s made ]
}

# Two configurations of one source at once: the first to end does not take the other's tree away.
two_from_one_tree() {
	git_tree linux && commit=$(git -C linux rev-parse HEAD) && echo CONFIG_MINE=y >mine || return
	exits 0 ktstr-source clone --store "$work/store" --out "$work/c" --url "$work/linux" --ref HEAD --commit "$commit" ||
		return
	for k in "--kconfig mine" ""; do
		# shellcheck disable=SC2086
		timeout 60 ktstr-source kernel-build --store "$work/store" --fragment "$root/ktstr.kconfig" --from c \
			--out "k$k" $k >"log$k" 2>&1 &
	done
	wait
	cat log*
	[ -s k/bzImage ] && [ -s "k--kconfig mine/bzImage" ]
}

gone() {
	! kill -0 "$(cat "$work/sleeper")" 2>/dev/null
}

# However we die, what make started dies too, be it while it configures or while it builds.
nothing_outlives_us() {
	for where in defconfig kernel/fork.o; do
		rm -rf linux store
		tree linux && printf '%s: slow\n.PHONY: slow\nslow:\n\t@echo $$$$$$$$ >%s/sleeper; exec sleep 300\n' \
			$where "$work" >>linux/local.mk || return
		for sig in KILL TERM HUP; do
			rm -f sleeper
			ktstr-source kernel-build --store "$work/store" --fragment "$root/ktstr.kconfig" \
				--source "$work/linux" --out a >log 2>&1 &
			pid=$!
			within 30 test -s sleeper || { cat log; fail 'make does not get there'; return 1; }
			kill -$sig $pid
			within 5 gone || fail "a child is still there after SIG$sig in $where" || return
			wait $pid 2>/dev/null || :
		done
	done
}

run_tests builds_a_tree touched_but_equal half_an_object put_back_with_its_time wrong_options fragment_of_the_user without_a_vital_option other_toolchains \
	equal_with_ccache failing_build changed_meanwhile without_commands built_in_place built_in_place_without_git \
	same_tree_with_git from_git from_tarball two_from_one_tree nothing_outlives_us
