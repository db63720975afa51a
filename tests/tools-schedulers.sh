#!/bin/sh
# tools-schedulers.sh: the kernel tree's own example schedulers, from Debian's linux-source-6.12
# unless told otherwise.
#
#   tests/tools-schedulers.sh DEST KERNEL [SCHEDULER…]
#
# Leaves those schedulers in DEST: scx_simple, scx_qmap, scx_central and scx_flatcg unless told otherwise. KERNEL says which kernel's
# types they are compiled with: a vmlinux, a file of raw BTF, or the key of a cached kernel. Any
# kernel with sched_ext will do, the loader adapts the programs to the one they run on. Does
# nothing when DEST was made from the same source, kernel and script.
#
# KTSTR_LINUX_SOURCE: another kernel tree in a tarball, for instance what fetch-kernel-tools.sh
# prints. CLANG_VERSION: another clang than 16.
set -eu

[ $# -ge 2 ] || { echo "usage: $0 DEST KERNEL [SCHEDULER…]" >&2 && exit 2; }
source=${KTSTR_LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
clang=${CLANG_VERSION:-16}
cached=${KTSTR_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ktstr/kernels}/$2/vmlinux
# bpftool lives where only root looks.
PATH=$PATH:/usr/sbin:/sbin

mkdir -p "$1"
dest=$(cd "$1" && pwd)
types=$2
kernel=$2
shift 2
schedulers=${*:-scx_simple scx_qmap scx_central scx_flatcg}
[ -f "$types" ] || types=$cached
if [ ! -f "$types" ]; then
	echo "$0: $kernel is neither a file nor a cached kernel with a vmlinux" >&2
	exit 1
fi
if [ ! -f "$source" ]; then
	echo "$0: $source is missing (tests/setup.sh installs it)" >&2
	exit 1
fi

stamp=$(stat -c '%s %Y' "$source" && cksum <"$types" && cksum <"$0" && echo "$clang")
current() {
	[ "$(cat "$dest/.stamp" 2>/dev/null)" = "$stamp" ] || return 1
	for name in $schedulers; do
		[ -x "$dest/$name" ] || return 1
	done
}
current && exit 0

# Always the same folder, because its name ends up in the programs' line information, and equal
# input should give equal files.
build=$dest/build
rm -rf "$build" "$dest/.stamp"
trap 'rm -rf "$build"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$build/out" "$build/bpftool"

run() { # WHAT COMMAND…
	what=$1
	shift
	if ! timeout 900 "$@" >"$build/log" 2>&1; then
		echo "$0: $what failed:" >&2
		grep -E 'error|\*\*\*' "$build/log" | head -n 20 >&2
		tail -n 5 "$build/log" >&2
		exit 1
	fi
}

run "unpacking $source" tar -C "$build" --strip-components=1 --wildcards -xf "$source" \
	'*/tools/arch' '*/tools/bpf' '*/tools/build' '*/tools/include' '*/tools/lib' \
	'*/tools/sched_ext' '*/tools/scripts' '*/scripts/bpf_doc.py' '*/kernel/bpf/disasm.[ch]' \
	'*/include/uapi/linux/bpf*.h'

bpftool btf dump file "$types" format c >"$build/vmlinux.h"
# A flag of 6.12 that asked for nothing and is gone since 6.18: it may be left out everywhere.
grep -q SCX_OPS_HAS_CGROUP_WEIGHT "$build/vmlinux.h" ||
	echo '#define SCX_OPS_HAS_CGROUP_WEIGHT 0' >>"$build/vmlinux.h"

# The schedulers' skeletons need a newer bpftool than Debian 12 has; the tree brings one, and
# its first stage, without disassembler and friends, is enough. So is that stage's libbpf for the schedulers; nothing of it
# runs long enough to be worth optimizing.
jobs=-j$(nproc)
run bpftool make -s "$jobs" -C "$build/tools/bpf/bpftool" OUTPUT="$build/bpftool/" \
	HOST_EXTRACFLAGS=-O0 EXTRA_CFLAGS=-O0 bootstrap
mkdir -p "$build/out/build/obj/libbpf" "$build/out/build/include"
cp -r "$build/bpftool/bootstrap/libbpf/include/bpf" "$build/out/build/include/"
cp "$build/bpftool/bootstrap/libbpf/libbpf.a" "$build/out/build/obj/libbpf/"
# shellcheck disable=SC2086 # names, one word each
run "building the schedulers" make "$jobs" -C "$build/tools/sched_ext" O="$build/out" \
	LLVM="-$clang" CLANG="clang-$clang" BPFTOOL="$build/bpftool/bootstrap/bpftool" \
	VMLINUX_BTF="$types" VMLINUX_H="$build/vmlinux.h" $schedulers

for name in $schedulers; do
	"llvm-strip-$clang" -o "$dest/$name" "$build/out/build/bin/$name"
done
echo "$stamp" >"$dest/.stamp"
