#!/bin/sh
# fetch-clang.sh DEST: clang 19 out of the distribution's packages, which are not installed, for BPF programs that Debian 12's clang
# 16 cannot make: those of the fourth instruction set, and of arenas. DEST/bin/clang and clang-19, with what
# tests/tools-schedulers.sh calls besides; DEST/libclang for bindgen; DEST/libs says where their libraries are.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 DEST" >&2 && exit 2; }
mkdir -p "$1/bin" "$1/libclang"
cd "$1"
dest=$PWD
llvm=$dest/root/usr/lib/llvm-19
[ -x "$llvm/bin/clang" ] || {
	for package in clang-19 libclang-cpp19 libllvm19 libclang-common-19-dev libclang1-19; do
		apt-get -qq download "$package" >apt.log 2>&1 || { cat apt.log >&2 && exit 1; }
	done
	for file in *.deb; do dpkg -x "$file" root; done
	rm -f -- *.deb
}
ln -sf "$llvm/lib/libclang-19.so.1" libclang/libclang.so
echo "$llvm/lib:$dest/root/usr/lib/$(gcc -print-multiarch)" >libs
# Only for clang: other programs shall have the system's libraries.
# shellcheck disable=SC2016 # that script's
printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s/bin/clang "$@"\n' "$(cat libs)" "$llvm" >bin/clang
chmod +x bin/clang
ln -sf clang bin/clang-19
ln -sf "$(command -v llvm-strip-16)" bin/llvm-strip-19
