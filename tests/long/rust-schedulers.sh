#!/bin/sh
# Schedulers as people write them, from crates.io, on the distribution's kernel and on those that KERNELS names besides. They are
# built here by a clang that knows BPF's fourth instruction set; it is taken out of packages, which are not installed.
#
# ONLY: some of the tests. TOPOLOGIES: other ones. CARGO_TARGET_DIR, CARGO_PROFILE_RELEASE_*: as for cargo.
. "$(dirname "$0")/../lib.sh"
use_shared_cache

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
cargo --version >/dev/null 2>&1 || skip 'no cargo on this machine'
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
version=1.1.4
deps=$O/deps/rust
sh "$root/tests/fetch-clang.sh" "$deps" 19 || { echo "1..0 # SKIP no clang 19"; exit 1; }
libs=$(cat "$deps/libs")
# Their BPF is what counts here, and is not cargo's to optimize. Some 200 crates are.
: "${CARGO_TARGET_DIR:=$deps/target}" "${CARGO_PROFILE_RELEASE_OPT_LEVEL:=1}" "${CARGO_PROFILE_RELEASE_CODEGEN_UNITS:=16}"
: "${CARGO_PROFILE_RELEASE_LTO:=off}" "${CARGO_PROFILE_RELEASE_DEBUG:=0}"
export CARGO_TARGET_DIR CARGO_PROFILE_RELEASE_OPT_LEVEL CARGO_PROFILE_RELEASE_CODEGEN_UNITS CARGO_PROFILE_RELEASE_LTO \
	CARGO_PROFILE_RELEASE_DEBUG

# built NAME: the scheduler in bin/
built() {
	[ -x "$deps/bin/$1" ] || env PATH="$deps/bin:$PATH" BPF_CLANG="$deps/bin/clang" LIBCLANG_PATH="$deps/libclang" \
		LD_LIBRARY_PATH="$libs" cargo install --quiet --root "$deps" --version $version "$1"
}

# looked_at NAME TOPOLOGY: in each cell of the report "out" each program has the name that it has in the scheduler's own BTF, not as the
# kernel cuts it, and the counts are those that the guest's kernel tells.
looked_at() {
	python3 - "$deps/bin/$1" out "$2" <<-'END'
		import json, os, sys
		data = open(sys.argv[1], "rb").read()
		for cell in json.load(open(sys.argv[2]))["cells"]:
		    progs = cell["programs"]
		    cut = [p["name"] for p in progs if b"\0" + p["name"].encode() + b"\0" not in data]
		    assert progs and not cut and all(p["name"].startswith(p["short"]) for p in progs), (cut, progs)
		    assert cell["cross_check"] == "", cell["cross_check"]
		    alike = len(progs) - len({p["short"] for p in progs})
		    print(f"# {os.path.basename(sys.argv[1])} on {cell['release']}, {sys.argv[3]}: {len(progs)} programs, "
		          f"{sum(len(p['name']) > 15 for p in progs)} names longer than the kernel keeps, {alike} alike there, "
		          f"{sum(p['verified_insns'] for p in progs)} instructions verified, load {cell['ms']['load']:.0f} ms")
	END
}

# attaches NAME PROGRAM [ARG…]: on each kernel, with and without a second LLC
attaches() {
	name=$1 program=$2
	shift 2
	built "$name" || fail "$name was not built" || return
	for kernel in "$key" ${KERNELS-}; do
		for topology in ${TOPOLOGIES-1,1,1,1 1,2,2,1}; do
			exits 0 ktstr verifier --scheduler-bin "$deps/bin/$name" --kernel "$kernel" --topology "$topology" --cross-check \
				--json -- "$@" && has "\"$program\"" out && looked_at "$name" "$topology" >&3 || return
		done
	done
}

bpfland() {
	attaches scx_bpfland bpfland_enqueue
}

rusty() {
	attaches scx_rusty rusty_select_cpu
}

lavd() {
	attaches scx_lavd lavd_cgroup_set_bandwidth
}

# By the clock of a guest whose instructions take twice as long as usual, loading takes more than the 60 seconds of one where they do not.
lavd_slowly() {
	built scx_lavd || fail 'scx_lavd was not built' || return
	exits 0 ktstr verifier --scheduler-bin "$deps/bin/scx_lavd" --kernel "$key" --topology 1,2,2,1 --clock virtual --shift 2 --json &&
		has '"verdict": "attached"' out || return
	exits 5 ktstr verifier --scheduler-bin "$deps/bin/scx_lavd" --kernel "$key" --topology 1,2,2,1 --clock virtual --shift 2 --timeout 60
}

layered() {
	attaches scx_layered layered_enqueue --run-example
}

exec 3>&1
# shellcheck disable=SC2086 # names
run_tests ${ONLY:-bpfland rusty lavd lavd_slowly layered}
