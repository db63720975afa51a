#!/bin/sh
# --launcher: steps run elsewhere, by what behaves like ssh (tests/like-ssh.sh): what they say, how they end, and what is left. The steps build a tree
# that real make builds in no time (tests/fake-linux.sh); tests/long/slurm.sh has guests and a real Slurm.
# shellcheck disable=SC2016 # what is in single quotes is for make
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 KTSTR_CCACHE=0
unset GIT_DIR
ssh=$base/like-ssh
cp "$root/tests/like-ssh.sh" "$ssh" && chmod +x "$ssh"
SSH_LOG=$base/ssh.log
export SSH_LOG

tree() {
	sh "$root/tests/fake-linux.sh" "$@"
}

# In the make of the tree, which has begun then, until the file "hold" is gone.
holding_tree() {
	: >hold && tree "$1" && echo '$(shell [ ! -e $(here)/../hold ] || { : >$(here)/../began; while [ -e $(here)/../hold ]; do sleep .05; done; })' >"$1/local.mk" &&
		sed -i "s|\$(here)/..|$work|g" "$1/local.mk"
}

# build CODE TREE OPTION…: with a store and a kernel cache of this test
build() {
	code=$1
	from=$2
	shift 2
	: >"$SSH_LOG"
	exits "$code" timeout 120 ktstr kernel build --source "$from" "$@"
}

built() { # HOW-MANY: results of builds in the store
	same "$1" "$(grep -l '^step *kernel-build' cache/ktstr/store/objects/*/*/recipe 2>/dev/null | wc -l)" builds
}

# Nothing of us runs, there or here, and nothing lies about.
nothing_left() {
	within 20 nobody || { leftovers && pgrep -af ' launched$' && fail 'something still runs'; } || return
	same '' "$(find cache/ktstr/store/drafts cache/ktstr/store/locks -mindepth 1)" 'what is left in the store'
}

nobody() {
	[ -z "$(leftovers)" ] && ! pgrep -f "^$O/ktstr-source launched$" >&2
}

# The same result by the same key, whoever made it; tools that make prints to are heard.
elsewhere() {
	tree a-tree && build 0 a-tree --launcher "$ssh lab" && has "lab: $O/ktstr-source launched" "$SSH_LOG" && same 1 "$(wc -l <"$SSH_LOG")" launches &&
		built 1 && has 'build ' err && nothing_left || return
	key=$(cat out) && cp -r cache/ktstr/store/objects there && build 0 a-tree --force && built 1 && same '' "$(cat "$SSH_LOG")" launches || return
	same "$(cd there && cat ./*/*/recipe | sort | sha256sum)" "$(cd cache/ktstr/store/objects && cat ./*/*/recipe | sort | sha256sum)" recipes || return
	# Known: nothing is launched.
	rm -rf cache/ktstr/store/graphs "cache/ktstr/kernels/$key" && build 0 a-tree --launcher "$ssh lab" && same '' "$(cat "$SSH_LOG")" launches && same "$key" "$(cat out)" key
}

# What the variable says; an option counts for more; a step may have its own, or none. Placeholders.
which_ones() {
	printf '#!/bin/sh\necho "$1" >>%s/sizes\nshift\nexec "$@"\n' "$work" >sized && chmod +x sized && tree one && tree two && tree three && echo >>two/kernel/fork.c && echo >>three/init/main.c || return
	KTSTR_LAUNCHER="$ssh lab" build 0 one && same 1 "$(wc -l <"$SSH_LOG")" launches || return
	echo '// two' >>two/kernel/fork.c && KTSTR_LAUNCHER="$ssh lab" build 0 two -j 3 --launcher "$work/sized '{cpus} {mem_mb} {step}'" --launcher 'run=false' && same '' "$(cat "$SSH_LOG")" launches &&
		same '3 4096 kernel-build' "$(cat sizes)" placeholders || return
	echo '// three' >>three/kernel/fork.c && KTSTR_LAUNCHER="$ssh lab" build 0 three --launcher 'false' --launcher 'kernel-build=' && built 3
}

# The exit code and the words of a failure are those of the step.
failures() {
	tree broken && echo '#error no such thing' >>broken/kernel/fork.c && build 22 broken && cp err here || return
	build 22 broken --launcher "$ssh lab" && has 'no such thing' err && same "$(grep ^error: here | sed 's/[0-9.]*s//')" "$(grep ^error: err | sed 's/[0-9.]*s//')" errors &&
		has 'to run just this step again' err && built 0 && nothing_left
}

# No shell here reads a word of the step, and the one over there reads none of ours.
odd_words() {
	odd="a'\"\$(exit 3) ;&* b"
	tree t && echo CONFIG_NUMA=y >"$odd" && build 0 t --kconfig "$odd" --launcher "$ssh lab" && built 1 && hasnt exit "$SSH_LOG" &&
		build 2 t --launcher "$ssh 'lab" && has 'a quote has no end' err && build 2 t --launcher 'srun {cpu}' && has '{cpu} stands for nothing' err
}

# What a launcher may do wrong.
launchers_that_fail() {
	tree t && build 23 t --launcher no-such-launcher && has 'the launcher "no-such-launcher" is no program' err || return
	KTSTR_LAUNCHER=no-such-launcher build 23 t && build 34 t --launcher "$ssh none" && has 'ended (exit status 255) before the step began: ssh: connect to host none' err || return
	build 34 t --launcher true && has 'the launcher "true" ended (exit status 0) before the step began' err || return
	echo nonsense >not-a-program && chmod +x not-a-program && build 23 t --launcher "$work/not-a-program" && has 'not-a-program"' err || return
	printf '#!/bin/sh\nexec "$@" </dev/null\n' >deaf && chmod +x deaf && build 2 t --launcher "$work/deaf" && has 'a launcher must pass it on' err || return
	KTSTR_LAUNCHER_WAIT=1 build 5 t --launcher "$ssh silent" && has 'did not begin the step in time' err && built 0 && nothing_left || return
	# The step is made all the same, and found by the next request.
	printf '#!/bin/sh\nexec "$@" >/dev/null\n' >mute && chmod +x mute && build 34 t --launcher "$work/mute" && has 'mute" ended (exit status 0)' err && built 1 && nothing_left || return
	# What it says itself does not disturb, whatever it is.
	echo >>t/kernel/fork.c
	printf '#!/bin/sh\necho "ktstr-launch event nonsense"; printf "\\033[31mred\\0\\n"; head -c 50000 /dev/zero; echo x >&2; exec "$@"\n' >loud && chmod +x loud &&
		build 0 t --launcher "$work/loud" && built 2 && nothing_left
}

# Words of a launcher are no sign of the step, and one that reads nothing keeps nobody from ending.
launchers_that_hang() {
	tree t && printf '#!/bin/sh\nyes >&2\n' >chatty && chmod +x chatty && KTSTR_LAUNCHER_WAIT=1 build 5 t --launcher "$work/chatty" &&
		has 'did not begin the step in time' err && nothing_left || return
	printf '#!/bin/sh\nexec yes >&2\n' >chatty && build 34 t --launcher "$work/chatty" && has 'closed its output and does not end' err && nothing_left || return
	printf '#!/bin/bash\n"$@" | sed -u "s/^\\(ktstr-launch end\\) 0/\\1 3/"\n' >liar && chmod +x liar && build 34 t --launcher "$work/liar" &&
		has 'was done, and then ended with 3' err && nothing_left || return
	python3 - "$O/ktstr-source" <<-'END'
		import os, signal, subprocess, sys, time
		ours, full = os.pipe()
		os.set_blocking(full, False)
		try:
		    while True:
		        os.write(full, bytes(4096))
		except BlockingIOError:
		    os.set_blocking(full, True)
		step = subprocess.Popen([sys.argv[1], "launched"], stdin=subprocess.DEVNULL, stdout=full)
		while "poll" not in open(f"/proc/{step.pid}/wchan").read() and step.poll() is None:
		    time.sleep(0.01)
		step.send_signal(signal.SIGTERM)
		try:
		    step.wait(20)
		except subprocess.TimeoutExpired:
		    step.kill()
		    sys.exit("it does not end")
	END
}

# The connection dies, or whoever asked for the work; the step over there ends soon, and the next request has it made.
sudden_ends() {
	holding_tree t || return
	for victim in connection asker; do
		rm -f began
		ktstr kernel build --source t --launcher "$ssh lab" >out 2>err </dev/null &
		asked=$!
		within 60 test -e began || fail 'it does not begin' || return
		if [ $victim = asker ]; then
			kill -9 "$asked"
		else
			kill -9 "$(pgrep -of "bash $ssh lab")"
		fi
		wait "$asked"
		got=$?
		nothing_left || return
		[ $victim = asker ] || { same 34 "$got" 'exit code' && has 'was lost' err; } || return
	done
	rm hold
	build 0 t --launcher "$ssh lab" && built 1
}

interrupted() {
	holding_tree t || return
	ktstr kernel build --source t --launcher "$ssh lab" >out 2>err </dev/null &
	asked=$!
	within 60 test -e began || fail 'it does not begin' || return
	kill -TERM "$asked"
	wait "$asked"
	same 130 $? 'exit code' && nothing_left && rm hold && build 0 t --launcher "$ssh lab" && built 1
}

run_tests elsewhere which_ones failures odd_words launchers_that_fail launchers_that_hang sudden_ends interrupted
