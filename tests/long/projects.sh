#!/bin/sh
# The project that `ktstr new --lang rust` makes, as docs/writing-tests.md has it: built with crates of crates.io, its tests run by nextest.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
cargo nextest --version >/dev/null 2>&1 || { echo "1..0 # SKIP no cargo-nextest on this machine"; exit 0; }
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
KTSTR_KERNEL=$key
: "${CARGO_TARGET_DIR:=$O/deps/rust-project}"
make -s -C "$root" -o all O="$O" PREFIX="$base/prefix" install >"$base/install.log" 2>&1 || { cat "$base/install.log"; exit 1; }
PKG_CONFIG_PATH=$base/prefix/lib/pkgconfig
export KTSTR_KERNEL CARGO_TARGET_DIR PKG_CONFIG_PATH

# The commands of the page, from a block marked sh.
page() {
	awk '/^```/ { on = $0 == "```sh"; next } on && /^(ktstr new scx_rs|cd scx_rs|cargo )/' "$root/docs/writing-tests.md" >commands
	same 6 "$(wc -l <commands)" 'commands of the page' || return
	while read -r command; do
		echo "+ $command"
		code=0
		eval "$command" </dev/null >"$work/out" 2>&1 || code=$?
		cat "$work/out"
		case $command in
		*weights) want=100 ;;
		*) want=0 ;;
		esac
		same $want $code "$command" || return
	done <commands
	has 'share.min{important}' "$work/out" && has 'again: ktstr run' "$work/out"
}

# What makes the second test pass.
mended() {
	exits 0 ktstr new scx_rs --lang rust && cd scx_rs || return
	sed -i 's|SLICE_NS, enq_flags|SLICE_NS * p->scx.weight / 100, enq_flags|' src/scx_rs.bpf.c
	exits 0 cargo build && exits 0 cargo nextest run && has '2 passed' "$work/err"
}

run_tests page mended
