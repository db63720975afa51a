#!/bin/sh
# test with the real cargo nextest, on a crate with ordinary Rust tests: filters, retries, exit codes, the kernel that tests
# see, Ctrl-C on a terminal.
. "$(dirname "$0")/../lib.sh"

cargo nextest --version >/dev/null 2>&1 || {
	echo '1..0 # SKIP no cargo nextest on this machine'
	exit 0
}
unset KTSTR_KERNEL KTSTR_TEST_KERNEL CARGO_TARGET_DIR NEXTEST_PROFILE NEXTEST_RETRIES
CARGO_NET_OFFLINE=true
export CARGO_NET_OFFLINE

crate=$base/crate
mkdir -p "$crate/src"
printf '[package]\nname = "sched-tests"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' >"$crate/Cargo.toml"
cat >"$crate/src/lib.rs" <<'END'
pub fn add(a: u32, b: u32) -> u32 {
    a + b
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path, thread, time::Duration};

    fn scratch() -> String {
        env::var("work").unwrap()
    }

    #[test]
    fn adds() {
        assert_eq!(super::add(1, 2), 3);
    }

    #[test]
    fn kernel() {
        let dir = env::var("KTSTR_KERNEL").unwrap_or("none".to_string());
        fs::write(format!("{}/kernel", scratch()), &dir).unwrap();
        assert!(dir == "none" || Path::new(&dir).join("vmlinux").exists());
        assert!(!dir.contains("6.14"));
    }

    #[test]
    fn second_time_only() {
        let path = format!("{}/tried", scratch());
        let tried = Path::new(&path).exists();
        fs::write(path, "").unwrap();
        assert!(tried);
    }

    #[test]
    fn fails() {
        assert!(env::var("work").is_err());
    }

    #[test]
    fn hangs() {
        fs::write(format!("{}/hangs", scratch()), std::process::id().to_string()).unwrap();
        thread::sleep(Duration::from_secs(600));
    }
}
END
export work
(cd "$crate" && cargo nextest run --no-run) >"$base/build.log" 2>&1 || {
	echo 1..1
	echo 'not ok 1 - build the crate'
	sed 's/^/# /' "$base/build.log"
	exit 0
}

case $(uname -m) in aarch64) image=Image ;; *) image=bzImage ;; esac
entry() { # VERSION
	dir=$XDG_CACHE_HOME/ktstr/kernels/$1-tarball-x
	mkdir -p "$dir" && echo >"$dir/$image" && echo >"$dir/vmlinux" && echo >"$dir/.config" &&
		printf '{ "version": "%s", "source": "tarball", "arch": "%s", "image_name": "%s", "config_hash": null,
		"built_at": "2026-01-01T00:00:00Z", "ktstr_kconfig_hash": null, "vmlinux_name": "vmlinux" }\n' \
			"$1" "$(uname -m)" "$image" >"$dir/metadata.json"
}

# try CODE OPTION…: in the crate
try() {
	code=$1
	shift
	(cd "$crate" && exits "$code" timeout 300 ktstr test "$@")
}

filters() {
	try 0 -- -E 'test(adds)' && has '1 test run: 1 passed' err && has 'cargo-ktstr: running tests' err || return
	exits 0 env -C "$crate" cargo ktstr test adds && has '1 test run: 1 passed' err
}

exit_codes() {
	try 100 -- fails && has 'FAIL' err && has '1 failed' err || return
	(cd "$crate" && cargo nextest run --nonsense >/dev/null 2>&1)
	try $? --nonsense && has '--nonsense' err
}

retries() {
	try 100 -- second_time_only && rm tried && try 0 -- second_time_only --retries 2 && has '1 flaky' err
}

kernels() {
	entry 6.12.9 && entry 6.14.2 || return
	try 0 -- kernel && same "$XDG_CACHE_HOME/ktstr/kernels/6.12.9-tarball-x" "$(cat kernel)" 'none named' || return
	try 0 --kernel 6.12 -- kernel && same "$XDG_CACHE_HOME/ktstr/kernels/6.12.9-tarball-x" "$(cat kernel)" '6.12' || return
	try 100 --kernel 6.12 --kernel 6.14 -- kernel && same "$XDG_CACHE_HOME/ktstr/kernels/6.14.2-tarball-x" "$(cat kernel)" 6.14 &&
		grep -q '^  6.12.9 *passed *0 ' out && grep -q '^  6.14.2 *failed *100 ' out
}

# A build script that watches the variable, as that of ktstr 0.3.2 does, runs once for all kernels of a request.
built_once() {
	entry 6.12.9 && entry 6.13.1 && cp -r "$crate" crate && rm -rf crate/target || return
	cat >crate/build.rs <<-'END'
	use std::io::Write;
	fn main() {
	    println!("cargo:rerun-if-env-changed=KTSTR_KERNEL");
	    let path = format!("{}/builds", std::env::var("work").unwrap());
	    let mut f = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
	    writeln!(f, "{}", std::env::var("KTSTR_KERNEL").unwrap()).unwrap();
	}
	END
	sed 's|fs::write(format!("{}/kernel", scratch()), &dir).unwrap();|let f = format!("{}/kernel-{}", scratch(), dir.rsplit(\x27/\x27).next().unwrap()); fs::write(f, \&dir).unwrap();|' \
		"$crate/src/lib.rs" >crate/src/lib.rs
	crate=$work/crate try 0 --kernel 6.12 --kernel 6.13 -- kernel --no-fail-fast || return
	for k in 6.12.9-tarball-x 6.13.1-tarball-x; do
		same "$XDG_CACHE_HOME/ktstr/kernels/$k" "$(cat "kernel-$k")" "what the test saw" || return
	done
	same "$XDG_CACHE_HOME/ktstr/kernels/6.12.9-tarball-x" "$(cat builds)" 'what the build script saw'
}

# Runs words on a terminal, presses Ctrl-C when the test hangs; prints the exit code.
interrupted() {
	rm -f hangs
	python3 "$root/tests/press.py" "$crate" "$work/hangs" "$@"
}

gone() {
	[ ! -e "/proc/$(cat hangs)" ]
}

# With one kernel or none it is cargo that is interrupted; with several the rest is not started.
ctrl_c() {
	entry 6.12.9 && entry 6.13.1 || return
	plain=$(interrupted cargo nextest run hangs 2>screen)
	[ -s hangs ] && same "$plain" "$(interrupted ktstr test -- hangs 2>screen)" 'exit code' && within 10 gone &&
		same "$plain" "$(interrupted ktstr test --kernel 6.12 -- hangs 2>screen)" 'exit code' && within 10 gone &&
		same 130 "$(interrupted ktstr test --kernel 6.12 --kernel 6.13 -- hangs 2>screen)" 'exit code' &&
		grep -q '6.12.9 *stopped' screen && grep -q '6.13.1 *not run' screen && within 10 gone && return
	cat screen
	return 1
}

run_tests filters exit_codes retries kernels built_once ctrl_c
