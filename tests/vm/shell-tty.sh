#!/bin/sh
# The interactive shell, driven in tmux: keys, window size, every way out, and the terminal afterwards.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

# Whatever a test showed, its terminal does not stay.
trap 'for t in "$base"/*/tmux; do tmux -S "$t" kill-server; done 2>/dev/null; rm -rf "$base"' EXIT

tm() {
	tmux -S "$PWD/tmux" -f /dev/null "$@"
}

# start [OPTION…]: a terminal of 100 x 30 in which a shell runs; ./code and ./after appear when it is over.
start() {
	# The trap: our own keys must not end the script that looks at the terminal afterwards.
	printf 'trap : INT\ncd "%s"\nstty -g >before\nktstr shell --kernel "%s" %s\necho $? >code\nstty -g >after\nexec sleep 1000\n' \
		"$PWD" "$key" "$*" >go
	rm -f code after
	! tm kill-server 2>/dev/null || within 20 gone || fail "still there: $(leftovers)" || return
	tm new-session -d -x 100 -y 30 "sh $PWD/go" \; set-option -g status off || fail 'no tmux'
}

screen() {
	tm capture-pane -p -J -S -
}

on_screen() {
	screen | grep -qF -- "$1"
}

shows() {
	within "${2-60}" on_screen "$1" && return
	screen
	fail "'$1' is not on the screen"
}

type_keys() {
	tm send-keys "$@"
}

enter() {
	tm send-keys -l "$1" && tm send-keys Enter
}

prompt() {
	shows 'to force-kill' 300 && shows '# '
}

# over CODE: it has ended with this code, and the terminal is as it was.
over() {
	within "${2-60}" test -s after || { screen; fail 'it does not end'; return; }
	same "$1" "$(cat code)" 'exit code' && same "$(cat before)" "$(cat after)" 'terminal' && within 20 gone
}

gone() {
	[ -z "$(leftovers)" ]
}

# Process ids of programs of this test by their name.
ours() {
	leftovers | while read -r pid _; do
		[ "$(cat "/proc/$pid/comm")" = "$1" ] && echo "$pid"
	done
}

banner_and_exit() {
	odd=$(printf 'a\302\2330mb') && echo >"$odd" && start --topology 1,1,1,1 -i /bin/true -i "./$odd" && prompt && shows 'ktstr shell' && shows '1 LLC, 1 core, 1 thread (1 vCPU)' &&
		shows 'includes:  /include-files/ab' && shows '/include-files/true (executable)' && shows '^Ax=quit' && enter 'exit 7' && over 7 &&
		shows 'Connection to VM closed.'
}

# asks COMMAND ANSWER: until the answer is there; what it is about takes a moment to reach the guest.
asks() {
	enter "$1" && within 60 on_screen "$2" && return
	screen
	fail "'$1' does not say '$2'"
}

asks_again() {
	enter "$1" || return
	within 2 on_screen "$2"
}

# runs COMMAND: by a process of its own that has the guest's terminal, in the state a shell leaves it to programs,
# before this returns. Only then do keys mean to it what they say.
runs() {
	started=$((${started-0} + 1))
	enter "sh -c 'echo run\"\"ning $started; $1'" && shows "running $started"
}

# idle CODE: the last command has ended with it and the shell reads keys again.
idle() {
	shows "code=$1 "
}

window() {
	start && prompt && asks 'stty size' '30 100' && tm resize-window -x 90 -y 20 &&
		within 60 asks_again 'stty size' '20 90' && enter exit && over 0
}

# shellcheck disable=SC2016 # $? is the guest's
keys() {
	start && prompt && enter 'PS1='"'"'code=$? '"'" && idle 0 && runs 'exec sleep 1000' && type_keys C-c && idle 130 &&
		runs 'exec sleep 1000' && type_keys C-z && shows Stopped && enter 'kill -9 %1; echo a"b"c' && shows abc &&
		runs 'exec cat' && type_keys C-a b C-d && enter '' && type_keys C-d && shows '^Ab' &&
		enter '(exit 3)' && idle 3 && type_keys C-d && over 3
}

much_is_pasted() {
	i=0
	while [ $i -lt 1500 ]; do
		i=$((i + 1))
		echo "line $i of what is pasted, forty bytes"
	done >text
	start && prompt && runs 'stty -echo; echo n""ow; exec cat >/tmp/text' && shows now && tm load-buffer text &&
		tm paste-buffer && type_keys C-d && enter 'stty echo; md5sum /tmp/text' &&
		shows "$(md5sum <text | cut -d' ' -f1)" && enter exit && over 0
}

left_by_escape() {
	start && prompt && runs 'trap "" TERM; exec sleep 1000' && type_keys C-a x && over 0 &&
		start && prompt && type_keys C-a X && over 0
}

qemu_killed() {
	start && prompt && kill -9 "$(ours qemu-system-x86)" && over 6 && shows 'QEMU died (killed by SIGKILL)'
}

guest_panics() {
	start && prompt && enter 'echo c >/proc/sysrq-trigger' && over 6 && shows 'Kernel Offset'
}

session_killed() {
	start && prompt && kill -9 "$(ours ktstr-step)" && over 6 && shows 'the session was killed by signal 9'
}

killed_from_outside() {
	start && prompt && kill "$(ours ktstr)" && over 130
}

# Nobody is left who could wait, but the session sees it and puts the terminal back. The script may look too early.
killed_hard() {
	start && prompt && kill -9 "$(ours ktstr)" && within 60 test -s code && within 60 gone &&
		same 137 "$(cat code)" 'exit code' &&
		same "$(cat before)" "$(stty -g -F "$(tm display-message -p '#{pane_tty}')")" terminal
}

interrupted_before_the_prompt() {
	KTSTR_STORE=$PWD/store
	export KTSTR_STORE
	start && shows 'files for the guest' && type_keys C-c && over 130
}

terminal_vanishes() {
	start && prompt && tm kill-server && within 20 gone
}

scheduler_thrown_out() {
	start --scheduler-bin "$sched" -- --stall-after 2 && prompt && shows 'SCX_EV_' 60 && enter 'echo a"b"c' && shows abc &&
		shows 'the kernel threw scheduler "ktstr" out: runnable task stall' && shows '(exit kind 1026)' &&
		enter 'exit' && over 0
}

run_tests banner_and_exit window keys much_is_pasted left_by_escape qemu_killed guest_panics session_killed \
	killed_from_outside killed_hard interrupted_before_the_prompt terminal_vanishes scheduler_thrown_out
