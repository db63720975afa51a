# shellcheck shell=sh
# lib.sh: TAP from POSIX sh, for sourcing by tests/cli/*.sh and tests/vm/*.sh.
#
# A test is a function; `run_tests a b c` runs each in a fresh folder ($work) and prints its result. A function fails
# by a false last command and by every fail, its own or that of a helper here, whatever becomes of their exit codes.
# What has no such helper ([, grep, cmp, a negation) ends in "|| return" or "|| fail" unless it is the last command;
# tests/ignored.pl, which is part of `make lint`, finds what does not. Output of a failed one follows as comments.
#
# $O is the build folder (out, or out-san). Programs under test: ktstr (cargo-ktstr's other name). Every test has
# a store and a kernel cache of its own unless it asks for the shared ones with use_shared_cache.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
O=${O:-$root/out}
case $O in /*) ;; *) O=$root/$O ;; esac
golden=$root/tests/golden
PATH=$O:$PATH
export NO_COLOR=1 LC_ALL=C PATH
# Tests run side by side and have deadlines of their own: their guests do not wait for each other (tests/vm/admission.sh
# is about that).
export KTSTR_GUEST_CPUS=1024 KTSTR_GUEST_MB=1048576
# Between two tries of a download half a second says no more than this.
export KTSTR_RETRY_MS=20
# What our programs look at is as if whoever runs the tests had said nothing: of KTSTR_… only what tests are asked by stays.
for name in CI RUST_LOG CARGO CARGO_MANIFEST_DIR $(env | sed -n 's/^\(KTSTR_[A-Z0-9_]*\|KTSTR\|ACTIONS_[A-Z0-9_]*\|GITHUB_[A-Z0-9_]*\|NEXTEST_[A-Z0-9_]*\)=.*/\1/p'); do
	case $name in
	KTSTR_TEST_KERNEL) unset "$name" ;;
	KTSTR_TEST_* | KTSTR_LINUX_SOURCE | KTSTR_GUEST_CPUS | KTSTR_GUEST_MB | KTSTR_RETRY_MS) ;;
	*) unset "$name" ;;
	esac
done

# Nor what their own configuration has.
export KTSTR_CONFIG=/dev/null

base=$(mktemp -d "${TMPDIR:-/tmp}/ktstr-test.XXXXXX")
trap 'rm -rf "$base"' EXIT
trap 'exit 130' INT TERM

# fail WORD…: the test that runs now has failed. It returns 1, so that "|| fail … || return" ends the test here.
trying=0
fail() {
	if [ "$trying" = 0 ]; then
		echo "FAILED: $*"
		echo "$*" >>"$base/failed"
	fi
	return 1
}

# attempt COMMAND…: whether it succeeds, for helpers of which a failure is no failure of the test.
attempt() {
	trying=$((trying + 1))
	"$@"
	set -- $?
	trying=$((trying - 1))
	return "$1"
}

# same EXPECTED ACTUAL [WHAT]
same() {
	[ "$1" = "$2" ] || fail "${3-}: expected '$1', got '$2'"
}

# has TEXT FILE
has() {
	grep -qF -- "$1" "$2" || { cat "$2"; fail "'$1' is not in $2"; }
}

hasnt() {
	grep -qF -- "$1" "$2" || return 0
	cat "$2"
	fail "'$1' is in $2"
}

whole_path=$PATH
# through_pipes COMMAND…: as exits runs it, by pipes of a page that do not block (tests/long/environments.sh)
through_pipes() {
	PATH=$whole_path rm -f "$base/.out" "$base/.err"
	PATH=$whole_path mkfifo "$base/.out" "$base/.err"
	PATH=$whole_path cat <"$base/.out" >"$work/out" &
	readers=$!
	PATH=$whole_path cat <"$base/.err" >"$work/err" &
	readers="$readers $!"
	{
		PATH=$whole_path python3 -c 'import fcntl, os
for fd in 1, 2:
    fcntl.fcntl(fd, 1031, 4096)
    os.set_blocking(fd, False)'
		"$@"
	} >"$base/.out" 2>"$base/.err" </dev/null
	got=$?
	# shellcheck disable=SC2086 # two of them
	wait $readers
}

# exits CODE COMMAND…: output in $work/out and $work/err
exits() {
	want=$1
	shift
	if [ -n "${KTSTR_TEST_PIPES-}" ]; then
		through_pipes "$@"
	else
		"$@" >"$work/out" 2>"$work/err" </dev/null
		got=$?
	fi
	[ "$got" = "$want" ] || { cat "$work/out" "$work/err"; fail "exit code $got instead of $want: $*"; }
}

# matches GOLDEN FILE; BLESS=1 rewrites
matches() {
	if [ -n "${BLESS-}" ]; then
		cp "$2" "$golden/$1"
	fi
	diff -u "$golden/$1" "$2" || fail "$2 differs from tests/golden/$1"
}

shared=
use_shared_cache() {
	shared=$O/test-cache
	XDG_CACHE_HOME=$shared
	export XDG_CACHE_HOME
	unset KTSTR_MAKE_ENV # results of one test are of use to the next
}

# own_store DIR KEY: KTSTR_STORE is a store of this test's own from now on. What guests of that kernel with one CPU begin with is in
# it: kernel, init, snapshot. For tests that are not about making these; needs use_shared_cache.
own_store() {
	# Programs that are new make another one, and what was made by older ones goes.
	qemu=$(command -v "qemu-system-$(uname -m)")
	first=$shared/ktstr/first-$({ cat "$O/ktstr-step" "$O/ktstr-init" && stat -L -c '%s %Y' "$qemu"; } | cksum | tr ' ' -)-$2
	(
		flock 9 || exit
		[ ! -e "$first/made" ] || exit 0
		rm -rf "$shared"/ktstr/first-*-*
		KTSTR_STORE=$first ktstr -q shell --kernel "$2" --exec true && rm -rf "$first/graphs" && : >"$first/made"
	) 9>"$shared/ktstr/first.lock" </dev/null || fail 'no first store' || return
	mkdir -p "$1" && cp -a "$first/format" "$first/objects" "$1/" || fail 'no copy of the first store' || return
	KTSTR_STORE=$1
	export KTSTR_STORE
}

# Programs started by this test file that are still there; they are known by a variable in their environment.
KTSTR_TEST_RUN=$base
export KTSTR_TEST_RUN
# make is told no variables but those named: it is looked for as well, and trees of tests do what $made and $spoil say.
export KTSTR_MAKE_ENV='KTSTR_TEST_RUN made spoil'
leftovers() {
	grep -slzxF "KTSTR_TEST_RUN=$base" /proc/[0-9]*/environ | while IFS=/ read -r _ _ p _; do
		case $(cat "/proc/$p/comm" 2>/dev/null) in
		ninja | ktstr* | cargo-ktstr | qemu* | make) echo "$p $(tr '\0' ' ' <"/proc/$p/cmdline")" ;;
		esac
	done
}

# own_mounts COMMAND…: where it may mount. Root needs no user namespace for that, and cannot have one in a chroot.
own_mounts() {
	if [ "$(id -u)" = 0 ]; then
		unshare -m "$@"
	else
		unshare -rm "$@"
	fi
}

# Not in a container that may make no namespace.
may_mount() {
	own_mounts true 2>/dev/null
}

# within SECONDS COMMAND…: waits for COMMAND to succeed; what fails until then does not count. May be nested.
within() {
	set -- $(($(date +%s) + $1)) "$@"
	until attempt_third "$@"; do
		[ "$(date +%s)" -lt "$1" ] || return 1
		sleep 0.05
	done
}

attempt_third() {
	shift 2
	attempt "$@"
}

# serve FOLDER [OPTION…]: tests/httpd.py until this test ends; $web is its address, $work/web.log its requests.
serve() {
	folder=$1
	shift
	rm -f "$work/web.port"
	python3 "$root/tests/httpd.py" --root "$folder" --port-file "$work/web.port" --log "$work/web.log" "$@" &
	within 30 test -s "$work/web.port" || fail "the web server does not start" || exit 1
	web=http://127.0.0.1:$(cat "$work/web.port")
	export web
}

run_tests() {
	echo "1..$#"
	[ ! -e "$base/failed" ] || { sed 's/^/Bail out! /' "$base/failed" && exit 1; }
	i=0
	for t in "$@"; do
		i=$((i + 1))
		work=$base/$t
		rm -f "$base/failed"
		mkdir -p "$work"
		if (
			cd "$work" || exit 1
			XDG_CACHE_HOME=${shared:-$work/cache}
			export XDG_CACHE_HOME
			"$t"
		) >"$base/$t.log" 2>&1 && [ ! -e "$base/failed" ]; then
			echo "ok $i - $t"
		else
			echo "not ok $i - $t"
			sed 's/^/# /' "$base/$t.log"
			[ ! -e "$base/failed" ] || sed 's/^/# failed: /' "$base/failed"
			# What it left running must not decide the next one.
			leftovers | while read -r pid _; do
				kill -9 "$pid"
			done 2>/dev/null
		fi
	done
}
