#!/bin/sh
# Where an old kernel or a container's seccomp profile refuses system calls, all goes on by other ways.
. "$(dirname "$0")/../lib.sh"

calls='close_range clone_pidfd memfd_create process_vm_readv process_vm_writev copy_file_range sendfile getrandom
	faccessat2 statx openat2 pidfd_open statfs fstatfs'
# (mv of coreutils, which trees run, has no other way when renameat2 ends with EPERM.)
KTSTR_CCACHE=0
export KTSTR_CCACHE
gcc -o "$base/refuse" "$root/tests/refuse.c" || exit 1

# builds ERRNO CALL…: a kernel built, its key, and nothing left running
builds() {
	rm -rf cache
	errno=$1
	shift
	echo "$errno for $*"
	exits 0 "$base/refuse" "$errno" "$@" -- ktstr kernel build --source linux && exits 0 ktstr kernel list && has 'local-' out &&
		same '' "$(leftovers)" 'left running'
}

# LeakSanitizer itself waits for a thread of its own by calls that are refused here.
no_leaks_sought() {
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
}

each_alone() {
	sh "$root/tests/fake-linux.sh" linux || return
	for call in $calls; do
		builds EPERM "$call" || return
	done
	builds EINVAL close_range && builds ENOSYS close_range && builds EINVAL renameat2 && builds ENOSYS renameat2
}

all_together() {
	sh "$root/tests/fake-linux.sh" linux || return
	for errno in EPERM ENOSYS; do
		# shellcheck disable=SC2086 # words
		builds $errno $calls || return
	done
}

# Signals and waits, which have second ways; and where others have none for them, an error at once.
waits() {
	no_leaks_sought
	sh "$root/tests/fake-linux.sh" linux || return
	for errno in EPERM ENOSYS EACCES; do
		builds "$errno" kill poll waitid setsid eventfd2 epoll_create1 epoll_ctl epoll_wait signalfd4 &&
			builds "$errno" kill pidfd_open clone_pidfd rt_sigpending || return
	done
	for call in ppoll wait4 futex prctl setpgid pipe2; do
		exits 1 timeout 60 "$base/refuse" EPERM $call -- ktstr kernel build --source linux && has "the system call $call is refused here" err &&
			has seccomp err && same '' "$(leftovers)" 'left running' || return
		case $call in prctl | setpgid | pipe2) continue ;; esac
		"$base/refuse" EPERM $call -- ktstr doctor >out 2>err
		grep -A1 'system calls' out >line
		has 'fail ' line && has "$call is refused" line && has seccomp line || return
	done
	printf 'bzImage: slow\nslow: ; touch %s/up; sleep 60\n' "$work" >linux/local.mk
	"$base/refuse" EPERM kill pidfd_send_signal -- ktstr kernel build --source linux >out 2>err &
	pid=$!
	within 20 test -e up && kill -TERM $pid || return
	wait $pid
	same 130 $? 'exit code' && within 10 nothing_left
}

nothing_left() {
	same '' "$(leftovers)" 'left running'
}

# As a work tree and as a repository: libgit2 does not start then, and git does.
repository() {
	sh "$root/tests/fake-linux.sh" linux && git -C linux init -q && git -C linux add -A && git -C linux -c user.name=a -c user.email=a@b commit -qm x || return
	for errno in EPERM ENOSYS; do
		builds $errno getrandom && exits 0 ktstr kernel list && has "local-$(git -C linux rev-parse --short=7 HEAD)" out &&
			exits 0 "$base/refuse" "$errno" getrandom -- ktstr kernel build --git "$work/linux" --ref master || return
	done
}

release() {
	sh "$root/tests/fake-linux.sh" linux 6.12.5 || return
	mkdir -p site/v6.x && tar -cJf site/v6.x/linux-6.12.5.tar.xz --transform 's/^linux/linux-6.12.5/' linux &&
		(cd site/v6.x && sha256sum linux-6.12.5.tar.xz >sha256sums.asc) || return
	KTSTR_KERNEL_MIRROR=file://$work/site
	export KTSTR_KERNEL_MIRROR
	# shellcheck disable=SC2086 # words
	exits 0 "$base/refuse" EPERM $calls -- ktstr kernel build 6.12.5
}

# doctor names what is refused, and calls it no failure.
told() {
	for call in close_range memfd_create copy_file_range renameat2; do
		"$base/refuse" EPERM "$call" -- ktstr doctor >out 2>err
		grep 'system calls' out >line
		has "ok " line && has "$call (Linux" line || return
	done
	# Without threads nothing of others works, and a second way there is not.
	"$base/refuse" EPERM clone3 -- ktstr doctor >out 2>err
	grep -A1 'system calls' out >line
	has 'fail ' line && has 'no thread can be made' line && has seccomp line || return
	exits 1 "$base/refuse" EPERM clone3 -- ktstr kernel build --source . && has 'no thread can be made (clone3' err || return
	ktstr doctor >out 2>err
	# (Not where tests/long/environments.sh refuses some itself.)
	[ -n "${KTSTR_TEST_REFUSED-}" ] || has 'all that are used work here' out || return
	"$base/refuse" EPERM process_vm_readv -- ktstr doctor >out 2>err
	has 'by /proc/PID/mem' out
}

# Somebody else's programs: cargo-nextest waits for ever where it may not wait, and says its version all the same.
runner() {
	no_leaks_sought
	mkdir bin home && printf '#!/bin/sh\necho cargo 1.0; echo run >>"%s/ran"\n' "$work" >bin/cargo && chmod +x bin/cargo && cp bin/cargo bin/cargo-nextest || return
	export PATH="$work/bin:$PATH"
	unset CARGO_HOME
	exits 0 ktstr test && [ -s ran ] || return
	for call in epoll_create1 epoll_ctl epoll_wait eventfd2 poll socketpair waitid getrandom; do
		for errno in EPERM ENOSYS; do
			rm -f ran
			exits 1 "$base/refuse" $errno $call -- ktstr test && has "the system call $call is refused here" err && [ ! -e ran ] || return
		done
	done
	"$base/refuse" EPERM epoll_wait -- ktstr doctor >out 2>err
	grep -A1 ' nextest ' out >line
	has 'warn ' line && has 'epoll_wait is refused' line && has seccomp line || return
	printf '#!/bin/sh\nexit 101\n' >bin/cargo
	exits 22 "$base/refuse" EPERM poll -- ktstr-step cargo --store store --out c --cargo "$work/bin/cargo" --package x &&
		has 'exit status 101; the system call poll is refused here' err
}

# What lies there is seen as ever, and read by one thread where others could not be waited for.
seen() {
	no_leaks_sought
	sh "$root/tests/fake-linux.sh" linux && exits 0 ktstr kernel build --source linux && exits 0 ktstr cache stats && cp out stats || return
	python3 "$root/tests/sidecars.py" random 1 300 d && exits 0 ktstr test-stats --dir d && cp out report || return
	for errno in EPERM ENOSYS EACCES; do
		exits 0 "$base/refuse" $errno faccessat2 -- ktstr cache stats && diff stats out && hasnt 'earlier version' err || return
		exits 0 "$base/refuse" $errno futex -- ktstr test-stats --dir d && cmp report out || return
	done
}

# A file system that cannot hold a store is found when the store is opened, each time.
file_systems() {
	sh "$root/tests/fake-linux.sh" linux || return
	for call in fchmodat fsync flock; do
		for _ in 1 2; do
			exits 14 "$base/refuse" EPERM "$call" -- ktstr kernel build --source linux && has 'its file system refuses' err &&
				has KTSTR_STORE err && [ ! -e cache/ktstr/store/objects ] || return
		done
	done
	exits 0 ktstr kernel build --source linux
}

run_tests file_systems repository runner seen waits each_alone all_together release told
