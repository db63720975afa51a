#!/bin/sh
# What the programs inherit from whoever starts them: signals ignored or blocked, descriptors, masks, limits.
. "$(dirname "$0")/../lib.sh"
KTSTR_CCACHE=0
export KTSTR_CCACHE

tree() {
	sh "$root/tests/fake-linux.sh" linux
}

# builds COMMAND…: a kernel, by way of that command
builds() {
	rm -rf cache
	echo "$*"
	exits 0 "$@" ktstr kernel build --source linux && same '' "$(leftovers)" 'left running'
}

ignored_signals() {
	tree || return
	for signal in CHLD PIPE XFSZ ALRM USR1 QUIT; do
		builds env --ignore-signal=$signal || return
	done
	builds env --ignore-signal || return
	ktstr doctor >plain 2>&1
	code=$?
	exits $code env --ignore-signal=CHLD ktstr doctor && same "$(grep -c '^ *fail' plain)" "$(grep -c '^ *fail' out)" 'failures'
}

blocked_signals() {
	tree && builds env --block-signal || return
	# A stop is still one.
	printf 'bzImage: slow\nslow: ; touch %s/up; sleep 60\n' "$work" >linux/local.mk
	env --block-signal=TERM ktstr kernel build --source linux >out 2>err &
	pid=$!
	within 20 test -e up && kill -TERM $pid || return
	wait $pid
	same 130 $? 'exit code' && same '' "$(leftovers)" 'left running'
}

# A reader that went away ends the program silently, also when the parent ignored SIGPIPE.
reader_gone() {
	cat >gone.py <<-'END'
		import os, signal, subprocess, sys
		signal.signal(signal.SIGPIPE, signal.SIG_IGN)
		r, w = os.pipe()
		os.close(r)
		p = subprocess.run(["ktstr", "--help"], stdout=w, stderr=subprocess.PIPE, restore_signals=False)
		print(p.returncode, p.stderr.decode())
	END
	same -13 "$(python3 gone.py | tr -d ' \n')" 'how it ends'
}

closed_descriptors() {
	tree || return
	ktstr kernel build --source linux <&- >&- 2>&-
	same 0 $? 'exit code' && exits 0 ktstr kernel list && has local- out
}

few_descriptors() {
	tree && builds sh -c 'ulimit -Sn 16 && exec "$@"' sh
}

odd_umask() {
	chmod g-s . && tree && builds sh -c 'umask 777 && exec "$@"' sh && same 700 "$(stat -c %a cache/ktstr/store)" 'mode of the store' || return
	builds sh -c 'umask 002 && exec "$@"' sh && same 775 "$(stat -c %a cache/ktstr/store)" 'mode of the store'
}

# A container's limit, or a user's: root is not bound by that.
few_processes() {
	[ "$(id -u)" = 0 ] || return 0
	tree && chmod 755 "$base" "$work" && mkdir own && chown 4003 own && setpriv --reuid 4003 --clear-groups "$O/ktstr" --help >/dev/null || return 0
	exits 1 setpriv --reuid 4003 --regid 4003 --clear-groups env XDG_CACHE_HOME="$work/own" prlimit --nproc=1 ktstr kernel build --source linux &&
		has 'room for more processes' err && has 'ulimit -u' err
}

# A compiler that cannot work lacks no headers.
broken_compiler() {
	tree && mkdir bin && printf '#!/bin/sh\ncase "$*" in *-fsyntax-only*) echo "cc1: out of memory"; exit 1; esac\nexec %s "$@"\n' "$(command -v gcc)" >bin/gcc &&
		chmod +x bin/gcc || return
	exits 22 env PATH="$work/bin:$PATH" ktstr kernel build --source linux && has 'gcc does not work: exit status 1: cc1: out of memory' err &&
		hasnt apt-get err || return
	env PATH="$work/bin:$PATH" ktstr doctor >out 2>err
	has 'gcc does not work: exit status 1: cc1: out of memory' out && hasnt libelf-dev out
}

# The compiler's own files have no room: that is a disk, not the tree.
full_tmpdir() {
	tree && mkdir full || return
	may_mount || return 0
	# shellcheck disable=SC2016 # for the inner shell
	exits 15 own_mounts sh -c 'mount -t tmpfs -o size=64k none full && { head -c 200000 /dev/zero >full/zeros; TMPDIR=$PWD/full exec ktstr kernel build --source linux; }' &&
		has 'No space left on device' err
}

limited() {
	prlimit --stack=131072:131072 "$@"
}

# What does without ninja works with a stack of 128 KiB; what starts it says why it cannot.
small_stack() {
	tree && builds sh -c 'ulimit -Ss 128 && exec "$@"' sh && mkdir sidecars && python3 "$root/tests/sidecars.py" random 1 600 sidecars >/dev/null || return
	exits 0 limited ktstr kernel list && has local- out && exits 0 limited ktstr cache stats && exits 0 limited ktstr test-stats --dir sidecars &&
		exits 0 limited ktstr man --all man && exits 0 limited ktstr completions bash || return
	exits 1 limited ktstr kernel build --source linux --force && has 'a stack has 128 KiB at most here (ulimit -Hs)' err
}

# A file over the limit is an error that says so.
file_limit() {
	tree || return
	(
		ulimit -f 8
		exec ktstr kernel build --source linux
	) >out 2>err
	code=$?
	[ $code -lt 128 ] || fail "ended by a signal: $code" || return
	[ $code != 0 ] && has 'error: ' err
}

# nohup: the terminal's hang-up is nobody's business.
hang_up() {
	tree && printf 'bzImage: slow\nslow: ; touch %s/up; sleep 2\n' "$work" >linux/local.mk || return
	setsid env --ignore-signal=HUP ktstr kernel build --source linux >out 2>err &
	pid=$!
	within 20 test -e up || return
	kill -HUP -$pid
	wait $pid
	same 0 $? 'exit code'
}

# The dynamic linker complains of it on stderr of every program. What they print is as ever, and so is the kernel's recipe.
noise_on_stderr() {
	tree && builds env LD_PRELOAD=/none.so && grep -qr 'GNU Make' cache/ktstr/store/objects || fail 'no recipe' || return
	same '' "$(grep -rl none.so cache/ktstr/store/objects)" 'recipes with the noise' || return
	ktstr doctor >plain 2>&1
	code=$?
	exits $code env LD_PRELOAD=/none.so ktstr doctor && same "$(grep -c '^ *fail' plain)" "$(grep -c '^ *fail' out)" 'failures'
}

# What editors, hooks, make and odd machines leave behind: none of it decides anything.
odd_surroundings() {
	tree || return
	builds env COLUMNS=x LINES=-1 TZ=:/none LANG=xx_YY.ZZ TERM=../x CDPATH=/ IFS=/ NINJA_STATUS=%p MAKEFLAGS='-n -j --jobserver-auth=3,4' MFLAGS=-n \
		KBUILD_OUTPUT=/none O=/none CC=none LD=none V=1 GIT_DIR=/none GIT_INDEX_FILE=/none GIT_WORK_TREE=/ TMPDIR=/none HOME=/none \
		XDG_RUNTIME_DIR=/none XDG_CONFIG_HOME=/none POSIXLY_CORRECT=1 PATH=":$PATH::/none" || return
	for columns in '' 0 -1 99999999999999999999; do
		exits 0 env COLUMNS=$columns ktstr kernel list && has local- out || return
	done
	exits 0 env -i "PATH=$PATH" "XDG_CACHE_HOME=$XDG_CACHE_HOME" ktstr kernel list && has local- out || return
	builds nice -n 19 || return
	# The folder it is started in is gone.
	mkdir gone && cd gone && rmdir ../gone && exits 0 ktstr kernel list && has local- "$work/out" &&
		exits 0 ktstr kernel build --source "$work/linux" && exits 10 ktstr kernel build --source linux && has linux "$work/err"
}

run_tests odd_surroundings noise_on_stderr ignored_signals blocked_signals reader_gone closed_descriptors few_descriptors few_processes small_stack broken_compiler full_tmpdir odd_umask file_limit hang_up
