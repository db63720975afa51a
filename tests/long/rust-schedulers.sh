#!/bin/sh
# Schedulers as people write them, from crates.io, on the distribution's kernel. They are built here by a clang that knows
# BPF's fourth instruction set; it is taken out of packages, which are not installed.
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
llvm=$deps/root/usr/lib/llvm-19
libs=$llvm/lib:$deps/root/usr/lib/$(gcc -print-multiarch)
mkdir -p "$deps/bin" "$deps/libclang"
cd "$deps" || exit 1
[ -x "$llvm/bin/clang" ] || {
	for package in clang-19 libclang-cpp19 libllvm19 libclang-common-19-dev libclang1-19; do
		apt-get -qq download "$package" >apt.log 2>&1 || { cat apt.log && exit 1; }
	done
	for file in *.deb; do dpkg -x "$file" root; done
}
ln -sf "$llvm/lib/libclang-19.so.1" libclang/libclang.so
# Only for clang: other programs shall have the system's libraries.
printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s/bin/clang "$@"\n' "$libs" "$llvm" >bin/clang && chmod +x bin/clang

# built NAME: the scheduler in bin/
built() {
	[ -x "$deps/bin/$1" ] || env PATH="$deps/bin:$PATH" BPF_CLANG="$deps/bin/clang" LIBCLANG_PATH="$deps/libclang" \
		LD_LIBRARY_PATH="$libs" CARGO_TARGET_DIR="${CARGO_TARGET_DIR-$deps/target}" \
		cargo install --quiet --root "$deps" --version $version "$1"
}

# whole_names NAME: each program of the report has the name that it has in the scheduler's own BTF, not as the kernel cuts it
whole_names() {
	exits 0 ktstr verifier --scheduler-bin "$deps/bin/$1" --kernel "$key" --topology 1,1,1,1 --json && python3 - "$deps/bin/$1" out <<-'END'
		import json, sys
		data = open(sys.argv[1], "rb").read()
		progs = json.load(open(sys.argv[2]))["cells"][0]["programs"]
		cut = [p["name"] for p in progs if b"\0" + p["name"].encode() + b"\0" not in data]
		longer = [p for p in progs if len(p["name"]) > 15]
		assert progs and not cut and all(p["name"].startswith(p["short"]) for p in progs), (cut, progs)
		print(f"{len(progs)} programs, {len(longer)} of them with longer names than the kernel keeps")
	END
}

attaches() { # NAME, and a program of its
	built "$1" && whole_names "$1" || return
	exits 0 ktstr verifier --scheduler-bin "$deps/bin/$1" --kernel "$key" --topology 1,1,1,1 --topology 1,2,2,1 --cross-check &&
		has 'bpf_prog_info: agrees' out && has "$2" out && has '--- summary ---' out || return
	sed -n '/^--- summary/,$p' out | sed 's/^/# /' >&3
}

bpfland() {
	attaches scx_bpfland bpfland_enqueue
}

rusty() {
	attaches scx_rusty rusty_select_cpu
}

exec 3>&1
run_tests bpfland rusty
