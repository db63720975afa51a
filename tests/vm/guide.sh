#!/bin/sh
# The commands that README and the documents show, run as a reader would: those behind "$ " in blocks marked console, a
# document at a time, from top to bottom, in a folder where what they name is there. One whose shown output has a line
# "error: …" must fail, all others must succeed. Kernel sources are the tiny trees of a mirror; kernels that boot are real.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/site.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
unset GIT_DIR http_proxy https_proxy all_proxy ARCH CROSS_COMPILE LLVM KTSTR_KERNEL_KEYRING
kernel_site "$base/site" 6.12.9 6.12.43 6.13.7 6.14.2 >"$base/site.log" 2>&1 || { cat "$base/site.log"; exit 1; }

# What documents name. The cache of kernels is a document's own, and has the real one in it.
prepare() {
	HOME=$work
	XDG_CONFIG_HOME=$work/config
	KTSTR_CACHE_DIR=$work/kernels
	PROFILE=$work/profile
	export HOME XDG_CONFIG_HOME KTSTR_CACHE_DIR PROFILE
	mkdir -p here kernels .zfunc .config/fish/conf.d .config/elvish .local/share/bash-completion/completions && cp -r "$shared/ktstr/kernels/$key" kernels/ && ln -s "$root/tests" here/tests &&
		ln -s "$base/site" here/mirror && ln -s "$root/ktstr.kconfig" here/ && ln -s ../linux here/linux &&
		printf 'CONFIG_EXT4_FS=y\nCONFIG_CRYPTO=y\nCONFIG_KEYS=y\n' >here/mine.kconfig &&
		ln -s "$shared"/ktstr/distro/kernel/linux-*.deb here/ && cp "$sched" here/scx_simple &&
		cp "$sched" here/scx_mine && cp "$sched" here/scx_mine.old && sh "$root/tests/fake-linux.sh" linux 6.99.1 &&
		git -C linux init -q -b master && git -C linux add -A && git -C linux commit -qm one
}

# As cargo runs a plugin, also where there is no cargo.
cargo() {
	cargo-ktstr "$@"
}

# From a document, the script that runs its commands.
script() {
	awk '
		function flush() {
			if (command == "") return
			printf "run %d %d <<\x27END_OF_COMMAND\x27\n%s\nEND_OF_COMMAND\n", line, fails, command
			command = ""
			fails = 0
		}
		/^```console$/ { on = 1; next }
		/^```/ { flush(); on = 0; next }
		!on { next }
		more { command = command "\n" $0; more = /\\$/; next }
		/^\$ / { flush(); command = substr($0, 3); line = FNR; more = /\\$/; next }
		/^error: / { fails = 1 }
		END { flush() }' "$1"
}

# run LINE FAILS <COMMAND: in this shell, so that cd and variables last.
run() {
	text=$(cat)
	echo "+ line $1: $text"
	eval "$text" </dev/null >command.out 2>&1
	code=$?
	cat command.out
	if [ "$2" = 1 ]; then
		[ "$code" != 0 ] || fail "line $1 succeeds, and was to fail: $text" || exit 1
	else
		[ "$code" = 0 ] || fail "line $1: exit code $code: $text" || exit 1
	fi
}

# For a page whose projects have tests in C: ktstr installed, in a place of its own.
install() {
	make -s -C "$root" -o all O="$O" PREFIX="$base/prefix" install >install.log 2>&1 || { cat install.log; return 1; }
	PKG_CONFIG_PATH=$base/prefix/lib/pkgconfig
	export PKG_CONFIG_PATH
}

document() {
	prepare || return
	case $1 in */writing-tests.md) install || return ;; esac
	script "$1" >commands && [ -s commands ] || fail "$1 has no command" || return
	commands=$work/commands
	# shellcheck source=/dev/null
	cd here && sh "$root/tests/ktstr-files.sh" "$1" && . "$commands"
}

readme() {
	document "$root/README.md"
}

# Blocks marked sh are not run here. Each of their lines begins with one of these, and says where it is run instead.
elsewhere() {
	cat <<-'END'
		apt-get install make		needs to be there for make check
		make 				make itself runs this
		ktstr kernel import o/		tests/long/kernel-build.sh: the tiny tree has no BTF
		gpg 				needs a network; what it makes is made in tests/cli/tarball.sh
		mkdir -p ~/.config/ktstr	tests/cli/tarball.sh
		ktstr shell 			tests/vm/shell-tty.sh: a terminal
		cargo ktstr test 		tests/cli/test-verb.sh
		cargo ktstr coverage 		tests/cli/test-verb.sh
		ktstr verifier --scheduler scx	tests/cli/package.sh: a workspace
		ktstr verifier --tests		tests/cli/declared.sh
		cargo install cargo-llvm-cov	needs a network; tests/cli/test-verb.sh
		rustup component add		needs a network
		ktstr run fork_storm_vs_spin	tests/long/scenarios.sh
		ktstr run llc.ktstr		tests/long/scenarios.sh
		ktstr run --filter		tests/long/scenarios.sh
		ktstr run two.ktstr		tests/long/scenarios.sh
		ktstr run pinned_minority	tests/long/bugs.sh
		ktstr run lost.ktstr		tests/long/bugs.sh
		ktstr run cpu_max_tight		tests/long/scenarios.sh
		ktstr run cgroup_add_load	the same: a scheduler of the kernel's tools
		ktstr new scx_rs		tests/long/projects.sh
		cd scx_rs			the same
		cargo build			the same
		cargo nextest 			the same
		mkdir scx && cd scx		the same
		cargo info 			the same
		cp -R "${CARGO_HOME		the same
		mv scx_bpfland/Cargo.lock	the same
		printf '[workspace]		the same
		ktstr new scx_bpfland/tests	the same
		printf '\n[[test]]		the same
		sed -i 's|			the same
		cargo ktstr verifier		the same
		cmake -B build			tests/vm/projects.sh
		ctest --test-dir		the same
		ktstr run cgroup_exit_race	tests/vm/schedulers.sh: as small a scenario, the same end
		ktstr explore lost.ktstr	tests/long/explore.sh
		ktstr explore ./tests		tests/cli/explore.sh: other tests
		ktstr replay 			tests/long/explore.sh
		ktstr bisect 			tests/long/bisect.sh; of kernels' commits tests/cli/bisect.sh
		ktstr -q shell --exec 'cat	tests/long/replay.sh
		sh vmlinux-debug.sh		the same
		drgn -c			the same
		gdb vmlinux.debug		the same
		ktstr matrix ./tests		tests/vm/libktstr.sh: other tests
		ktstr affected ./tests		tests/cli/matrix.sh
		ktstr cache export		tests/cli/parcel.sh, tests/long/sharing-bundles.sh
		ktstr cache import		the same
		export KTSTR_REMOTE_CACHE	tests/cli/remote-store.sh, tests/long/sharing.sh
		ktstr kernel build --source linux	tests/long/sharing.sh: a small tree
		ktstr verifier --scheduler-bin ./scx_mine --launcher	tests/cli/launcher.sh
		sh ci.sh			tests/cli/ci.sh, tests/long/ci.sh
	END
}

# Whatever looks like a command is run here, or is one of those.
all_are_run() {
	elsewhere | sed 's/\t.*//' >known
	for doc in "$root"/README.md "$root"/docs/*.md; do
		awk -v doc="${doc#"$root"/}" '
			FNR == NR { known[n++] = $0; next }
			/^```/ { on = !on; mark = $0; next }
			!on { next }
			mark == "```sh" && /^#!/ { mark = "a file"; next }
			mark == "```" && /^(\$ |(cargo )?ktstr [a-z-]+ [^[]*$)/ { print doc ":" FNR ": " $0 }
			mark == "```sh" {
				line = $0
				sub(/^\$ /, "", line)
				for (i = 0; i < n && index(line, known[i]) != 1; i++)
					;
				if (i == n && line ~ /^[a-z]/) print doc ":" FNR ": " $0
			}' known "$doc"
	done >stray
	same '' "$(cat stray)" 'commands that nothing runs'
}

tests='all_are_run'
for doc in "$root"/docs/*.md; do
	grep -q '^```console$' "$doc" || continue
	name=$(basename "$doc" .md | tr - _)
	eval "$name() { document '$doc'; }"
	tests="$tests $name"
done
# shellcheck disable=SC2086
run_tests readme $tests
