#!/bin/sh
# coverage with the real cargo llvm-cov. It is built here, and LLVM's tools of the compiler's version are taken out of
# packages, which are not installed.
. "$(dirname "$0")/../lib.sh"

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
cargo nextest --version >/dev/null 2>&1 || skip 'no cargo nextest on this machine'
llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\)\..*/\1/p')
deps=$O/deps/coverage
tools=$deps/root/usr/lib/llvm-$llvm/bin
mkdir -p "$deps"
cd "$deps" || exit 1
[ -x bin/cargo-llvm-cov ] || cargo install --quiet --root "$deps" cargo-llvm-cov >install.log 2>&1 ||
	skip "cargo-llvm-cov cannot be built: $(tail -n 1 install.log)"
[ -x "$tools/llvm-profdata" ] || {
	for package in "llvm-$llvm" "libllvm$llvm" libpfm4 libz3-4 libedit2; do
		apt-get -qq download "$package" >apt.log 2>&1 || skip "no package $package: $(tail -n 1 apt.log)"
	done
	for file in *.deb; do dpkg -x "$file" root; done
}
LD_LIBRARY_PATH=$deps/root/usr/lib/$(gcc -print-multiarch):$deps/root/usr/lib/llvm-$llvm/lib
export LD_LIBRARY_PATH LLVM_COV="$tools/llvm-cov" LLVM_PROFDATA="$tools/llvm-profdata"
PATH=$deps/bin:$PATH

crate() {
	mkdir -p crate/src && cd crate || return
	printf '[package]\nname = "covered"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' >Cargo.toml
	cat >src/lib.rs <<-'END'
		pub fn sign(x: i32) -> i32 {
		    if x < 0 {
		        return -1;
		    }
		    1
		}
		#[test]
		fn positive() {
		    assert_eq!(sign(3), 1);
		}
		#[test]
		fn kernel() {
		    assert_eq!(std::env::var("KTSTR_KERNEL").is_ok(), std::env::var("wanted").is_ok());
		}
	END
}

# Lines that ran and the one that did not, in the format that was asked for.
measures() {
	crate && exits 0 ktstr coverage -- --lcov --output-path lcov.info && has "cargo-ktstr: running coverage" "$work/err" &&
		has "2 passed" "$work/err" && has 'DA:1,1' lcov.info && has 'DA:3,0' lcov.info
}

kernel() {
	crate && mkdir kernel && echo >kernel/vmlinux && echo >kernel/bzImage || return
	exits 100 ktstr coverage --kernel ./kernel && wanted=yes exits 0 ktstr coverage --kernel ./kernel
}

run_tests measures kernel
