#!/bin/sh
# fetch-clang.sh DEST VERSION: a clang out of the distribution's packages, which are not installed, for BPF programs that Debian 12's
# clang 16 cannot make: those of the fourth instruction set, and of arenas. DEST/bin/clang and clang-VERSION, with what
# tests/tools-schedulers.sh calls besides; DEST/libclang for bindgen; DEST/libs says where their libraries are.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 DEST VERSION" >&2 && exit 2; }
mkdir -p "$1/bin" "$1/libclang"
cd "$1"
dest=$PWD
v=$2
llvm=$dest/root/usr/lib/llvm-$v
[ -x "$llvm/bin/clang" ] || {
	for package in "clang-$v" "libclang-cpp$v" "libllvm$v" "libclang-common-$v-dev" "libclang1-$v"; do
		apt-get -qq download "$package" >apt.log 2>&1 || { cat apt.log >&2 && exit 1; }
	done
	for file in *.deb; do dpkg -x "$file" root; done
	rm -f -- *.deb
}
ln -sf "$llvm/lib/libclang-$v.so.1" libclang/libclang.so
echo "$llvm/lib:$dest/root/usr/lib/$(gcc -print-multiarch)" >libs
# Only for clang: other programs shall have the system's libraries.
# shellcheck disable=SC2016 # that script's
printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s/bin/clang "$@"\n' "$(cat libs)" "$llvm" >bin/clang
chmod +x bin/clang
ln -sf clang "bin/clang-$v"
ln -sf "$(command -v llvm-strip-16)" "bin/llvm-strip-$v"
