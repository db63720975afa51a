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

# covers FILE TEST: the program stays, and with it what is kept of its runs.
covers() {
	exits 0 cargo llvm-cov clean --profraw-only && exits 0 ktstr coverage --kernel "$key" -- --no-clean --lcov --output-path "$1" --success-output immediate "$2" &&
		has '1 passed' "$work/err"
}

# A library's lines that only a work function runs, which is in a guest; from there again, and from what is kept.
in_guest() {
	XDG_CACHE_HOME=$O/test-cache
	export XDG_CACHE_HOME
	key=$(sh "$root/tests/test-kernel.sh") || fail 'no test kernel' || return
	cp -RL "$root/docs/examples/rust" crate && mkdir crate/src && cd crate || return
	printf 'libdir=%s\nName: libktstr\nDescription: libktstr\nVersion: 0\n' "$O" >libktstr.pc
	cat >src/lib.rs <<-'END'
		pub fn grade(x: u64) -> u64 {
		    if x < 1 << 40 {
		        return x + 1;
		    }
		    7
		}
	END
	cat >tests/sched.rs <<-'END'
		mod ktstr;
		ktstr::work!(graded, |w| {
		    assert!(sched_tests::grade(w.index().into()) < 4);
		    w.run(100);
		});
		ktstr::work!(panics, |_w| { panic!("{}", sched_tests::grade(2)) });
		ktstr::scenario!(passes, duration_ms: 100, settle_ms: 20, scenario: c"work - fn:graded n=2\nhold 100%");
		ktstr::scenario!(fails, duration_ms: 100, settle_ms: 20, scenario: c"work - fn:panics n=1\nhold 100%");
		fn main() {
		    ktstr::main()
		}
	END
	PKG_CONFIG_PATH=$PWD CARGO_NET_OFFLINE=true
	export PKG_CONFIG_PATH CARGO_NET_OFFLINE
	covers first passes && has ' run passes ' "$work/err" && grep -q '^DA:3,[1-9]' first && has 'DA:5,0' first || return
	covers kept passes && hasnt ' run passes ' "$work/err" && cmp first kept || fail 'a kept run has other coverage' || return
	KTSTR_STORE=$work/store covers again passes && has ' run passes ' "$work/err" && cmp first again || fail 'the run has other coverage each time' || return
	exits 0 cargo llvm-cov clean --profraw-only && exits 100 ktstr coverage --kernel "$key" -- --no-report fails &&
		exits 0 cargo llvm-cov report --lcov --output-path failed && has 'DA:3,1' failed && has 'DA:5,0' failed
}

run_tests measures kernel in_guest
