#!/bin/sh
# Projects in Rust, made by the commands of docs/writing-tests.md: the one of `ktstr new --lang rust`, and a workspace with a scheduler of
# crates.io. Built with what crates.io has, their tests run by nextest. The workspace wants a clang that knows BPF's fourth instruction set;
# it is taken out of packages, which are not installed.
#
# ONLY: some of the tests. CARGO_TARGET_DIR: as for cargo, and kept.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
cargo nextest --version >/dev/null 2>&1 || skip 'no cargo-nextest on this machine'
cargo info -q scx_bpfland@1.1.4 >"$base/info" 2>&1 || skip "crates.io is not reached: $(tail -n 1 "$base/info")"
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
unset KTSTR KTSTR_TEST_KERNEL KTSTR_SCHEDULER KTSTR_SEEDS KTSTR_CLOCK KTSTR_BUDGET_SECS NEXTEST_PROFILE NEXTEST_RETRIES RUSTFLAGS
KTSTR_KERNEL=$key
: "${CARGO_TARGET_DIR:=$O/deps/rust-project}"
make -s -C "$root" -o all O="$O" PREFIX="$base/prefix" install >"$base/install.log" 2>&1 || { cat "$base/install.log"; exit 1; }
PKG_CONFIG_PATH=$base/prefix/lib/pkgconfig
export KTSTR_KERNEL CARGO_TARGET_DIR PKG_CONFIG_PATH

# page HEADING: the commands below it, to the file commands; a command of blocks that are marked sh is a line.
page() {
	awk -v heading="## $1" '/^## / { here = $0 == heading } /^```/ { on = $0 == "```sh"; next } here && on' "$root/docs/writing-tests.md" >commands
	[ "$(wc -l <commands)" -ge 6 ] || fail "no commands below $1"
}

# number TEXT: of the first command of the page with TEXT in it
number() {
	grep -nF -- "$1" "$work/commands" | head -n 1 | cut -d : -f 1
}

# said COMMAND TEXT: what the page's first command with COMMAND in it said
said() {
	has "$2" "$work/$(number "$1")"
}

# follow FAILING: carries out all commands. The first one with FAILING in it ends with 100, all others well. In place of the page's kernel
# there is that of the tests. What a command said is in the file of its number.
follow() {
	n=0 failing=$(number "$1")
	while read -r command; do
		n=$((n + 1)) code=0 want=0
		[ "$n" != "$failing" ] || want=100
		echo "+ $command"
		eval "$(printf '%s\n' "$command" | sed "s/--kernel 7\.3\.4/--kernel $key/g")" </dev/null >"$work/$n" 2>&1 || code=$?
		cat "$work/$n"
		same "$want" "$code" "$command" || return
	done <"$work/commands"
}

scheduler() {
	page 'Rust and nextest' && follow weights && said weights 'share.min{important}' && said weights 'again: ktstr run'
}

# What makes the second test pass.
mended() {
	exits 0 ktstr new scx_rs --lang rust && cd scx_rs || return
	sed -i 's|SLICE_NS, enq_flags|SLICE_NS * p->scx.weight / 100, enq_flags|' src/scx_rs.bpf.c
	exits 0 cargo build && exits 0 cargo nextest run && has '2 passed' "$work/err"
}

clang_19() {
	sh "$root/tests/fetch-clang.sh" "$O/deps/rust" 19 || fail 'no clang 19' || return
	PATH=$O/deps/rust/bin:$PATH BPF_CLANG=$O/deps/rust/bin/clang LIBCLANG_PATH=$O/deps/rust/libclang LD_LIBRARY_PATH=$(cat "$O/deps/rust/libs")
	export PATH BPF_CLANG LIBCLANG_PATH LD_LIBRARY_PATH
}

workspace() {
	clang_19 && page 'Rust: a workspace with a scheduler that exists' || return
	follow crowd && said 'run fair' '1 test run: 1 passed' && said crowd 'share.min{guests}' && said crowd 'FAIL crowd  scx_bpfland' &&
		said 'list --run-ignored' gauntlet/crowd/smt-2llc/local || return
	said 'tiny-1llc/sticky' '1 test run: 1 passed' && said 'cargo ktstr test' '1 test run: 1 passed' && said 'cargo ktstr verifier' scx_bpfland
}

# shellcheck disable=SC2086 # names
run_tests ${ONLY:-scheduler mended workspace}
