#!/bin/sh
# test and coverage: which arguments are whose, what cargo is started with, and which kernel it is told. cargo is a script
# here that records; kernel trees are made by tests/fake-linux.sh.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/neighbours.sh"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
unset GIT_DIR ARCH CROSS_COMPILE LLVM CARGO_HOME KTSTR_CCACHE KTSTR_KERNEL KTSTR_TEST_KERNEL
HOME=$base
CARGO_HOME=$base/none
KTSTR_CCACHE=0
export HOME CARGO_HOME KTSTR_CCACHE
case $(uname -m) in
aarch64) image=Image boot=arch/arm64/boot/Image ;;
*) image=bzImage boot=arch/x86/boot/bzImage ;;
esac

# A cargo that writes its arguments to $work/args, one a line, the kernel and its process to $work/told, and ends with $CODE.
bin=$base/bin
mkdir "$bin"
# shellcheck disable=SC2016 # for the script
printf '%s\n' '#!/bin/sh' 'printf "%s\n" "$@" >"$work/args"' 'echo "kernel ${KTSTR_KERNEL-none}" >>"$work/told"; echo "test ${KTSTR_TEST_KERNEL-none}" >>"$work/told"' \
	'echo "pid $$" >>"$work/told"; echo from cargo; echo "cargo speaks" >&2' \
	'[ -z "${SIGNAL-}" ] || kill -"$SIGNAL" $$' \
	'code=CODE_${KTSTR_KERNEL##*/}; code=$(printf %s "$code" | tr -c "A-Za-z0-9_" _); eval "exit \${$code-${CODE-0}}"' \
	>"$bin/cargo"
printf '#!/bin/sh\nexit 0\n' | tee "$bin/cargo-nextest" >"$bin/cargo-llvm-cov"
chmod +x "$bin"/*
PATH=$bin:$PATH
export work

# cargo_gets WORD…: what the last call handed to cargo
cargo_gets() {
	printf '%s\n' "$@" | diff -u - args
}

tree() { # DIR: adds the goals of each make to $made
	# shellcheck disable=SC2016 # for make
	sh "$root/tests/fake-linux.sh" "$@" && echo '$(shell [ -z "$$made" ] || echo $(MAKECMDGOALS) >>$$made)' >"$1/local.mk"
}

commit() { # DIR
	git -C "$1" add -A && git -C "$1" commit -qm more
}

git_tree() {
	tree "$@" && git -C "$1" init -q -b master && commit "$1"
}

# try CODE OPTION…: ktstr test; $work/made has what make was asked for
try() {
	code=$1
	shift
	made=$work/made
	export made
	: >"$made"
	: >told
	exits "$code" timeout 120 ktstr test "$@"
}

makes() {
	same "$1" "$(grep -c '^bzImage$\|^Image$' made)" 'kernels made'
}

told() {
	sed -n 's/^kernel //p' told
}

# A kernel as tests look for it.
is_kernel() {
	for f in "$image" vmlinux .config; do
		[ -f "$1/$f" ] || fail "no $f in $1" || return
	done
}

# An entry of the cache that nobody built.
entry() { # KEY VERSION
	mkdir -p "$XDG_CACHE_HOME/ktstr/kernels/$1" && cd "$XDG_CACHE_HOME/ktstr/kernels/$1" || return
	echo >"$image" && echo >vmlinux && echo >.config
	printf '{ "version": "%s", "source": "tarball", "arch": "%s", "image_name": "%s", "has_vmlinux": true,
		"config_hash": null, "built_at": "2026-01-01T00:00:00Z", "ktstr_kconfig_hash": null,
		"vmlinux_name": "vmlinux" }\n' "$2" "$(uname -m)" "$image" >metadata.json
	cd "$work" || return
}

# The table of the specification, and what else can begin the pass-through.
arguments() {
	entry 6.14.2-tarball-x 6.14.2 || return
	try 0 && cargo_gets nextest run && same "$XDG_CACHE_HOME/ktstr/kernels/6.14.2-tarball-x" "$(told)" 'nothing named' || return
	exits 0 ktstr nextest foo && cargo_gets nextest run foo || return
	try 0 --kernel 6.14.2 -- -E 'test(a)' && cargo_gets nextest run -E 'test(a)' || return
	same "$XDG_CACHE_HOME/ktstr/kernels/6.14.2-tarball-x" "$(told)" kernel || return
	try 0 --workspace --kernel X && cargo_gets nextest run --workspace --kernel X || return
	try 0 -- --workspace -- --nocapture && cargo_gets nextest run --workspace -- --nocapture || return
	try 0 foo -- bar && cargo_gets nextest run foo -- bar || return
	try 0 -v -j 4 && cargo_gets nextest run -v -j 4 || return
	try 0 a --help && cargo_gets nextest run a --help || return
	try 0 -- '' 'two words' '*' && cargo_gets nextest run '' 'two words' '*' || return
	exits 0 cargo-ktstr ktstr test --kernel=6.14.2 x && cargo_gets nextest run x || return
	exits 0 ktstr coverage -- --lcov --output-path lcov.info && cargo_gets llvm-cov nextest --lcov --output-path lcov.info &&
		has 'cargo-ktstr: running coverage' err
}

lost_kernel() {
	try 0 --workspace --kernel 6.14 && has 'warning: --kernel stands behind' err || return
	try 0 --workspace --kernel=6.14 && has 'warning: --kernel stands behind' err || return
	try 0 --workspace -- --kernel 6.14 && hasnt warning err
}

# No process of ours stays in between; streams and exit code are cargo's.
becomes_cargo() {
	entry 6.14.2-tarball-x 6.14.2 || return
	: >told
	(exec ktstr test --kernel 6.14.2 >out 2>err) &
	pid=$!
	wait $pid && has "pid $pid" told && same 'from cargo' "$(cat out)" stdout &&
		has 'cargo-ktstr: running tests' err && has 'cargo speaks' err || return
	for code in 1 100 101; do
		CODE=$code try "$code" && CODE=$code try "$code" --kernel 6.14.2 || return
	done
	# Signals as they were before us: the shell says 128 + N when one ended what it ran.
	SIGNAL=TERM try 143 && SIGNAL=INT try 130 && SIGNAL=HUP try 129 || return
	exits 0 ktstr -q test && [ -s out ] && hasnt 'running tests' err
}

which_cargo() {
	mkdir other && sed 's/from cargo/from another/' "$bin/cargo" >other/mine && chmod +x other/mine || return
	CARGO=$work/other/mine try 0 && has 'from another' out || return
	CARGO='' try 0 && has 'from cargo' out || return
	CARGO=$work/none try 23 && has "CARGO=$work/none" err || return
	exits 23 env PATH="$work" "$O/ktstr" test && has 'cargo is not installed' err
}

missing_tools() {
	mkdir bare home home/bin && ln -s "$(command -v sh)" bare/sh || return
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$2" = --version ] && [ -e %s/alias ] || exit 101\n' "$work" >bare/cargo && chmod +x bare/cargo || return
	only() {
		code=$1
		shift
		PATH=$O:$work/bare CARGO_HOME=$work/home exits "$code" "$O/ktstr" "$@"
	}
	only 23 test && has 'cargo install --locked cargo-nextest' err && only 23 coverage && has 'cargo install cargo-llvm-cov' err &&
		has 'rustup component add llvm-tools-preview' err || return
	# Before a kernel is built for nothing.
	tree linux && only 23 test --kernel linux && hasnt 'source tree' err || return
	cp "$bin/cargo-llvm-cov" bare && only 23 coverage && has 'cargo install --locked cargo-nextest' err || return
	cp "$bin/cargo-nextest" home/bin && only 101 test && only 101 coverage || return
	rm home/bin/* && touch alias && only 101 test
}

# What shell would take: the newest entry that may be taken without its name, an import among them; else a built tree.
nothing_named() {
	entry 6.12.9-tarball-x 6.12.9 && try 0 && same "$XDG_CACHE_HOME/ktstr/kernels/6.12.9-tarball-x" "$(told)" kernel || return
	entry 7.3.4-import-x 7.3.4 && sed -i 's/2026-01-01/2026-02-01/; s/"tarball"/"import"/' \
		"$XDG_CACHE_HOME/ktstr/kernels/7.3.4-import-x/metadata.json" || return
	try 0 && same "$XDG_CACHE_HOME/ktstr/kernels/7.3.4-import-x" "$(told)" import && exits 0 ktstr coverage &&
		same "$XDG_CACHE_HOME/ktstr/kernels/7.3.4-import-x" "$(told | tail -n 1)" coverage || return
	sed -i 's/"ktstr_kconfig_hash": null/"ktstr_kconfig_hash": "0badcafe"/' "$XDG_CACHE_HOME"/ktstr/kernels/6*/metadata.json &&
		rm -r "$XDG_CACHE_HOME/ktstr/kernels/7.3.4-import-x" || return
	mkdir linux && echo >linux/vmlinux && try 0 && same "$work/linux" "$(told)" './linux' || return
	rm -r linux && : >told && exits 0 ktstr test && same none "$(told)" 'no kernel' && has 'note: no kernel is chosen' err
}

# Ids are found or refused; tests in other folders need whole paths.
named_by_the_environment() {
	unset KTSTR_KERNEL KTSTR_TEST_KERNEL
	entry 6.12.9-tarball-x 6.12.9 && entry 6.14.2-tarball-x 6.14.2 && kernels=$XDG_CACHE_HOME/ktstr/kernels || return
	for id in 6.12 6.12.9 6.12.9-tarball-x ' 6.12.9 ' 6.12.9-tar "$kernels/6.12.9-tarball-x" "./cache/ktstr/kernels/6.12.9-tarball-x"; do
		KTSTR_KERNEL=$id try 0 && same "$kernels/6.12.9-tarball-x" "$(told)" "KTSTR_KERNEL=$id" && has 'test none' told || return
		KTSTR_TEST_KERNEL=$id try 0 && has "test $kernels/6.12.9-tarball-x/$image" told &&
			same "$kernels/6.12.9-tarball-x" "$(told)" "KTSTR_TEST_KERNEL=$id" || return
	done
	for variable in KTSTR_KERNEL KTSTR_TEST_KERNEL; do
		for id in 6.13 6.13.1 nonsense 6.14.2-nonsense; do
			try_with "$variable" "$id" 20 || return
		done
		try_with $variable 6.12..6.14 2 && try_with $variable ./nowhere 10 && try_with $variable . 20 || return
	done
	# Both, each for its readers; an image stays what it is.
	echo >image && KTSTR_KERNEL=6.14 KTSTR_TEST_KERNEL=./image try 0 && same "$kernels/6.14.2-tarball-x" "$(told)" both &&
		has "test $work/image" told || return
	KTSTR_TEST_KERNEL=$work/image try 0 && same none "$(told)" 'an image alone' && has "test $work/image" told || return
	KTSTR_KERNEL='' KTSTR_TEST_KERNEL=' ' try 0 && has 'test none' told && same "$kernels/6.12.9-tarball-x" "$(told)" empty || return
	# What is said on the command line counts.
	KTSTR_KERNEL=nonsense KTSTR_TEST_KERNEL=$work/image try 0 --kernel 6.12 && has 'test none' told &&
		same "$kernels/6.12.9-tarball-x" "$(told)" --kernel && has 'note: KTSTR_TEST_KERNEL=' err
}

try_with() { # VARIABLE ID CODE
	export "$1=$2"
	try "$3" && has "error: $1: " err && [ ! -s told ]
	result=$?
	unset "$1"
	return $result
}

# Of another program; by key and path, and by a version that nothing of ours has.
neighbours_kernels() {
	mkdir -p cache/ktstr && (cd cache/ktstr && neighbours) && kernels=$XDG_CACHE_HOME/ktstr/kernels || return
	for key in 6.15.1-tarball v6-git local-x distro later; do
		try 0 --kernel $key && same "$kernels/$key" "$(told)" "$key" && try 0 --kernel "$kernels/$key" &&
			same "$kernels/$key" "$(told)" "path of $key" || return
	done
	for id in alien "$kernels/alien"; do
		try 20 --kernel "$id" && has 'of another program' err && hasnt 'build it again' err || return
	done
	try 0 && same none "$(told)" 'by nothing' && entry 6.15.1-tarball-ours 6.15.1 && try 0 --kernel 6.15.1 &&
		same "$kernels/6.15.1-tarball-ours" "$(told)" 'ours before theirs'
}

kernels_that_are_not_there() {
	entry 6.14.2-tarball-x 6.14.2 || return
	try 20 --kernel 6.13 && has 'kernel build 6.13' err && [ ! -s told ] || return
	try 20 --kernel 6.14.2-nonsense && has 'kernel list' err || return
	try 10 --kernel ./nowhere || return
	echo >vmlinuz && try 13 --kernel ./vmlinuz || return
	mkdir empty && try 20 --kernel ./empty || return
	try 2 --kernel 6.14..6.12 && try 2 --build --no-build
}

# Fetched and built as a tree is; its commit is asked for, and it is not built again.
repository() {
	git_tree linux && git -C linux tag v6.99.1 || return
	try 0 --kernel "git+$work/linux#tag=v6.99.1" && makes 1 && is_kernel "$(told)" || return
	case $(told) in "$XDG_CACHE_HOME"/ktstr/kernels/v6.99.1-git-*) ;; *) fail "$(told)" || return ;; esac
	KTSTR_KERNEL="git+$work/linux#branch=master" try 0 && makes 0 && is_kernel "$(told)" || return
	try 20 --no-build --kernel "git+$work/linux#tag=v6.99.1" && try 2 --kernel "git+$work/linux"
}

# Built once, known by content; an edit and an edited configuration are seen, and --make is make.
source_tree() {
	git_tree linux || return
	try 0 --kernel linux && makes 1 && is_kernel "$(told)" && has 'cargo-ktstr: using cached kernel' err || return
	first=$(told)
	case $first in "$XDG_CACHE_HOME"/ktstr/kernels/local-*) ;; *) fail "$first" || return ;; esac
	[ -s linux/compile_commands.json ] && [ ! -e linux/vmlinux ] || return
	try 0 --kernel ./linux && makes 0 && same "$first" "$(told)" 'unchanged' || return
	try 0 --kernel linux --make && makes 1 && same "$first" "$(told)" '--make' || return
	# Uncommitted: a folder that is no entry, and another one when it changes.
	echo 'int more;' >>linux/kernel/fork.c && try 0 --kernel linux && makes 1 && is_kernel "$(told)" || return
	edited=$(told)
	[ "$edited" != "$first" ] && grep -q '^CONFIG_SCHED_CLASS_EXT=y' "$edited/.config" || return
	try 0 --kernel linux && makes 0 && same "$edited" "$(told)" 'unchanged after an edit' || return
	git -C linux checkout -q kernel/fork.c && try 0 --kernel linux && makes 0 && same "$first" "$(told)" 'put back'
}

# The document's steps: a .config without sched_ext gets ktstr.kconfig on top, one with it is its owner's.
own_configuration() {
	git_tree linux && make -s -C linux defconfig && sed -i 's/CONFIG_HZ=250/CONFIG_HZ=1000/' linux/.config || return
	try 0 --kernel linux && makes 1 && is_kernel "$(told)" || return
	first=$(told)
	grep -qx CONFIG_HZ=1000 "$first/.config" && grep -qx CONFIG_SCHED_CLASS_EXT=y "$first/.config" &&
		grep -qx CONFIG_VIRTIO=y "$first/.config" || return
	case $first in */local-*-x????????-f1) ;; *) fail "$first" || return ;; esac
	try 0 --kernel linux && makes 0 && same "$first" "$(told)" 'unchanged' || return
	grep -v CONFIG_VIRTIO= "$first/.config" | sed 's/CONFIG_HZ=1000/CONFIG_HZ=300/' >linux/.config
	try 0 --kernel linux && makes 1 || return
	grep -qx CONFIG_HZ=300 "$(told)/.config" && ! grep -q CONFIG_VIRTIO= "$(told)/.config" && [ "$(told)" != "$first" ] || return
	# Without git as well, as long as nothing but a .config shows that it was configured.
	rm -rf linux/.git && try 0 --kernel linux && grep -qx CONFIG_HZ=300 "$(told)/.config" && makes 1 || return
	try 0 --kernel linux && makes 0 || return
	# One that has it and lacks what no test kernel can do without.
	echo CONFIG_SCHED_CLASS_EXT=y >linux/.config && try 21 --kernel linux && has CONFIG_DEBUG_INFO_BTF err && [ ! -s told ]
}

# A tree with an image in it is built all the same; forbidden to, the image is what there is.
built_in_place() {
	git_tree linux && make -s -C linux defconfig && make -s -C linux >make.log 2>&1 && [ -f linux/vmlinux ] || return
	try 0 --kernel linux --no-build && makes 0 && same "$work/linux" "$(told)" || return
	try 0 --kernel linux && makes 1 && is_kernel "$(told)" && [ "$(told)" != "$work/linux" ] || return
	mkdir flat && cp "linux/$boot" linux/vmlinux linux/.config flat || return
	try 0 --kernel ./flat && same "$work/flat" "$(told)" || return
	try 0 --kernel "flat/$image" && same "$work/flat" "$(told)" || return
	try 0 --kernel "linux/$boot" && same "$work/linux" "$(told)" || return
	mv "flat/$image" flat/vmlinuz-1 && try 10 --kernel flat/vmlinuz-1 && has 'kernel import' err
}

# Without git, too: a mirror that make mrproper went through is built, and the tree stays as it is.
built_in_place_without_git() {
	tree linux && make -s -C linux defconfig && make -s -C linux olddefconfig bzImage >make.log 2>&1 || return
	before=$(find linux -type f ! -name compile_commands.json | sort)
	try 0 --kernel ./linux && makes 1 && is_kernel "$(told)" && [ "$(told)" != "$work/linux" ] || return
	first=$(told)
	same "$before" "$(find linux -type f ! -name compile_commands.json | sort)" files && [ -s linux/compile_commands.json ] || return
	try 0 --kernel linux && makes 0 && same "$first" "$(told)" unchanged || return
	echo 'int more;' >>linux/kernel/fork.c && try 0 --kernel linux && makes 1 && [ "$(told)" != "$first" ] || return
	KTSTR_KERNEL=./linux try 0 && makes 0 && same "$work/linux" "$(told)" 'in place' && try 0 --kernel linux --no-build &&
		same "$work/linux" "$(told)" --no-build
}

build_fails() {
	git_tree linux && echo '#error broken' >>linux/kernel/fork.c || return
	try 22 --kernel linux && has 'error: build linux' err && has 'ninja -C' err && [ ! -s told ]
}

# One run after another, each with its own kernel, then the table.
several() {
	entry 6.12.9-tarball-x 6.12.9 && entry 6.14.2-tarball-x 6.14.2 && git_tree linux || return
	try 0 --kernel 6.12 --kernel 6.14 --kernel linux -- -E a && cargo_gets nextest run -E a || return
	same 3 "$(grep -c '^kernel' told)" 'runs' && has 'running tests on 6.14.2 (2 of 3)' err || return
	same "  kernel  tests   exit code  time
  6.12.9  passed          0  N s
  6.14.2  passed          0  N s
  6.99.1  passed          0  N s" "$(sed -n '/^  kernel/,$s/  *[0-9.]* s$/  N s/p; /^  kernel/p' out | sed 's/code  *time/code  time/')" || return
	# The worst, and all of them.
	export CODE_6_14_2_tarball_x=100 CODE_6_12_9_tarball_x=4
	try 100 --kernel 6.12..6.14 --kernel linux && grep -q '6.14.2 *failed *100' out && grep -q '6.12.9 *no tests *4' out &&
		grep -q '6.99.1 *passed *0' out || return
	# Of a kernel that cannot be had, nothing is known: its code comes first, the others run.
	echo '#error broken' >>linux/kernel/fork.c && try 22 --kernel linux --kernel 6.14 && grep -q '6.99.1 *no kernel *22 *-' out &&
		grep -q '6.14.2 *failed *100' out && has 'error: kernel 6.99.1' err
}

# A signal during one of several reaches cargo, which ends; nothing more is started.
stopped() {
	entry 6.12.9-tarball-x 6.12.9 && entry 6.14.2-tarball-x 6.14.2 || return
	mkdir slow && printf '%s\n' '#!/bin/sh' "trap 'echo told to stop >$work/stopped; exit 100' TERM HUP" \
		"echo run >>$work/runs; while :; do sleep 0.1; done" >slow/cargo && chmod +x slow/cargo || return
	for sig in TERM HUP; do
		rm -f stopped runs
		PATH=$work/slow:$PATH ktstr test --kernel 6.12 --kernel 6.14 >out 2>err &
		pid=$!
		within 60 test -s runs || return
		kill -$sig $pid
		wait $pid
		same 130 $? 'exit code' && [ -s stopped ] && same 1 "$(wc -l <runs)" 'runs' || return
		grep -q '6.12.9 *stopped *100' out && grep -q '6.14.2 *not run *- *-' out || return
	done
}

run_tests repository arguments lost_kernel becomes_cargo which_cargo missing_tools kernels_that_are_not_there source_tree \
	own_configuration nothing_named named_by_the_environment neighbours_kernels built_in_place built_in_place_without_git build_fails several stopped
