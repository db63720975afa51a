#!/bin/sh
# A crate whose tests use the library of ktstr 0.3.2, by `test` and the real nextest: the library finds the kernels that ours named, and
# those that ours put into the cache. It has some 500 dependencies; what an earlier run built is used again, but for the library itself, whose
# build script never counts as up to date outside of its own repository.
#
# CARGO_TARGET_DIR: where to build, unless that is $O/deps/ktstr-crate. CRATE_LOCK: a Cargo.lock to go by, for dependencies that are there.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
cargo nextest --version >/dev/null 2>&1 || { echo "1..0 # SKIP no cargo-nextest on this machine"; exit 0; }
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
unset NEXTEST_PROFILE NEXTEST_RETRIES RUSTFLAGS
: "${CARGO_TARGET_DIR:=$O/deps/ktstr-crate}"
export CARGO_TARGET_DIR

crate=$base/crate
mkdir -p "$crate/src" "$crate/tests" "$base/bin"
: >"$crate/src/lib.rs"
cat >"$crate/Cargo.toml" <<'END'
[package]
name = "sched-tests"
version = "0.1.0"
edition = "2024"
[workspace]
[dev-dependencies]
ktstr = "=0.3.2"

[profile.release]
lto = "thin"
[profile.release.package.sched-tests]
opt-level = 0
END
cat >"$crate/tests/kernel.rs" <<'END'
use std::{env, fs, path::PathBuf};

fn tell(name: &str, what: PathBuf) {
    fs::write(PathBuf::from(env::var("work").unwrap()).join(name), what.display().to_string()).unwrap();
}

#[test]
fn resolves() {
    tell("resolved", ktstr::test_support::resolve_test_kernel().unwrap());
}

#[test]
fn finds() {
    tell("found", ktstr::find_kernel().unwrap().unwrap());
}
END
[ -z "${CRATE_LOCK-}" ] || cp "$CRATE_LOCK" "$crate/Cargo.lock" || exit 1
export work
(cd "$crate" && cargo fetch) >"$base/build.log" 2>&1 || { echo "1..0 # SKIP no crates: $(tail -n 1 "$base/build.log")"; exit 0; }
# Its build script compiles BPF with an unversioned clang, whose usual instruction set is too small in old versions.
printf '#!/bin/sh\nexec clang-16 -mcpu=v3 "$@"\n' >"$base/bin/clang" && chmod +x "$base/bin/clang"
PATH=$base/bin:$PATH

image=$(find "$XDG_CACHE_HOME/ktstr/kernels/$key" -name bzImage -o -name Image | head -n 1)

# both FILE COMMAND…: both ways of the library come to that file
both() {
	file=$1
	shift
	rm -f resolved found
	(cd "$crate" && exits 0 "$@") && same "$file" "$(cat resolved)" "resolved by $*" && same "$file" "$(cat found)" "found by $*"
}

named() {
	both "$image" ktstr test --kernel "$key" -- --release && has '2 tests run: 2 passed' err
}

# By nextest alone, in the cache that we filled.
cached() {
	both "$image" cargo nextest run --release
}

run_tests named cached
