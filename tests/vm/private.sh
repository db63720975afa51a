#!/bin/sh
# Files that only their owner may read, brought into a guest: nobody else can read the pack, and it does not stay.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }

# holding: files below the store in which the secret stands
holding() {
	grep -rl 'one of a kind' "$KTSTR_STORE" 2>/dev/null
}

included() {
	own_store "$base/store" "$key" && chmod 777 "$KTSTR_STORE" && (umask 077 && echo 'one of a kind' >secret) || return
	ktstr -q shell --kernel "$key" -i ./secret --exec 'cat /include-files/secret; sleep 300' >out 2>err &
	session=$!
	within 60 sh -c "grep -rlq 'one of a kind' '$KTSTR_STORE'" || fail 'no pack' || return
	pack=$(holding | head -n 1)
	same 400 "$(stat -c %a "$pack")" 'mode of the pack' && same 700 "$(stat -c %a "$(dirname "$pack")")" 'mode of its folder' || return
	# Nobody can unwind that; the next command does.
	kill -KILL "$session"
	wait "$session"
	within 20 collected || fail 'what a killed session left stays' || return
	exits 0 ktstr -q shell --kernel "$key" -i ./secret --exec 'cat /include-files/secret' && has 'one of a kind' out &&
		same '' "$(holding)" 'what is left'
}

# What reads the pack may take a moment to follow.
collected() {
	ktstr -q cache stats >/dev/null && [ -z "$(holding)" ] && [ -z "$(ls "$KTSTR_STORE/private")" ]
}

run_tests included
