#!/bin/sh
# kernel build, the verb: which release or commit is meant, what the cache already has, what is printed, and what befalls it meanwhile.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/build.sh"

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

# Nothing is fetched for a build that cannot be.
store_before_download() {
	export KTSTR_STORE="$work/a:store" KTSTR_KERNEL_MIRROR=http://127.0.0.1:1
	build 10 6.12.5 && has 'name another folder by KTSTR_STORE' err
}

# What ninja or its folder runs into is the store's trouble.
store_in_trouble() {
	mkdir bin && printf '#!/bin/sh\necho "ninja: Error writing to build log: Disk quota exceeded."\nexit 1\n' >bin/ninja &&
		chmod +x bin/ninja && PATH=$work/bin:$PATH build 15 6.12.5 && has KTSTR_STORE err || return
	rm cache/ktstr/store/graphs/*/lock && mkdir -p "$(echo cache/ktstr/store/graphs/*)/lock/theirs" && build 14 6.12.5 && has KTSTR_STORE err
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

run_tests exact prefix_and_latest several one_of_several_fails candidates first_releases usage repositories a_commit \
	store_before_download store_in_trouble forced stale_and_damaged entries_of_others removed_comes_back no_network over_http \
	two_at_once killed on_a_terminal old_name newer_names explained quiet
