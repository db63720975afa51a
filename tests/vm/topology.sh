#!/bin/sh
# The topology that is asked for is the one a guest sees, and a guest that sees another one is an error.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
entry=$XDG_CACHE_HOME/ktstr/kernels/$key

# step NAME OUT OPTION…: with a store of this test's own, so that every guest is booted
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

# boot CODE TOPOLOGY [OPTION…]: into snap
boot() {
	code=$1 topology=$2
	shift 2
	exits "$code" step snapshot snap --boot "$base/boot" --initrd "$base/guest/initramfs.cpio" --topology "$topology" "$@"
}

# sees TOPOLOGY: boots it and compares with stdin; memory is left out
sees() {
	boot 0 "$1" && sed 's/^\(node [0-9]* [^ ]*\) [0-9]*/\1/' snap/topology | diff -u - "$work/want"
}

one_llc_with_smt() {
	cat >want <<-END
		cpus 0-3
		packages 0-3
		dies 0-3
		llcs 0-3
		cores 0-1 2-3
		node 0 0-3 10
	END
	sees 1,1,2,2 && has 'machine microvm' snap/machine
}

two_llcs_with_smt() {
	cat >want <<-END
		cpus 0-7
		packages 0-7
		dies 0-3 4-7
		llcs 0-3 4-7
		cores 0-1 2-3 4-5 6-7
		node 0 0-7 10
	END
	sees smt-2llc && has 'topology 1,2,2,2' snap/machine
}

odd_llcs() {
	cat >want <<-END
		cpus 0-6
		packages 0-6
		dies 0 1 2 3 4 5 6
		llcs 0 1 2 3 4 5 6
		cores 0 1 2 3 4 5 6
		node 0 0-6 10
	END
	sees 1n7l1c1t
}

two_nodes() {
	cat >want <<-END
		cpus 0-7
		packages 0-3 4-7
		dies 0-1 2-3 4-5 6-7
		llcs 0-1 2-3 4-5 6-7
		cores 0 1 2 3 4 5 6 7
		node 0 0-3 10 20
		node 1 4-7 20 10
	END
	sees 2,4,2,1
}

# A snapshot of it is as good for a scheduler as any.
nodes_that_differ() {
	cat >want <<-END
		cpus 0-7
		packages 0-7
		dies 0-1 2-3 4-5 6-7
		llcs 0-1 2-3 4-5 6-7
		cores 0 1 2 3 4 5 6 7
		node 0 0-5 10 21
		node 1 6-7 31 10
	END
	sees 2,4,2,1/llcs=3,1/mem=768,256/dist=10,21,31,10 || return
	awk '$1 == "node" { print ($4 > 600000) }' snap/topology | tr '\n' ' ' >big
	same '1 0 ' "$(cat big)" memory || return
	step payload payload --program "$O/sched/scx_ktstr" &&
		step verify cell --snapshot snap --boot "$base/boot" --initrd "$base/guest/initramfs.cpio" --payload payload/payload.pack &&
		has '"verdict": "attached"' cell/result.json
}

# fake_qemu TEXT: in front of the real one; $qemu is that
fake_qemu() {
	qemu=$(command -v qemu-system-x86_64)
	export qemu
	mkdir fake
	cat >fake/qemu-system-x86_64
	chmod +x fake/qemu-system-x86_64
	PATH=$work/fake:$PATH
}

another_one_is_an_error() {
	fake_qemu <<-'END'
		#!/bin/bash
		exec "$qemu" "${@/dies=2,cores=1/dies=1,cores=2}"
	END
	boot 6 1,2,1,1 && has 'topology 1n2l1c1t: guest sees 1 LLC where 2 were asked for' err
}

old_qemu() {
	fake_qemu <<-'END'
		#!/bin/sh
		echo 'QEMU emulator version 8.2.1'
	END
	boot 19 max-cpu --accel tcg && has 'topology 1n14l9c2t has APIC ids up to 433' err && has 'QEMU 9.0' err
}

refused() {
	boot 2 1,2,3 && has "invalid topology '1,2,3': expected 'numa_nodes,llcs,cores,threads'" err &&
		boot 2 2,3,1,1 && has 'llcs (3) must be divisible by numa_nodes (2)' err &&
		boot 2 8,8,1,1 --memory-mb 128 && has '128 MB are too little memory' err &&
		boot 2 1,1,1,1/mem=512 --memory-mb 1024 && has 'its nodes have 512 MB together, not 1024' err
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests one_llc_with_smt two_llcs_with_smt odd_llcs two_nodes nodes_that_differ another_one_is_an_error old_qemu \
	refused nothing_left
