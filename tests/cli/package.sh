#!/bin/sh
# A scheduler by the name of its cargo package. The kernel is none, so everything ends before a guest.
. "$(dirname "$0")/../lib.sh"
command -v cargo >/dev/null || { echo '1..0 # SKIP no cargo'; exit 0; }
# Where rustup's cargo finds its toolchain is a matter of the caller's home, not of the tests' cache.
target=$base/target

workspace() {
	KTSTR_CACHE_DIR=$base/kernels CARGO_TARGET_DIR=$target
	export KTSTR_CACHE_DIR CARGO_TARGET_DIR
	mkdir -p "$KTSTR_CACHE_DIR/fake"
	echo 'no kernel' >"$KTSTR_CACHE_DIR/fake/bzImage"
	echo '{ "version": "6.1", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "2026-01-01T00:00:00Z" }' \
		>"$KTSTR_CACHE_DIR/fake/metadata.json"
	sh "$root/tests/rust-workspace.sh" "$work/ws" /bin/true && cd ws || exit 1
}

verifier() { # EXIT-CODE OPTION…
	code=$1
	shift
	exits "$code" ktstr verifier --kernel fake "$@"
}

one_binary() {
	workspace
	verifier 13 --scheduler scx_one && has 'Compiling scx_one' ../err && has Finished ../err && [ -x "$target/debug/scx_one" ] &&
		has 'scheduler scx_one' ../err && verifier 13 --scheduler scx_one --release && [ -x "$target/release/scx_one" ] &&
		verifier 13 --scheduler scx_one --profile bench && has bench ../err
}

# From any folder of the workspace; the binary of the library is nobody's.
chosen() {
	workspace
	cd scx_two/src || return
	verifier 2 --scheduler scx_two && has "package 'scx_two' has 2 binaries; --bin NAME chooses one: plain, refused" "$work/err" &&
		verifier 13 --scheduler scx_two --bin refused && has 'scheduler refused' "$work/err" || return
	verifier 22 --scheduler scx_two --bin scx_decoy && has "no bin target named" "$work/err" || return
	verifier 22 --scheduler scx_three && has 'scx_three' "$work/err"
}

# As cargo run does.
default_run() {
	workspace
	printf '[package]\nname = "scx_two"\nversion = "0.1.0"\nedition = "2021"\ndefault-run = "refused"\n[dependencies]\ncarried = { path = "../carried" }\n' \
		>scx_two/Cargo.toml
	verifier 13 --scheduler scx_two && has 'scheduler refused' "$work/err" && verifier 13 --scheduler scx_two@0.1.0 --bin plain &&
		has 'scheduler plain' "$work/err"
}

# cargo builds such a program only when it is told to, and passes over it in silence.
required_features() {
	workspace
	cat >>scx_one/Cargo.toml <<-'END'
		[features]
		bpf = []
		jit = []
		[[bin]]
		name = "scx_one"
		path = "src/main.rs"
		required-features = ["bpf", "jit"]
	END
	verifier 11 --scheduler scx_one && has "for package 'scx_one': scx_one requires bpf and jit" "$work/err" &&
		has 'cargo build -p scx_one --features bpf,jit' "$work/err" && has --scheduler-bin "$work/err" || return
	verifier 22 --scheduler scx_one --bin scx_one && has 'requires the features' "$work/err"
}

# What cargo makes is known by content: a comment changes nothing, a word does.
by_content() {
	workspace
	verifier 13 --scheduler scx_one --release || return
	sed -i 's|$| // a comment|' scx_one/src/main.rs
	verifier 13 --scheduler scx_one --release && has 'Compiling scx_one' ../err && has 'cached  scheduler scx_one' ../err ||
		return
	sed -i 's|&\[\]|\&["--another"]|' scx_one/src/main.rs
	verifier 13 --scheduler scx_one --release && has 's scheduler scx_one' ../err
}

diagnostics() {
	workspace
	echo 'fn main() { let unused = 1; missing(); }' >scx_one/src/main.rs
	verifier 22 --scheduler scx_one && has 'error[E0425]: cannot find function' ../err &&
		has 'error: build scheduler: cargo build -p scx_one failed: exit status 101' ../err &&
		same '' "$(cat ../out)" stdout || return
	# The same words as cargo's, and its colours.
	cargo build -p scx_one --color always 2>../cargos
	sed -n '/E0425/,/could not compile/p' ../cargos >../want
	[ -s ../want ] || fail 'cargo does not fail' || return
	exits 22 env -u NO_COLOR ktstr --color always verifier --kernel fake --scheduler scx_one
	sed -n '/E0425/,/could not compile/p' ../err | diff ../want - || return
	# Those who want quiet read it when it fails.
	exits 22 ktstr -q verifier --kernel fake --scheduler scx_one && has E0425 ../err || return
	echo 'fn main() { let unused = 1; }' >scx_one/src/main.rs
	exits 13 ktstr -q verifier --kernel fake --scheduler scx_one && hasnt unused ../err
}

which_cargo() {
	workspace
	mkdir ../bin
	printf '#!/bin/sh\necho "$@" >>"%s"\nexec %s "$@"\n' "$work/called" "$(command -v cargo)" >../bin/my-cargo
	chmod +x ../bin/my-cargo
	CARGO=$work/bin/my-cargo verifier 13 --scheduler scx_one && has 'build --package scx_one' ../called || return
	CARGO=$work/nothing verifier 23 --scheduler scx_one && has 'CARGO=' ../err || return
	for program in sh ninja; do ln -s "$(command -v $program)" "$work/bin/$program"; done
	exits 23 env PATH="$work/bin" "$O/ktstr" verifier --kernel fake --scheduler scx_one && has 'cargo is not installed' ../err
}

usage() {
	workspace
	verifier 2 --scheduler scx_one --scheduler-bin /bin/true && verifier 2 --scheduler-bin /bin/true --release &&
		verifier 2 --scheduler scx_one --release --profile dev && verifier 2 --scheduler '' &&
		exits 10 ktstr verifier && has 'no test program of libktstr is here' ../err && has --scheduler ../err &&
		exits 20 ktstr verifier --kernel none --scheduler scx_one && hasnt Finished ../err &&
		exits 2 ktstr verifier --kernel fake --scheduler scx_one --topology x && hasnt Finished ../err
}

# Processes of one build, known by a variable in their environment.
marked() {
	grep -lzxF "KTSTR_TEST_MARK=$work/mark" /proc/[0-9]*/environ 2>/dev/null
}

gone() {
	[ -z "$(marked)" ]
}

# What it says drives nothing but colours, however it comes in pieces.
words_of_cargo() {
	workspace && mkdir ../bin || return
	cat >../bin/my-cargo <<-'END'
		#!/bin/sh
		printf '::add-mask::a\n\033[31mred\033[0m\302\23331m.\033]0;title\007\n##[group' >&2
		sleep 0.2
		printf ']\n \303' >&2
		sleep 0.2
		printf '\244::b' >&2
		exit 101
	END
	chmod +x ../bin/my-cargo && printf ':?add-mask::a\n\033[31mred\033[0m.\n##?group]\n ä::b' >../want || return
	for quiet in '' -q; do
		CARGO=$work/bin/my-cargo exits 22 ktstr $quiet verifier --kernel fake --scheduler scx_one || return
		head -c "$(wc -c <../want)" ../err | cmp - ../want || return
	done
}

# A build that is told to stop leaves neither cargo nor what cargo started.
interrupted() {
	workspace
	cat >scx_one/build.rs <<-'END'
		fn main() {
		    std::fs::write(std::env::var("KTSTR_TEST_MARK").unwrap(), std::process::id().to_string()).unwrap();
		    std::thread::sleep(std::time::Duration::from_secs(600));
		}
	END
	KTSTR_TEST_MARK=$work/mark ktstr verifier --kernel fake --scheduler scx_one >../out 2>../err &
	pid=$!
	within 300 test -s "$work/mark" || fail 'the build does not start' || return
	kill -"$1" $pid
	wait $pid
	got=$?
	within 30 gone || fail "still there: $(marked)" || return
	same "$2" $got 'exit code'
}

told_to_stop() {
	interrupted TERM 130
}

killed() {
	interrupted KILL 137
}

run_tests one_binary chosen default_run required_features by_content diagnostics words_of_cargo which_cargo usage told_to_stop killed
