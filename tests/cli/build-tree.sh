#!/bin/sh
# kernel build of trees on this machine: what they are known by, what make is told, what may not be read, what strangers left.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/build.sh"

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

run_tests cleaned_when_built commands_again clean_trees dirty_trees trees_without_git commands_elsewhere commands_of_an_equal_tree \
	odd_trees cleaning unreadable strangers
