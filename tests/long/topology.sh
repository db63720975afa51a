#!/bin/sh
# Every preset that a small machine can emulate, one of 64 CPUs and one past 255 APIC ids: asked for against seen.
# PRESETS="a b" boots those instead.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
entry=$XDG_CACHE_HOME/ktstr/kernels/$key
small='tiny-1llc tiny-2llc odd-3llc odd-5llc odd-7llc smt-2llc smt-3llc numa2-4llc'
big='medium-8llc-nosmt max-cpu'

step() {
	name=$1 out=$2
	shift 2
	ktstr-step "$name" --id test --store "$base/store" --out "$out" "$@"
}

mkdir "$base/store"
{
	step probe "$base/host" &&
		step bootable "$base/boot" --image "$entry/bzImage" --config "$entry/.config" &&
		step initramfs "$base/guest" --init "$O/ktstr-init"
} || exit 1

# The step has compared the two; here it is for people to see, and counted once more.
shows() { # PRESET
	start=$(date +%s)
	exits 0 step snapshot snap --boot "$base/boot" --initrd "$base/guest/initramfs.cpio" --topology "$1" || return
	asked=$(sed -n 's/^topology //p' snap/machine)
	echo "$1 = $asked, booted in $(($(date +%s) - start)) s" >>"$base/seen"
	cut -c 1-150 snap/topology | sed 's/^/	/' >>"$base/seen"
	rest=${asked#*,} llcs=${rest%%,*}
	same "$llcs" "$(sed -n 's/^llcs //p' snap/topology | wc -w)" LLCs
	rm -rf snap "$base/store/objects"
}

# shellcheck disable=SC2086 # words
set -- ${PRESETS:-$small $big}
for preset in "$@"; do
	name=$(echo "$preset" | tr - _)
	eval "$name() { shows $preset; }"
	names="${names-} $name"
done
# shellcheck disable=SC2086 # words
run_tests $names
sed 's/^/# /' "$base/seen"
